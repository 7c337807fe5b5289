/** `false && x` → `false` */
import { BinaryOp, NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";

/** The right side of an operator that is never evaluated: `false && x` → `false` */
export const deadCode: Rule = {
  code: "dead-code",
  level: "default",
  summary: "The right side of an operator that is never evaluated",
  explanation:
    "`&&`, `||` and `->` look at their right side only if the left one does not decide; a literal " +
    "`false` or `true` on the left decides always. For `if` and `assert` see `constant-condition`.",
  bad: "x: true || x.enable",
  good: "x: x.enable",
  alias: "Tvix W008",
  on: {
    [NodeKind.Binary]: ({ op, left, right }, run) => {
      if (op !== BinaryOp.And && op !== BinaryOp.Or && op !== BinaryOp.Implication) return;
      if (run.literalBool(left) !== (op === BinaryOp.Or)) return;
      const result = op === BinaryOp.And ? "false" : "true";
      run.report("dead-code", right, "this code is never evaluated", {
        labels: [{ span: left, message: `with this the result is always ${result}` }],
      });
    },
  },
};
