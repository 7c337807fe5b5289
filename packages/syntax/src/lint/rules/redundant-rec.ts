/** `rec { a = 1; }` → `{ a = 1; }` */
import { NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";

/** A `rec` whose attributes never mention each other: `rec { a = 1; }` → `{ a = 1; }` */
export const redundantRec: Rule = {
  code: "redundant-rec",
  level: "default",
  summary: "A `rec` whose attributes never mention each other",
  explanation:
    "Without `rec` the set is the same, and a name that is added later cannot be captured by accident.",
  bad: "rec { a = 1; b = 2; }",
  good: "{ a = 1; b = 2; }",
  onScope: ({ owner, variables }, run) => {
    if (owner.kind !== NodeKind.AttrSet || owner.legacyLet) return;
    if (variables.some(({ mentioned, name }) => mentioned || name === "__overrides")) return;
    const start = owner.pos;
    const brace = run.skipBlank(start + 3);
    const simple = run.text.startsWith("rec", start) && run.text[brace] === "{";
    run.report(
      "redundant-rec",
      { start, end: start + 3 },
      "this rec is not needed: no attribute mentions another",
      {
        fix: simple
          ? {
              title: "Remove 'rec'",
              edits: [{ start, end: brace, text: run.separator(start, brace) }],
            }
          : undefined,
      },
    );
  },
};
