/**
 * The `--parse` form: a tree as text, fully parenthesised, as `nix-instantiate --parse` writes it.
 *
 * Desugared forms are printed as what they mean (`a - b` is `(__sub a b)`), sets are sorted by name
 * with their `inherit`s first, formals are sorted. Works with its own stack, so depth does not matter.
 */

import { unreachable } from "../text/internal-error.ts";
import {
  type AttrName,
  type AttrSet,
  type Binary,
  BinaryOp,
  type Binding,
  BindingKind,
  type Expr,
  type Lambda,
  NodeKind,
} from "./nodes.ts";
import { printIdentifier, printString } from "./quote.ts";

/** A piece of output, or something that is still to be printed. */
type Piece = string | Expr | Arguments;

/** The inside of a call, without its parentheses. */
interface Arguments {
  readonly kind: -1;
  readonly call: Expr;
}

/** `expr` in the form of `nix-instantiate --parse`, without a newline at the end. */
export function printExpr(expr: Expr): string {
  return print([expr]);
}

/** An attribute path as messages show it: names in quotes where needed, dynamic ones as `"${…}"`. */
export function printAttrPath(path: readonly AttrName[]): string {
  const pieces: Piece[] = [];
  addAttrPath(pieces, path);
  return print(pieces);
}

/** A float as C++ streams print it: six significant digits. */
export function printFloat(value: number): string {
  if (Number.isNaN(value)) return "nan";
  if (!Number.isFinite(value)) return value > 0 ? "inf" : "-inf";
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const [mantissa = "", exponentText = "0"] = sixDigits(value).split("e");
  const exponent = Number(exponentText);
  if (exponent < -4 || exponent >= 6) {
    const digits = Math.abs(exponent).toString().padStart(2, "0");
    return `${trimZeros(mantissa)}e${exponent < 0 ? "-" : "+"}${digits}`;
  }
  const sign = value < 0 ? "-" : "";
  const digits = mantissa.replace(/[-.]/g, "");
  if (exponent < 0) return trimZeros(`${sign}0.${"0".repeat(-exponent - 1)}${digits}`);
  return trimZeros(`${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`);
}

/** `toExponential(5)`, but an exact tie goes to the even digit, as in C. */
function sixDigits(value: number): string {
  const exact = value.toExponential(65);
  const cut = exact.indexOf(".") + 6;
  const exponent = exact.indexOf("e");
  const isTie = /^50*$/.test(exact.slice(cut, exponent));
  if (!isTie || exact.charCodeAt(cut - 1) % 2 === 1) return value.toExponential(5);
  return exact.slice(0, cut) + exact.slice(exponent);
}

function trimZeros(digits: string): string {
  return digits.includes(".") ? digits.replace(/\.?0*$/, "") : digits;
}

function print(pieces: readonly Piece[]): string {
  let output = "";
  const stack: Piece[] = [];
  const pending: Piece[] = [];
  for (let i = pieces.length - 1; i >= 0; i -= 1) stack.push(pieces[i] as Piece);
  for (let piece = stack.pop(); piece !== undefined; piece = stack.pop()) {
    if (typeof piece === "string") {
      output += piece;
      continue;
    }
    pending.length = 0;
    if (piece.kind === -1) addCall(pending, piece.call);
    else addExpr(pending, piece);
    for (let i = pending.length - 1; i >= 0; i -= 1) stack.push(pending[i] as Piece);
  }
  return output;
}

function addExpr(out: Piece[], expr: Expr): void {
  switch (expr.kind) {
    case NodeKind.Int:
      out.push(String(expr.value));
      return;
    case NodeKind.Float:
      out.push(printFloat(expr.value));
      return;
    case NodeKind.String:
      out.push(printString(expr.value));
      return;
    case NodeKind.StringTemplate:
    case NodeKind.PathTemplate:
      out.push("(");
      expr.parts.forEach((part, i) => {
        if (i > 0) out.push(" + ");
        out.push(part);
      });
      out.push(")");
      return;
    case NodeKind.Path:
      out.push(expr.value);
      return;
    case NodeKind.SearchPath:
    case NodeKind.Call:
    case NodeKind.Negate:
      out.push("(", { kind: -1, call: expr }, ")");
      return;
    case NodeKind.Var:
      out.push(printIdentifier(expr.name));
      return;
    case NodeKind.CurPos:
      out.push("__curPos");
      return;
    case NodeKind.Select:
      out.push("(", expr.base, ").");
      addAttrPath(out, expr.path);
      if (expr.fallback !== undefined) out.push(" or (", expr.fallback, ")");
      return;
    case NodeKind.HasAttr:
      out.push("((", expr.base, ") ? ");
      addAttrPath(out, expr.path);
      out.push(")");
      return;
    case NodeKind.Lambda:
      addLambda(out, expr);
      return;
    case NodeKind.List:
      out.push("[ ");
      for (const item of expr.items) out.push("(", item, ") ");
      out.push("]");
      return;
    case NodeKind.AttrSet:
      if (expr.recursive) out.push("rec ");
      out.push("{ ");
      addBindings(out, expr);
      out.push("}");
      return;
    case NodeKind.Let:
      out.push("(let ");
      addBindings(out, expr.attrs);
      out.push("in ", expr.body, ")");
      return;
    case NodeKind.With:
      out.push("(with ", expr.namespace, "; ", expr.body, ")");
      return;
    case NodeKind.Assert:
      out.push("assert ", expr.condition, "; ", expr.body);
      return;
    case NodeKind.If:
      out.push("(if ", expr.condition, " then ", expr.consequence, " else ", expr.alternative, ")");
      return;
    case NodeKind.Not:
      out.push("(! ", expr.operand, ")");
      return;
    case NodeKind.Binary:
      addBinary(out, expr);
      return;
    case NodeKind.Error:
      out.push("\xc2\xaberror\xc2\xbb");
      return;
    default:
      unreachable(expr);
  }
}

