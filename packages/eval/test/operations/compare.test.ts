/** The order of values: numbers, strings, paths and lists. */
import { describe, expect, test } from "vitest";
import { EvalError } from "../../src/errors/eval-error.ts";
import { lessThan } from "../../src/operations/compare.ts";
import { NO_POS } from "../../src/position.ts";
import { ContextString, NixFloat, NixPath, type Slot } from "../../src/value/value.ts";
import { contextFor, failing, fn, lazy, set } from "../builtins/call-builtin.ts";
import { drive } from "../drive.ts";

const ctx = contextFor();
const less = (a: Slot, b: Slot, context = ""): boolean =>
  drive(lessThan(ctx, a, b, NO_POS, context), ctx);

function failureOf(a: Slot, b: Slot, context = ""): string[] {
  try {
    less(a, b, context);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return [error.message, ...error.traces.map((trace) => trace.message)];
  }
  throw new Error("did not fail");
}

describe("lessThan", () => {
  test("compares numbers, strings and paths", () => {
    expect(less(1, 2)).toBe(true);
    expect(less(2n ** 62n, 1)).toBe(false);
    expect(less(1, new NixFloat(1.5))).toBe(true);
    expect(less(new NixFloat(Number.NaN), 1)).toBe(false);
    expect(less("a", "b")).toBe(true);
    expect(less("Z", "a")).toBe(true);
    expect(less(new ContextString("a", new Set(["/p"])), "a")).toBe(false);
    expect(less(new NixPath("/a"), new NixPath("/b"))).toBe(true);
  });
  test("compares lists by their first difference", () => {
    expect(less([], [1])).toBe(true);
    expect(less([1], [1])).toBe(false);
    expect(less([1, 2], [1, 3])).toBe(true);
    expect(less([2], [1, 5])).toBe(false);
    expect(less([[1], 1], [[2], 0])).toBe(true);
  });
  test("skips elements that are the same slot", () => {
    const f = fn(1, () => null);
    expect(less([f, 1], [f, 2])).toBe(true);
  });
  test("compares elements no further than needed", () => {
    expect(less([lazy(() => 1), failing()], [lazy(() => 2), failing()])).toBe(true);
  });
  test("refuses what has no order", () => {
    expect(failureOf(1, "a")).toEqual([
      'cannot compare an integer with a string; values are 1 and "a"',
    ]);
    expect(failureOf(set({}), set({}))).toEqual([
      "cannot compare a set with a set; values of that type are incomparable (values are { } and { })",
    ]);
    expect(failureOf(true, false)).toEqual([
      "cannot compare a Boolean with a Boolean; values of that type are incomparable (values are true and false)",
    ]);
  });
  test("adds a trace for each list", () => {
    expect(failureOf([[1]], [["a"]], "outside")).toEqual([
      'cannot compare an integer with a string; values are 1 and "a"',
      "while comparing two list elements",
      "while comparing two list elements",
      "outside",
    ]);
  });
});
