import { expect, it } from "vitest";
import { ProcessMeter } from "../src/process-meter.ts";

it("sees what was allocated and that the collector ran", () => {
  const meter = new ProcessMeter();
  let kept: unknown[] = [];
  for (let i = 0; i < 2_000_000; i++) {
    kept.push({ i });
    if (kept.length > 1000) kept = [];
  }
  const { allocated, gcCycles, gcTime, cpuTime, heapSize } = meter.finish();
  // An object with one field takes at least two words.
  expect(allocated).toBeGreaterThan(2_000_000 * 16);
  expect(gcCycles).toBeGreaterThan(0);
  expect(gcTime).toBeGreaterThan(0);
  expect(cpuTime).toBeGreaterThan(0);
  expect(heapSize).toBeGreaterThan(0);
});
