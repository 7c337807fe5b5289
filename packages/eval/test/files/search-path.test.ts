/** NIX_PATH and -I. */
import { expect, test } from "vitest";
import {
  parseSearchPathEntry,
  searchPathOf,
  splitNixPath,
} from "../../src/fetching/search-path.ts";

test.each([
  ["", []],
  ["a", ["a"]],
  ["a:b=c", ["a", "b=c"]],
  ["a::b", ["a", "", "b"]],
  ["a:", ["a"]],
  ["n=https://x/y.tar.gz:b", ["n=https://x/y.tar.gz", "b"]],
  ["n=channel:nixos:b", ["n=channel:nixos", "b"]],
  ["n=flake:nixpkgs:b", ["n=flake:nixpkgs", "b"]],
  ["n=flake:nixpkgs", ["n=flake:nixpkgs"]],
])("%j", (text, entries) => {
  expect(splitNixPath(text)).toEqual(entries);
});

test("an entry is cut at its first equals sign", () => {
  expect(parseSearchPathEntry("a=b=c")).toEqual({ prefix: "a", path: "b=c" });
  expect(parseSearchPathEntry("/a")).toEqual({ prefix: "", path: "/a" });
});

test("-I comes before NIX_PATH and is not cut at colons", () => {
  expect(searchPathOf(["a:b"], "c:d").map((entry) => entry.path)).toEqual(["a:b", "c", "d"]);
});
