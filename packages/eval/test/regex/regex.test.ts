/** The rules of the regular expressions, one by one. The expected values are C++ Nix's own answers. */
import { plainText } from "@nivis/formats";
import { describe, expect, test } from "vitest";
import { compileRegex, type RegexMatch } from "../../src/regex/regex.ts";
import { RegexError } from "../../src/regex/regex-error.ts";

function match(pattern: string, subject: string): readonly (string | null)[] | null {
  const regex = compileRegex(pattern);
  const groups = regex.match(subject, "simulation");
  expect(regex.match(subject)).toEqual(groups);
  return groups ?? null;
}

/** What `builtins.split` returns. */
function split(pattern: string, subject: string): unknown[] {
  const regex = compileRegex(pattern);
  const matches = regex.search(subject);
  expect(regex.search(subject, "simulation")).toEqual(matches);
  const parts: unknown[] = [];
  let end = 0;
  for (const found of matches) {
    parts.push(subject.slice(end, found.start), found.groups);
    end = found.end;
  }
  return [...parts, subject.slice(end)];
}

function reasonOf(pattern: string): string {
  try {
    compileRegex(pattern);
  } catch (error) {
    if (error instanceof RegexError) return error.reason;
    throw error;
  }
  return "valid";
}

describe("match", () => {
  test.each<[string, string, (string | null)[] | null]>([
    ["", "", []],
    ["", "a", null],
    ["ab", "abc", null],
    ["([0-9]+)\\.([0-9]+)", "12.34", ["12", "34"]],
    ["[[:space:]]*(-?[[:digit:]]+)[[:space:]]*", " -7\n", ["-7"]],
    ["(.*)e?abi.*", "gnueabihf", ["gnue"]],
    [".", "\n", []],
    [".", "\xff", []],
  ])("%j on %j", (pattern, subject, groups) => {
    expect(match(pattern, subject)).toEqual(groups);
  });

  test("takes the first way to match in order of preference, not POSIX's longest groups", () => {
    expect(match("(a|ab)(c|bcd)(d*)", "abcd")).toEqual(["a", "bcd", ""]);
    expect(match("(a*)(ab)*(b*)", "abb")).toEqual(["a", null, "bb"]);
  });

  test("lets a group stand that later turns of a loop pass by", () => {
    expect(match("(a|(b))*", "ba")).toEqual(["a", "b"]);
    expect(match("((a)*b)*", "abb")).toEqual(["b", "a"]);
  });

  test("takes up to two empty turns of a loop", () => {
    expect(match("(a*)*", "")).toEqual([""]);
    expect(match("(a*)+", "aa")).toEqual([""]);
    expect(match("(a*)?", "")).toEqual([""]);
    expect(match("(a|(b)|)*", "ab")).toEqual(["", "b"]);
    expect(match("a**", "aa")).toEqual([]);
  });

  test("has null for a group that took no part", () => {
    expect(match("(a)|(b)", "b")).toEqual([null, "b"]);
    expect(match("(a){0}b", "b")).toEqual([null]);
  });

  test("holds anchors to the ends of the subject, anywhere in the pattern", () => {
    expect(match("^a$", "a")).toEqual([]);
    expect(match("a^b", "ab")).toBeNull();
    expect(match("(^|\n)a", "\na")).toEqual(["\n"]);
    expect(match("a$b", "ab")).toBeNull();
  });

  test("counts in braces, within a 32-bit int", () => {
    expect(match("a{2}", "aa")).toEqual([]);
    expect(match("a{2,}", "aaaa")).toEqual([]);
    expect(match("a{1,2}{2}", "aaa")).toEqual([]);
    expect(match("a{0}", "")).toEqual([]);
    expect(match("a{2147483648}", "")).toEqual([]);
    expect(match("a+?b", "b")).toEqual([]);
  });
});

describe("split", () => {
  test.each<[string, string, unknown[]]>([
    ["(a)b", "abc", ["", ["a"], "c"]],
    ["([ac])", "abc", ["", ["a"], "b", ["c"], ""]],
    ["(a)|b", "ab", ["", ["a"], "", [null], ""]],
    ["x", "abc", ["abc"]],
    ["^a", "aab", ["", [], "ab"]],
    ["b$", "bbb", ["bb", [], ""]],
    ["", "ab", ["", [], "a", [], "b", [], ""]],
    ["x*", "axxb", ["", [], "a", [], "", [], "b", [], ""]],
  ])("%j on %j", (pattern, subject, parts) => {
    expect(split(pattern, subject)).toEqual(parts);
  });

  test("takes the longer branch of an alternative, the left one of equals", () => {
    expect(split("(a|ab)", "abab")).toEqual(["", ["ab"], "", ["ab"], ""]);
    expect(split("(a|ab)(c|bcd)?", "abcd")).toEqual(["", ["a", "bcd"], ""]);
    expect(split("(ab)|(a)(b)", "ab")).toEqual(["", ["ab", null, null], ""]);
  });

  test("takes another turn of a loop whenever that leads to a match, even to a shorter one", () => {
    expect(split("a?(ab)?", "ab")).toEqual(["", [null], "", [null], "b", [null], ""]);
  });

  test("looks for a match that is not empty behind an empty one", () => {
    expect(split("()|a", "a")).toEqual(["", [null], "", [""], ""]);
    expect(split("(b*)", "abb")).toEqual(["", [""], "a", ["bb"], "", [""], ""]);
  });
});

