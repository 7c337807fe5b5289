/** The meter of a process: units and magnitudes, against work whose size is known. */
import { expect, test } from "vitest";
import { ProcessMeter } from "../src/process-meter.ts";

test("sees what was allocated and that the collector ran", () => {
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
  // Collections are part of the processor time of all threads, which is in seconds like it.
  const { user, system } = process.cpuUsage();
  expect(gcTime).toBeGreaterThan(0);
  expect(gcTime).toBeLessThan((user + system) / 1e6);
  expect(cpuTime).toBeLessThanOrEqual(user / 1e6);
  // A heap has pages of 256 KiB, and this process fewer than 64 GiB.
  expect(heapSize).toBeGreaterThan(256 * 1024);
  expect(heapSize).toBeLessThan(2 ** 36);
});

test("counts processor time in seconds", () => {
  const before = new ProcessMeter().finish().cpuTime;
  const start = process.cpuUsage();
  const end = performance.now() + 300;
  while (performance.now() < end);
  const spent = process.cpuUsage(start).user / 1e6;
  const measured = new ProcessMeter().finish().cpuTime - before;
  expect(measured).toBeGreaterThanOrEqual(spent * 0.9);
  expect(measured).toBeLessThan(spent + 5);
});
