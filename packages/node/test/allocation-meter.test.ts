/** The meter of allocation against work whose size is known, across collections. */
import { expect, test } from "vitest";
import { AllocationMeter } from "../src/allocation-meter.ts";

/** Makes `count` objects of at least 32 bytes and keeps few of them. */
function work(count: number): void {
  let kept: unknown[] = [];
  for (let i = 0; i < count; i++) {
    kept.push({ i, next: i });
    if (kept.length > 1000) kept = [];
  }
}

test("counts what was collected, too, and goes on counting", () => {
  const meter = new AllocationMeter();
  const amounts = [1_000_000, 2_000_000, 0, 1_000_000].map((count) => {
    const before = meter.allocated();
    work(count);
    return meter.allocated() - before;
  });
  const [one, two, none, again] = amounts as [number, number, number, number];
  expect(meter.collections).toBeGreaterThan(0);
  expect(one).toBeGreaterThan(1_000_000 * 32);
  expect(two / one).toBeGreaterThan(1.7);
  expect(two / one).toBeLessThan(2.3);
  expect(again / one).toBeGreaterThan(0.8);
  expect(again / one).toBeLessThan(1.2);
  expect(none).toBeLessThan(100_000);
  meter.finish();
});

test("sees each allocation at once", () => {
  const meter = new AllocationMeter();
  const before = meter.used();
  const kept = new Array(100_000).fill(1);
  expect(meter.used() - before).toBeGreaterThan(kept.length * 8 - 1);
  meter.finish();
});
