/**
 * SuspendedRun: an asynchronous run as other runs of the same evaluation see it. Runs share thunks, so one
 * run may need a thunk that another began to evaluate before it had to wait (`async-run.ts`).
 */
import type { EvalContext } from "../context.ts";
import { BLACKHOLE, type Thunk } from "../value/thunk.ts";
import { Pending } from "./pending.ts";

/** An asynchronous run that has not ended. */
export interface SuspendedRun {
  /** The run that this one waits for, if any. */
  waitsFor: SuspendedRun | undefined;
  /** Whether a debugger has stopped it. */
  readonly isStopped: boolean;
  /** Whether the run is evaluating a thunk. */
  evaluates(thunk: Thunk): boolean;
  /** Settles when the run is no longer evaluating the thunk. */
  left(thunk: Thunk): Promise<void>;
}

/** The run that is evaluating a thunk, if it is a waiting one. */
export function ownerOf(ctx: EvalContext, thunk: Thunk): SuspendedRun | undefined {
  if (thunk.code !== BLACKHOLE) return undefined;
  for (const run of ctx.suspendedRuns) if (run.evaluates(thunk)) return run;
  return undefined;
}

/** Makes `run` wait until `owner` has left a thunk. Returns `undefined` if `owner` itself waits for `run`. */
export function waitForOwner(
  run: SuspendedRun | null,
  owner: SuspendedRun,
  thunk: Thunk,
): Pending | undefined {
  const subject = "a value that another evaluation is computing";
  // A synchronous run cannot wait; the machine says so.
  if (run === null) return new Pending(Promise.resolve(), subject);
  for (let other: SuspendedRun | undefined = owner; other !== undefined; other = other.waitsFor) {
    if (other === run) return undefined;
  }
  run.waitsFor = owner;
  return new Pending(owner.left(thunk), subject);
}
