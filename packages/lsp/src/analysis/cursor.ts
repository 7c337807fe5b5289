/**
 * What stands at a place of a text: the token, the expressions around it, and what a name there is about.
 *
 * Features about one place (hover, definition, rename, completion, …) begin here. Works on broken texts:
 * the lossless tree has every token, and the evaluator's tree has `Error` nodes.
 */
import {
  type AttrName,
  type AttrSet,
  type Binding,
  BindingKind,
  children,
  type Expr,
  handleOf,
  type Lambda,
  NodeKind,
  type PathLiteral,
  type SearchPath,
  type Span,
  SyntaxKind,
  SyntaxNode,
  SyntaxToken,
  Token,
} from "@nivis/syntax";
import type { Definition, Use } from "./names.ts";
import type { Snapshot } from "./snapshot.ts";

/** What a name or a path literal at a place is about. */
export type Subject =
  /** A name that is used: `x` */
  | { readonly kind: "use"; readonly span: Span; readonly use: Use }
  /** A name where it is declared by a `let`, a `rec` or a function. */
  | { readonly kind: "definition"; readonly span: Span; readonly definition: Definition }
  /** `b` in `base.a.b`; `path` ends with it. */
  | {
      readonly kind: "select";
      readonly span: Span;
      readonly base: Expr;
      readonly path: readonly string[];
    }
  /** `b` in `{ a.b = 1; }`; `path` ends with it. */
  | {
      readonly kind: "attribute";
      readonly span: Span;
      readonly set: AttrSet;
      readonly path: readonly string[];
      readonly binding: Binding | undefined;
    }
  /** `a` in `inherit (base) a;` */
  | {
      readonly kind: "inherit";
      readonly span: Span;
      readonly base: Expr;
      readonly name: string;
      readonly set: AttrSet;
      readonly binding: Binding;
    }
  | { readonly kind: "path"; readonly span: Span; readonly expr: PathLiteral | SearchPath };

/** The kinds of token that can be a name. */
export function isNameToken(kind: Token): boolean {
  return kind === Token.Id || kind === Token.Or;
}

/**
 * The token at a place. Between two tokens a name wins, then the one before, since that is where a cursor
 * stands after typing.
 */
export function tokenAt({ tree }: Snapshot, offset: number): SyntaxToken | undefined {
  const index = tree.tokenAt(offset);
  const start = tree.tokenStarts[index] as number;
  const before = index > 0 && tree.tokenEnds[index - 1] === offset ? index - 1 : undefined;
  if (start <= offset && (before === undefined || isNameToken(tree.tokenKinds[index] as Token)))
    return new SyntaxToken(tree, index);
  return before === undefined ? undefined : new SyntaxToken(tree, before);
}

/** The last token that ends at or before a place, comments and blanks aside; -1 if there is none. */
export function tokenBefore({ tree }: Snapshot, offset: number): number {
  let index = tree.tokenAt(offset);
  while (index >= 0 && (tree.tokenEnds[index] as number) > offset) index -= 1;
  // The end of the file has no text.
  while (index >= 0 && tree.tokenKinds[index] === Token.Eof) index -= 1;
  return index;
}

/** Whether a place is inside a comment. */
export function isInComment({ tree }: Snapshot, offset: number): boolean {
  const { commentStarts, commentEnds, text } = tree;
  let low = 0;
  let high = commentStarts.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((commentStarts[middle] as number) < offset) low = middle + 1;
    else high = middle;
  }
  const start = commentStarts[low - 1];
  const end = commentEnds[low - 1];
  if (start === undefined || end === undefined) return false;
  // A line comment goes on where its line does.
  return offset < end || (offset === end && text.charCodeAt(start) === 35);
}

/** The expressions around a place, the outermost first. */
export function expressionsAt(root: Expr, offset: number): Expr[] {
  const chain: Expr[] = [];
  let next: Expr | undefined = root;
  while (next !== undefined) {
    chain.push(next);
    let best: Expr | undefined;
    for (const child of children(next)) {
      // The set of a path such as `a.b = 1` has no text of its own.
      if (child.kind === NodeKind.AttrSet && child.implicit) {
        if (holds(child, offset)) best = child;
      } else if (child.start <= offset && offset <= child.end && child.pos !== child.end)
        best = child;
      else continue;
      if (best !== undefined && best.end > offset) break;
    }
    next = best;
  }
  return chain;
}

