/** JavaScript's RegExp and backtracking, where they are used, answer as the simulation does. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { compileRegex } from "../../src/regex/regex.ts";
import { patterns, subjects } from "./pattern-arbitrary.ts";

test.each(["native", "backtracking"] as const)("%s and simulated matches agree", (engine) => {
  let compared = 0;
  fc.assert(
    fc.property(patterns(3), subjects, (pattern, subject) => {
      const regex = compileRegex(pattern);
      const found = regex.match(subject, engine);
      if (found === undefined) return;
      compared++;
      expect(found).toEqual(regex.match(subject, "simulation"));
    }),
    { numRuns: 2000 },
  );
  expect(compared).toBeGreaterThan(500);
});

test("native and simulated searches agree", () => {
  let compared = 0;
  fc.assert(
    fc.property(patterns(3), subjects, (pattern, subject) => {
      const regex = compileRegex(pattern);
      const native = regex.search(subject, "native");
      if (native === undefined) return;
      compared++;
      expect(native).toEqual(regex.search(subject, "simulation"));
    }),
    { numRuns: 2000 },
  );
  expect(compared).toBeGreaterThan(300);
});

test("a search's matches do not overlap and are in order", () => {
  fc.assert(
    fc.property(patterns(3), subjects, (pattern, subject) => {
      let end = 0;
      for (const found of compileRegex(pattern).search(subject)) {
        expect(found.start).toBeGreaterThanOrEqual(end);
        expect(found.end).toBeGreaterThanOrEqual(found.start);
        end = found.end;
      }
    }),
  );
});

test("any bytes either compile or are refused", () => {
  const bytes = fc.string({
    unit: fc.constantFrom(..."ab()[]{}^$*+?|\\-,1:.=\xff", "[:alpha:]", "[.a.]", "a-z", "{1,2}"),
    maxLength: 12,
  });
  fc.assert(
    fc.property(bytes, subjects, (pattern, subject) => {
      try {
        const regex = compileRegex(pattern);
        expect(regex.match(subject)).toEqual(regex.match(subject, "simulation"));
      } catch (error) {
        expect(error).toHaveProperty("reason");
      }
    }),
  );
});
