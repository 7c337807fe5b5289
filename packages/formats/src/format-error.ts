/**
 * The one error of this package.
 *
 * All parsers and checks here throw a `FormatError`. Its `kind` names the
 * exception class that C++ Nix throws in the same place, because callers distinguish them
 * (`derivationStrict` rewords a bad name, narinfo rewords a bad hash). The message is
 * upstream's, letter by letter, and is a byte string like all texts here.
 */

import { type MarkedText, plainText } from "./marked-text.ts";

/** What went wrong, in terms of the exception classes of C++ Nix. */
export type FormatErrorKind =
  | "bad-hash"
  | "bad-store-path"
  | "bad-store-path-name"
  | "usage"
  | "bad-url"
  | "format"
  | "serialisation"
  | "json-parse"
  | "toml-parse"
  | "error";

/** Thrown for every malformed input. The message has no prefix and only upstream's positions. */
export class FormatError extends Error {
  /** The family of the error; see {@link FormatErrorKind}. */
  readonly kind: FormatErrorKind;
  /** The message with marks for its colours. */
  readonly text: MarkedText;
  /** What was being read, the innermost first. */
  readonly traces: readonly MarkedText[];

  constructor(kind: FormatErrorKind, text: MarkedText, traces: readonly MarkedText[] = []) {
    super(plainText(text));
    this.text = text;
    this.name = "FormatError";
    this.kind = kind;
    this.traces = traces;
  }
}
