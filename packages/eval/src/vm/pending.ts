/**
 * Pending: an answer of the host that has not arrived yet.
 *
 * A host (`EvalIo`, the store, a builtin of its own) may need time where Nix needs a value. Code that
 * asks the host stays synchronous: the host's adapter (`waiting-io.ts`) throws a Pending, the code is
 * abandoned, and once the promise is settled it runs again and finds the answer. A plain builtin never
 * runs Nix code, so the machine can run it again from the beginning; a generator wraps the question in
 * {@link attempt}, because a generator that throws cannot be resumed. A generator with a promise of its
 * own yields a Pending and receives the promise's value.
 *
 * The machine leaves its loop while something is pending (`machine.ts`); its blackholes stay as they are.
 * An asynchronous run (`async-run.ts`) continues afterwards, a synchronous one fails with the kind
 * `would-wait`.
 */
import { marked } from "@nivis/formats";
import { EvalError } from "../errors/eval-error.ts";
import type { Machine } from "./machine.ts";
import type { Suspendable } from "./requests.ts";

/** A promise that the machine must wait for. Thrown, but not an error: only the machine catches it. */
export class Pending {
  constructor(
    /** Settles when the answer arrives. */
    readonly promise: PromiseLike<unknown>,
    /** What is waited for, for messages: a path, a URL, the name of a builtin. */
    readonly subject: string,
    /** Forgets the answer once it has been used. */
    readonly release: () => void = () => {},
  ) {}
}

/** Where a machine continues after a {@link Stop}. */
export type StopPlace =
  /** At the instruction that was about to run. */
  | "instruction"
  /** At the call of the builtin that was about to run. */
  | "builtin"
  /** With the error that was about to be thrown. */
  | "error"
  /** In the native code that yielded it. */
  | "native";

/**
 * A debugger stops the evaluation until a promise is settled. Nothing else waits for what a stopped run is
 * evaluating; a synchronous run does not stop.
 */
export class Stop extends Pending {
  constructor(
    promise: PromiseLike<unknown>,
    readonly place: StopPlace,
    /** The machine that has stopped is ready to be looked at. */
    readonly onStopped: (machine: Machine) => void,
    /** The run cannot stop and continues at once. */
    readonly onPassed: () => void,
  ) {
    super(promise, "the debugger");
  }
}

/** Whether a host's answer is a promise. */
export function isPromise<T>(answer: T | PromiseLike<T>): answer is PromiseLike<T> {
  return (
    typeof answer === "object" &&
    answer !== null &&
    typeof (answer as { then?: unknown }).then === "function"
  );
}

/**
 * The result of `action`, or `undefined` if it would have to wait. The fast path before {@link attempt},
 * which needs a frame of its own: `now(action) ?? (yield attempt(action))`.
 */
export function now<Result>(action: () => Result): Result | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof Pending) return undefined;
    throw error;
  }
}

/**
 * Runs `action`, which asks the host but runs no Nix code, until it has all answers. Each attempt starts
 * from the beginning, so `action` must not have effects before its last question.
 */
export function* attempt<Result>(action: () => Result): Suspendable<Result> {
  const met: Pending[] = [];
  for (;;) {
    try {
      const result = action();
      for (const pending of met) pending.release();
      return result;
    } catch (error) {
      if (!(error instanceof Pending)) {
        for (const pending of met) pending.release();
        throw error;
      }
      met.push(error);
      yield error;
    }
  }
}

/** The error of a synchronous evaluation whose host has only a promise. */
export function wouldWait(pending: Pending): EvalError {
  return new EvalError(
    "would-wait",
    marked`the evaluation would have to wait for ${pending.subject}; a synchronous evaluation cannot, use the asynchronous interface`,
  );
}
