/** URLs, the forms of Git repositories, and the names of Git references. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isLegalRefName } from "../../src/fetch/git-ref-name.ts";
import { fixGitUrl } from "../../src/fetch/git-url.ts";
import {
  decodeQuery,
  encodeQuery,
  formatUrl,
  parseUrl,
  percentDecode,
  percentEncode,
} from "../../src/fetch/url.ts";

const bytes = fc.uint8Array({ maxLength: 20 }).map((array) => String.fromCharCode(...array));

describe("parseUrl", () => {
  test("splits a URL", () => {
    const url = parseUrl("https://u:p%40@h.example:8080/a%2Fb/c?x=1&y=%20#f%21");
    expect(url.scheme).toBe("https");
    expect(url.authority).toEqual({
      user: "u",
      password: "p@",
      host: "h.example",
      isIpv6: false,
      port: 8080,
    });
    expect(url.path).toEqual(["", "a/b", "c"]);
    expect([...url.query]).toEqual([
      ["x", "1"],
      ["y", " "],
    ]);
    expect(url.fragment).toBe("f!");
  });

  test.each([
    ["no-scheme/x", "'no-scheme/x' doesn't have a scheme"],
    ["http://h/a b", "'http://h/a b' is not a valid URL: leftover"],
    ["http://h/%zz", "'http://h/%zz' is not a valid URL: leftover"],
    ["file://h/x", "file:// URL 'file://h/x' has unexpected authority 'h'"],
    ["http://h:99999/", "port '99999' is invalid"],
  ])("refuses %s", (text, message) => {
    expect(() => parseUrl(text)).toThrow(message);
  });

  test("is lenient on request", () => {
    expect(parseUrl('http://h/?a=b "c#d ^', true).fragment).toBe("d ^");
  });

  test("ignores parameters without a value, with a warning", () => {
    const warnings: string[] = [];
    expect(decodeQuery("a&b=1", false, (text) => warnings.push(text)).size).toBe(1);
    expect(warnings).toEqual(["dubious URI query 'a' is missing equal sign '=', ignoring"]);
  });

  test("reads what it writes", () => {
    fc.assert(
      fc.property(bytes, bytes, bytes, (segment, value, fragment) => {
        const url = { ...parseUrl("x://h"), path: ["", segment], fragment };
        const text = formatUrl({ ...url, query: new Map([["q", value]]) });
        const again = parseUrl(text);
        expect(again.path).toEqual(["", segment]);
        expect(again.query.get("q")).toBe(value);
        expect(again.fragment).toBe(fragment);
      }),
    );
  });

  test("decodes what it encodes", () => {
    fc.assert(
      fc.property(bytes, (text) => {
        expect(percentDecode(percentEncode(text))).toBe(text);
        expect(decodeQuery(encodeQuery(new Map([[text, text]]))).get(text)).toBe(text);
      }),
    );
  });
});

describe("fixGitUrl", () => {
  test.each([
    ["/srv/r", "file:///srv/r"],
    ["git@h.example:/srv/r.git", "ssh://git@h.example/srv/r.git"],
    ["me@h:~/r", "ssh://me@h/~/r"],
    ["me@[::2]:/r", "ssh://me@[::2]/r"],
    ["git+https://h/r", "https://h/r"],
    ["file:/srv/r", "file:/srv/r"],
  ])("reads %s", (text, expected) => {
    expect(formatUrl(fixGitUrl(text))).toBe(expected);
  });

  test("warns about a relative path on another machine", () => {
    const warnings: string[] = [];
    expect(formatUrl(fixGitUrl("me@h:r", (text) => warnings.push(text)))).toBe("ssh://me@h/r");
    expect(warnings[0]).toContain("    ssh://me@h/~/r");
  });

  test.each([
    ["h:", "SCP-style Git URL 'h:' has an empty path"],
    ["here/r", "'here/r' doesn't have a scheme"],
    ["[x]:r", "Git SCP bracketed URL is not valid: 'x' is not a valid IPv6 address"],
    ["me@[::1]x:r", "is not a valid URL"],
  ])("refuses %s", (text, message) => {
    expect(() => fixGitUrl(text)).toThrow(message);
  });
});

describe("isLegalRefName", () => {
  test.each(["main", "a/b", "v1.0", "x#y", "a@b"])("accepts %s", (name) => {
    expect(isLegalRefName(name)).toBe(true);
  });
  test.each([
    "",
    "@",
    "-x",
    "a..b",
    "a b",
    "a~1",
    "x.lock",
    ".x",
    "a/.b",
    "x/",
    "a@{b",
    "a//b",
    "a\x7f",
  ])("refuses %j", (name) => {
    expect(isLegalRefName(name)).toBe(false);
  });
});
