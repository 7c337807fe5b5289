/**
 * EntryCounter: how often each function is called and each value evaluated, and how many thunks their
 * code makes. It observes every instruction, which takes several times as long as evaluation itself, so
 * times are measured without it.
 */
import {
  describePosition,
  type Lambda,
  LambdaKind,
  Op,
  type PosIdx,
  type PositionTable,
  type RunObserver,
} from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";

/** What was counted at one place of the program. */
export interface EntryCount {
  /** Calls of a function, or evaluations of a value. */
  readonly entries: number;
  /** Thunks that the code made; those of builtins are not counted. */
  readonly thunks: number;
}

/** Counts the entries of an evaluation. */
export class EntryCounter implements RunObserver {
  readonly #counts = new Map<Lambda, { entries: number; thunks: number }>();

  instruction(lambda: Lambda, pc: number): void {
    // Code has no loops, so that its first instruction runs once for each entry, also from builtins.
    if (pc === 0) this.#of(lambda).entries++;
    if (lambda.code[pc] === Op.Thunk) this.#of(lambda).thunks++;
  }

  #of(lambda: Lambda): { entries: number; thunks: number } {
    let count = this.#counts.get(lambda);
    if (count === undefined) {
      count = { entries: 0, thunks: 0 };
      this.#counts.set(lambda, count);
    }
    return count;
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
