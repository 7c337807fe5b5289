/**
 * Whether the time of some work grows as it should with its size, for tests.
 *
 * Only ratios of processor time are compared, and a ratio must be too high three times to count, so that
 * a loaded machine fails no test.
 */

/** The highest ratio for linear time at four times the size: 4, plus garbage collection and growing tables. */
export const LINEAR = 8;
const ATTEMPTS = 3;

/**
 * Runs work of the sizes `n`, `2n` and `4n`. Returns what is wrong if the largest takes more than `atMost`
 * times as long as the smallest; `undefined` if it does not.
 */
export function scalingFailure(
  run: (size: number) => void,
  n: number,
  atMost: number = LINEAR,
): string | undefined {
  run(n);
  const ratios: number[] = [];
  do {
    // The time for 2n is only for the message of a failure.
    const times = [n, 2 * n, 4 * n].map((size) => processorTime(() => run(size)));
    const ratio = (times[2] as number) / (times[0] as number);
    if (ratio <= atMost) return undefined;
    ratios.push(ratio, ...times);
  } while (ratios.length < 4 * ATTEMPTS);
  return `four times the size took ${ratios[0]?.toFixed(1)} times as long: ${ratios}`;
}

/** In microseconds. */
function processorTime(run: () => void): number {
  const before = process.cpuUsage();
  run();
  const { user, system } = process.cpuUsage(before);
  return user + system;
}
