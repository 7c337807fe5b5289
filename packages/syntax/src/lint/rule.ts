/**
 * What a rule is: a row of the table in `rules/index.ts`, from which the linter, the command and
 * `docs/lints.md` are made.
 *
 * A rule keeps no state: it is called while one walk goes over the tree, looks at what it is given and
 * reports to the run. All rules together cost one walk.
 */
import type { Expr, NodeKind, Var } from "../ast/nodes.ts";
import type { LexicalScope, WithScope } from "../scope/scope.ts";
import type { LintRun } from "./run.ts";

/** Called before what is inside the expression is walked; the run knows the names that it sees. */
export type ExprHandlers = {
  readonly [K in NodeKind]?: (expr: Extract<Expr, { kind: K }>, run: LintRun) => void;
};

/** One kind of warning. */
export interface Rule {
  /** Its stable name, as in `# nivis-ignore unused-binding`; the file is called the same. */
  readonly code: string;
  /**
   * `default`: certainly dead weight or a mistake. `strict`: also true, but a matter of taste, or
   * often meant so; on only when asked for.
   */
  readonly level: "default" | "strict";
  /** One sentence without a period, for the table. */
  readonly summary: string;
  /** Why it matters and what is exempt, in Markdown. */
  readonly explanation: string;
  /** A program that has the fault, and the same without it. */
  readonly bad: string;
  readonly good: string;
  /** What other tools call it: `Tvix W003`, `statix W20`, `deadnix`. */
  readonly alias?: string;

  readonly on?: ExprHandlers;
  /** When a lexical scope is left, and so the uses of its names are known. */
  readonly onScope?: (scope: LexicalScope, run: LintRun) => void;
  /** When the body of a `with` is left. */
  readonly onWith?: (scope: WithScope, run: LintRun) => void;
  /** A name that nothing can bind. */
  readonly onUndefined?: (expr: Var, run: LintRun) => void;
  /** When the whole tree was seen. */
  readonly onEnd?: (run: LintRun) => void;
}
