/** Which names a place in a text may use, as far as the text itself tells. */
import { type Expr, NodeKind } from "@nivis/syntax";

/** The names that `let`, `rec` and functions around a place bind; globals are not among them. */
export function namesInScope(around: readonly Expr[]): Set<string> {
  const names = new Set<string>();
  for (const expr of around) {
    if (expr.kind === NodeKind.Lambda) {
      if (expr.param !== undefined) names.add(expr.param);
      for (const formal of expr.formals?.formals ?? []) names.add(formal.name);
    } else if (expr.kind === NodeKind.Let) {
      for (const { name } of expr.attrs.bindings) names.add(name);
    } else if (expr.kind === NodeKind.AttrSet && expr.recursive) {
      for (const { name } of expr.bindings) names.add(name);
    }
  }
  return names;
}

/** How many `with` are around a place. */
export function withsAround(around: readonly Expr[]): number {
  return around.filter((expr) => expr.kind === NodeKind.With).length;
}
