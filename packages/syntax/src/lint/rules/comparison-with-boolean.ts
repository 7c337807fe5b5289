/** `(a < b) == true` → `(a < b)` */
import { type Binary, BinaryOp, type Expr, NodeKind } from "../../ast/nodes.ts";
import type { Fix } from "../diagnostic.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** A condition is compared with `true` or `false`: `(a < b) == true` → `(a < b)` */
export const comparisonWithBoolean: Rule = {
  code: "comparison-with-boolean",
  level: "default",
  summary: "A condition is compared with `true` or `false`",
  explanation:
    "`c == true` is `c`, and `c == false` is `!c`. Only reported where the other side is certainly a " +
    "Boolean, such as a comparison or `x ? a`: for a variable `x == true` also has a result when `x` is " +
    "`null`, where a plain `x` would fail.",
  bad: "a: b: (a < b) == false",
  good: "a: b: !(a < b)",
  alias: "statix W01",
  on: { [NodeKind.Binary]: check },
};

function check(expr: Binary, run: LintRun): void {
  const { op, left, right } = expr;
  if (op !== BinaryOp.Equal && op !== BinaryOp.NotEqual) return;
  const onLeft = run.literalBool(left);
  const literal = onLeft ?? run.literalBool(right);
  const other = onLeft === undefined ? right : left;
  const condition = other === left ? right : left;
  if (literal === undefined || !isBoolean(condition)) return;
  const negate = literal !== (op === BinaryOp.Equal);
  run.report(
    "comparison-with-boolean",
    expr,
    `comparing a condition with '${literal}' is useless`,
    {
      fix: simplify(expr, condition, negate, run),
    },
  );
}

/** Whether the value can only be a Boolean. */
function isBoolean(expr: Expr): boolean {
  switch (expr.kind) {
    case NodeKind.Not:
    case NodeKind.HasAttr:
      return true;
    case NodeKind.Binary:
      switch (expr.op) {
        case BinaryOp.Equal:
        case BinaryOp.NotEqual:
        case BinaryOp.And:
        case BinaryOp.Or:
        case BinaryOp.Implication:
        case BinaryOp.Less:
        case BinaryOp.LessOrEqual:
        case BinaryOp.More:
        case BinaryOp.MoreOrEqual:
          return true;
        default:
          return false;
      }
    default:
      return false;
  }
}

function simplify(expr: Binary, condition: Expr, negate: boolean, run: LintRun): Fix | undefined {
  const { left, right } = expr;
  if (!/^\s*[=!]=\s*$/.test(run.text.slice(left.end, right.start))) return undefined;
  const text = run.slice(condition);
  const closed = run.isParenthesized(condition) || condition.kind === NodeKind.HasAttr;
  const result = negate ? (closed ? `!${text}` : `!(${text})`) : text;
  return {
    title: "Simplify the comparison",
    edits: [{ start: left.start, end: right.end, text: result }],
  };
}
