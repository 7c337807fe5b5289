/**
 * How deep an evaluation is, counted against `max-call-depth`: calls that are open, and the levels of
 * values that operations are in.
 *
 * C++ Nix walks values by recursion and counts each level like a call. Here a level costs an entry
 * on a heap, so the library has no limit to speak of; a command that wants C++ Nix's limit sets
 * `maxCallDepth`, and then a value that is too deep is the same error as there. The machine tells
 * how many calls are open whenever native code runs, and leaves that many less calls to the code
 * that an operation runs on its way.
 */
import type { EvalContext } from "../context.ts";
import { tooDeep } from "../errors/too-deep.ts";
import type { PosIdx } from "../position.ts";

/**
 * Levels that are too many whatever the setting: a value that contains itself has no end, and with
 * its text or its parts a level takes a few hundred bytes of the 4 GiB that Node has by default.
 */
const MAX_LEVELS = 4_000_000;

/** How deep one evaluation is. */
export class Nesting {
  /** Calls that are open, as of the last time that native code was entered or resumed. */
  calls = 0;
  /** Runs of the machine that the host has started and that are running: more than one if host code that was called started one. */
  runs = 0;
  /** The levels of all walks that are under way. */
  levels = 0;
}

/** Whether a level that is `count` levels further in is not too many. */
export function hasRoom(ctx: EvalContext, count: number): boolean {
  const { calls, levels } = ctx.caches.nesting;
  const inside = levels + count;
  return inside < MAX_LEVELS && calls + inside <= ctx.settings.maxCallDepth;
}

/**
 * Finds that a value contains itself while its parts are walked, at the price of a comparison for each
 * list or set: Brent's algorithm (R. P. Brent, *An improved Monte Carlo factorization algorithm*, 1980)
 * on the containers that are open. With C++ Nix's limit on depth it finds nothing: there a cycle is a
 * stack overflow like any other nesting that is too deep.
 */
export class CycleFinder {
  readonly #isOn: boolean;
  /** A container that is open, at {@link #depth}. */
  #anchor: object | undefined;
  #depth = Number.POSITIVE_INFINITY;

  constructor(ctx: EvalContext) {
    this.#isOn = ctx.settings.maxCallDepth > MAX_LEVELS;
  }

  /**
   * Notes that a list or set was opened inside `depth` others, and returns whether it is known to be
   * inside itself. A cycle is found after a few times round.
   */
  closesCycle(container: object, depth: number): boolean {
    if (!this.#isOn) return false;
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

/** Throws when one level more, at `pos`, would be too many; `own` levels are not counted yet. */
export function checkNesting(ctx: EvalContext, pos: PosIdx, own = 0): void {
  if (!hasRoom(ctx, own)) throw tooDeep(pos);
}
