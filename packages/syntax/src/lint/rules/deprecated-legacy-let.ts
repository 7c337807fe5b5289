/** `let { a = 1; body = a; }` → `(rec { a = 1; body = a; }).body` */
import { NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";

/**
 * The old form of `let`, without `in`:
 * `let { a = 1; body = a; }` → `(rec { a = 1; body = a; }).body`
 */
export const deprecatedLegacyLet: Rule = {
  code: "deprecated-legacy-let",
  level: "default",
  summary: "The old form of `let`, without `in`",
  explanation:
    "`let { …; body = e; }` means `(rec { …; body = e; }).body`. `let … in e` has replaced it.",
  bad: "let { a = 1; body = a; }",
  good: "let a = 1; in a",
  alias: "Tvix W005, statix W05",
  on: {
    [NodeKind.AttrSet]: (set, run) => {
      if (!set.legacyLet) return;
      const { pos: start } = set;
      const end = start + "let".length;
      run.report(
        "deprecated-legacy-let",
        { start, end },
        "this form of let is deprecated, rewrite it as let ... in ...",
        {
          fix: {
            title: "Write the recursive set that it means",
            edits: [
              { start, end, text: "(rec" },
              { start: set.end, end: set.end, text: ").body" },
            ],
          },
        },
      );
    },
  },
};
