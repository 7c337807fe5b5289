/**
 * Rewrites a program so that a known difference between versions can no longer appear.
 *
 * Each function returns an equivalent or similar program. If two evaluators that
 * disagree about a program agree about its neutral form, the difference is the known one and
 * nothing else is behind it.
 */
import {
  type AttrSet,
  BinaryOp,
  BindingKind,
  type Expr,
  NodeKind,
  parse,
  Resolver,
  SourceFile,
} from "@nivis/syntax";
import { fixture } from "./modes.ts";

interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Visits an expression, with the names in its scope. */
type Visitor = (expr: Expr, names: Resolver, replace: (edit: Edit) => void) => void;

/** Replaces each empty list by a concatenation, which is delayed like any other. */
export function withoutEmptyLists(program: string): string {
  return edited(program, (expr, _names, replace) => {
    if (expr.kind !== NodeKind.List || expr.items.length > 0) return;
    const brackets = program.slice(expr.start, expr.end);
    replace({ start: expr.start, end: expr.end, text: `(${brackets} ++ ${brackets})` });
  });
}

/** Wraps each indented string in a delayed expression. */
export function withoutIndentedStrings(program: string): string {
  return edited(program, ({ kind, start, end }, _names, replace) => {
    if (kind !== NodeKind.String || !program.startsWith("''", start)) return;
    replace({ start, end, text: branch(program.slice(start, end)) });
  });
}

/** Wraps each variable from a `with` in a conditional, which is delayed like any other. */
export function withDelayedVariables(program: string): string {
  return edited(program, (expr, names, replace) => {
    const fromWith = (name: string): boolean =>
      names.lookup(name) === undefined && !names.isGlobal(name);
    if (expr.kind === NodeKind.Var && fromWith(expr.name)) replace(delayed(expr, expr.name));
    if (expr.kind !== NodeKind.AttrSet || expr.recursive) return;
    for (const { kind, name, pos } of expr.bindings) {
      if (kind !== BindingKind.Inherited || !program.startsWith(name, pos) || !fromWith(name))
        continue;
      const text = `; ${name} = ${branch(name)}; inherit`;
      replace({ start: pos, end: pos + name.length, text });
    }
  });
}

/** Wraps each variable in a conditional. */
export function withBranches(program: string): string {
  return edited(program, (expr, _names, replace) => {
    if (expr.kind === NodeKind.Var) replace(delayed(expr, expr.name));
  });
}

/** Rewrites `inherit (e) a` as `a = (e).a`. */
export function withSelections(program: string): string {
  return edited(program, (expr, _names, replace) => {
    const set = expr.kind === NodeKind.Let ? expr.attrs : expr;
    if (set.kind !== NodeKind.AttrSet) return;
    for (const { kind, name, pos, from } of set.bindings) {
      const source = set.inheritFrom[from];
      if (kind !== BindingKind.InheritedFrom || source === undefined) continue;
      const alone = set.bindings.filter((other) => other.from === from).length === 1;
      const written = [name, `"${name}"`].find((form) => program.startsWith(form, pos));
      if (!alone || written === undefined) continue;
      const start = program.lastIndexOf("inherit", source.start);
      replace({ start, end: source.start, text: `${written} = (` });
      replace({ start: source.end, end: pos + written.length, text: `).${written}` });
    }
  });
}

/** Gives the argument a default in every function that requires it. */
export function withDefault(program: string, argument: string): string {
  return edited(program, (expr, _names, replace) => {
    if (expr.kind !== NodeKind.Lambda) return;
    for (const { name, pos, fallback } of expr.formals?.formals ?? []) {
      if (name !== argument || fallback !== undefined) continue;
      const end = pos + name.length;
      replace({ start: end, end, text: " ? null" });
    }
  });
}

/** Removes bindings of `rec` and `let` and defaults that are only aliases of a sibling. */
export function withoutAliases(program: string): string {
  return edited(program, (expr, _names, replace) => {
    const aliases: Expr[] = [];
    if (expr.kind === NodeKind.Lambda) {
      for (const { fallback } of expr.formals?.formals ?? []) {
        if (fallback !== undefined) aliases.push(fallback);
      }
    }
    const group: AttrSet | undefined =
      expr.kind === NodeKind.Let
        ? expr.attrs
        : expr.kind === NodeKind.AttrSet && expr.recursive
          ? expr
          : undefined;
    for (const { kind, value } of group?.bindings ?? []) {
      if (kind === BindingKind.Plain) aliases.push(value);
    }
    for (const alias of aliases) {
      if (alias.kind === NodeKind.Var) replace(delayed(alias, alias.name));
    }
  });
}

/** Passes `map` and `genList` a function, whatever their argument is. */
export function withoutFunctionChecks(program: string): string {
  return edited(program, (expr, names, replace) => {
    const { start, end } = expr;
    const name = builtinName(expr, names);
    if (name === "map") {
      replace({ start, end, text: "(f: l: builtins.concatMap (x: [ (f x) ]) l)" });
    }
    if (name === "genList") {
      replace({ start, end, text: "(f: n: builtins.genList (x: f x) n)" });
    }
  });
}

