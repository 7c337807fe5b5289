/**
 * Compares two evaluators on one program: in pairs, so that other load on the machine affects
 * both, and by the printed results as well as the times.
 */
import type { Run } from "./measure.ts";
import { pairedRatios, type Quartiles, quartiles } from "./statistics.ts";

/** The measurements of one evaluator, run by run, in milliseconds and mebibytes. */
export interface Series {
  readonly wall: readonly number[];
  readonly user: readonly number[];
  readonly peak: readonly number[];
}

/** The result for one program. */
export type Comparison = Measured | Failed;

/** Both evaluators printed the same. Ratios are Nivis to reference. */
export interface Measured {
  readonly name: string;
  readonly group: string;
  readonly nivis: Series;
  readonly reference: Series;
  readonly ratio: Quartiles;
  /** The ratio of the medians of processor time, if it was measured. */
  readonly userRatio: number | undefined;
  /** The ratio of the median memory peaks, if memory was measured. */
  readonly peakRatio: number | undefined;
}

/** One evaluator failed, or their outputs differ. */
export interface Failed {
  readonly name: string;
  readonly group: string;
  readonly failure: string;
}

/** A function for each evaluator that runs it once. */
export interface Lanes {
  nivis(): Run;
  reference(): Run;
}

/** The length of an output in messages, in chars. */
const SHOWN = 1000;

/**
 * Runs both once to warm up the caches and to compare the outputs, then
 * `pairs` times in the order A B B A A B …, so that neither always runs second.
 */
export function comparePaired(
  program: { readonly name: string; readonly group: string },
  lanes: Lanes,
  pairs: number,
): Comparison {
  const { name, group } = program;
  const fail = (failure: string): Failed => ({ name, group, failure });
  const expected = lanes.reference();
  if (expected.code !== 0) return fail(`the reference fails:\n${expected.stderr.slice(-SHOWN)}`);
  const wrong = (run: Run): string | undefined => {
    if (run.code !== 0) return `Nivis fails:\n${run.stderr.slice(-SHOWN)}`;
    if (run.stdout === expected.stdout) return undefined;
    return `Nivis prints\n${run.stdout.slice(0, SHOWN)}\nthe reference\n${expected.stdout.slice(0, SHOWN)}`;
  };
  const first = wrong(lanes.nivis());
  if (first !== undefined) return fail(first);
  const nivis: Run[] = [];
  const reference: Run[] = [];
  for (let i = 0; i < pairs; i++) {
    if (i % 2 === 1) reference.push(lanes.reference());
    nivis.push(lanes.nivis());
    if (i % 2 === 0) reference.push(lanes.reference());
    const later = wrong(nivis[i] as Run);
    if (later !== undefined) return fail(later);
  }
  const ours = seriesOf(nivis);
  const theirs = seriesOf(reference);
  return {
    name,
    group,
    nivis: ours,
    reference: theirs,
    ratio: quartiles(pairedRatios(ours.wall, theirs.wall)),
    userRatio: ratioOfMedians(ours.user, theirs.user),
    peakRatio: ratioOfMedians(ours.peak, theirs.peak),
  };
}

function ratioOfMedians(a: readonly number[], b: readonly number[]): number | undefined {
  return a.length === 0 ? undefined : quartiles(a).median / quartiles(b).median;
}

function seriesOf(runs: readonly Run[]): Series {
  const known = (values: readonly (number | undefined)[]): number[] =>
    values.filter((value) => value !== undefined);
  return {
    wall: runs.map((run) => run.wall),
    user: known(runs.map((run) => run.user)),
    peak: known(runs.map((run) => run.peak)),
  };
}

/** The ratios of a group of programs, summarised. */
export interface Summary {
  readonly group: string;
  readonly programs: number;
  readonly geometricMean: number;
  readonly worst: { readonly name: string; readonly ratio: number };
  readonly worstPeak: { readonly name: string; readonly ratio: number } | undefined;
}

/** Whether a program was measured. */
export function isMeasured(comparison: Comparison): comparison is Measured {
  return "ratio" in comparison;
}
