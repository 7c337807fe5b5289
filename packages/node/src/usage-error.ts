/** The error for an invalid command line or setting; commands add a line about `--help`. */
import { EvalError } from "@nivis/eval";

/** Creates a usage error. */
export function usageError(message: string, suggestions: readonly string[] = []): EvalError {
  return new EvalError("usage", message).suggest(suggestions);
}
