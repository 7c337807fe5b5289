/** `x && true` → `x` */
import { type Binary, BinaryOp, NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/**
 * A literal `true` or `false` that has no say, or the only say, in a condition:
 * `x && true` → `x`
 */
export const uselessBooleanOperation: Rule = {
  code: "useless-boolean-operation",
  level: "default",
  summary: "A literal `true` or `false` that has no say, or the only say, in a condition",
  explanation:
    "`x && true` and `x || false` are `x`; `x && false` is always `false`, `x || true` and `x -> true` " +
    "always `true` (unless `x` fails). A decisive literal on the left is `dead-code`.",
  bad: "x: x.enable && true",
  good: "x: x.enable",
  alias: "Tvix W007",
  on: { [NodeKind.Binary]: check },
};

function check(expr: Binary, run: LintRun): void {
  const { op, left, right } = expr;
  if (op !== BinaryOp.And && op !== BinaryOp.Or && op !== BinaryOp.Implication) return;
  const onLeft = run.literalBool(left);
  const onRight = run.literalBool(right);
  const code = "useless-boolean-operation";
  const neutral = op !== BinaryOp.Or;
  if (onLeft === neutral) {
    run.report(code, left, `this '${onLeft}' has no effect on the result`);
  } else if (onLeft === undefined && onRight !== undefined) {
    if (onRight === neutral && op !== BinaryOp.Implication) {
      run.report(code, right, `this '${onRight}' has no effect on the result`);
    } else if (onRight !== neutral && op !== BinaryOp.Implication) {
      run.report(code, expr, `this expression is always ${onRight}`);
    } else if (onRight) run.report(code, expr, "this expression is always true");
  }
}
