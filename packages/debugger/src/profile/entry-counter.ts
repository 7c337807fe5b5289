/**
 * EntryCounter: how often each function is called and each value evaluated, and how many thunks their
 * code makes. It observes every instruction, which takes several times as long as evaluation itself, so
 * times are measured without it.
 */
import {
  type Attrs,
  describePosition,
  type Evaluation,
  type Lambda,
  LambdaKind,
  type LandmarkPath,
  LandmarkTracker,
  Op,
  type PosIdx,
  type PositionTable,
  type RunObserver,
} from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import { type FrameKind, FrameNames } from "./profile.ts";
import { KINDS } from "./ranking.ts";

/** What was counted at one place of the program. */
export interface EntryCount {
  /** Calls of a function, or evaluations of a value. */
  readonly entries: number;
  /** Thunks that the code made; those of builtins are not counted. */
  readonly thunks: number;
}

interface Sum {
  entries: number;
  thunks: number;
}

function sumOf<Key>(sums: Map<Key, Sum>, key: Key): Sum {
  let sum = sums.get(key);
  if (sum === undefined) {
    sum = { entries: 0, thunks: 0 };
    sums.set(key, sum);
  }
  return sum;
}

/** The name of the innermost landmark of some kinds. */
function nameIn(
  path: LandmarkPath,
  kinds: ReadonlySet<FrameKind>,
  names: FrameNames,
): string | undefined {
  for (let at: LandmarkPath | undefined = path; at !== undefined; at = at.outer) {
    const frame = at.landmark && names.frameOf(at.landmark);
    if (frame !== undefined && kinds.has(frame.kind)) return frame.name;
  }
  return undefined;
}

/** Counts the entries of an evaluation. */
export class EntryCounter implements RunObserver {
  readonly #counts = new Map<Lambda, Sum>();
  readonly #tracker = new LandmarkTracker();
  readonly #paths = new Map<LandmarkPath, Sum>();

  /** Gives the values of a set their names, so that they are counted by attribute, too. */
  nameAttributes(set: Attrs): void {
    this.#tracker.nameAttributes(set);
  }

  instruction(lambda: Lambda, pc: number, stack: readonly unknown[], base: number): void {
    // Code has no loops, so that its first instruction runs once for each entry, also from builtins.
    if (pc === 0) {
      const path = this.#tracker.enter(stack, base);
      sumOf(this.#counts, lambda).entries++;
      if (this.#tracker.isProgram(lambda)) sumOf(this.#paths, path).entries++;
    }
    if (lambda.code[pc] === Op.Thunk) {
      sumOf(this.#counts, lambda).thunks++;
      sumOf(this.#paths, this.#tracker.at(stack, base)).thunks++;
    }
  }

  /** What was counted in the evaluation of packages or options, by their names; the innermost one counts. */
  countsWithin(
    kind: "package" | "option",
    evaluation: Evaluation,
  ): ReadonlyMap<string, EntryCount> {
    const names = new FrameNames(evaluation);
    const found = new Map<string, Sum>();
    for (const [path, { entries, thunks }] of this.#paths) {
      const name = nameIn(path, KINDS[kind], names);
      if (name === undefined) continue;
      const sum = sumOf(found, name);
      sum.entries += entries;
      sum.thunks += thunks;
    }
    return found;
  }

  /** The counts by the place of the code, `FILE:LINE:COLUMN`; functions and values are apart. */
  counts(positions: PositionTable): ReadonlyMap<string, EntryCount> {
    const found = new Map<string, { entries: number; thunks: number }>();
    for (const [lambda, { entries, thunks }] of this.#counts) {
      const key = countKey(lambda.kind === LambdaKind.Function, this.#place(positions, lambda.pos));
      const sum = found.get(key) ?? { entries: 0, thunks: 0 };
      found.set(key, { entries: sum.entries + entries, thunks: sum.thunks + thunks });
    }
    return found;
  }

  #place(positions: PositionTable, pos: PosIdx): string {
    return positions.resolve(pos) === undefined ? "" : decodeUtf8(describePosition(positions, pos));
  }
}

/** The sums of {@link EntryCounter.counts} by file. */
export function countsByFile(
  counts: ReadonlyMap<string, EntryCount>,
): ReadonlyMap<string, EntryCount> {
  const sums = new Map<string, { entries: number; thunks: number }>();
  for (const [key, { entries, thunks }] of counts) {
    const file = /^[fv] (.*):\d+:\d+$/s.exec(key)?.[1];
    if (file === undefined) continue;
    const sum = sums.get(file) ?? { entries: 0, thunks: 0 };
    sums.set(file, { entries: sum.entries + entries, thunks: sum.thunks + thunks });
  }
  return sums;
}

/** The key of {@link EntryCounter.counts}. */
export function countKey(isFunction: boolean, place: string): string {
  return `${isFunction ? "f" : "v"} ${place}`;
}
