/**
 * Attribute sets while they are being read: how bindings with paths become one merged tree.
 *
 * `a.b = 1; a.c = 2;` and `a = { b = 1; }; a.c = 2;` both give one binding `a`. Two definitions of one
 * name merge only when both are set literals, at any depth; the first literal decides whether the
 * result is recursive. Everything else is a duplicate, and the finding names the whole path.
 *
 * Nix: `ParserState::addAttr` in parser-state.hh. The merge walks with its own stack, since literals
 * may be nested deeper than the native stack allows.
 */
import {
  type AttrName,
  type AttrSet,
  type Binding,
  BindingKind,
  type DynamicBinding,
  type Expr,
  type Lambda,
  NodeKind,
  type Span,
} from "../ast/nodes.ts";

/** The position of things that C++ Nix gives none. */
export const NO_OFFSET = -1;

const NO_DYNAMIC: readonly DynamicBinding[] = Object.freeze([]);
const NO_SOURCES: readonly Expr[] = Object.freeze([]);

/** Up to so many names a linear search beats a map. */
const LINEAR_SEARCH = 8;

/** A binding that may still move to another set. */
interface OpenBinding extends Binding {
  kind: BindingKind;
  from: number;
}

/** An attribute set that can still grow. */
export class OpenAttrSet implements AttrSet {
  readonly kind = NodeKind.AttrSet;
  start: number;
  end: number;
  pos: number;
  recursive: boolean;
  readonly bindings: OpenBinding[] = [];
  dynamic: DynamicBinding[] | typeof NO_DYNAMIC = NO_DYNAMIC;
  inheritFrom: Expr[] | typeof NO_SOURCES = NO_SOURCES;
  implicit: boolean;
  legacyLet: boolean;
  /** Name to index in `bindings`, once there are many. */
  private index: Map<string, number> | undefined;

  constructor(start: number, pos: number, implicit: boolean) {
    this.start = start;
    this.end = start;
    this.pos = pos;
    this.recursive = false;
    this.implicit = implicit;
    this.legacyLet = false;
    this.index = undefined;
  }

  /** The binding of that name. */
  find(name: string): OpenBinding | undefined {
    const bindings = this.bindings;
    const count = bindings.length;
    if (count <= LINEAR_SEARCH) {
      for (let i = 0; i < count; i += 1) {
        const binding = bindings[i] as OpenBinding;
        if (binding.name === name) return binding;
      }
      return undefined;
    }
    if (this.index === undefined) {
      this.index = new Map();
      for (let i = 0; i < count; i += 1) this.index.set((bindings[i] as OpenBinding).name, i);
    }
    const at = this.index.get(name);
    return at === undefined ? undefined : bindings[at];
  }

  /** Adds a binding whose name is not there yet. */
  add(binding: OpenBinding): void {
    this.index?.set(binding.name, this.bindings.length);
    this.bindings.push(binding);
  }

  addDynamic(binding: DynamicBinding): void {
    if (this.dynamic === NO_DYNAMIC) this.dynamic = [binding];
    else (this.dynamic as DynamicBinding[]).push(binding);
  }

  /** Adds the source of an `inherit (e)` and returns its index. */
  addSource(source: Expr): number {
    if (this.inheritFrom === NO_SOURCES) this.inheritFrom = [source];
    else (this.inheritFrom as Expr[]).push(source);
    return this.inheritFrom.length - 1;
  }

  /** Forgets what only the search needs; it is made again when a later path enters the set. */
  close(end: number): void {
    this.end = end;
    this.index = undefined;
  }

  /** Leaves the set empty; its content has moved. */
  clear(): void {
    this.bindings.length = 0;
    this.dynamic = NO_DYNAMIC;
    this.inheritFrom = NO_SOURCES;
  }
}

/** A name that was defined twice. */
export interface Duplicate {
  /** The path from the set in which the definition stands. */
  readonly path: readonly AttrName[];
  readonly pos: number;
  readonly previous: number;
}

