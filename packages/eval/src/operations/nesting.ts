/**
 * The depth of an evaluation, counted against `max-call-depth`: open calls, and the levels of
 * values that operations have entered.
 *
 * C++ Nix walks values by recursion and counts each level like a call. Here a level is an entry on
 * the heap, so the library has practically no limit; a command that wants C++ Nix's limit sets
 * `maxCallDepth`, and then a value that is too deep is the same error as in C++ Nix. The machine
 * records the number of open calls whenever native code runs, and reduces the limit for the code
 * that an operation runs.
 */
import type { EvalContext } from "../context.ts";
import { tooDeep } from "../errors/too-deep.ts";
import type { PosIdx } from "../position.ts";
import { originalOf } from "../value/copies.ts";

/**
 * The maximum number of levels regardless of the setting: a value that contains itself has no end,
 * and a level, with its text or its parts, takes a few hundred bytes of Node's default of 4 GiB.
 */
const MAX_LEVELS = 4_000_000;

/** The depth of one evaluation. */
export class Nesting {
  /** The number of open calls when native code was last entered or resumed. */
  calls = 0;
  /** The number of running machines that the host has started: several if host code calls back. */
  runs = 0;
  /** The number of levels of all walks in progress. */
  levels = 0;
  /**
   * How many deep evaluations have begun; each marks what it visits with its number
   * (`deep-force.ts`).
   */
  deepForces = 0;
}

/** Whether a level `count` levels further in is allowed. */
export function hasRoom(ctx: EvalContext, count: number): boolean {
  const { calls, levels } = ctx.nesting;
  const inside = levels + count;
  return inside < MAX_LEVELS && calls + inside <= ctx.settings.maxCallDepth;
}

/**
 * Detects that a value contains itself while it is walked, at the cost of one comparison for each
 * list or set: Brent's algorithm (R. P. Brent, *An improved Monte Carlo factorization algorithm*,
 * 1980) on the open containers. With C++ Nix's limit on depth it detects nothing: there, a cycle is
 * a stack overflow like any other nesting that is too deep.
 */
export class CycleFinder {
  readonly #isOn: boolean;
  /** An open container at {@link #depth}. */
  #anchor: object | undefined;
  #depth = Number.POSITIVE_INFINITY;

  constructor(ctx: EvalContext) {
    this.#isOn = ctx.settings.maxCallDepth > MAX_LEVELS;
  }

  /**
   * Records that a list or set was opened inside of `depth` others, and returns whether it is known
   * to contain itself. A cycle is detected after a few rounds.
   */
  closesCycle(opened: object, depth: number): boolean {
    if (!this.#isOn) return false;
    const container = originalOf(opened);
    if (depth <= this.#depth) {
      // The anchor has been closed.
      this.#anchor = container;
      this.#depth = depth;
      return false;
    }
    if (container === this.#anchor) return true;
    if (depth >= 2 * this.#depth + 1) {
      this.#anchor = container;
      this.#depth = depth;
    }
    return false;
  }
}

/** Throws if one more level, at `pos`, would exceed the limit; `own` levels are not counted yet. */
export function checkNesting(ctx: EvalContext, pos: PosIdx, own = 0): void {
  if (!hasRoom(ctx, own)) throw tooDeep(pos);
}
