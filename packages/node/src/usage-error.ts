/** The error of a command line or a setting that makes no sense; commands add a line about `--help`. */
import { EvalError } from "@nivis/eval";

/** Makes the error. */
export function usageError(message: string, suggestions: readonly string[] = []): EvalError {
  return new EvalError("usage", message).suggest(suggestions);
}