/** Gives a value the name of its binding; lambdas pass it on to the lambdas in their bodies. */
export function setName(value: Expr, name: string): void {
  let expr = value;
  while (expr.kind === NodeKind.Lambda) {
    expr.name = name;
    expr = expr.body;
  }
}

/** Gives a lambda its doc comment; the innermost comment wins, and bodies inherit it. */
export function setDoc(value: Expr, doc: Span): void {
  let expr = value;
  while (expr.kind === NodeKind.Lambda && expr.doc === undefined) {
    (expr as { -readonly [K in keyof Lambda]: Lambda[K] }).doc = doc;
    expr = expr.body;
  }
}

/** Adds `path = value` to `set`; returns the duplicates, of which C++ Nix reports the first. */
export function addAttr(
  set: OpenAttrSet,
  path: readonly AttrName[],
  pos: number,
  value: Expr,
  doc: Span | undefined,
): Duplicate[] | undefined {
  let into = set;
  const last = path.length - 1;
  for (let i = 0; i < last; i += 1) {
    const { name, expr, start } = path[i] as AttrName;
    let nested: OpenAttrSet;
    if (name === undefined) {
      nested = new OpenAttrSet(start, NO_OFFSET, true);
      nested.end = value.end;
      into.addDynamic({ name: expr as Expr, value: nested, pos });
    } else {
      const known = into.find(name);
      if (known === undefined) {
        nested = new OpenAttrSet((path[i + 1] as AttrName).start, NO_OFFSET, true);
        into.add({ kind: BindingKind.Plain, name, pos, value: nested, from: -1, doc });
        nested.end = value.end;
      } else if (known.value instanceof OpenAttrSet) nested = known.value;
      else return [{ path: path.slice(0, i + 1), pos, previous: known.pos }];
    }
    into = nested;
  }
  const { name, expr } = path[last] as AttrName;
  let duplicates: Duplicate[] | undefined;
  if (name === undefined) into.addDynamic({ name: expr as Expr, value, pos });
  else {
    const known = into.find(name);
    if (known === undefined) {
      into.add({ kind: BindingKind.Plain, name, pos, value, from: -1, doc });
      setName(value, name);
    } else if (known.value instanceof OpenAttrSet && value instanceof OpenAttrSet) {
      duplicates = merge(known.value, value, path);
    } else duplicates = [{ path, pos, previous: known.pos }];
  }
  if (doc !== undefined) setDoc(value, doc);
  return duplicates;
}

/** Moves everything of `from` into `into`. */
function merge(
  into: OpenAttrSet,
  from: OpenAttrSet,
  path: readonly AttrName[],
): Duplicate[] | undefined {
  const duplicates: Duplicate[] = [];
  const stack: { into: OpenAttrSet; from: OpenAttrSet; next: number }[] = [{ into, from, next: 0 }];
  const names: AttrName[] = [...path];
  while (stack.length > 0) {
    const level = stack[stack.length - 1] as { into: OpenAttrSet; from: OpenAttrSet; next: number };
    const binding = level.from.bindings[level.next];
    if (binding === undefined) {
      for (const dynamic of level.from.dynamic) level.into.addDynamic(dynamic);
      for (const source of level.from.inheritFrom) level.into.addSource(source);
      level.from.clear();
      stack.pop();
      names.pop();
      continue;
    }
    level.next += 1;
    if (binding.kind === BindingKind.InheritedFrom) binding.from += level.into.inheritFrom.length;
    const name = { name: binding.name, expr: undefined, start: binding.pos, end: binding.pos };
    const known = level.into.find(binding.name);
    if (known === undefined) {
      level.into.add(binding);
      setName(binding.value, binding.name);
    } else if (known.value instanceof OpenAttrSet && binding.value instanceof OpenAttrSet) {
      names.push(name);
      stack.push({ into: known.value, from: binding.value, next: 0 });
    } else duplicates.push({ path: [...names, name], pos: binding.pos, previous: known.pos });
  }
  return duplicates.length > 0 ? duplicates : undefined;
}