/** Whether something in a set that a path made is at a place. */
function holds(set: AttrSet, offset: number): boolean {
  const pending: AttrSet[] = [set];
  for (let one = pending.pop(); one !== undefined; one = pending.pop()) {
    for (const { value, pos, name } of one.bindings) {
      if (pos <= offset && offset <= pos + name.length) return true;
      if (value.kind === NodeKind.AttrSet && value.implicit) pending.push(value);
      else if (value.start <= offset && offset <= value.end) return true;
    }
    for (const { value, name } of one.dynamic) {
      if (value.kind === NodeKind.AttrSet && value.implicit) pending.push(value);
      else if (value.start <= offset && offset <= value.end) return true;
      if (name.start <= offset && offset <= name.end) return true;
    }
  }
  return false;
}

/** What the name or path literal at a place is about; `undefined` for anything else. */
export function subjectAt(snapshot: Snapshot, offset: number): Subject | undefined {
  const token = tokenAt(snapshot, offset);
  if (token === undefined) return undefined;
  const element = nameElement(token);
  if (element === undefined) return pathAt(snapshot, token);
  const { names } = snapshot;
  const parent = element.parent;
  if (parent?.kind === SyntaxKind.Binding) return attributeAt(snapshot, parent, element);
  const use = names.useAt(element.start);
  const definition = names.definitionAt(element.start);
  const span = { start: element.start, end: element.end };
  if (parent?.kind === SyntaxKind.Inherit) {
    if (use?.start === element.start) return { kind: "use", span, use };
    return inheritedFrom(snapshot, element);
  }
  if (definition !== undefined) return { kind: "definition", span, definition };
  if (use !== undefined && use.start === element.start) return { kind: "use", span, use };
  return selectAt(snapshot, element);
}

/** The name that a token is or is a part of: `"a"` and `a` alike. */
function nameElement(token: SyntaxToken): SyntaxToken | SyntaxNode | undefined {
  if (isNameToken(token.kind)) return token;
  const { parent } = token;
  if (parent.kind !== SyntaxKind.String) return undefined;
  const around = parent.parent;
  switch (around?.kind) {
    case SyntaxKind.Binding: {
      const equals = around.token(Token.Equals);
      return equals === undefined || parent.end <= equals.start ? parent : undefined;
    }
    case SyntaxKind.Inherit:
      return parent;
    case SyntaxKind.Select:
    case SyntaxKind.HasAttr:
      return parent.firstToken.previous?.kind === Token.Dot ||
        parent.firstToken.previous?.kind === Token.Question
        ? parent
        : undefined;
    default:
      return undefined;
  }
}

function pathAt(snapshot: Snapshot, token: SyntaxToken): Subject | undefined {
  if (token.kind !== Token.Path && token.kind !== Token.HomePath && token.kind !== Token.SearchPath)
    return undefined;
  const expr = expressionsAt(snapshot.expr, token.start).at(-1);
  if (expr?.kind !== NodeKind.Path && expr?.kind !== NodeKind.SearchPath) return undefined;
  return { kind: "path", span: { start: token.start, end: token.end }, expr };
}

/** The text of a name as it counts: without quotes. */
export function nameText(element: SyntaxToken | SyntaxNode): string {
  if (element instanceof SyntaxToken) return element.text;
  const { text } = element;
  return /^"[^"\\$]*"$/.test(text) ? text.slice(1, -1) : text;
}

function attributeAt(
  snapshot: Snapshot,
  binding: SyntaxNode,
  element: SyntaxToken | SyntaxNode,
): Subject | undefined {
  const equals = binding.token(Token.Equals);
  const span = { start: element.start, end: element.end };
  if (equals !== undefined && element.start > equals.start) {
    const use = snapshot.names.useAt(element.start);
    return use?.start === element.start ? { kind: "use", span, use } : selectAt(snapshot, element);
  }
  const path: string[] = [];
  for (const child of binding.children) {
    if (child.start > element.start) break;
    if (child instanceof SyntaxToken ? isNameToken(child.kind) : child.kind === SyntaxKind.String)
      path.push(nameText(child));
    else if (child instanceof SyntaxNode) path.push("");
  }
  const set = setOfBinding(snapshot, binding);
  if (set === undefined) return undefined;
  const found = bindingAtPath(set, path);
  if (path.length === 1 && found !== undefined) {
    const definition = snapshot.names.definitionAt(found.pos);
    if (definition !== undefined) return { kind: "definition", span, definition };
  }
  return { kind: "attribute", span, set, path, binding: found };
}

