/** The builtins that read files, over files in memory. */

import { describe, expect, test } from "vitest";
import type { EvalContext } from "../../src/context.ts";
import { CORE_FILES } from "../../src/core-files.ts";
import { renderLogMessage } from "../../src/errors/log-message.ts";
import { memoryIo } from "../../src/memory-io.ts";
import type { Attrs } from "../../src/value/attrs.ts";
import { type Builtin, NixPath, type Slot } from "../../src/value/value.ts";
import { builtin, call, failure, makeContext, set, text } from "../store/store-context.ts";

const files = {
  "/d/f.nix": "1\n",
  "/d/sub/g": "g",
  "/d/run": { contents: "#!", executable: true },
  "/d/nul": "a\0b",
  "/link": { target: "d" },
  "/broken": { target: "nowhere" },
  "/loop": { target: "/loop" },
  "/device": { unknown: true },
  "/x.drv": "",
} as const;

function context(log: string[] = []): EvalContext {
  return makeContext({
    io: memoryIo({ files, log: (message) => void log.push(renderLogMessage(message, false)) }),
  });
}

const path = (text: string): NixPath => new NixPath(text);

test.each<readonly [Slot, boolean]>([
  [path("/d"), true],
  ["/d/", true],
  ["/d/.", true],
  ["/d/f.nix", true],
  ["/d/f.nix/", false],
  ["/link/", true],
  [path("/link"), true],
  [path("/broken"), true],
  ["/broken/", false],
  [path("/link/f.nix"), true],
  [path("/d/f.nix/x"), false],
  [path("/nope"), false],
])("pathExists %#", (argument, expected) => {
  expect(call(context(), "pathExists", argument)).toBe(expected);
});

test.each([
  ["", ""],
  ["/", ""],
  ["a", "a"],
  ["a/", "a"],
  ["a//", ""],
  ["/a/b", "b"],
  ["/a/b/", "b"],
])("baseNameOf %j", (argument, expected) => {
  expect(call(context(), "baseNameOf", argument)).toBe(expected);
});

test.each([
  ["", "."],
  ["/", "/"],
  ["/a", "/"],
  ["a", "."],
  ["a//b", "a/"],
  ["/a/b/", "/a/b"],
])("dirOf %j", (argument, expected) => {
  expect(call(context(), "dirOf", argument)).toBe(expected);
});

test("dirOf of a path is a path", () => {
  expect(call(context(), "dirOf", path("/a/b"))).toEqual(path("/a"));
  expect(call(context(), "dirOf", path("/"))).toEqual(path("/"));
});

test("reading follows links", () => {
  expect(call(context(), "readFile", path("/link/f.nix"))).toBe("1\n");
  const listing = call(context(), "readDir", path("/link")) as Attrs;
  expect(listing.sortedNames()).toEqual(["f.nix", "nul", "run", "sub"]);
  expect(listing.get("sub")).toBe("directory");
  expect(call(context(), "readFileType", path("/link"))).toBe("symlink");
});

describe("errors", () => {
  test.each<readonly [string, Slot, string]>([
    ["readFile", path("/nope"), "path '/nope' does not exist"],
    ["readFile", path("/d"), "file '/d' is not a regular file"],
    ["readFile", path("/"), "'/' is not a regular file"],
    [
      "readFile",
      path("/d/nul"),
      "the contents of the file '/d/nul' cannot be represented as a Nix string",
    ],
    ["readFile", path("/loop"), "infinite symlink recursion in path '/loop'"],
    ["readFile", "d", "string 'd' doesn't represent an absolute path"],
    ["readDir", path("/nope"), "path '/nope' does not exist"],
    ["readDir", path("/d/f.nix"), "'/d/f.nix' is not a directory"],
    ["readFileType", path("/nope"), "path '/nope' does not exist"],
    ["unsafeDiscardStringContext", path("/nope"), "path '/nope' does not exist"],
    ["unsafeDiscardStringContext", path("/x.drv"), "file names are not allowed to end in '.drv'"],
    ["unsafeDiscardStringContext", path("/device"), "file '/device' has an unsupported type"],
  ])("%s %#", (name, argument, message) => {
    expect(failure(context(), name, argument)).toBe(message);
  });

  test("what is not in the store cannot be read from it", () => {
    const ctx = context();
    const file = call(ctx, "toFile", "x", "1");
    expect(failure(ctx, "readFile", file)).toBe(`path '${text(file)}' is not valid`);
  });

  test("outputs would have to be built", () => {
    const ctx = context();
    const attrs = set({ name: "a", builder: "b", system: "c" });
    const out = (call(ctx, "derivationStrict", attrs) as Attrs).get("out") as Slot;
    expect(failure(ctx, "readFile", out)).toContain("the store cannot build");
  });
});

