/**
 * Forcing with a trace at a given position, for attributes and elements that builtins force one by
 * one.
 */
import type { EvalContext } from "../context.ts";
import { withTrace } from "../errors/from-world.ts";
import { typeMismatch } from "../operations/checks.ts";
import type { PosIdx } from "../position.ts";
import { Thunk } from "../value/thunk.ts";
import type { Slot, Value } from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";

/** Forces a slot; errors get the trace. */
export function* forceAt(slot: Slot, pos: PosIdx, trace: string): Suspendable<Value> {
  try {
    return slot instanceof Thunk ? yield slot : slot;
  } catch (error) {
    throw withTrace(error, pos, trace);
  }
}

/** Forces a slot to a Boolean; errors of forcing and of the type get the trace. */
export function* forceBoolAt(
  ctx: EvalContext,
  slot: Slot,
  pos: PosIdx,
  trace: string,
): Suspendable<boolean> {
  const value = (yield forceAt(slot, pos, trace)) as Value;
  if (typeof value !== "boolean") throw typeMismatch(ctx, value, "a Boolean", trace, pos);
  return value;
}