/** The set (or the bindings of the `let`) that a binding of the text belongs to. */
export function setOfBinding(snapshot: Snapshot, binding: SyntaxNode): AttrSet | undefined {
  const around = binding.parent;
  if (around === undefined) return undefined;
  const chain = expressionsAt(snapshot.expr, binding.start);
  for (let i = chain.length - 1; i >= 0; i -= 1) {
    const expr = chain[i] as Expr;
    if (expr.kind === NodeKind.Let && around.kind === SyntaxKind.Let) return expr.attrs;
    if (expr.kind === NodeKind.AttrSet && !expr.implicit) return expr;
  }
  return undefined;
}

/** The binding that a path of names leads to in a set. */
export function bindingAtPath(set: AttrSet, path: readonly string[]): Binding | undefined {
  let at: AttrSet | undefined = set;
  let found: Binding | undefined;
  for (const name of path) {
    found = at?.bindings.find((one) => one.name === name);
    if (found === undefined) return undefined;
    at = found.value.kind === NodeKind.AttrSet ? found.value : undefined;
  }
  return found;
}

function inheritedFrom(snapshot: Snapshot, element: SyntaxToken | SyntaxNode): Subject | undefined {
  const node = element.parent as SyntaxNode;
  const set = setOfBinding(snapshot, node);
  const name = nameText(element);
  const binding = set?.bindings.find(
    (one) =>
      one.name === name && one.pos === element.start && one.kind === BindingKind.InheritedFrom,
  );
  const base = binding === undefined ? undefined : set?.inheritFrom[binding.from];
  if (binding === undefined || base === undefined || set === undefined) return undefined;
  const span = { start: element.start, end: element.end };
  return { kind: "inherit", span, base, name, set, binding };
}

function selectAt(snapshot: Snapshot, element: SyntaxToken | SyntaxNode): Subject | undefined {
  const chain = expressionsAt(snapshot.expr, element.start);
  for (let i = chain.length - 1; i >= 0; i -= 1) {
    const expr = chain[i] as Expr;
    if (expr.kind !== NodeKind.Select && expr.kind !== NodeKind.HasAttr) continue;
    const at = expr.path.findIndex((name: AttrName) => name.start === element.start);
    if (at < 0) continue;
    const path = expr.path.slice(0, at + 1).map(({ name }) => name);
    if (path.some((name) => name === undefined)) return undefined;
    const span = { start: element.start, end: element.end };
    return { kind: "select", span, base: expr.base, path: path as string[] };
  }
  return undefined;
}

/** The innermost node around a place. */
export function nodeAt({ tree }: Snapshot, token: number): SyntaxNode {
  return new SyntaxNode(tree, tree.nodeOf(token));
}

/** The element of the tree whose text is exactly a span, the outermost such. */
export function elementOfSpan(
  { tree }: Snapshot,
  { start, end }: Span,
): SyntaxNode | SyntaxToken | undefined {
  const index = tree.tokenAt(start);
  if (tree.tokenStarts[index] !== start) return undefined;
  let found: SyntaxNode | SyntaxToken | undefined;
  if (tree.tokenEnds[index] === end) found = handleOf(tree, ~index);
  for (
    let node: SyntaxNode | undefined = new SyntaxNode(tree, tree.nodeOf(index));
    node !== undefined && node.start === start && node.end <= end;
    node = node.parent
  ) {
    if (node.end === end && node.kind !== SyntaxKind.Root) found = node;
  }
  return found;
}

/** The functions that a curried function consists of: `a: b: e` has two. */
export function lambdaChain(lambda: Lambda): Lambda[] {
  const chain = [lambda];
  for (let body = lambda.body; body.kind === NodeKind.Lambda; body = body.body) chain.push(body);
  return chain;
}
