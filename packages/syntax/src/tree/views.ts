/**
 * The parts of constructs by name: a view is what a node of one kind consists of.
 *
 * In a broken text parts may be missing; they are `undefined`, and lists hold what is there.
 */
import { Token } from "../lex/token.ts";
import { SyntaxKind } from "./kinds.ts";
import { isExpressionToken, type SyntaxElement, SyntaxNode, SyntaxToken } from "./node.ts";

/** `{ … }`, `rec { … }`, and the bindings of `let … in`. */
export interface AttrSetView {
  readonly node: SyntaxNode;
  /** `{` or `let` */
  readonly open: SyntaxToken;
  /** `}` or `in` */
  readonly close: SyntaxToken | undefined;
  /** {@link SyntaxKind.Binding} and {@link SyntaxKind.Inherit} in order. */
  readonly items: readonly SyntaxNode[];
}

/** `a.b = e;` */
export interface BindingView {
  readonly node: SyntaxNode;
  /** Names, strings and interpolations, without the dots. */
  readonly names: readonly SyntaxElement[];
  readonly equals: SyntaxToken | undefined;
  readonly value: SyntaxElement | undefined;
  readonly semicolon: SyntaxToken | undefined;
}

/** `inherit (e) a b;` */
export interface InheritView {
  readonly node: SyntaxNode;
  readonly source: SyntaxNode | undefined;
  readonly names: readonly SyntaxElement[];
  readonly semicolon: SyntaxToken | undefined;
}

/** `[ a b ]` */
export interface ListView {
  readonly node: SyntaxNode;
  readonly open: SyntaxToken;
  readonly close: SyntaxToken | undefined;
  readonly items: readonly SyntaxElement[];
}

/** `f a b` */
export interface ApplyView {
  readonly node: SyntaxNode;
  readonly callee: SyntaxElement;
  readonly args: readonly SyntaxElement[];
}

/** `x: e`, `{ a }@x: e` */
export interface LambdaView {
  readonly node: SyntaxNode;
  readonly param: SyntaxToken | undefined;
  readonly formals: SyntaxNode | undefined;
  readonly colon: SyntaxToken | undefined;
  readonly body: SyntaxElement | undefined;
}

/** `{ a, b ? 1, ... }` */
export interface FormalsView {
  readonly node: SyntaxNode;
  readonly open: SyntaxToken;
  readonly close: SyntaxToken | undefined;
  readonly formals: readonly FormalView[];
  readonly ellipsis: SyntaxToken | undefined;
}

/** `b ? 1` */
export interface FormalView {
  readonly node: SyntaxNode;
  readonly name: SyntaxToken;
  readonly fallback: SyntaxElement | undefined;
}

/** `e.a.b or d` */
export interface SelectView {
  readonly node: SyntaxNode;
  readonly base: SyntaxElement;
  readonly names: readonly SyntaxElement[];
  readonly fallback: SyntaxElement | undefined;
}

function isToken(element: SyntaxElement | undefined, kind: Token): element is SyntaxToken {
  return element instanceof SyntaxToken && element.kind === kind;
}

/** Whether the element is or stands for an expression. */
export function isExpression(element: SyntaxElement): boolean {
  if (element instanceof SyntaxToken) return isExpressionToken(element.kind);
  switch (element.kind) {
    case SyntaxKind.Root:
    case SyntaxKind.Formals:
    case SyntaxKind.Formal:
    case SyntaxKind.Binding:
    case SyntaxKind.Inherit:
    case SyntaxKind.InheritSource:
    case SyntaxKind.Interpolation:
      return false;
    default:
      return true;
  }
}

/** The parts of an `AttrSet` or `Let`; `undefined` for other nodes. */
export function attrSetView(node: SyntaxNode): AttrSetView | undefined {
  const isLet = node.kind === SyntaxKind.Let;
  if (!isLet && node.kind !== SyntaxKind.AttrSet) return undefined;
  const open = node.token(isLet ? Token.Let : Token.LeftBrace);
  if (open === undefined) return undefined;
  const close = node.token(isLet ? Token.In : Token.RightBrace);
  const items: SyntaxNode[] = [];
  for (const child of node.children) {
    if (close !== undefined && child.start >= close.start) break;
    if (
      child instanceof SyntaxNode &&
      (child.kind === SyntaxKind.Binding || child.kind === SyntaxKind.Inherit)
    )
      items.push(child);
  }
  return { node, open, close, items };
}

