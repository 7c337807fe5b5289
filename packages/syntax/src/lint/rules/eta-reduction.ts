/** `map (x: f x) list` → `map f list` */
import { type Expr, type Lambda, NodeKind } from "../../ast/nodes.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/** See the head of this file. */
export const etaReduction: Rule = {
  code: "eta-reduction",
  level: "strict",
  summary: "A function that only hands its argument to another function",
  explanation:
    "`x: f x` can be written `f`. Not quite the same: `f` is then evaluated earlier, and " +
    "`builtins.functionArgs` sees its pattern; so there is no automatic fix.",
  bad: "f: [ (x: f x) ]",
  good: "f: [ f ]",
  alias: "statix W07",
  on: { [NodeKind.Lambda]: check },
};

function check({ param, paramPos, formals, body }: Lambda, run: LintRun): void {
  if (param === undefined || formals !== undefined || body.kind !== NodeKind.Call) return;
  const { callee, args } = body;
  const last = args.at(-1) as Expr;
  if (last.kind !== NodeKind.Var || last.name !== param) return;
  const others = [callee, ...args.slice(0, -1)];
  if (!others.every((expr) => isOtherName(expr, param))) return;
  const span = { start: paramPos, end: body.end };
  run.report("eta-reduction", span, "this function only calls another one with its argument");
}

/** A name or a selection from one, that is not `param`. */
function isOtherName(expr: Expr, param: string): boolean {
  if (expr.kind === NodeKind.Var) return expr.name !== param;
  return (
    expr.kind === NodeKind.Select &&
    expr.fallback === undefined &&
    expr.path.every(({ name }) => name !== undefined) &&
    expr.base.kind === NodeKind.Var &&
    expr.base.name !== param
  );
}
