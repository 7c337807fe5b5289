/**
 * Requests: what a generator may ask of its driver.
 *
 * Native code that must force or call in the middle is a generator that *yields* a {@link Request}:
 *
 *     a Thunk         force it; the answer is its value
 *     a ForceRequest  the same, with the position that errors about forcing get
 *     a CallRequest   call a function; the answer is the result
 *     CALL_PLACE      the position of the call that the code of a builtin serves
 *     a Pending       wait for its promise; the answer is the promise's value
 *     a Suspendable   run it in a frame of its own; the answer is what it returns
 *
 * An error is thrown into the generator at the `yield`. Generators never delegate with `yield*`: resuming
 * would go through the whole chain, which is native recursion again.
 *
 * Write a generator first. Code that loops over long lists or large values is a {@link Routine} instead,
 * the same protocol as an object with its state in fields: resuming a generator costs more than a short
 * callback, see docs/design/006-calls-and-sets.md ("is a routine, not a generator").
 */

import { CALL_SITE, type PosIdx } from "../position.ts";
import { Thunk } from "../value/thunk.ts";
import type { Slot, Value } from "../value/value.ts";
import type { Pending } from "./pending.ts";

/** Asks for `callee args[0] args[1] …`. Its maker may use it again once the answer has arrived. */
export class CallRequest {
  constructor(
    readonly callee: Slot,
    readonly args: Slot[],
    /** The position of the call, for traces. */
    readonly pos: PosIdx = CALL_SITE,
  ) {}
}

/**
 * Asks to force a thunk, with the position that errors about forcing it get. Its maker may use it again once
 * the answer has arrived.
 */
export class ForceRequest {
  constructor(
    public thunk: Thunk,
    public pos: PosIdx,
  ) {}
}

/** Asks where the builtin was called; see {@link CALL_PLACE}. */
export class CallPlaceRequest {
  declare private readonly kind: "call place";
}

/**
 * The request of the outermost native code of a builtin for the position of its call, which attributes of
 * its result may get.
 */
export const CALL_PLACE = new CallPlaceRequest();

/**
 * Everything that can be yielded. `stepNative` (`calls.ts`) tells the kinds apart, the last one by being none
 * of the others: with a further kind here it does not compile until it handles that.
 */
export type Request =
  | Thunk
  | ForceRequest
  | CallRequest
  | CallPlaceRequest
  | Pending
  | Suspendable<unknown>;

/** Native code that can be suspended: a generator or a {@link Routine}. `Result` is what it returns. */
export interface Suspendable<Result> {
  // biome-ignore lint/suspicious/noExplicitAny: the answer's type depends on the request; callers cast it
  next(answer: any): IteratorResult<Request, Result>;
  throw(error: unknown): IteratorResult<Request, Result>;
}

/** The object that a {@link Routine} returns from every step, so that a step allocates nothing. */
class Step {
  done = false;
  value: unknown = undefined;
}

/** Native code that can be suspended and keeps its state in fields. */
export abstract class Routine<Result> implements Suspendable<Result> {
  private readonly step = new Step();

  /** Continues with the answer to the last request; the first argument is ignored. */
  abstract next(answer: unknown): IteratorResult<Request, Result>;

  /** Continues after the last request failed. Errors that {@link next} throws come here as well. */
  throw(error: unknown): IteratorResult<Request, Result> {
    throw error;
  }

  /** The step that asks for something; {@link next} returns it. */
  protected ask(request: Request): IteratorResult<Request, Result> {
    const { step } = this;
    step.value = request;
    return step as IteratorResult<Request, Result>;
  }

  /** The last step, with the result; {@link next} returns it. */
  protected finish(result: Result): IteratorResult<Request, Result> {
    const { step } = this;
    step.done = true;
    step.value = result;
    return step as IteratorResult<Request, Result>;
  }
}

/**
 * The value of a slot: the idiom `slot instanceof Thunk ? yield slot : slot` as a generator, where speed does
 * not matter.
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
