/**
 * SecondTier: what the machine knows of the translation of hot lambdas to JavaScript (`tier/`). The machine
 * counts the entries of a lambda, asks for a translation at a threshold, and calls it.
 */
import type { Lambda, NativeCode } from "../bytecode/lambda.ts";
import type { Thunk } from "../value/thunk.ts";
import type { Closure, Value } from "../value/value.ts";
import type { Segment } from "./frame.ts";

/** How many levels deeper into values a step of native code may go while it enters translations. */
export const LEVELS_PER_STEP = 32;

/** Translates hot lambdas; `tier/tier.ts` implements it. */
export interface SecondTier {
  /** Entries of a lambda before it is translated. */
  readonly threshold: number;
  /** Words of native stack that all frames of translated code may take together. */
  readonly room: number;
  /**
   * The most calls that can nest in `room`, plus {@link LEVELS_PER_STEP}. Where fewer calls are left before
   * the limit, the machine makes and counts them itself.
   */
  readonly nativeCalls: number;
  /** Translates a lambda whose entries have reached the threshold; `null` if it cannot be translated. */
  translate(lambda: Lambda): NativeCode | null;
}

/** Calls the translation of a function. The callee lies on the top of the stack, `extra` + 1 arguments below it. */
export function enterFunction(
  js: NativeCode,
  callee: Closure,
  extra: number,
  stack: Segment,
  sp: number,
  calls: number,
  room: number,
): Value {
  const first = stack[sp - 2];
  if (extra === 0) return js(callee, first, calls, room);
  const second = stack[sp - 3];
  if (extra === 1) return js(callee, first, second, calls, room);
  const third = stack[sp - 4];
  if (extra === 2) return js(callee, first, second, third, calls, room);
  if (extra === 3) return js(callee, first, second, third, stack[sp - 5], calls, room);
  return js(callee, first, second, third, stack[sp - 5], stack[sp - 6], calls, room);
}

/** Calls the translation of a thunk. */
export function enterThunk(js: NativeCode, thunk: Thunk, calls: number, room: number): Value {
  return js(thunk, calls, room);
}
