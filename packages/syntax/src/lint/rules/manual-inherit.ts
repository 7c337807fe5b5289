/** `x: { x = x; }` → `x: { inherit x; }` */
import { BindingKind, NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";

/** An attribute is given the variable of its own name: `x: { x = x; }` → `x: { inherit x; }` */
export const manualInherit: Rule = {
  code: "manual-inherit",
  level: "strict",
  summary: "An attribute is given the variable of its own name",
  explanation: "`inherit x;` says the same as `x = x;` in a set that is not recursive.",
  bad: "x: { x = x; }",
  good: "x: { inherit x; }",
  alias: "statix W03",
  on: {
    [NodeKind.AttrSet]: (set, run) => {
      if (set.recursive) return;
      for (const { kind, name, pos, value } of set.bindings) {
        if (kind !== BindingKind.Plain || value.kind !== NodeKind.Var || value.name !== name)
          continue;
        const span = { start: pos, end: value.end };
        // `a.x = x` has no shorter form, and `(x)` is another rule's matter.
        const written = run.nameSpan(name, pos);
        if (!/^\s*=\s*$/.test(run.text.slice(written.end, value.start))) continue;
        if (run.isParenthesized(value)) continue;
        run.report(
          "manual-inherit",
          span,
          `'${name} = ${name};' is the same as 'inherit ${name};'`,
          {
            fix: {
              title: "Use 'inherit'",
              edits: [{ ...span, text: `inherit ${run.slice(written)}` }],
            },
          },
        );
      }
    },
  },
};