describe("bracket expressions", () => {
  test.each<[string, string, boolean]>([
    ["[]a]", "]", true],
    ["[^]a]", "b", true],
    ["[^]a]", "]", false],
    ["[\\.]", "\\", true],
    ["[a-c]", "b", true],
    ["[a-]", "-", true],
    ["[-a]", "-", true],
    ["[--/]", ".", true],
    ["[%--]", "+", true],
    ["[[:alpha:]-]", "-", true],
    ["[[:ALPHA:]]", "x", true],
    ["[[:w:]]", "_", true],
    ["[[:alpha:]]", "\xe9", false],
    ["[[=a=]]", "A", true],
    ["[[.hyphen.]]", "-", true],
    ["[[.a.]-c]", "b", true],
    ["[[.zero.]-9]", "5", true],
    ["[[]", "[", true],
    ["[\x80-a]", "\x90", true],
    ["[\x80-a]", "b", false],
  ])("%j on %j", (pattern, subject, matches) => {
    expect(match(pattern, subject) !== null).toBe(matches);
  });
});

describe("faults", () => {
  test.each<[string, string]>([
    ["\\", "escape"],
    ["\\d", "escape"],
    ["\\}", "escape"],
    ["(a)\\1", "escape"],
    ["(", "paren"],
    [")", "paren"],
    ["a)", "paren"],
    ["*", "paren"],
    ["^*", "paren"],
    ["a|*b", "paren"],
    ["(+a)", "paren"],
    ["{1}", "paren"],
    ["(?:a)", "paren"],
    ["[", "brack"],
    ["[]", "brack"],
    ["[a", "brack"],
    ["a{", "badbrace"],
    ["a{,2}", "badbrace"],
    ["a{x}", "badbrace"],
    ["a{2,1}", "badbrace"],
    ["a{1", "brace"],
    ["a{1,2,3}", "brace"],
    ["[b-a]", "range"],
    ["[a-c-e]", "range"],
    ["[[:alpha:]-z]", "range"],
    ["[a-[.z.]]", "range"],
    ["[a-\xff]", "range"],
    ["[[:nothing:]]", "ctype"],
    ["[[:alpha]]", "ctype"],
    ["[[.-.]]", "collate"],
    ["[[=ab=]]", "collate"],
    ["a{100001}", "space"],
    ["(a{400}){400}", "space"],
    // The first fault counts, and a token is read before the copies are made.
    ["a{100001}(", "space"],
    ["a{100001}\\q", "escape"],
  ])("%j: %s", (pattern, reason) => {
    expect(reasonOf(pattern)).toBe(reason);
  });

  test.each(["a**", "a||b", "|", "()", "a{3}{2}", "]", "}", "a}", "\\{}", "$a^", "a{99990}"])(
    "%j is valid",
    (pattern) => {
      expect(reasonOf(pattern)).toBe("valid");
    },
  );

  test("are worded as C++ Nix words them", () => {
    expect(plainText(new RegexError("paren").nixMessage("("))).toBe(
      "invalid regular expression '('",
    );
    expect(plainText(new RegexError("space").nixMessage("a{9999999}"))).toBe(
      "memory limit exceeded by regular expression 'a{9999999}'",
    );
  });
});

describe("limits", () => {
  const million = "a".repeat(1_000_000);

  test.each(["(a|b)*", "(a*)*", "(.*)(.*)(.*)", "([a-z]+)a", "(a|aa)*", "((a|b)+|c)*"])(
    "%j matches a million bytes",
    (pattern) => {
      expect(compileRegex(pattern).match(million)).not.toBeNull();
    },
  );

  test.each(["(a+)+b", "a*a*a*a*b", "(a|a)*b", "(.*)x(.*)", "(a|aa)+[^a]"])(
    "%j fails on a million bytes",
    (pattern) => {
      expect(compileRegex(pattern).match(million)).toBeNull();
      expect(compileRegex(pattern).search(million)).toEqual([]);
    },
  );

  test("columns that are computed again agree with kept ones", () => {
    const line = "key = value; # note\n";
    const pattern = "([a-z]+|[a-z]+ )= ([a-z]*);|(# |# note)";
    const once = compileRegex(pattern).search(line, "simulation") ?? [];
    const many = compileRegex(pattern).search(line.repeat(30_000), "simulation") ?? [];
    expect(once.map((found) => found.groups)).toEqual([
      ["key ", "value", null],
      [null, null, "# note"],
    ]);
    const shift = (found: RegexMatch, by: number): RegexMatch => ({
      ...found,
      start: found.start + by,
      end: found.end + by,
    });
    expect(many).toHaveLength(60_000);
    expect(many.slice(-2)).toEqual(once.map((found) => shift(found, 29_999 * line.length)));
    expect(many.slice(30_000, 30_002)).toEqual(
      once.map((found) => shift(found, 15_000 * line.length)),
    );
  });

  test("deep nesting does not overflow", () => {
    expect(compileRegex("(".repeat(30_000) + ")".repeat(30_000)).match("a")).toBeNull();
    expect(compileRegex(`a${"*".repeat(2_000)}`).match("aa")).toEqual([]);
    expect(compileRegex("((((((a*)*b*)*c*)*d*)*e*)*f*)*").match("abcdef!")).toBeNull();
  });
});
