/** The error of a thunk that needs itself. */
import { EvalError } from "../errors/eval-error.ts";
import type { PosIdx } from "../position.ts";
import type { Thunk } from "../value/thunk.ts";

/** An infinite recursion. Names the thunk, so that unwinding finds where the recursion was entered. */
export class RecursionError extends EvalError {
  /** Whether `cycle` is final: all the way round, or known to be incomplete. */
  closed = false;
  /** Whether the thunk belongs to a run that a debugger has stopped: others that need it do not fail for good. */
  passing = false;
  constructor(
    /** The thunk that was forced while it was being forced. */
    readonly thunk: Thunk,
    pos: PosIdx,
  ) {
    super("infinite-recursion", "infinite recursion encountered", pos);
  }
}
