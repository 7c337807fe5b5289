/**
 * Requests: what a generator may ask of whoever drives it.
 *
 * A builtin that must force or call in the middle is a generator that *yields*
 *
 *     a Thunk         force it; answers its value
 *     a ForceRequest  the same, saying where
 *     a CallRequest   call a function; answers the result
 *     a generator     run it in a frame of its own; answers what it returns
 *     a Pending       wait for its promise; answers the promise's value
 *
 * An error is thrown into the generator at the `yield`. Generators never delegate with `yield*`:
 * resuming would go through the whole chain, a native recursion again.
 *
 * What goes through long lists or large values is a {@link Routine} instead: the same protocol as an
 * object that keeps its state in fields, because resuming a generator costs more than a short callback.
 */

import { CALL_SITE, type PosIdx } from "../position.ts";
import { Thunk } from "../value/thunk.ts";
import type { Slot, Value } from "../value/value.ts";
import type { Pending } from "./pending.ts";

/** Asks for `callee args[0] args[1] …`. Whoever asked may use it again once it has the answer. */
export class CallRequest {
  constructor(
    readonly callee: Slot,
    readonly args: Slot[],
    /** Where the call stands, for traces. */
    readonly pos: PosIdx = CALL_SITE,
  ) {}
}

/**
 * Asks to force a thunk, with the position that errors about forcing it get. Whoever asked may use
 * it again once it has the answer.
 */
export class ForceRequest {
  constructor(
    public thunk: Thunk,
    public pos: PosIdx,
  ) {}
}

/** Anything that can be yielded. */
export type Request = Thunk | ForceRequest | CallRequest | Pending | Suspendable<unknown>;

/** Native code that can be suspended, a generator or a {@link Routine}; `Result` is what it returns. */
export interface Suspendable<Result> {
  // biome-ignore lint/suspicious/noExplicitAny: the answer's type depends on the request; callers cast it
  next(answer: any): IteratorResult<Request, Result>;
  throw(error: unknown): IteratorResult<Request, Result>;
}

/** What a {@link Routine} answers with; there is one for each, used again and again. */
class Step {
  done = false;
  value: unknown = undefined;
}

/** Native code that can be suspended and is no generator. */
export abstract class Routine<Result> implements Suspendable<Result> {
  private readonly step = new Step();

  /** Goes on with the answer to the last request; what it gets the first time means nothing. */
  abstract next(answer: unknown): IteratorResult<Request, Result>;

  /** Goes on where the last request failed; it is told of the errors of {@link next} as well. */
  throw(error: unknown): IteratorResult<Request, Result> {
    throw error;
  }

  /** What {@link next} answers to ask for something. */
  protected ask(request: Request): IteratorResult<Request, Result> {
    const { step } = this;
    step.value = request;
    return step as IteratorResult<Request, Result>;
  }

  /** What {@link next} answers at the end. */
  protected finish(result: Result): IteratorResult<Request, Result> {
    const { step } = this;
    step.done = true;
    step.value = result;
    return step as IteratorResult<Request, Result>;
  }
}

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
