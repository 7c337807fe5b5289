/** Patterns of names, as the C library's `fnmatch` reads them. */
import { namePattern } from "@nivis/jobs";
import { expect, test } from "vitest";

test.each([
  ["*", "", true],
  ["*", "a.b/c", true],
  ["tests.*", "tests.a.b", true],
  ["tests.*", "tests", false],
  ["a?c", "a.c", true],
  ["a?c", "ac", false],
  ["[ab]x", "bx", true],
  ["[!ab]x", "bx", false],
  ["[^ab]x", "cx", true],
  ["[a-c]", "b", true],
  ["[c-a]", "b", false],
  ["[]a]", "]", true],
  ["[a-]", "-", true],
  ["[[:digit:]]*", "3x", true],
  ["[[:digit:]]*", "x3", false],
  ["[ab", "[ab", true],
  ["\\*", "*", true],
  ["\\*", "x", false],
  ["a\\", "a\\", true],
  ["a.b", "axb", false],
  ["a\nb*", "a\nb\nc", true],
  ["(a|b)", "a", false],
])("%j and %j: %j", (pattern, name, matches) => {
  expect(namePattern(pattern)(name)).toBe(matches);
});

test("many stars take no time", () => {
  expect(namePattern("*a".repeat(30))("b".repeat(2000))).toBe(false);
});
