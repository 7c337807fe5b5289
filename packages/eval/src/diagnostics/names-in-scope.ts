/** The names that are in scope at a position, as far as the text itself tells. */
import { type Expr, NodeKind } from "@nivis/syntax";

/** Returns the names that `let`, `rec` and functions around a position bind, without globals. */
export function namesInScope(around: readonly Expr[]): Set<string> {
  return new Set(around.flatMap(namesBoundBy));
}

function namesBoundBy(expr: Expr): string[] {
  switch (expr.kind) {
    case NodeKind.Lambda: {
      const names = (expr.formals?.formals ?? []).map(({ name }) => name);
      return expr.param === undefined ? names : [expr.param, ...names];
    }
    case NodeKind.Let:
      return expr.attrs.bindings.map(({ name }) => name);
    case NodeKind.AttrSet:
      return expr.recursive ? expr.bindings.map(({ name }) => name) : [];
    default:
      return [];
  }
}

/** Whether a `with` is between a position and the scope that binds a name there. */
export function isBoundOutsideWith(around: readonly Expr[], name: string): boolean {
  const bound = around.findLastIndex((expr) => namesBoundBy(expr).includes(name));
  return bound >= 0 && around.slice(bound + 1).some(({ kind }) => kind === NodeKind.With);
}

/** Returns the number of `with` expressions around a position. */
export function withsAround(around: readonly Expr[]): number {
  return around.filter((expr) => expr.kind === NodeKind.With).length;
}
