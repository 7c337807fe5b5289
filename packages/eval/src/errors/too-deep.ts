/** The error of calls or values that are nested deeper than `max-call-depth` says. */
import type { PosIdx } from "../position.ts";
import { EvalError } from "./eval-error.ts";

/** Makes the error. `pos` is the call or value that is one too many. */
export function tooDeep(pos: PosIdx): EvalError {
  return new EvalError("stack-overflow", "stack overflow; max-call-depth exceeded", pos);
}
