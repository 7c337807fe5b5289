/**
 * The error of fetching and locking: a message, what was being done, and an exit code.
 *
 * `@nivis/fetch` and `@nivis/flake` throw it; the commands and the evaluator show it in the form of
 * C++ Nix, with a line for each note.
 */
import { FormatError } from "../format-error.ts";
import type { MarkedText } from "../marked-text.ts";

/** The exit code of C++ Nix for contents that do not have the hash they should have. */
export const HASH_MISMATCH_EXIT_CODE = 102;

/** A place in a text. */
export interface TextPlace {
  /** The name of the file as messages have it. */
  readonly file: string;
  readonly text: string;
  /** Bytes from the start of the text. */
  readonly offset: number;
}

/** What was being done when an error came up. */
export interface ErrorNote {
  /** Such as `while fetching the input 'github:o/r'`. */
  readonly text: MarkedText;
  readonly place: TextPlace | undefined;
}

/** See the head of this file. The message and the notes are byte strings. */
export class InputError extends FormatError {
  /** What was being done; the innermost first. */
  readonly notes: ErrorNote[] = [];

  constructor(
    text: MarkedText,
    /** The exit code of a command that ends with this error. */
    readonly exitCode = 1,
    /** Where the mistake is, if it is in a text. */
    readonly place?: TextPlace,
  ) {
    super("error", text);
    this.name = "InputError";
  }
}

/** Runs `work`; an error that leaves it carries `note`, which is asked for only then. */
export async function withNote<Result>(
  note: () => MarkedText,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    throw withNoteAdded(error, note);
  }
}

/** An error with a note added: the same object, or an {@link InputError} for a {@link FormatError}. */
export function withNoteAdded(error: unknown, note: () => MarkedText, place?: TextPlace): unknown {
  if (!(error instanceof FormatError)) return error;
  const noted = error instanceof InputError ? error : new InputError(error.text);
  if (noted !== error) noted.stack = error.stack ?? noted.stack ?? "";
  noted.notes.push({ text: note(), place });
  return noted;
}
