/** Suggestions of similar names: the distance, and the best matches. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { bestMatches, levenshteinDistance, listSuggestions } from "../../src/errors/suggestions.ts";

describe("levenshteinDistance", () => {
  test("counts insertions, deletions and replacements", () => {
    expect(levenshteinDistance("kitten", "sitting")).toBe(3);
    expect(levenshteinDistance("", "abc")).toBe(3);
    expect(levenshteinDistance("abc", "abc")).toBe(0);
  });

  test("is symmetric, and a limit changes only what lies beyond it", () => {
    const word = fc.string({ unit: fc.constantFrom("a", "b", "c"), maxLength: 8 });
    fc.assert(
      fc.property(word, word, fc.nat(4), (a, b, limit) => {
        const distance = levenshteinDistance(a, b);
        expect(levenshteinDistance(b, a)).toBe(distance);
        const limited = levenshteinDistance(a, b, limit);
        if (distance <= limit) expect(limited).toBe(distance);
        else expect(limited).toBeGreaterThan(limit);
      }),
    );
  });
});

describe("bestMatches", () => {
  test("gives the nearest first, then by name", () => {
    expect(bestMatches(["foobar", "fo", "fooo", "bar", "foa"], "foo")).toEqual([
      "fo",
      "foa",
      "fooo",
    ]);
  });

  test("gives five at most, none further than two", () => {
    expect(bestMatches(["a1", "a2", "a3", "a4", "a5", "a6"], "a")).toHaveLength(5);
    expect(bestMatches(["abcd"], "a")).toEqual([]);
  });
});

describe("listSuggestions", () => {
  test("joins names as a sentence", () => {
    expect(listSuggestions([])).toBe("");
    expect(listSuggestions(["a"])).toBe("a");
    expect(listSuggestions(["a", "b"])).toBe("one of a or b");
    expect(listSuggestions(["a", "b", "c"], (name) => `<${name}>`)).toBe("one of <a>, <b> or <c>");
  });
});
