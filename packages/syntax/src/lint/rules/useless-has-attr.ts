/** `if x ? a then x.a else 1` → `x.a or 1` */
import { type AttrName, type Expr, type If, NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** See the head of this file. */
export const uselessHasAttr: Rule = {
  code: "useless-has-attr",
  level: "strict",
  summary: "An `if` that asks for an attribute before it selects it",
  explanation: "`x.a or e` does both at once.",
  bad: "x: if x ? a.b then x.a.b else 1",
  good: "x: x.a.b or 1",
  alias: "statix W19",
  on: { [NodeKind.If]: check },
};

function check({ pos, condition, consequence, alternative }: If, run: LintRun): void {
  if (condition.kind !== NodeKind.HasAttr || consequence.kind !== NodeKind.Select) return;
  if (consequence.fallback !== undefined) return;
  const asked = chain(condition.base, condition.path);
  if (asked === undefined) return;
  const selected = chain(consequence.base, consequence.path);
  if (selected === undefined || asked.join("\0") !== selected.join("\0")) return;
  // What the condition looks through must be what the selection looks through.
  if (condition.path.length !== consequence.path.length) return;
  const { text } = run;
  const simple =
    !run.isParenthesized(consequence) &&
    /^if\s*$/.test(text.slice(pos, condition.start)) &&
    /^\s*then\s*$/.test(text.slice(condition.end, consequence.start)) &&
    /^\s*else\s*$/.test(text.slice(consequence.end, alternative.start));
  const span = { start: pos, end: alternative.end };
  const fallback = run.slice(alternative);
  const closed = run.isParenthesized(alternative) || isClosed(alternative);
  run.report("useless-has-attr", span, "this is the same as a selection with 'or'", {
    fix: simple
      ? {
          title: "Use 'or'",
          edits: [
            {
              ...span,
              text: `${run.slice(consequence)} or ${closed ? fallback : `(${fallback})`}`,
            },
          ],
        }
      : undefined,
  });
}

/** The names of `a.b.c`, if it is nothing but names. */
function chain(base: Expr, path: readonly AttrName[]): string[] | undefined {
  const parts: string[] = [];
  const add = (names: readonly AttrName[]): boolean => {
    for (let i = names.length - 1; i >= 0; i -= 1) {
      const name = names[i]?.name;
      if (name === undefined) return false;
      parts.push(name);
    }
    return true;
  };
  if (!add(path)) return undefined;
  let expr = base;
  while (expr.kind === NodeKind.Select && expr.fallback === undefined) {
    if (!add(expr.path)) return undefined;
    expr = expr.base;
  }
  if (expr.kind !== NodeKind.Var) return undefined;
  parts.push(expr.name);
  return parts;
}

/** Whether it can stand behind `or` as it is. */
function isClosed({ kind }: Expr): boolean {
  switch (kind) {
    case NodeKind.Var:
    case NodeKind.Int:
    case NodeKind.Float:
    case NodeKind.String:
    case NodeKind.StringTemplate:
    case NodeKind.List:
    case NodeKind.AttrSet:
      return true;
    default:
      return false;
  }
}
