/**
 * The one error of this package.
 *
 * Everything here that parses or checks throws a `FormatError`; its `kind` names the
 * exception class that C++ Nix uses in the same place, because callers tell them apart
 * (`derivationStrict` rewords a bad name, narinfo rewords a bad hash). The message is
 * upstream's, letter by letter, and is a byte string like every other text here.
 */

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

/** Thrown for every malformed input; the message has no prefix and no position beyond upstream's. */
export class FormatError extends Error {
  /** The family of the error; see {@link FormatErrorKind}. */
  readonly kind: FormatErrorKind;

  constructor(kind: FormatErrorKind, message: string) {
    super(message);
    this.name = "FormatError";
    this.kind = kind;
  }
}
