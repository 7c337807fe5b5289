/** `x: rec { x = x; }` → `x: { inherit x; }` */
import { type AttrSet, BindingKind, NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** A recursive binding is defined as itself: `x: rec { x = x; }` → `x: { inherit x; }` */
export const selfReference: Rule = {
  code: "self-reference",
  level: "default",
  summary: "A recursive binding is defined as itself",
  explanation:
    "In `let x = x;` and `rec { x = x; }` both names are the same variable: code that needs its value " +
    "gets *infinite recursion encountered*. To take the `x` of the scope around, write `inherit x;`.",
  bad: "x: rec { x = x; y = x; }",
  good: "x: rec { inherit x; y = x; }",
  on: {
    [NodeKind.Let]: ({ attrs }, run) => check(attrs, run),
    [NodeKind.AttrSet]: (set, run) => {
      if (set.recursive) check(set, run);
    },
  },
};

function check(set: AttrSet, run: LintRun): void {
  if (set.bindings.some(({ name }) => name === "__overrides")) return;
  for (const { kind, name, pos, value } of set.bindings) {
    if (kind !== BindingKind.Plain || value.kind !== NodeKind.Var || value.name !== name) continue;
    run.report(
      "self-reference",
      { start: pos, end: value.end },
      `'${name}' is defined as itself, which is infinite recursion; did you mean 'inherit ${name};'?`,
    );
  }
}
