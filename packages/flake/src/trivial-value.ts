/**
 * The values that `flake.nix` may have outside `outputs`, read from the syntax tree alone.
 *
 * C++ Nix evaluates `flake.nix` under a rule: the file is an attribute set, and nothing in it may be
 * computed. It may hold constants, lists, functions and sets with known names; what would be a thunk
 * of any other kind is an error (`mustBeTrivial` in libexpr/eval.cc). Constants include variables whose
 * value is there already: `true`, a name of an enclosing `rec` set. So the values can be read without
 * an evaluator, and this file follows the rule: whatever C++ Nix would not force is a {@link Thunk}.
 *
 * Nix: in a `rec` set C++ Nix also takes names that stand further up in its symbol table; here it is
 * names that stand further up in the file.
 */
import {
  type AttrSet,
  type Binding,
  BindingKind,
  type Expr,
  type Lambda,
  NodeKind,
} from "@nivis/syntax";

/** A value with the place of the expression that it is. */
export type TrivialValue =
  | { readonly type: "string"; readonly value: string }
  | { readonly type: "path"; readonly value: string; readonly inTree: boolean }
  | { readonly type: "int"; readonly value: number | bigint }
  | { readonly type: "float" }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "null" }
  | { readonly type: "list"; readonly items: () => readonly TrivialValue[] }
  | { readonly type: "set"; readonly attrs: () => readonly TrivialAttr[] }
  | { readonly type: "function"; readonly lambda: Lambda | undefined }
  | { readonly type: "thunk" };

/** A value that would have to be computed. */
export type Thunk = Extract<TrivialValue, { type: "thunk" }>;

/** An attribute of a set. */
export interface TrivialAttr {
  readonly name: string;
  /** The byte offset of its name. */
  readonly pos: number;
  readonly value: TrivialValue;
}

/** The names that are bound around an expression; `undefined` for one that is not computed yet. */
interface Scope {
  readonly values: ReadonlyMap<string, TrivialValue | undefined>;
  readonly outer: Scope | undefined;
}

const THUNK: Thunk = { type: "thunk" };

/** What the names mean that every file finds bound; all others are functions. */
const GLOBALS: Readonly<Record<string, TrivialValue>> = {
  true: { type: "bool", value: true },
  false: { type: "bool", value: false },
  null: { type: "null" },
  builtins: { type: "set", attrs: () => [] },
};

/** The attributes of the set that a file is; `undefined` if the file is anything else. */
export function trivialAttrs(expr: Expr): readonly TrivialAttr[] | undefined {
  return expr.kind === NodeKind.AttrSet ? attrsOf(expr, undefined) : undefined;
}

/** Whether the names of a set can be known without evaluating. */
export function hasComputedNames(set: AttrSet): boolean {
  const overrides = (binding: Binding): boolean => binding.name === "__overrides";
  return set.dynamic.length > 0 || (set.recursive && set.bindings.some(overrides));
}

function attrsOf(set: AttrSet, scope: Scope | undefined): readonly TrivialAttr[] {
  const known = new Map<string, TrivialValue | undefined>();
  if (set.recursive) for (const { name } of set.bindings) known.set(name, undefined);
  const inner: Scope | undefined = set.recursive ? { values: known, outer: scope } : scope;
  return set.bindings.map((binding) => {
    const value = valueOfBinding(binding, inner, scope);
    if (set.recursive) known.set(binding.name, value);
    return { name: binding.name, pos: binding.pos, value };
  });
}

function valueOfBinding(
  binding: Binding,
  inner: Scope | undefined,
  outer: Scope | undefined,
): TrivialValue {
  switch (binding.kind) {
    case BindingKind.Plain:
      return valueOf(binding.value, inner);
    case BindingKind.Inherited:
      return valueOf(binding.value, outer);
    case BindingKind.InheritedFrom:
      return THUNK;
  }
}

function valueOf(expr: Expr, scope: Scope | undefined): TrivialValue {
  switch (expr.kind) {
    case NodeKind.String:
      return { type: "string", value: expr.value };
    case NodeKind.Path:
      return { type: "path", value: expr.value, inTree: expr.form === "relative" };
    case NodeKind.Int:
      return { type: "int", value: expr.value };
    case NodeKind.Float:
      return { type: "float" };
    case NodeKind.List:
      return { type: "list", items: () => expr.items.map((item) => valueOf(item, scope)) };
    case NodeKind.AttrSet:
      if (hasComputedNames(expr) || expr.legacyLet) return THUNK;
      return { type: "set", attrs: () => attrsOf(expr, scope) };
    case NodeKind.Lambda:
      return { type: "function", lambda: expr };
    case NodeKind.Var:
      return valueOfName(expr.name, scope);
    default:
      return THUNK;
  }
}

function valueOfName(name: string, scope: Scope | undefined): TrivialValue {
  for (let around = scope; around !== undefined; around = around.outer) {
    if (around.values.has(name)) return around.values.get(name) ?? THUNK;
  }
  return Object.hasOwn(GLOBALS, name)
    ? (GLOBALS[name] as TrivialValue)
    : { type: "function", lambda: undefined };
}

const TYPE_NAMES: Readonly<Record<TrivialValue["type"], string>> = {
  string: "a string",
  path: "a path",
  int: "an integer",
  float: "a float",
  bool: "a Boolean",
  null: "null",
  list: "a list",
  set: "a set",
  function: "a function",
  thunk: "a thunk",
};

/** A type as messages name it, such as `a string`. */
export function describeType(type: TrivialValue["type"]): string {
  return TYPE_NAMES[type];
}
