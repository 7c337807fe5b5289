/** `sort`: stability, existing runs, and comparators that contradict themselves. */
import { describe, expect, test } from "vitest";
import { NixFloat, type NixList, type Slot } from "../../src/value/value.ts";
import { builtin, call, failing, failure, fn, lazy } from "./call-builtin.ts";

/** A comparator by the first digit only, so that equal elements can be told apart. */
const byTens = fn(2, (a: number, b: number) => Math.floor(a / 10) < Math.floor(b / 10));
const numeric = fn(2, (a: number, b: number) => a < b);

/** Reproducible pseudo-random integers below `limit`. */
function randoms(count: number, limit: number, seed = 42): number[] {
  let state = seed;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return (state >>> 8) % limit;
  });
}

describe("sort", () => {
  test("keeps the order of equal elements at every size", () => {
    for (const size of [1, 2, 3, 15, 16, 17, 33, 100, 1000]) {
      const list = randoms(size, 100, size);
      const expected = list
        .map((n, i) => ({ n, i }))
        .sort((a, b) => Math.floor(a.n / 10) - Math.floor(b.n / 10) || a.i - b.i)
        .map(({ n }) => n);
      expect(call("sort", byTens, list)).toEqual(expected);
    }
  });
  test("sorts runs that are there already", () => {
    const up = Array.from({ length: 100 }, (_, i) => i);
    expect(call("sort", numeric, up.toReversed())).toEqual(up);
    expect(call("sort", numeric, [...up.slice(50), ...up.slice(0, 50)])).toEqual(up);
    expect(call("sort", numeric, [...up.slice(0, 50), ...up.slice(50).toReversed()])).toEqual(up);
  });
  test("compares no more than it must where runs are found", () => {
    let comparisons = 0;
    const counting = fn(2, (a: number, b: number) => {
      comparisons++;
      return a < b;
    });
    call(
      "sort",
      counting,
      Array.from({ length: 1000 }, (_, i) => i),
    );
    expect(comparisons).toBe(1000);
  });
  test("permutes the elements even if the comparator contradicts itself", () => {
    const always = fn(2, () => true);
    expect(call("sort", always, [1, 2, 3])).toEqual([3, 2, 1]);
    const list = randoms(500, 1_000_000);
    let flip = 0;
    const fickle = fn(2, () => {
      flip = (flip * 7 + 3) % 11;
      return flip % 2 === 0;
    });
    const sorted = call("sort", fickle, list) as number[];
    expect(sorted.toSorted()).toEqual(list.toSorted());
  });
  test("uses lessThan without calling it", () => {
    expect(call("sort", builtin("lessThan"), [3, new NixFloat(1.5), 2])).toEqual([
      new NixFloat(1.5),
      2,
      3,
    ]);
    expect(call("sort", builtin("lessThan"), [["b"], ["a"]])).toEqual([["a"], ["b"]]);
    expect(failure("sort", builtin("lessThan"), [1, "a"])).toEqual({
      message: 'cannot compare a string with an integer; values are "a" and 1',
      traces: ["while evaluating the ordering function passed to builtins.sort"],
    });
  });
  test("forces the elements and answers the slots", () => {
    const slots: Slot[] = [lazy(() => 2), lazy(() => 1)];
    const sorted = call("sort", numeric, slots) as NixList;
    expect(sorted).toEqual([slots[1], slots[0]]);
    expect(() => call("sort", numeric, [failing()])).toThrow();
  });
  test("looks at the comparator only if there is something to sort", () => {
    expect(call("sort", failing(), [])).toEqual([]);
    expect(failure("sort", 1, [1])).toEqual({
      message: "expected a function but found an integer: 1",
      traces: ["while evaluating the first argument passed to builtins.sort"],
    });
    expect(
      failure(
        "sort",
        fn(2, () => 1),
        [1, 2],
      ),
    ).toEqual({
      message: "expected a Boolean but found an integer: 1",
      traces: ["while evaluating the return value of the sorting function passed to builtins.sort"],
    });
  });
  test("sorts two hundred thousand elements", () => {
    const list = randoms(200_000, 1_000_000_000);
    const expected = Array.from(Float64Array.from(list).sort());
    expect(call("sort", builtin("lessThan"), list)).toEqual(expected);
  });
});