/** Makes `filter` and `sort` check their function first, even for an empty list. */
export function withFunctionsFirst(program: string): string {
  return edited(program, (expr, names, replace) => {
    const name = builtinName(expr, names);
    if (name !== "filter" && name !== "sort") return;
    const { start, end } = expr;
    const text = `(f: l: if builtins.length l == 0 then l else builtins.${name} f l)`;
    replace({ start, end, text });
  });
}

/** Forces the right operand of each `//` first. */
export function withRightOperandsFirst(program: string): string {
  return edited(program, (expr, _names, replace) => {
    if (expr.kind !== NodeKind.Binary || expr.op !== BinaryOp.Update) return;
    const { left, right } = expr;
    const text = "((l: r: builtins.seq (r // { }) (l // r)) (";
    replace({ start: left.start, end: left.start, text });
    replace({ start: left.end, end: right.start, text: ") (" });
    replace({ start: right.end, end: right.end, text: "))" });
  });
}

/** Makes `substring` check its offset first. */
export function withOffsetsFirst(program: string): string {
  return edited(program, (expr, names, replace) => {
    if (builtinName(expr, names) !== "substring") return;
    const { start, end } = expr;
    const text = '(s: l: t: if s < 0 then abort "negative" else builtins.substring s l t)';
    replace({ start, end, text });
  });
}

/** Makes `replaceStrings` force all its replacements. */
export function withStrictReplacements(program: string): string {
  return edited(program, (expr, names, replace) => {
    if (builtinName(expr, names) !== "replaceStrings") return;
    const { start, end } = expr;
    const text =
      '(f: t: s: builtins.seq (builtins.concatStringsSep "" t) (builtins.replaceStrings f t s))';
    replace({ start, end, text });
  });
}

/** Makes the positions of attributes strict. */
export function withForcedPositions(program: string): string {
  return edited(program, (expr, names, replace) => {
    if (builtinName(expr, names) !== "unsafeGetAttrPos") return;
    const { start, end } = expr;
    const text = "(n: s: let p = builtins.unsafeGetAttrPos n s; in builtins.deepSeq p p)";
    replace({ start, end, text });
  });
}

/** Joins names that are sums of two literals, so that they are not defined last. */
export function withKnownNames(program: string): string {
  return program.replace(/\$\{"((?:[^"\\]|\\.)*)" \+ "((?:[^"\\]|\\.)*)"\}/g, '"$1$2"');
}

/** Removes numbers that are so large that versions differ. */
export function withoutLargeNumbers(program: string): string {
  return program
    .replace(/(?<![\w.])\d{10,20}(?!\d)/g, "7")
    .replace(/(?<![\w.])(\d+\.\d+)[eE][-+]?\d+/g, "$1");
}

/** Replaces every number by one, so that products do not grow. */
export function withOnlyOnes(program: string): string {
  return withoutLargeNumbers(program)
    .replace(/(?<![\w.])\d+(?![\w.])/g, "1")
    .replace(/(?<![\w.])\d*\.\d*(?![\w.])/g, (number) => (number === "." ? "." : "1.5"));
}

/** Removes deep structures and deep recursion. */
export function withoutDepth(program: string): string {
  return program.replace(/(?<![\w.])(?:50|300|1000)(?![\w.])/g, "3");
}

/** Replaces all bytes outside of ASCII. */
export function inAscii(program: string): string {
  return program.replace(/[\x80-\xff]/g, "e");
}

/** Removes the structured attributes of derivations. */
export function withoutStructuredAttrs(program: string): string {
  return program.replaceAll("__structuredAttrs = true; ", "");
}

/** The name of the builtin that an expression names, or undefined. */
function builtinName(expr: Expr, names: Resolver): string | undefined {
  if (expr.kind === NodeKind.Var && names.isGlobal(expr.name)) {
    return expr.name.replace(/^__/, "");
  }
  return expr.kind === NodeKind.Select &&
    expr.base.kind === NodeKind.Var &&
    expr.base.name === "builtins" &&
    names.isGlobal("builtins") &&
    expr.path.length === 1 &&
    expr.fallback === undefined
    ? expr.path[0]?.name
    : undefined;
}

function delayed({ start, end }: Expr, name: string): Edit {
  return { start, end, text: branch(name) };
}

function branch(name: string): string {
  return `(if true then ${name} else ${name})`;
}

function edited(program: string, visit: Visitor): string {
  const source = new SourceFile({ kind: "string" }, program);
  const { expr, firstError } = parse(source, { basePath: fixture, home: "/home" });
  if (firstError !== undefined) return program;
  const edits: Edit[] = [];
  const names = new Resolver({
    enter: (inner) => visit(inner, names, (edit) => edits.push(edit)),
  });
  names.walk(expr);
  // Last edits first, so that the offsets of the others stay valid; each position once.
  edits.sort((a, b) => b.start - a.start);
  let text = program;
  let from = Number.POSITIVE_INFINITY;
  for (const edit of edits) {
    if (edit.end > from) continue;
    text = text.slice(0, edit.start) + edit.text + text.slice(edit.end);
    from = edit.start;
  }
  return text;
}
