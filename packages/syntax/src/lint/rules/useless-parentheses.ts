/** `{ a = (f 1); b = ("x"); }` → `{ a = f 1; b = "x"; }` */
import { type AttrSet, BindingKind, type Expr, NodeKind, type Span } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** Parentheses around what needs none: `{ a = (f 1); b = ("x"); }` → `{ a = f 1; b = "x"; }` */
export const uselessParentheses: Rule = {
  code: "useless-parentheses",
  level: "default",
  summary: "Parentheses around what needs none",
  explanation:
    "Found are parentheses around a name, string, list or set, around the whole value of a binding, " +
    "around the whole body of a `let`, and doubled ones. Parentheses that spare the reader a thought " +
    "about precedence are left alone.",
  bad: "{ a = (f: f 1); b = [ (2) ]; }",
  good: "{ a = f: f 1; b = [ 2 ]; }",
  alias: "statix W08",
  on: {
    [NodeKind.Var]: check,
    [NodeKind.Int]: checkNumber,
    [NodeKind.Float]: checkNumber,
    [NodeKind.String]: (expr, run) => {
      // A bare URL is another rule's matter, and would swallow a comma behind it.
      if (expr.form !== "uri") check(expr, run);
    },
    [NodeKind.StringTemplate]: check,
    [NodeKind.List]: check,
    [NodeKind.AttrSet]: (set, run) => {
      check(set, run);
      checkValues(set, run);
    },
    [NodeKind.Let]: ({ attrs, body }, run) => {
      checkValues(attrs, run);
      if (!isSimple(body)) check(body, run);
    },
  },
  onEnd: checkDoubled,
};

/** A number may be followed by a dot, with which it would make another number. */
function checkNumber(expr: Expr, run: LintRun): void {
  if (run.text[run.skipBlank(expr.end)] !== ".") check(expr, run);
}

function check(expr: Expr, run: LintRun): void {
  if (run.isParenthesized(expr)) report(expr, run);
}

/** The kinds that are looked at wherever they stand. */
function isSimple({ kind }: Expr): boolean {
  switch (kind) {
    case NodeKind.Var:
    case NodeKind.Int:
    case NodeKind.Float:
    case NodeKind.String:
    case NodeKind.StringTemplate:
    case NodeKind.List:
    case NodeKind.AttrSet:
      return true;
    default:
      return false;
  }
}

function checkValues(set: AttrSet, run: LintRun): void {
  for (const { kind, value } of set.bindings) {
    if (kind === BindingKind.Plain && !isSimple(value)) check(value, run);
  }
  for (const { value } of set.dynamic) if (!isSimple(value)) check(value, run);
}

/** `((e))`: the inner pair is reported. */
function checkDoubled(run: LintRun): void {
  const { parens } = run.parsed;
  for (let i = 1; i < parens.length; i += 1) {
    const outer = parens[i] as Span;
    const inner = parens[i - 1] as Span;
    if (outer.start >= inner.start || outer.end <= inner.end) continue;
    if (run.isBlank(outer.start + 1, inner.start) && run.isBlank(inner.end, outer.end - 1)) {
      report(inner, run);
    }
  }
}

function report({ start, end }: Span, run: LintRun): void {
  run.report("useless-parentheses", { start, end }, "these parentheses are not needed", {
    fix: { title: "Remove the parentheses", edits: run.unwrapping({ start, end }) },
  });
}
