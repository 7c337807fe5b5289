/** The line that shows on a terminal how far a sweep is: a pure function of its counts. */

/** The counts of a sweep. */
export interface SweepCounts {
  readonly finished: number;
  /** Known and not finished; sets may bring more. */
  readonly open: number;
  readonly errors: number;
  /** In seconds. */
  readonly elapsed: number;
  /** In bytes; `undefined` where it is not known. */
  readonly resident: number | undefined;
}

const MIB = 1024 * 1024;

/** The line, without its end. */
export function progressLine(counts: SweepCounts): string {
  const { finished, open, errors, elapsed, resident } = counts;
  const rate = elapsed > 0 ? finished / elapsed : 0;
  const parts = [`${finished}/${finished + open} attributes`];
  if (errors > 0) parts.push(`${errors} failed`);
  if (rate > 0) {
    parts.push(`${rate >= 10 ? Math.round(rate) : rate.toFixed(1)}/s`);
    parts.push(`${duration(open / rate)} left`);
  }
  if (resident !== undefined) parts.push(`${Math.round(resident / MIB)} MiB`);
  return `[${parts.join(", ")}]`;
}

function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  const minutes = Math.floor(whole / 60);
  if (minutes === 0) return `${whole} s`;
  const hours = Math.floor(minutes / 60);
  return hours === 0 ? `${minutes} min ${whole % 60} s` : `${hours} h ${minutes % 60} min`;
}
