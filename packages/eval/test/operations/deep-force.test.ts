/** Deep evaluation: shared and cyclic values are visited once. */
import { describe, expect, test } from "vitest";
import { EvalError } from "../../src/errors/eval-error.ts";
import { deepForce } from "../../src/operations/deep-force.ts";
import type { Thunk } from "../../src/value/thunk.ts";
import type { Slot } from "../../src/value/value.ts";
import { contextFor, failing, lazy, set } from "../builtins/call-builtin.ts";
import { drive } from "../drive.ts";

const ctx = contextFor();

describe("deepForce", () => {
  test("forces everything in lists and sets", () => {
    const inner = lazy(() => 1);
    drive(deepForce(ctx, set({ a: [lazy(() => set({ b: inner }))] })), ctx);
    expect(inner.code).toBeNull();
  });
  test("visits a value that contains itself once", () => {
    const list: Slot[] = [];
    list.push(
      list,
      lazy(() => list),
    );
    expect(drive(deepForce(ctx, list), ctx)).toBe(list);
  });
  test("visits what is shared once, whether thunks lead there or not", () => {
    let direct: Slot = [1];
    let throughThunks: Slot = [1];
    let throughSets: Slot = [1];
    for (let i = 0; i < 100; i++) {
      const before: Slot = throughThunks;
      const inside: Slot = throughSets;
      direct = [direct, direct];
      throughThunks = [lazy(() => before), lazy(() => before)];
      throughSets = set({ x: lazy(() => inside), y: lazy(() => inside) });
    }
    const all = [direct, throughThunks, throughSets];
    // Suspended thunks in the first walk, forced ones in the second.
    drive(deepForce(ctx, all), ctx);
    drive(deepForce(ctx, all), ctx);
    expect(((throughThunks as Slot[])[1] as Thunk).code).toBeNull();
  });
  test("does not go through a long list again for each thunk that leads to it", () => {
    let reads = 0;
    const long = new Proxy(Array.from({ length: 1000 }, (_, i) => i) as Slot[], {
      get(target, key, receiver) {
        if (key === "999") reads++;
        return Reflect.get(target, key, receiver) as unknown;
      },
    });
    drive(
      deepForce(
        ctx,
        Array.from({ length: 50 }, () => lazy(() => long)),
      ),
      ctx,
    );
    expect(reads).toBe(1);
  });
  test("visits again in another walk, also one inside of the first", () => {
    const last = lazy(() => 1);
    const shared = lazy(() => [last]);
    const walk = lazy(() => drive(deepForce(ctx, shared), ctx));
    drive(deepForce(ctx, [shared, walk, shared]), ctx);
    expect(last.code).toBeNull();
    const late = lazy(() => 2);
    shared.a = [late];
    drive(deepForce(ctx, shared), ctx);
    expect(late.code).toBeNull();
  });
  test("answers what it was told to, null as well", () => {
    expect(drive(deepForce(ctx, [1], null), ctx)).toBeNull();
    expect(drive(deepForce(ctx, [1]), ctx)).toEqual([1]);
  });
  test("walks a million levels without native recursion", () => {
    let value: Slot = lazy(() => 1);
    const leaf = value as Thunk;
    for (let i = 0; i < 1_000_000; i++) value = [value];
    drive(deepForce(ctx, value), ctx);
    expect(leaf.code).toBeNull();
  });
  test("says where it failed, innermost first", () => {
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
