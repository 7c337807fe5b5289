/** IntegerSet knows what a Set of numbers knows. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { IntegerSet } from "../../src/builtins/integer-set.ts";

const integers = fc.oneof(
  fc.integer({ min: -20, max: 20 }),
  fc.integer(),
  fc.maxSafeInteger(),
  // Alike in their lower halves.
  fc.integer({ min: -(2 ** 20), max: 2 ** 20 }).map((high) => high * 2 ** 32),
);

test("tells new integers from known ones", () => {
  fc.assert(
    fc.property(fc.array(integers, { maxLength: 400, size: "max" }), (sequence) => {
      const known = new Set<number>();
      const set = new IntegerSet();
      for (const integer of sequence) {
        expect(set.add(integer)).toBe(!known.has(integer));
        known.add(integer);
      }
    }),
  );
});

test("takes zero for the same with either sign", () => {
  const set = new IntegerSet();
  expect(set.add(0)).toBe(true);
  expect(set.add(-0)).toBe(false);
});
