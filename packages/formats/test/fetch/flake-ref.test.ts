/** Flake references: texts and attributes, there and back, and what the parsers reject. */
import { describe, expect, test } from "vitest";
import {
  flakeRefAttrs,
  flakeRefFromAttrs,
  formatFlakeRef,
  parseFlakeRef,
  parseFlakeRefWithFragment,
} from "../../src/fetch/flake-ref.ts";

const rev = "0123456789abcdef0123456789abcdef01234567";
const attrsOf = (text: string) => Object.fromEntries(flakeRefAttrs(parseFlakeRef(text)));
const again = (text: string): string => formatFlakeRef(parseFlakeRef(text));

describe("parseFlakeRef", () => {
  test.each([
    ["tools", { type: "indirect", id: "tools" }],
    ["tools/stable", { type: "indirect", id: "tools", ref: "stable" }],
    [`tools/${rev}`, { type: "indirect", id: "tools", rev }],
    [`tools/stable/${rev}`, { type: "indirect", id: "tools", ref: "stable", rev }],
    ["flake:/tools//stable/", { type: "indirect", id: "tools", ref: "stable" }],
    ["github:me/tools", { type: "github", owner: "me", repo: "tools" }],
    ["github:me/tools/a/b", { type: "github", owner: "me", repo: "tools", ref: "a/b" }],
    [`gitlab:me/tools/${rev}`, { type: "gitlab", owner: "me", repo: "tools", rev }],
    [
      "sourcehut:~me/tools?host=h.example",
      { type: "sourcehut", owner: "~me", repo: "tools", host: "h.example" },
    ],
    ["github:m%65/tools?dir=sub", { type: "github", owner: "me", repo: "tools", dir: "sub" }],
    [
      "git+https://h.example/r?ref=x&shallow=1&a=b",
      { type: "git", url: "https://h.example/r?a=b", ref: "x", shallow: true },
    ],
    ["git://h.example/r", { type: "git", url: "git://h.example/r" }],
    ["hg+https://h.example/r?rev=x", { type: "hg", url: "https://h.example/r", rev: "x" }],
    ["https://h.example/a.tar.gz?x=1", { type: "tarball", url: "https://h.example/a.tar.gz?x=1" }],
    [
      "file+https://h.example/a?lastModified=5",
      { type: "file", url: "https://h.example/a", lastModified: 5 },
    ],
    ["/some where?dir=d e", { type: "path", path: "/some where", dir: "d e" }],
    ["path:./here", { type: "path", path: "./here" }],
    ["/x?revCount=7", { type: "path", path: "/x", revCount: 7 }],
  ])("reads %s", (text, expected) => {
    expect(attrsOf(text)).toEqual(expected);
  });

  test.each([
    ["../here", "flake reference '../here' is not an absolute path"],
    ["github:me", "flake reference 'github:me' is not an absolute path"],
    ["github:me/tools?foo=1", "flake reference 'github:me/tools?foo=1' is not an absolute path"],
    ["ipfs://x/y", "input 'ipfs://x/y' is unsupported"],
    [
      "file+git://h/x",
      "input 'file+git://h/x' is unsupported; did you mean 'git+file' instead of 'file+git'?",
    ],
    ["/x?foo=1", "path URL 'path:///x?foo=1' has unsupported parameter 'foo'"],
    ["/x?revCount=many", "path URL 'path:///x?revCount=many' has invalid parameter 'revCount'"],
    ["tools#frag", "unexpected fragment 'frag' in flake reference 'tools#frag'"],
  ])("refuses %s", (text, message) => {
    expect(() => parseFlakeRef(text)).toThrow(message);
  });

  test("returns the fragment", () => {
    expect(parseFlakeRefWithFragment('github:me/tools#"a.b"').fragment).toBe('"a.b"');
    expect(parseFlakeRefWithFragment("tools#a%20b").fragment).toBe("a b");
  });

  test("requires the features that an input needs", () => {
    const asked: string[] = [];
    parseFlakeRef("github:me/tools", { require: (feature) => asked.push(feature) });
    parseFlakeRef("https://h.example/a.zip", { require: (feature) => asked.push(feature) });
    expect(asked).toEqual(["flakes"]);
  });
});

describe("formatFlakeRef", () => {
  test.each([
    ["tools/stable", "flake:tools/stable"],
    [`github:me/tools/${rev}?dir=d`, `github:me/tools/${rev}?dir=d`],
    ["github:me/tools/x%23y", "github:me/tools/x%23y"],
    ["/some where", "path:/some%20where"],
    ["git+ssh://git@h.example/r?ref=x", "git+ssh://git@h.example/r?ref=x"],
    ["https://h.example:81/+a.tar.gz", "https://h.example:81/%2Ba.tar.gz"],
  ])("writes %s", (text, expected) => {
    expect(again(text)).toBe(expected);
    expect(again(expected)).toBe(expected);
  });

  test("checks attributes", () => {
    const format = (attrs: Record<string, string | number | boolean>) => () =>
      formatFlakeRef(flakeRefFromAttrs(new Map(Object.entries(attrs))));
    expect(format({ type: "github", owner: "o" })).toThrow("input attribute 'repo' is missing");
    expect(format({ type: "path", path: "/x", foo: 1 })).toThrow(
      "input attribute 'foo' not supported by scheme 'path'",
    );
    expect(format({ owner: "o" })).toThrow(
      "'type' attribute to specify input scheme is required but not provided",
    );
    expect(format({ type: "odd", n: 1 })).toThrow(
      `cannot show unsupported input '{"n":1,"type":"odd"}'`,
    );
    expect(format({ type: "github", owner: "o", repo: "r", ref: "a..b" })).toThrow(
      "contains an invalid branch/tag name",
    );
    expect(format({ type: "path", path: "/x", lastModified: "1" })).toThrow(
      "input attribute 'lastModified' is not an integer",
    );
  });
});
