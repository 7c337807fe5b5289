/**
 * What the parser reports about a text: errors and warnings with a stable code.
 *
 * The message is the one of C++ Nix, letter by letter, as a byte string. The printer decides how it is
 * laid out around the source lines.
 */
import type { Span } from "../ast/nodes.ts";

/** The stable names of the findings. */
export type DiagnosticCode =
  | "syntax-error"
  | "duplicate-attribute"
  | "duplicate-formal"
  | "too-many-formals"
  | "dynamic-attribute-in-let"
  | "dynamic-attribute-in-inherit"
  | "invalid-integer"
  | "invalid-float"
  | "null-byte"
  | "path-trailing-slash"
  | "pipe-operators-disabled"
  | "home-path-in-pure-mode"
  | "url-literal"
  | "short-path-literal"
  | "absolute-path-literal"
  | "cursed-or";

/** A further place that a diagnostic points at. */
export interface DiagnosticLabel {
  readonly span: Span;
  readonly message: string;
}

/** One finding about a source text. */
export interface Diagnostic {
  readonly code: DiagnosticCode;
  readonly severity: "error" | "warning";
  /** The text of C++ Nix 2.36, as bytes. */
  readonly message: string;
  /** What to underline. */
  readonly span: Span;
  /** The offset that C++ Nix prints below the message; `undefined` where it prints none. */
  readonly pos: number | undefined;
  readonly labels: readonly DiagnosticLabel[];
}
