/** `[ ] ++ xs` → `xs` */
import { BinaryOp, type Expr, NodeKind } from "../../ast/nodes.ts";
import type { TextEdit } from "../diagnostic.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** A concatenation with an empty list: `[ ] ++ xs` → `xs` */
export const emptyListConcat: Rule = {
  code: "empty-list-concat",
  level: "default",
  summary: "A concatenation with an empty list",
  explanation:
    "It gives the other operand. Without it, Nix no longer checks that the other operand is a list. " +
    "There is no repair where the empty list has a comment.",
  bad: "xs: [ ] ++ xs",
  good: "xs: xs",
  alias: "statix W23",
  on: {
    [NodeKind.Binary]: ({ op, left, right }, run) => {
      if (op !== BinaryOp.Concat) return;
      if (isEmpty(left)) {
        const edit = { start: left.start, end: right.start, text: "" };
        report(left, /^\[\s*\]\s*\+\+\s*$/, edit, run);
      } else if (isEmpty(right)) {
        const edit = { start: left.end, end: right.end, text: "" };
        report(right, /^\s*\+\+\s*\[\s*\]$/, edit, run);
      }
    },
  },
};

function isEmpty(expr: Expr): boolean {
  return expr.kind === NodeKind.List && expr.items.length === 0;
}

function report(list: Expr, plain: RegExp, edit: TextEdit, run: LintRun): void {
  const fix = { title: "Remove the empty list", edits: [edit] };
  run.report("empty-list-concat", list, "concatenating an empty list changes nothing", {
    fix: plain.test(run.slice(edit)) ? fix : undefined,
  });
}
