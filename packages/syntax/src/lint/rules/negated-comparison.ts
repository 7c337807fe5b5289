/** `!(a == b)` → `(a != b)` */
import { BinaryOp, NodeKind, type Not } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** Each comparison as it is written, and its opposite. */
const OPPOSITES: { readonly [op in BinaryOp]?: readonly [string, string] } = {
  [BinaryOp.Equal]: ["==", "!="],
  [BinaryOp.NotEqual]: ["!=", "=="],
  [BinaryOp.Less]: ["<", ">="],
  [BinaryOp.LessOrEqual]: ["<=", ">"],
  [BinaryOp.More]: [">", "<="],
  [BinaryOp.MoreOrEqual]: [">=", "<"],
};

/** A comparison is negated, although its opposite has an operator: `!(a == b)` → `(a != b)` */
export const negatedComparison: Rule = {
  code: "negated-comparison",
  level: "strict",
  summary: "A comparison is negated, although its opposite has an operator",
  explanation: "Nix defines `a >= b` as `!(a < b)` and so on, so both forms mean exactly the same.",
  bad: "a: b: !(a == b)",
  good: "a: b: a != b",
  alias: "statix W18",
  on: { [NodeKind.Not]: check },
};

function check({ start, end, operand }: Not, run: LintRun): void {
  if (operand.kind !== NodeKind.Binary) return;
  const opposite = OPPOSITES[operand.op];
  if (opposite === undefined) return;
  const [from, to] = opposite;
  const bang = run.text.indexOf("!", start);
  const { pos } = operand;
  const simple = run.isBlank(bang + 1, operand.start) && run.text.startsWith(from, pos);
  run.report(
    "negated-comparison",
    { start, end },
    `this is the same as a comparison with '${to}'`,
    {
      fix: simple
        ? {
            title: `Use '${to}'`,
            edits: [
              { start: bang, end: operand.start, text: run.separator(bang, operand.start) },
              { start: pos, end: pos + from.length, text: to },
            ],
          }
        : undefined,
    },
  );
}
