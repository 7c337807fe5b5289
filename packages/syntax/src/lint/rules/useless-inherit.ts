/** `x: let inherit x; in x` → `x: x` */
import { BindingKind, type Let, NodeKind } from "../../ast/nodes.ts";
import { removeInheritedName } from "../inherit-clause.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** A `let` inherits a name that is in scope already: `x: let inherit x; in x` → `x: x` */
export const uselessInherit: Rule = {
  code: "useless-inherit",
  level: "default",
  summary: "A `let` inherits a name that is in scope already",
  explanation:
    "`let inherit x; in …` takes `x` from the scope around, where the body would find it anyway. " +
    "A name that comes from a `with` is exempt: there the `inherit` fixes its meaning.",
  bad: "x: let inherit x; y = 1; in x + y",
  good: "x: let y = 1; in x + y",
  alias: "Tvix W002",
  on: { [NodeKind.Let]: checkLet },
};

function checkLet({ attrs }: Let, run: LintRun): void {
  for (const { kind, name, pos } of attrs.bindings) {
    if (kind !== BindingKind.Inherited) continue;
    if (run.lookup(name) === undefined && !run.isGlobalName(name)) continue;
    const span = run.nameSpan(name, pos);
    run.report(
      "useless-inherit",
      span,
      `inherit does nothing: '${name}' already exists with the same value`,
      { fix: { title: `Do not inherit '${name}'`, edits: [removeInheritedName(span, run)] } },
    );
  }
}
