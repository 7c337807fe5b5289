/** `let a = 1; in let b = a; in b` → `let a = 1; b = a; in b` */
import { NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";

/** A `let` right in another: `let a = 1; in let b = a; in b` → `let a = 1; b = a; in b` */
export const collapsibleLet: Rule = {
  code: "collapsible-let",
  level: "strict",
  summary: "A `let` right behind the `in` of another",
  explanation:
    "The bindings of both can stand in one `let`. Left alone are groups where a name is bound in both, " +
    "or where the outer one mentions a name that the inner one binds.",
  bad: "let a = 1; in let b = a; in a + b",
  good: "let a = 1; b = a; in a + b",
  alias: "statix W06",
  on: {
    [NodeKind.Let]: ({ attrs, body }, run) => {
      if (body.kind !== NodeKind.Let || run.isParenthesized(body)) return;
      const inner = body.attrs;
      const between = run.text.slice(attrs.end, inner.start);
      if (!/^in\s+$/.test(between)) return;
      const outer = run.text.slice(attrs.start, attrs.end);
      const words = new Set(outer.match(/[a-zA-Z_][a-zA-Z0-9_'-]*/g));
      if (inner.bindings.some(({ name }) => words.has(name) || /[^a-zA-Z0-9_'-]/.test(name)))
        return;
      const span = { start: inner.start, end: inner.start + 3 };
      const edit = { start: attrs.end, end: inner.start + 3, text: "" };
      run.report("collapsible-let", span, "this let can be a part of the one around it", {
        fix: { title: "Join both", edits: [edit] },
      });
    },
  },
};
