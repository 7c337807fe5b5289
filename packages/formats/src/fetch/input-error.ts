/**
 * The error of fetching and locking: a message, notes on what was being done, and an exit code.
 *
 * `@nivis/fetch` and `@nivis/flake` throw it; the commands and the evaluator render it like
 * C++ Nix, with one line per note.
 */
import { FormatError } from "../format-error.ts";

/** The exit code of C++ Nix for contents with an unexpected hash. */
export const HASH_MISMATCH_EXIT_CODE = 102;

/** An error of fetching or locking. The message and the notes are byte strings. */
export class InputError extends FormatError {
  /** What was being done, such as `while fetching the input 'github:o/r'`; innermost first. */
  readonly notes: string[] = [];

  constructor(
    message: string,
    /** The exit code of a command that ends with this error. */
    readonly exitCode = 1,
  ) {
    super("error", message);
    this.name = "InputError";
  }
}

/** Runs `work` and adds a note to an error that it throws; `note` is called only then. */
export async function withNote<Result>(
  note: () => string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw withNoteAdded(error, note);
  }
}

/**
 * Adds a note to an error: returns the same object, or an {@link InputError} for a {@link
 * FormatError}.
 */
export function withNoteAdded(error: unknown, note: () => string): unknown {
  if (!(error instanceof FormatError)) return error;
  const noted = error instanceof InputError ? error : new InputError(error.message);
  if (noted !== error) noted.stack = error.stack ?? noted.stack ?? "";
  noted.notes.push(note());
  return noted;
}
