/** Registries: their file, and what a look-up makes of a reference. */
import { formatFlakeRef, parseFlakeRef } from "@nivis/formats";
import { describe, expect, test } from "vitest";
import { lookUpInput, Registry, registryLines, type UseRegistries } from "../src/index.ts";

const REV = "a".repeat(40);

function registry(kind: Registry["kind"], rows: readonly (readonly [string, string])[]): Registry {
  return new Registry(
    kind,
    rows.map(([from, to]) => ({
      from: parseFlakeRef(from).input,
      to: parseFlakeRef(to).input,
      directory: undefined,
      exact: false,
    })),
  );
}

async function resolve(text: string, registries: readonly Registry[], use: UseRegistries = "all") {
  const source = {
    async *registries() {
      yield* registries;
    },
  };
  const { input } = await lookUpInput(source, parseFlakeRef(text).input, use);
  return formatFlakeRef({ input, directory: "" });
}

describe("a look-up", () => {
  const all = [
    registry("user", [["n", "github:me/n"]]),
    registry("global", [
      ["n", "github:all/n"],
      ["nixpkgs", "github:NixOS/nixpkgs/unstable"],
      ["alias", "nixpkgs"],
    ]),
  ];

  test.each([
    ["n", "all", "github:me/n"],
    ["n", "limited", "github:all/n"],
    ["nixpkgs", "all", "github:NixOS/nixpkgs/unstable"],
    ["nixpkgs/x/y", "all", undefined],
    ["nixpkgs/release", "all", "github:NixOS/nixpkgs/release"],
    [`nixpkgs/${REV}`, "all", `github:NixOS/nixpkgs/${REV}`],
    ["alias/release", "all", "github:NixOS/nixpkgs/release"],
    ["github:o/r", "all", "github:o/r"],
    ["n", "none", "flake:n"],
  ] as const)("%s with %s registries", async (text, use, expected) => {
    if (expected !== undefined) expect(await resolve(text, all, use)).toBe(expected);
  });

  test("goes in circles no more than a hundred times", async () => {
    const circle = registry("global", [
      ["a", "b"],
      ["b", "a"],
    ]);
    await expect(resolve("a", [circle])).rejects.toThrow(
      "cycle detected in flake registry for 'flake:a'",
    );
  });

  test("finds nothing", async () => {
    await expect(resolve("nowhere", all)).rejects.toThrow(
      "cannot find flake 'flake:nowhere' in the flake registries",
    );
  });
});

describe("the file", () => {
  test("is read and written as it was", () => {
    const text = `{
  "flakes": [
    {
      "exact": true,
      "from": {
        "id": "x",
        "type": "indirect"
      },
      "to": {
        "dir": "sub",
        "owner": "o",
        "repo": "r",
        "type": "github"
      }
    }
  ],
  "version": 2
}`;
    const read = Registry.parse("user", text, "registry.json");
    expect(read.format()).toBe(text);
    expect(registryLines([read])).toEqual(["user   flake:x github:o/r?dir=sub"]);
  });

  test("without rows has null", () => {
    expect(new Registry("user").format()).toBe('{\n  "flakes": null,\n  "version": 2\n}');
    expect(Registry.parse("user", new Registry("user").format(), "r").entries).toEqual([]);
  });

  test.each([
    ["{", /^cannot parse flake registry 'r': /],
    [
      '{"version":1}',
      /^cannot read flake registry 'r': flake registry 'r' has unsupported version 1/,
    ],
    [
      '{"version":2,"flakes":[{"from":{"type":"indirect","id":"x"}}]}',
      /^cannot read flake registry/,
    ],
  ])("%s is warned about and counts as empty", (text, warning) => {
    const warnings: string[] = [];
    const read = Registry.parse("global", text, "r", (message) => warnings.push(message));
    expect(read.entries).toEqual([]);
    expect(warnings.join()).toMatch(warning);
  });
});
