/**
 * Failures that programs have caught: an error keeps the traces of all that it has passed until `tryEval` catches
 * it, and whoever forces the failed thunk later shows them, too. In a later revision, the thunk is evaluated again
 * when it is read, but what has caught its error keeps its value. So the traces between both would be
 * missing from the error, and an error of such a thunk that leaves the evaluation tells that it may differ from
 * that of a new one. `Dependencies` asks this; errors that are caught again cost nothing.
 */
import { EvalError } from "../errors/eval-error.ts";
import type { Thunk } from "../value/thunk.ts";
import { cloneError } from "../vm/instruction-errors.ts";

/** The caught failures of one evaluation. */
export class CaughtFailures {
  /** Errors that were caught, and those that they repeat. */
  readonly #caught = new WeakSet<EvalError>();
  /** By errors that were thrown again: the error that a thunk had failed with. */
  readonly #repeated = new WeakMap<EvalError, EvalError>();
  /** Thunks that have been suspended again after their error was caught. */
  readonly #thunks = new WeakSet<Thunk>();
  /** Errors with which such thunks have failed. */
  readonly #doubtful = new WeakSet<EvalError>();
  /** By errors of thunks: the inputs of the reply whose frames the error has passed. */
  readonly #inputs = new WeakMap<EvalError, number>();
  /** The errors of thunks in the present reply; `undefined` if there is none. */
  #failed: EvalError[] | undefined;
  /** The inputs of earlier replies that errors were repeated from in the present one. */
  readonly #earlier = new Set<number>();

  /** Returns the error of a thunk that has failed, to be thrown again. */
  repeat(error: EvalError): EvalError {
    const copy = cloneError(error);
    this.#repeated.set(copy, error);
    const inputs = this.#inputs.get(error);
    if (inputs !== undefined && this.#failed !== undefined) this.#earlier.add(inputs);
    if (this.#doubtful.has(error)) this.#doubtful.add(copy);
    return copy;
  }

  /** A program has caught an error. */
  catch(error: EvalError): void {
    for (let at: EvalError | undefined = error; at !== undefined; at = this.#repeated.get(at)) {
      this.#caught.add(at);
    }
  }

  /** A thunk has failed; its value is the error. */
  note(thunk: Thunk): void {
    const error: unknown = thunk.a;
    if (!(error instanceof EvalError)) return;
    this.#failed?.push(error);
    if (this.#thunks.has(thunk)) this.#doubtful.add(error);
  }

  /** A thunk that has failed is suspended again. */
  forget(thunk: Thunk): void {
    const error: unknown = thunk.a;
    if (error instanceof EvalError && this.#caught.has(error)) this.#thunks.add(thunk);
  }

  /** The host begins with a reply of its own; see {@link endReply}. */
  beginReply(): void {
    this.#failed = [];
    this.#earlier.clear();
  }

  /**
   * The reply depends on the set `own`. Returns the set with that of each earlier reply whose traces its errors
   * may have.
   */
  endReply(own: number, union: (a: number, b: number) => number): number {
    let set = own;
    for (const earlier of this.#earlier) set = union(set, earlier);
    for (const error of this.#failed ?? []) this.#inputs.set(error, set);
    this.#failed = undefined;
    return set;
  }

  /** Whether an error may have fewer traces than in a new evaluation. */
  mayLackTraces(error: unknown): boolean {
    return error instanceof EvalError && this.#doubtful.has(error);
  }
}
