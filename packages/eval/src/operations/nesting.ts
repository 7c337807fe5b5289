/**
 * How deep the operations that walk values are in them, counted against `max-call-depth`.
 *
 * C++ Nix walks values by recursion and counts each level like a call. Here a level costs an entry
 * on a heap, so the library has no limit to speak of; a command that wants C++ Nix's limit sets
 * `maxCallDepth`, and then a value that is too deep is the same error as there.
 */
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import type { PosIdx } from "../position.ts";

/**
 * Levels that are too many whatever the setting: a value that contains itself has no end, and with
 * its text or its parts a level takes a few hundred bytes of the 4 GiB that Node has by default.
 */
const MAX_LEVELS = 4_000_000;

/** The levels of all walks that are under way in one evaluation. */
export class Nesting {
  levels = 0;
}

/** Whether `count` levels more are certainly not too many. */
export function hasRoom(ctx: EvalContext, count: number): boolean {
  return ctx.caches.nesting.levels + count < Math.min(ctx.settings.maxCallDepth, MAX_LEVELS);
}

/** Throws when one level more, at `pos`, would be too many; `own` levels are not counted yet. */
export function checkNesting(ctx: EvalContext, pos: PosIdx, own = 0, most = MAX_LEVELS): void {
  // The builtin that walks is a call itself, so a limit of n leaves n - 1 levels.
  if (ctx.caches.nesting.levels + own >= Math.min(ctx.settings.maxCallDepth, most)) {
    throw new EvalError("stack-overflow", "stack overflow; max-call-depth exceeded", pos);
  }
}