export function bindingView(node: SyntaxNode): BindingView | undefined {
  if (node.kind !== SyntaxKind.Binding) return undefined;
  const children = node.children;
  const at = children.findIndex((child) => isToken(child, Token.Equals));
  const names = (at < 0 ? children : children.slice(0, at)).filter(
    (child) => !isToken(child, Token.Dot),
  );
  const last = children.at(-1);
  const value = at < 0 ? undefined : children[at + 1];
  return {
    node,
    names,
    equals: at < 0 ? undefined : (children[at] as SyntaxToken),
    value: value !== undefined && isExpression(value) ? value : undefined,
    semicolon: isToken(last, Token.Semicolon) ? last : undefined,
  };
}

export function inheritView(node: SyntaxNode): InheritView | undefined {
  if (node.kind !== SyntaxKind.Inherit) return undefined;
  const names: SyntaxElement[] = [];
  let source: SyntaxNode | undefined;
  for (const child of node.children) {
    if (child instanceof SyntaxNode && child.kind === SyntaxKind.InheritSource) source = child;
    else if (!isToken(child, Token.Inherit) && !isToken(child, Token.Semicolon)) names.push(child);
  }
  return { node, source, names, semicolon: node.token(Token.Semicolon) };
}

export function listView(node: SyntaxNode): ListView | undefined {
  if (node.kind !== SyntaxKind.List) return undefined;
  return {
    node,
    open: node.firstToken,
    close: node.token(Token.RightBracket),
    items: node.children.filter(isExpression),
  };
}

export function applyView(node: SyntaxNode): ApplyView | undefined {
  if (node.kind !== SyntaxKind.Apply) return undefined;
  const [callee, ...args] = node.children.filter(isExpression);
  return callee === undefined ? undefined : { node, callee, args };
}

export function lambdaView(node: SyntaxNode): LambdaView | undefined {
  if (node.kind !== SyntaxKind.Lambda) return undefined;
  const children = node.children;
  const colon = children.findIndex((child) => isToken(child, Token.Colon));
  const head = colon < 0 ? children : children.slice(0, colon);
  const body = colon < 0 ? undefined : children[colon + 1];
  return {
    node,
    param: head.find((child) => isToken(child, Token.Id)) as SyntaxToken | undefined,
    formals: head.find(
      (child) => child.kind === SyntaxKind.Formals && child instanceof SyntaxNode,
    ) as SyntaxNode | undefined,
    colon: colon < 0 ? undefined : (children[colon] as SyntaxToken),
    body,
  };
}

export function formalsView(node: SyntaxNode): FormalsView | undefined {
  if (node.kind !== SyntaxKind.Formals) return undefined;
  const formals: FormalView[] = [];
  for (const child of node.children) {
    if (child instanceof SyntaxToken || child.kind !== SyntaxKind.Formal) continue;
    const fallback = child.children[2];
    formals.push({ node: child, name: child.firstToken, fallback });
  }
  return {
    node,
    open: node.firstToken,
    close: node.token(Token.RightBrace),
    formals,
    ellipsis: node.token(Token.Ellipsis),
  };
}

export function selectView(node: SyntaxNode): SelectView | undefined {
  if (node.kind !== SyntaxKind.Select) return undefined;
  const [base, ...rest] = node.children;
  if (base === undefined) return undefined;
  const names: SyntaxElement[] = [];
  let fallback: SyntaxElement | undefined;
  for (let i = 0; i < rest.length; i += 1) {
    const child = rest[i] as SyntaxElement;
    if (isToken(child, Token.Dot)) continue;
    // An `or` behind a dot is a name.
    if (isToken(child, Token.Or) && !isToken(rest[i - 1], Token.Dot)) fallback = rest[i + 1];
    else if (fallback === undefined) names.push(child);
  }
  return { node, base, names, fallback };
}
