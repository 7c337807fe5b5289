/** `if c then true else false` → `c` */
import { type If, NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** An `if` that only repeats or negates its condition: `if c then true else false` → `c` */
export const booleanIf: Rule = {
  code: "boolean-if",
  level: "default",
  summary: "An `if` that only repeats or negates its condition",
  explanation:
    "`if c then true else false` is `c`, and `if c then false else true` is `!c`: the condition must be " +
    "a Boolean in both forms.",
  bad: "a: b: if a == b then true else false",
  good: "a: b: a == b",
  on: { [NodeKind.If]: check },
};

function check({ pos, condition, consequence, alternative }: If, run: LintRun): void {
  const yes = run.literalBool(consequence);
  const no = run.literalBool(alternative);
  if (yes === undefined || no === undefined || yes === no) return;
  if (run.literalBool(condition) !== undefined) return;
  const { text } = run;
  const span = { start: pos, end: alternative.end };
  const simple =
    /^if\s*$/.test(text.slice(pos, condition.start)) &&
    /^\s*then\s*$/.test(text.slice(condition.end, consequence.start)) &&
    /^\s*else\s*$/.test(text.slice(consequence.end, alternative.start));
  const plain = run.slice(condition);
  const negated = run.isParenthesized(condition) ? `!${plain}` : `!(${plain})`;
  run.report("boolean-if", span, `this if is the same as its condition${yes ? "" : ", negated"}`, {
    fix: simple
      ? {
          title: yes ? "Write the condition alone" : "Negate the condition",
          edits: [{ ...span, text: yes ? plain : negated }],
        }
      : undefined,
  });
}
