/** Equality of values of all types, and what it forces. */
import { describe, expect, test } from "vitest";
import { EvalError } from "../../src/errors/eval-error.ts";
import { equal, equalFast, equalValues, explainDifference } from "../../src/operations/equality.ts";
import type { PosIdx } from "../../src/position.ts";
import { ContextString, NixFloat, NixPath, type Slot, type Value } from "../../src/value/value.ts";
import { contextFor, failing, fn, lazy, set } from "../builtins/call-builtin.ts";
import { drive } from "../drive.ts";

const ctx = contextFor();
const eq = (a: Value, b: Value): boolean => drive(equalValues(ctx, a, b), ctx);
const eqSlots = (a: Slot, b: Slot): boolean => drive(equal(ctx, a, b), ctx);

function nested(depth: number, leaf: Slot): Value {
  let value: Slot = leaf;
  for (let i = 0; i < depth; i++) value = i % 2 === 0 ? [value] : set({ x: value });
  return value as Value;
}

describe("equalValues", () => {
  test("compares numbers across types", () => {
    expect(eq(1, new NixFloat(1))).toBe(true);
    expect(eq(new NixFloat(1.5), 1)).toBe(false);
    expect(eq(9007199254740993n, 9007199254740993n)).toBe(true);
    expect(eq(new NixFloat(-0), 0)).toBe(true);
  });
  test("says that nan differs from itself, unless it is the same slot", () => {
    const nan = new NixFloat(Number.NaN);
    expect(eq(nan, nan)).toBe(false);
    expect(eq([nan], [nan])).toBe(true);
  });
  test("ignores contexts and never mixes types", () => {
    expect(eq("a", new ContextString("a", new Set(["/nix/store/x"])))).toBe(true);
    expect(eq(new NixPath("/a"), "/a")).toBe(false);
    expect(eq(null, false)).toBe(false);
    expect(eq([], set({}))).toBe(false);
  });
  test("takes functions as equal only in the same slot", () => {
    const f = fn(1, () => null);
    expect(eq(f, f)).toBe(false);
    expect(eq([f], [f])).toBe(true);
    expect(eq(set({ f }), set({ f }))).toBe(true);
    expect(eqSlots(f, f)).toBe(true);
    expect(eq([lazy(() => f)], [lazy(() => f)])).toBe(false);
  });
  test("forces a slot that is compared with itself, but nothing inside", () => {
    const thunk = failing();
    expect(() => eq([thunk], [thunk])).toThrow(EvalError);
    const inner = lazy(() => [failing()]);
    expect(eq([inner], [inner])).toBe(true);
  });
  test("compares sets whatever the order of their names", () => {
    expect(eq(set({ a: 1, b: 2 }), set({ b: 2, a: 1 }))).toBe(true);
    expect(eq(set({ a: 1, b: 2 }), set({ a: 1, c: 2 }))).toBe(false);
    expect(eq(set({ a: 1 }), set({ a: 1, b: 2 }))).toBe(false);
  });
  test("stops at the first difference", () => {
    expect(eq([1, failing()], [2, failing()])).toBe(false);
    expect(eq([failing()], [1, 2])).toBe(false);
  });
  test("compares derivations by their outPath", () => {
    const drv = (outPath: string, x: Slot): Value => set({ type: "derivation", outPath, x });
    expect(eq(drv("/a", failing()), drv("/a", failing()))).toBe(true);
    expect(eq(drv("/a", 1), drv("/b", 1))).toBe(false);
    expect(eq(drv("/a", 1), set({ type: "derivation", x: 1, y: 1 }))).toBe(false);
  });
  test("compares a million levels without native recursion", () => {
    expect(eq(nested(1_000_000, 1), nested(1_000_000, 1))).toBe(true);
    expect(eq(nested(1_000_000, 1), nested(1_000_000, 2))).toBe(false);
  });
});

describe("equalFast", () => {
  test("leaves what must be looked into open", () => {
    expect(equalFast(set({}), set({}))).toBeUndefined();
    expect(equalFast([1], [1])).toBeUndefined();
    expect(equalFast([1], [1, 2])).toBe(false);
    expect(equalFast([], [])).toBe(true);
  });
});

describe("explainDifference", () => {
  function explain(a: Value, b: Value): string[] {
    try {
      drive(explainDifference(ctx, a, b, 7 as PosIdx), ctx);
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      expect(error.kind).toBe("assertion");
      return [error.message, ...error.traces.map((trace) => trace.message)];
    }
    return [];
  }

  test("says nothing about equal values", () => {
    expect(explain(set({ a: [1, "x"] }), set({ a: [1, "x"] }))).toEqual([]);
  });
  test("names types that differ", () => {
    expect(explain(1, "1")).toEqual([
      "an integer of value '1' is not equal to a string of value '\"1\"'",
    ]);
    expect(explain(1, new NixFloat(1.5))).toEqual([
      "an integer with value '1' is not equal to a float with value '1.5'",
    ]);
    expect(explain(true, false)).toEqual(["boolean 'true' is not equal to boolean 'false'"]);
    expect(explain(new NixPath("/a"), new NixPath("/b"))).toEqual([
      "path '/a' is not equal to path '/b'",
    ]);
  });
  test("shows the way to the difference, innermost first", () => {
    expect(explain(set({ a: [1, 2] }), set({ a: [1, 3] }))).toEqual([
      "an integer with value '2' is not equal to an integer with value '3'",
      "while comparing list element 1",
      "while comparing attribute 'a'",
    ]);
    const drv = (outPath: string): Value => set({ type: "derivation", outPath });
    expect(explain(drv("/a"), drv("/b"))).toEqual([
      `string '"/a"' is not equal to string '"/b"'`,
      "while comparing a derivation by its 'outPath' attribute",
    ]);
  });
  test("names sizes and names that differ", () => {
    expect(explain([1], [])).toEqual([
      "list of size '1' is not equal to list of size '0', left hand side is '[ 1 ]', right hand side is '[ ]'",
    ]);
    expect(explain(set({ a: 1 }), set({ b: 1 }))).toEqual([
      "attribute name 'a' is contained in '{ a = 1; }', but not in '{ b = 1; }'",
    ]);
    expect(explain([set({ a: 1 })], [set({ a: 1, b: 2 })])).toEqual([
      "attribute names of attribute set '{ a = 1; }' differs from attribute set '{ a = 1; b = 2; }'",
      "while comparing list element 0",
    ]);
  });
  test("tells why functions differ", () => {
    const f = fn(1, () => null);
    expect(explain(f, f)).toEqual([
      "distinct functions and immediate comparisons of identical functions compare as unequal",
    ]);
  });
});