describe("findFile", () => {
  const entries = [
    set({ prefix: "p", path: "/d" }),
    set({ path: "/nope" }),
    set({ path: "/link" }),
    set({ prefix: "f.nix", path: "https://example.org/x.tar.gz" }),
  ];
  const find = (name: string, log?: string[]): unknown =>
    call(context(log), "findFile", entries, name);

  test.each([
    ["p", "/d"],
    ["p/f.nix", "/d/f.nix"],
    ["p/sub/../f.nix", "/d/f.nix"],
    ["sub/g", "/d/sub/g"],
  ])("finds %s", (name, expected) => {
    expect(find(name)).toEqual(path(expected));
  });

  test.each([
    ["nix/fetchurl.nix", "/fetchurl.nix"],
    ["nix/nope", "/nope"],
    ["nix/../a/.", "/a"],
  ])("finds %s in the tree of core files", (name, expected) => {
    expect(find(name)).toEqual(new NixPath(expected, CORE_FILES));
  });

  test("an entry comes before the tree of core files", () => {
    const own = [set({ prefix: "nix", path: "/d" })];
    expect(call(context(), "findFile", own, "nix/f.nix")).toEqual(path("/d/f.nix"));
    expect(call(context(), "findFile", own, "nix/nope")).toEqual(new NixPath("/nope", CORE_FILES));
  });

  test("warns about what is missing", () => {
    const log: string[] = [];
    find("sub", log);
    expect(log).toEqual(["warning: Nix search path entry '/nope' does not exist, ignoring"]);
  });

  test("fails so that tryEval sees it", () => {
    expect(failure(context(), "findFile", entries, "pp")).toBe(
      "file 'pp' was not found in the Nix search path (add it using $NIX_PATH or -I)",
    );
  });
});

describe("copies of sources", () => {
  /** A filter that notes what it is asked and keeps what is no `g`. */
  function filter(asked: string[]): Builtin {
    const row = {
      ...builtin("dirOf").definition,
      kind: "plain",
      strict: [],
      args: [{ name: "p" }, { name: "t" }],
    };
    const run = (_ctx: EvalContext, file: string, type: string): boolean => {
      asked.push(`${file} ${type}`);
      return !file.endsWith("/g");
    };
    return new (builtin("dirOf").constructor as typeof Builtin)({ ...row, run } as never);
  }

  test("a filter is asked depth first, parents before children, about the resolved path", () => {
    const asked: string[] = [];
    call(context(), "filterSource", filter(asked), path("/link"));
    expect(asked).toEqual([
      "/d/f.nix regular",
      "/d/nul regular",
      "/d/run regular",
      "/d/sub directory",
      "/d/sub/g regular",
    ]);
  });

  test("a filter that rejects nothing changes nothing", () => {
    const ctx = context();
    const args = { path: path("/d/run"), name: "n" };
    const plain = text(call(ctx, "path", set(args)));
    expect(text(call(ctx, "path", set({ ...args, filter: filter([]) })))).toBe(plain);
  });

  test("the executable bit counts, unless the file is taken flat", () => {
    const store = (file: string, recursive: boolean): string => {
      const io = memoryIo({
        files: { "/a": "same", "/b": { contents: "same", executable: true } },
      });
      return text(
        call(makeContext({ io }), "path", set({ path: path(file), name: "n", recursive })),
      );
    };
    expect(store("/a", true)).not.toBe(store("/b", true));
    expect(store("/a", false)).toBe(store("/b", false));
  });

  test("an expected hash is checked", () => {
    const args = { path: path("/d/f.nix"), recursive: false };
    const sha256 = call(context(), "hashFile", "sha256", path("/d/f.nix"));
    expect(failure(context(), "path", set({ ...args, sha256 }))).toBe("no error");
    expect(failure(context(), "path", set({ ...args, sha256: "0".repeat(64) }))).toBe(
      "store path mismatch in (possibly filtered) path added from '/d/f.nix'",
    );
  });

  test.each<readonly [Readonly<Record<string, Slot>>, string]>([
    [{}, "missing required 'path' attribute in the first argument to 'builtins.path'"],
    [{ file: 1 }, "unsupported argument 'file' to 'builtins.path'"],
    [{ path: "d" }, "string 'd' doesn't represent an absolute path"],
  ])("arguments of path are checked %#", (args, message) => {
    expect(failure(context(), "path", set(args))).toBe(message);
  });
});
