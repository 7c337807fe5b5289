/** `map (x: f x) list` → `map f list` */
import { BindingKind, type Expr, type Lambda, NodeKind, type Var } from "../../ast/nodes.ts";
import { type LexicalScope, type Variable, VariableKind } from "../../scope/scope.ts";
import type { Rule } from "../rule.ts";
import type { LintRun } from "../run.ts";

/**
 * A function that only hands its argument to another function:
 * `map (x: f x) list` → `map f list`
 */
export const etaReduction: Rule = {
  code: "eta-reduction",
  level: "strict",
  summary: "A function that only hands its argument to another function",
  explanation:
    "`x: f x` can be written `f`. Not quite the same: `f` is then evaluated earlier, and " +
    "`builtins.functionArgs` sees its pattern; so there is no automatic fix. Where a value would then " +
    "need itself, as in `let f = x: f x; in f` or `{ f ? x: f x }: f`, or might, as in bindings that need each other or select " +
    "from what a function is given (`final: prev: { f = x: final.g x; }`), it is not reported.",
  bad: "f: [ (x: f x) ]",
  good: "f: [ f ]",
  alias: "statix W07",
  on: { [NodeKind.Lambda]: check },
};

function check(lambda: Lambda, run: LintRun): void {
  const parts = partsOf(lambda);
  if (parts === undefined) return;
  const isValue = run.isBindingValue(lambda.start);
  if (!parts.every((part) => mayBeEarlier(part, { lambda, isValue, parts }, run))) return;
  const span = { start: lambda.paramPos, end: lambda.body.end };
  run.report("eta-reduction", span, "this function only calls another one with its argument");
}

/**
 * Of `x: f a x`, what would be left: `f` and `a`. Names, or selections from names, other than `x`;
 * `undefined` if the function has another form.
 */
function partsOf({ param, formals, body }: Lambda): readonly Expr[] | undefined {
  if (param === undefined || formals !== undefined || body.kind !== NodeKind.Call) return undefined;
  const { callee, args } = body;
  const last = args.at(-1) as Expr;
  if (last.kind !== NodeKind.Var || last.name !== param) return undefined;
  const others = [callee, ...args.slice(0, -1)];
  return others.every((expr) => {
    const base = baseOf(expr);
    return base !== undefined && base.name !== param;
  })
    ? others
    : undefined;
}

/** The name that an expression is, or selects from without a default. */
function baseOf(expr: Expr): Var | undefined {
  if (expr.kind === NodeKind.Var) return expr;
  const isPlain =
    expr.kind === NodeKind.Select &&
    expr.fallback === undefined &&
    expr.path.every(({ name }) => name !== undefined) &&
    expr.base.kind === NodeKind.Var;
  return isPlain ? (expr.base as Var) : undefined;
}

/** The function that is looked at. */
interface Candidate {
  readonly lambda: Lambda;
  /** Whether it is the value of a binding or a default, and so what is evaluated when its name is. */
  readonly isValue: boolean;
  readonly parts: readonly Expr[];
}

/** Whether evaluating a part of the function when the function is wanted cannot lead back to it. */
function mayBeEarlier(part: Expr, { lambda, isValue, parts }: Candidate, run: LintRun): boolean {
  const { name } = baseOf(part) as Var;
  const variable = run.lookup(name);
  // A selection, or a name that a `with` brings, may come from a set that the binding is in itself.
  const isKnown = part.kind === NodeKind.Var && (variable !== undefined || run.isGlobalName(name));
  if (isValue && !isKnown) return false;
  if (variable === undefined || isArgument(variable)) return true;
  if (!seesItself(variable.scope, lambda)) return true;
  // A call might need any of the names that see each other; so might a selection.
  return parts.length === 1 && part.kind === NodeKind.Var && isReady(variable);
}

/** Whether the value of a name comes from a call, and from nothing else. */
function isArgument(variable: Variable): boolean {
  return variable.binding === undefined && fallbackOf(variable) === undefined;
}

/** The default of a name in a pattern. */
function fallbackOf({ kind, name, scope: { owner } }: Variable): Expr | undefined {
  if (kind !== VariableKind.Formal) return undefined;
  return (owner as Lambda).formals?.formals.find((formal) => formal.name === name)?.fallback;
}

/** Whether a function stands among the bindings or defaults of a scope and not in its body. */
function seesItself({ owner }: LexicalScope, { start }: Lambda): boolean {
  return owner.kind === NodeKind.AttrSet || start < owner.body.start;
}

/** Whether the value of a name is there without evaluating any other. */
function isReady(variable: Variable): boolean {
  const { binding } = variable;
  if (binding?.kind === BindingKind.Inherited) return true;
  const value = binding === undefined ? fallbackOf(variable) : binding.value;
  if (binding?.kind === BindingKind.InheritedFrom || value?.kind !== NodeKind.Lambda) return false;
  return partsOf(value) === undefined;
}
