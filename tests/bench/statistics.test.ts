/** The statistics of the benchmarks: quartiles, geometric means and paired ratios. */
import { describe, expect, test } from "vitest";
import { geometricMean, pairedRatios, quartiles } from "../../scripts/bench/statistics.ts";

describe("quartiles", () => {
  test("interpolate between measurements", () => {
    expect(quartiles([4])).toEqual({ lower: 4, median: 4, upper: 4 });
    expect(quartiles([3, 1, 2])).toEqual({ lower: 1.5, median: 2, upper: 2.5 });
    expect(quartiles([10, 2, 8, 4, 6])).toEqual({ lower: 4, median: 6, upper: 8 });
    expect(quartiles([1, 2])).toEqual({ lower: 1.25, median: 1.5, upper: 1.75 });
  });

  test("are robust against one outlier", () => {
    expect(quartiles([1, 1, 1, 1, 1000]).median).toBe(1);
  });

  test("require at least one measurement", () => {
    expect(() => quartiles([])).toThrow("quartiles of nothing");
  });
});

test("averages ratios geometrically", () => {
  expect(geometricMean([2, 0.5])).toBeCloseTo(1);
  expect(geometricMean([1, 10, 100])).toBeCloseTo(10);
  expect(() => geometricMean([])).toThrow("the mean of nothing");
});

test("divides paired measurements", () => {
  expect(pairedRatios([2, 9], [1, 3])).toEqual([2, 3]);
  expect(() => pairedRatios([1], [1, 2])).toThrow("unpaired");
});
