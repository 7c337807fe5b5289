/** `{ a = s.a; }` → `{ inherit (s) a; }` */
import { type AttrSet, BindingKind, NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** An attribute is given the attribute of its own name: `{ a = s.a; }` → `{ inherit (s) a; }` */
export const manualInheritFrom: Rule = {
  code: "manual-inherit-from",
  level: "strict",
  summary: "An attribute is given the attribute of its own name",
  explanation: "`inherit (s) a;` says the same as `a = s.a;`. Selections with `or` are left alone.",
  bad: "s: { a = s.a; }",
  good: "s: { inherit (s) a; }",
  alias: "statix W04",
  on: {
    [NodeKind.AttrSet]: check,
    [NodeKind.Let]: ({ attrs }, run) => check(attrs, run),
  },
};

function check(set: AttrSet, run: LintRun): void {
  for (const { kind, name, pos, value } of set.bindings) {
    if (kind !== BindingKind.Plain || value.kind !== NodeKind.Select) continue;
    const { base, path, fallback } = value;
    const last = path.at(-1);
    if (fallback !== undefined || last?.name !== name || base.kind !== NodeKind.Var) continue;
    // In a group that declares it, the name would be its own source.
    if (base.name === name) continue;
    const written = run.nameSpan(name, pos);
    // `a.x = s.x` has no shorter form, and `(s.x)` is another rule's matter.
    if (!/^\s*=\s*$/.test(run.text.slice(written.end, value.start))) continue;
    if (run.text[pos] === "$") continue;
    if (run.isParenthesized(value)) continue;
    const source = run.text.slice(base.start, last.start).replace(/\s*\.\s*$/, "");
    if (/[#\n]|\/\*/.test(source)) continue;
    const span = { start: pos, end: value.end };
    const shorter = `inherit (${source.replace(/^\((.*)\)$/, "$1")}) ${run.slice(written)}`;
    run.report("manual-inherit-from", span, `'${run.slice(span)};' is the same as '${shorter};'`, {
      fix: { title: "Use 'inherit'", edits: [{ ...span, text: shorter }] },
    });
  }
}
