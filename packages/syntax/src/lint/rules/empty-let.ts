/** `let in 1` → `1` */
import { NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";

/** A `let` without bindings: `let in 1` → `1` */
export const emptyLet: Rule = {
  code: "empty-let",
  level: "default",
  summary: "A `let` without bindings",
  explanation: "`let in e` is `e`.",
  bad: "let in 1",
  good: "1",
  alias: "Tvix W010, statix W02",
  on: {
    [NodeKind.Let]: ({ attrs, body }, run) => {
      if (attrs.bindings.length + attrs.dynamic.length + attrs.inheritFrom.length > 0) return;
      const { start } = attrs;
      const simple = /^let\s+in\s*$/.test(run.text.slice(start, body.start));
      const fix = {
        title: "Remove the empty 'let'",
        edits: [{ start, end: body.start, text: run.separator(start, body.start) }],
      };
      run.report("empty-let", { start, end: attrs.end + 2 }, "this let has no bindings", {
        fix: simple ? fix : undefined,
      });
    },
  },
};
