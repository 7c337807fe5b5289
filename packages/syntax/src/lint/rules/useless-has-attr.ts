/** `if x ? a then x.a else 1` → `x.a or 1` */
import { type AttrName, type Expr, type If, NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/**
 * An `if` that asks for an attribute before it selects it:
 * `if x ? a then x.a else 1` → `x.a or 1`
 */
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
  // Nix: `x.y ? a` fails where `x.y` is missing, `x.y.a or e` does not; so only `x ? a`.
  if (consequence.fallback !== undefined || condition.base.kind !== NodeKind.Var) return;
  if (consequence.base.kind !== NodeKind.Var || consequence.base.name !== condition.base.name)
    return;
  if (!isSamePath(condition.path, consequence.path)) return;
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

function isSamePath(a: readonly AttrName[], b: readonly AttrName[]): boolean {
  return (
    a.length === b.length &&
    a.every(({ name }, i) => name !== undefined && name === (b[i] as AttrName).name)
  );
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
