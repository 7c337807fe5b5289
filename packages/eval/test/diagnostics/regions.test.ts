/** Whose code a text is. */
import { type Origin, SourceFile } from "@nivis/syntax";
import { describe, expect, test } from "vitest";
import { isInNixpkgs, regionOf } from "../../src/diagnostics/regions.ts";

const hash = "00000000000000000000000000000000";

describe.each<[Origin, string | undefined]>([
  [{ kind: "file", path: "/home/me/default.nix" }, undefined],
  [{ kind: "file", path: "/home/me/lib/default.nix" }, undefined],
  [{ kind: "string" }, undefined],
  [{ kind: "stdin" }, undefined],
  [{ kind: "internal", name: "<nix/fetchurl.nix>", path: "/fetchurl.nix" }, "Nix itself"],
  [{ kind: "file", path: "/src/nixpkgs/lib/lists.nix" }, "nixpkgs/lib"],
  [{ kind: "file", path: "/src/nixpkgs-2611/lib/systems/parse.nix" }, "nixpkgs/lib"],
  [{ kind: "file", path: "/src/nixpkgs/pkgs/stdenv/generic/default.nix" }, "nixpkgs/pkgs/stdenv"],
  [{ kind: "file", path: "/src/nixpkgs/pkgs/tools/misc/hello.nix" }, undefined],
  [{ kind: "file", path: `/nix/store/${hash}-source/lib/lists.nix` }, "source/lib"],
  [{ kind: "file", path: `/nix/store/${hash}-source/flake.nix` }, "source"],
  [{ kind: "file", path: `/nix/store/${hash}-a.nix` }, "a.nix"],
  [{ kind: "file", path: "/nix/store-of-mine/a.nix" }, undefined],
])("%j", (origin, region) => {
  test(`is ${region ?? "the user's"}`, () => {
    expect(regionOf(new SourceFile(origin, ""), "/nix/store")).toBe(region);
  });
});

test("all of nixpkgs is folded for those who work on something else", () => {
  const source = (path: string): SourceFile => new SourceFile({ kind: "file", path }, "");
  const hello = source("/src/nixpkgs/pkgs/tools/misc/hello.nix");
  expect(regionOf(hello, "/nix/store", true)).toBe("nixpkgs/pkgs");
  expect(regionOf(source("/src/nixpkgs/nixos/lib/a.nix"), "/nix/store", true)).toBe(
    "nixpkgs/nixos",
  );
  expect(isInNixpkgs(hello)).toBe(true);
  expect(isInNixpkgs(source("/home/me/pkgs/hello.nix"))).toBe(false);
});

test("the store may lie elsewhere", () => {
  const source = new SourceFile({ kind: "file", path: `/gnu/store/${hash}-x/a.nix` }, "");
  expect(regionOf(source, "/gnu/store")).toBe("x");
  expect(regionOf(source, "/nix/store")).toBe(undefined);
});
