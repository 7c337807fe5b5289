/** Ways through a tree that do not use the native stack. */
import { type AttrName, type AttrSet, BindingKind, type Expr, NodeKind } from "./nodes.ts";

/**
 * The direct parts of an expression in the order of the text, as far as the merged tree keeps it. The
 * attributes of a `let` are parts of the `let`. The variable of an `inherit (e) a` is left out: it stands for
 * a selection, not for a name in scope.
 */
export function children(expr: Expr): Expr[] {
  const out: Expr[] = [];
  eachChild(expr, (part) => out.push(part));
  return out;
}

/** Calls `enter` for the expression and all below it, parents first; `false` skips what is below. */
export function walk(root: Expr, enter: (expr: Expr) => unknown): void {
  const stack: Expr[] = [root];
  const below: Expr[] = [];
  const add = (part: Expr): void => {
    below.push(part);
  };
  for (let expr = stack.pop(); expr !== undefined; expr = stack.pop()) {
    if (enter(expr) === false) continue;
    below.length = 0;
    eachChild(expr, add);
    for (let i = below.length - 1; i >= 0; i -= 1) stack.push(below[i] as Expr);
  }
}

/** Calls `visit` for each of the {@link children}. */
function eachChild(expr: Expr, visit: (part: Expr) => void): void {
  if (expr.kind === NodeKind.AttrSet) eachValue(expr, visit);
  else if (expr.kind === NodeKind.Let) {
    eachValue(expr.attrs, visit);
    visit(expr.body);
  } else eachPart(expr, visit);
}

function eachValue(set: AttrSet, visit: (part: Expr) => void): void {
  for (const source of set.inheritFrom) visit(source);
  for (const binding of set.bindings) {
    if (binding.kind !== BindingKind.InheritedFrom) visit(binding.value);
  }
  for (const { name, value } of set.dynamic) {
    visit(name);
    visit(value);
  }
}

function eachName(path: readonly AttrName[], visit: (part: Expr) => void): void {
  for (const { expr } of path) if (expr !== undefined) visit(expr);
}

/**
 * Calls `visit` for every node directly below an expression, in the order of the text: for the set of a `let`
 * itself, and for variables of `inherit (e) a`, too.
 */
export function eachPart(expr: Expr, visit: (part: Expr) => void): void {
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
      for (const part of expr.parts) visit(part);
      return;
    case NodeKind.Select:
      visit(expr.base);
      eachName(expr.path, visit);
      if (expr.fallback !== undefined) visit(expr.fallback);
      return;
    case NodeKind.HasAttr:
      visit(expr.base);
      eachName(expr.path, visit);
      return;
    case NodeKind.Lambda:
      for (const { fallback } of expr.formals?.formals ?? []) {
        if (fallback !== undefined) visit(fallback);
      }
      visit(expr.body);
      return;
    case NodeKind.Call:
      visit(expr.callee);
      for (const arg of expr.args) visit(arg);
      return;
    case NodeKind.List:
      for (const item of expr.items) visit(item);
      return;
    case NodeKind.AttrSet:
      for (const source of expr.inheritFrom) visit(source);
      for (const { value } of expr.bindings) visit(value);
      for (const { name, value } of expr.dynamic) {
        visit(name);
        visit(value);
      }
      return;
    case NodeKind.Let:
      visit(expr.attrs);
      visit(expr.body);
      return;
    case NodeKind.With:
      visit(expr.namespace);
      visit(expr.body);
      return;
    case NodeKind.Assert:
      visit(expr.condition);
      visit(expr.body);
      return;
    case NodeKind.If:
      visit(expr.condition);
      visit(expr.consequence);
      visit(expr.alternative);
      return;
    case NodeKind.Not:
    case NodeKind.Negate:
      visit(expr.operand);
      return;
    case NodeKind.Binary:
      visit(expr.left);
      visit(expr.right);
      return;
  }
}
