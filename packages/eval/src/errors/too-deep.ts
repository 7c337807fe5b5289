/** The error for calls or values nested more deeply than `max-call-depth`. */
import type { PosIdx } from "../position.ts";
import { EvalError } from "./eval-error.ts";

/** Creates the error. `pos` is the position of the call or value that exceeds the limit. */
export function tooDeep(pos: PosIdx): EvalError {
  return new EvalError("stack-overflow", "stack overflow; max-call-depth exceeded", pos);
}
