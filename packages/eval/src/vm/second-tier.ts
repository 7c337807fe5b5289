/**
 * SecondTier: what the machine knows of the translation of hot lambdas to JavaScript (`tier/`). It
 * counts entries, asks for a translation when they are many, and calls what it gets.
 */
import type { Lambda, NativeCode } from "../bytecode/lambda.ts";
import type { Thunk } from "../value/thunk.ts";
import type { Closure, Value } from "../value/value.ts";
import type { Segment } from "./frame.ts";

/** Levels of values that a step of native code may go further in while it enters translations. */
export const LEVELS_PER_STEP = 32;

/** See the head of this file. */
export interface SecondTier {
  /** Entries of a lambda before it is translated. */
  readonly threshold: number;
  /** Words of native stack that translated code may take, all frames of it together. */
  readonly room: number;
  /**
   * The most calls that `room` lets nest, and {@link LEVELS_PER_STEP}; where fewer are left, the
   * machine counts them one by one.
   */
  readonly nativeCalls: number;
  /** Translates a lambda whose entries have reached the threshold, if that is possible. */
  translate(lambda: Lambda): NativeCode | null;
}

/** Calls the translation of a function; the callee lies on the top, `extra` + 1 arguments below. */
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
