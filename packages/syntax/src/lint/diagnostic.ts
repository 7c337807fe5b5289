/**
 * What the linter finds: a diagnostic with the code of its rule and, where the cure is certain, the
 * edits that bring it. Codes are words and stay what they are; people write them into comments.
 */
import type { Span } from "../ast/nodes.ts";
import type { DiagnosticLabel } from "../text/diagnostic.ts";

/** The text from `start` to `end` is replaced by `text`; all are bytes. */
export interface TextEdit extends Span {
  readonly text: string;
}

/** Changes that belong together and leave the meaning of the program as it is. */
export interface Fix {
  /** What it does, as a menu would say it: `Remove 'rec'`. */
  readonly title: string;
  /** In order, not overlapping. */
  readonly edits: readonly TextEdit[];
}

/** One finding of the linter. */
export interface LintDiagnostic {
  /** The code of the rule. */
  readonly code: string;
  readonly severity: "warning";
  /** One line, without a period; bytes. */
  readonly message: string;
  /** What to underline. */
  readonly span: Span;
  /** The offset to print: where the span starts. */
  readonly pos: number;
  /** Further places that explain it. */
  readonly labels: readonly DiagnosticLabel[];
  readonly fix: Fix | undefined;
}