/** Whether C++ Nix has a call node for it, to which further arguments are added. */
function isCall(expr: Expr): boolean {
  switch (expr.kind) {
    case NodeKind.Call:
    case NodeKind.SearchPath:
    case NodeKind.Negate:
      return true;
    case NodeKind.Binary:
      switch (expr.op) {
        case BinaryOp.Sub:
        case BinaryOp.Mul:
        case BinaryOp.Div:
        case BinaryOp.Less:
        case BinaryOp.More:
          return true;
        default:
          return false;
      }
    default:
      return false;
  }
}

/** A call without its parentheses. */
function addCall(out: Piece[], expr: Expr): void {
  switch (expr.kind) {
    case NodeKind.Call:
      out.push(isCall(expr.callee) ? { kind: -1, call: expr.callee } : expr.callee);
      for (const arg of expr.args) out.push(" ", arg);
      return;
    case NodeKind.SearchPath:
      out.push("__findFile __nixPath ", printString(expr.value));
      return;
    case NodeKind.Negate:
      out.push("__sub 0 ", expr.operand);
      return;
    case NodeKind.Binary:
      switch (expr.op) {
        case BinaryOp.Sub:
          out.push("__sub ", expr.left, " ", expr.right);
          return;
        case BinaryOp.Mul:
          out.push("__mul ", expr.left, " ", expr.right);
          return;
        case BinaryOp.Div:
          out.push("__div ", expr.left, " ", expr.right);
          return;
        case BinaryOp.Less:
        case BinaryOp.MoreOrEqual:
          out.push("__lessThan ", expr.left, " ", expr.right);
          return;
        default:
          out.push("__lessThan ", expr.right, " ", expr.left);
          return;
      }
    default:
      out.push(expr);
  }
}

const OPERATORS: { readonly [op in BinaryOp]?: string } = {
  [BinaryOp.Add]: "+",
  [BinaryOp.Equal]: "==",
  [BinaryOp.NotEqual]: "!=",
  [BinaryOp.And]: "&&",
  [BinaryOp.Or]: "||",
  [BinaryOp.Implication]: "->",
  [BinaryOp.Update]: "//",
  [BinaryOp.Concat]: "++",
};

function addBinary(out: Piece[], expr: Binary): void {
  const operator = OPERATORS[expr.op];
  if (operator !== undefined) out.push("(", expr.left, ` ${operator} `, expr.right, ")");
  else if (isCall(expr)) out.push("(", { kind: -1, call: expr }, ")");
  else out.push("(! (", { kind: -1, call: expr }, "))");
}

function addLambda(out: Piece[], expr: Lambda): void {
  out.push("(");
  const formals = expr.formals;
  if (formals !== undefined) {
    out.push("{ ");
    const sorted = [...formals.formals].sort(byName);
    sorted.forEach((formal, i) => {
      out.push(i > 0 ? `, ${printIdentifier(formal.name)}` : printIdentifier(formal.name));
      if (formal.fallback !== undefined) out.push(" ? ", formal.fallback);
    });
    if (formals.ellipsis) out.push(sorted.length > 0 ? ", ..." : "...");
    out.push(" }");
    if (expr.param !== undefined) out.push(" @ ");
  }
  if (expr.param !== undefined) out.push(printIdentifier(expr.param));
  out.push(": ", expr.body, ")");
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}

function addBindings(out: Piece[], set: AttrSet): void {
  const sorted = [...set.bindings].sort(byName);
  let inherited = "";
  const from = new Map<number, Binding[]>();
  for (const binding of sorted) {
    if (binding.kind === BindingKind.Inherited) inherited += ` ${printIdentifier(binding.name)}`;
    else if (binding.kind === BindingKind.InheritedFrom) {
      const group = from.get(binding.from);
      if (group === undefined) from.set(binding.from, [binding]);
      else group.push(binding);
    }
  }
  if (inherited !== "") out.push(`inherit${inherited}; `);
  for (const index of [...from.keys()].sort((a, b) => a - b)) {
    out.push("inherit (", set.inheritFrom[index] as Expr, ")");
    for (const binding of from.get(index) as Binding[])
      out.push(` ${printIdentifier(binding.name)}`);
    out.push("; ");
  }
  for (const binding of sorted) {
    if (binding.kind !== BindingKind.Plain) continue;
    out.push(`${printIdentifier(binding.name)} = `, binding.value, "; ");
  }
  for (const dynamic of set.dynamic) out.push('"${', dynamic.name, '}" = ', dynamic.value, "; ");
}

function addAttrPath(out: Piece[], path: readonly AttrName[]): void {
  path.forEach((name, i) => {
    if (i > 0) out.push(".");
    if (name.name !== undefined) out.push(printIdentifier(name.name));
    else out.push('"${', name.expr as Expr, '}"');
  });
}
