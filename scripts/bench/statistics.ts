/**
 * The statistics of the benchmarks. Other programs run on the machine, so everything
 * here uses ranks instead of sums: one slow run moves a median by little and a mean by much.
 */

/** The median of some measurements and the range of their middle half. */
export interface Quartiles {
  readonly median: number;
  readonly lower: number;
  readonly upper: number;
}

/** The quartiles of at least one number. */
export function quartiles(values: readonly number[]): Quartiles {
  const sorted = [...values].sort((a, b) => a - b);
  return { median: at(sorted, 0.5), lower: at(sorted, 0.25), upper: at(sorted, 0.75) };
}

/** The quantile `share` of sorted numbers, interpolated linearly. */
function at(sorted: readonly number[], share: number): number {
  if (sorted.length === 0) throw new Error("quartiles of nothing");
  const place = share * (sorted.length - 1);
  const below = sorted[Math.floor(place)] as number;
  const above = sorted[Math.ceil(place)] as number;
  return below + (above - below) * (place - Math.floor(place));
}

/** The geometric mean of at least one positive number, the proper mean of ratios. */
export function geometricMean(ratios: readonly number[]): number {
  if (ratios.length === 0) throw new Error("the mean of nothing");
  return Math.exp(ratios.reduce((sum, ratio) => sum + Math.log(ratio), 0) / ratios.length);
}

/** The ratios of paired measurements. */
export function pairedRatios(a: readonly number[], b: readonly number[]): number[] {
  if (a.length !== b.length) throw new Error("unpaired measurements");
  return a.map((value, i) => value / (b[i] as number));
}
