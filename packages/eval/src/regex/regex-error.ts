/**
 * The error of a pattern that cannot be compiled.
 *
 * Nix distinguishes two cases: the automaton becomes too large (`space`: "memory limit exceeded by
 * regular expression"), and everything else ("invalid regular expression"). The other reasons are
 * the names of C++'s `std::regex_constants::error_type`, kept for diagnostics.
 */
import { type MarkedText, marked } from "@nivis/formats";

/** The reason why a pattern is rejected. */
export type RegexErrorReason =
  | "escape"
  | "paren"
  | "brack"
  | "brace"
  | "badbrace"
  | "range"
  | "collate"
  | "ctype"
  | "null"
  | "space";

/** A pattern is rejected for `reason`. */
export class RegexError extends Error {
  readonly reason: RegexErrorReason;

  constructor(reason: RegexErrorReason) {
    super(`regular expression error: ${reason}`);
    this.name = "RegexError";
    this.reason = reason;
  }

  /** Returns Nix's message about `pattern`, letter by letter. */
  nixMessage(pattern: string): MarkedText {
    return this.reason === "space"
      ? marked`memory limit exceeded by regular expression '${pattern}'`
      : marked`invalid regular expression '${pattern}'`;
  }
}
