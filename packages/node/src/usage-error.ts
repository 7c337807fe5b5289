/** The error for an invalid command line or setting; commands add a line about `--help`. */
import { EvalError } from "@nivis/eval";
import type { MarkedText } from "@nivis/formats";

/** Creates a usage error. */
export function usageError(text: MarkedText, suggestions: readonly string[] = []): EvalError {
  return new EvalError("usage", text).suggest(suggestions);
}
