import { describe, expect, it } from "vitest";
import { EvalError } from "../../src/errors/eval-error.ts";
import { deepForce } from "../../src/operations/deep-force.ts";
import type { Thunk } from "../../src/value/thunk.ts";
import type { Slot } from "../../src/value/value.ts";
import { contextFor, failing, lazy, set } from "../builtins/call-builtin.ts";
import { drive } from "../drive.ts";

const ctx = contextFor();

describe("deepForce", () => {
  it("forces everything in lists and sets", () => {
    const inner = lazy(() => 1);
    drive(deepForce(ctx, set({ a: [lazy(() => set({ b: inner }))] })), ctx);
    expect(inner.code).toBeNull();
  });
  it("visits a value that contains itself once", () => {
    const list: Slot[] = [];
    list.push(
      list,
      lazy(() => list),
    );
    expect(drive(deepForce(ctx, list), ctx)).toBe(list);
  });
  it("walks a million levels without native recursion", () => {
    let value: Slot = lazy(() => 1);
    const leaf = value as Thunk;
    for (let i = 0; i < 1_000_000; i++) value = [value];
    drive(deepForce(ctx, value), ctx);
    expect(leaf.code).toBeNull();
  });
  it("says where it failed, innermost first", () => {
    try {
      drive(deepForce(ctx, set({ a: [1, failing("no")] })), ctx);
      expect.unreachable();
    } catch (error) {
      if (!(error instanceof EvalError)) throw error;
      expect(error.message).toBe("no");
      expect(error.traces.map((trace) => trace.message)).toEqual([
        "while evaluating list element at index 1",
        "while evaluating the attribute 'a'",
      ]);
    }
  });
});
