/** What a caller tells the parser, and what it gets back. */
import type { Expr, Span } from "../ast/nodes.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import type { SourceFile } from "../text/source.ts";

/** What to do about a discouraged kind of literal. */
export type LintLevel = "ignore" | "warn" | "fatal";

/** What the parser must know besides the text. */
export interface ParseOptions {
  /** The absolute directory to which relative paths are relative. */
  readonly basePath: string;
  /** What `~` stands for; `undefined` (pure evaluation) makes every `~/…` an error. */
  readonly home?: string | undefined;
  /** The message of that error where the reason is another than pure evaluation. */
  readonly homeFailure?: string;
  readonly features?: { readonly pipeOperators?: boolean };
  readonly lints?: {
    readonly urlLiterals?: LintLevel;
    readonly shortPathLiterals?: LintLevel;
    readonly absolutePathLiterals?: LintLevel;
  };
  /** Collect `comments`. */
  readonly keepComments?: boolean;
  /** Collect `parens`. */
  readonly keepParens?: boolean;
}

/** A parsed text. There is always a tree; where the text is wrong it holds `Error` nodes. */
export interface ParseResult<Root extends Expr = Expr> {
  readonly expr: Root;
  /** In the order of discovery. */
  readonly diagnostics: readonly Diagnostic[];
  /** The first diagnostic of severity error: the one that C++ Nix stops at. */
  readonly firstError: Diagnostic | undefined;
  readonly source: SourceFile;
  /** All comments in order, when asked for. */
  readonly comments: readonly Span[];
  /** All parenthesised stretches, when asked for; inner ones before outer ones. */
  readonly parens: readonly Span[];
}
