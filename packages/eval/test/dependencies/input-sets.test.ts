/** Sets of inputs: one number for each set. */
import { describe, expect, test } from "vitest";
import { EMPTY, InputSets } from "../../src/dependencies/input-sets.ts";

describe("unions", () => {
  test("the same members have the same number, however they came together", () => {
    const sets = new InputSets();
    const [a, b, c] = [sets.of(3), sets.of(70), sets.of(700)];
    const left = sets.union(sets.union(a, b), c);
    const right = sets.union(a, sets.union(c, b));
    expect(left).toBe(right);
    expect(sets.union(left, b)).toBe(left);
    expect(sets.union(b, left)).toBe(left);
    expect(sets.union(left, EMPTY)).toBe(left);
    expect(sets.of(3)).toBe(a);
    expect(new Set([a, b, c, left, EMPTY]).size).toBe(5);
  });

  test("many sets keep apart", () => {
    const sets = new InputSets();
    const seen = new Map<number, string>();
    for (let i = 0; i < 120; i++) {
      for (let k = 0; k <= i; k++) {
        const set = sets.union(sets.of(i), sets.of(k));
        const known = seen.get(set);
        if (known !== undefined) expect(known).toBe(`${i} ${k}`);
        seen.set(set, `${i} ${k}`);
      }
    }
    expect(seen.size).toBe((120 * 121) / 2);
  });
});

test("a changed member makes its sets stale, and no others", () => {
  const sets = new InputSets();
  const [a, b] = [sets.of(1), sets.of(33)];
  const both = sets.union(a, b);
  sets.change([33]);
  expect([a, b, both, EMPTY].map((set) => sets.isStale(set))).toEqual([false, true, true, false]);
});
