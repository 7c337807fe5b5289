/** Ways through a tree that do not use the native stack. */
import { type AttrName, type AttrSet, BindingKind, type Expr, NodeKind } from "./nodes.ts";

/** The direct parts of an expression in the order of the text, as far as the merged tree keeps it. */
export function children(expr: Expr): Expr[] {
  const out: Expr[] = [];
  addChildren(expr, out);
  return out;
}

/** Calls `enter` for the expression and all below it, parents first; `false` skips what is below. */
export function walk(root: Expr, enter: (expr: Expr) => unknown): void {
  const stack: Expr[] = [root];
  const below: Expr[] = [];
  for (let expr = stack.pop(); expr !== undefined; expr = stack.pop()) {
    if (enter(expr) === false) continue;
    below.length = 0;
    addChildren(expr, below);
    for (let i = below.length - 1; i >= 0; i -= 1) stack.push(below[i] as Expr);
  }
}

function addPath(path: readonly AttrName[], out: Expr[]): void {
  for (const { expr } of path) if (expr !== undefined) out.push(expr);
}

function addAttrs(set: AttrSet, out: Expr[]): void {
  for (const source of set.inheritFrom) out.push(source);
  for (const binding of set.bindings) {
    // The variable of an `inherit (e) a` stands for a selection, not for a name in scope.
    if (binding.kind !== BindingKind.InheritedFrom) out.push(binding.value);
  }
  for (const dynamic of set.dynamic) out.push(dynamic.name, dynamic.value);
}

function addChildren(expr: Expr, out: Expr[]): void {
  switch (expr.kind) {
    case NodeKind.Int:
    case NodeKind.Float:
    case NodeKind.String:
    case NodeKind.Path:
    case NodeKind.SearchPath:
    case NodeKind.Var:
    case NodeKind.CurPos:
    case NodeKind.Error:
      return;
    case NodeKind.StringTemplate:
    case NodeKind.PathTemplate:
      for (const part of expr.parts) out.push(part);
      return;
    case NodeKind.Select:
      out.push(expr.base);
      addPath(expr.path, out);
      if (expr.fallback !== undefined) out.push(expr.fallback);
      return;
    case NodeKind.HasAttr:
      out.push(expr.base);
      addPath(expr.path, out);
      return;
    case NodeKind.Lambda:
      for (const formal of expr.formals?.formals ?? []) {
        if (formal.fallback !== undefined) out.push(formal.fallback);
      }
      out.push(expr.body);
      return;
    case NodeKind.Call:
      out.push(expr.callee);
      for (const arg of expr.args) out.push(arg);
      return;
    case NodeKind.List:
      for (const item of expr.items) out.push(item);
      return;
    case NodeKind.AttrSet:
      addAttrs(expr, out);
      return;
    case NodeKind.Let:
      addAttrs(expr.attrs, out);
      out.push(expr.body);
      return;
    case NodeKind.With:
      out.push(expr.namespace, expr.body);
      return;
    case NodeKind.Assert:
      out.push(expr.condition, expr.body);
      return;
    case NodeKind.If:
      out.push(expr.condition, expr.consequence, expr.alternative);
      return;
    case NodeKind.Not:
    case NodeKind.Negate:
      out.push(expr.operand);
      return;
    case NodeKind.Binary:
      out.push(expr.left, expr.right);
      return;
  }
}
