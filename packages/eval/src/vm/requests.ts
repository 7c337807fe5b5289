/**
 * Requests: what a generator may ask of whoever drives it.
 *
 * A builtin that must force or call in the middle is a generator that *yields*
 *
 *     a Thunk         force it; answers its value
 *     a ForceRequest  the same, saying where
 *     a CallRequest   call a function; answers the result
 *     a generator     run it in a frame of its own; answers what it returns
 *
 * An error is thrown into the generator at the `yield`. Generators never delegate with `yield*`:
 * resuming would go through the whole chain, a native recursion again.
 */

import { CALL_SITE, type PosIdx } from "../position.ts";
import { Thunk } from "../value/thunk.ts";
import type { Slot, Value } from "../value/value.ts";

/** Asks for `callee args[0] args[1] …`. */
export class CallRequest {
  constructor(
    readonly callee: Slot,
    readonly args: readonly Slot[],
    /** Where the call stands, for traces. */
    readonly pos: PosIdx = CALL_SITE,
  ) {}
}

/** Asks to force a thunk, with the position that errors about forcing it get. */
export class ForceRequest {
  constructor(
    readonly thunk: Thunk,
    readonly pos: PosIdx,
  ) {}
}

/** Anything that can be yielded. */
export type Request = Thunk | ForceRequest | CallRequest | Generator<unknown, unknown, never>;

/** Native code that can be suspended; `Result` is what it returns. */
// biome-ignore lint/suspicious/noExplicitAny: the answer's type depends on the request; callers cast it
export type Suspendable<Result> = Generator<Request, Result, any>;

/**
 * Forces a slot inside a generator with `yield`: `const v = slot instanceof Thunk ? yield slot : slot`.
 * This is that idiom as a function, for places where speed does not matter.
 */
export function* force(slot: Slot): Suspendable<Value> {
  return slot instanceof Thunk ? ((yield slot) as Value) : slot;
}

/** A request for `callee argument`. */
export function call(callee: Slot, argument: Slot): CallRequest {
  return new CallRequest(callee, [argument]);
}

/** A request for `callee first second`. */
export function call2(callee: Slot, first: Slot, second: Slot): CallRequest {
  return new CallRequest(callee, [first, second]);
}
