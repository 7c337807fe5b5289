/**
 * Handles into the lossless tree: small objects that know their tree and their index, made when asked
 * for. Two handles of the same thing are `equals`, not identical.
 */
import { Token } from "../lex/token.ts";
import type { SyntaxKind } from "./kinds.ts";
import type { Element, SyntaxTree } from "./syntax-tree.ts";

/** A stretch between two tokens. */
export interface Trivia {
  readonly kind: "blank" | "line-comment" | "block-comment";
  readonly start: number;
  readonly end: number;
}

/** A child of a node. */
export type SyntaxElement = SyntaxNode | SyntaxToken;

/** What nodes and tokens have in common. */
abstract class Handle {
  constructor(
    readonly tree: SyntaxTree,
    readonly index: number,
  ) {}

  /** The first byte, without the blanks and comments before it. */
  abstract readonly start: number;
  /** One past the last byte. */
  abstract readonly end: number;
  abstract readonly parent: SyntaxNode | undefined;
  abstract readonly firstToken: SyntaxToken;
  abstract readonly lastToken: SyntaxToken;

  get text(): string {
    return this.tree.text.slice(this.start, this.end);
  }

  /** The nodes around it, from the inside out. */
  ancestors(): SyntaxNode[] {
    const found: SyntaxNode[] = [];
    for (let node = this.parent; node !== undefined; node = node.parent) found.push(node);
    return found;
  }
}

/** A token. */
export class SyntaxToken extends Handle {
  get kind(): Token {
    return this.tree.tokenKinds[this.index] as Token;
  }

  get start(): number {
    return this.tree.tokenStarts[this.index] as number;
  }

  get end(): number {
    return this.tree.tokenEnds[this.index] as number;
  }

  get parent(): SyntaxNode {
    return new SyntaxNode(this.tree, this.tree.nodeOf(this.index));
  }

  get firstToken(): SyntaxToken {
    return this;
  }

  get lastToken(): SyntaxToken {
    return this;
  }

  get previous(): SyntaxToken | undefined {
    return this.index === 0 ? undefined : new SyntaxToken(this.tree, this.index - 1);
  }

  get next(): SyntaxToken | undefined {
    const next = this.index + 1;
    return next < this.tree.tokenCount ? new SyntaxToken(this.tree, next) : undefined;
  }

  equals(other: SyntaxElement): boolean {
    return other instanceof SyntaxToken && other.tree === this.tree && other.index === this.index;
  }

  /** All blanks and comments between the token before and this one. */
  get before(): Trivia[] {
    const { tree, index } = this;
    const pieces: Trivia[] = [];
    let at = tree.gapStart(index);
    const blank = (end: number): void => {
      if (at < end) pieces.push({ kind: "blank", start: at, end });
    };
    const firstComment = index === 0 ? 0 : (tree.tokenComments[index - 1] as number);
    const endComment = tree.tokenComments[index] as number;
    for (let comment = firstComment; comment < endComment; comment += 1) {
      const start = tree.commentStarts[comment] as number;
      const end = tree.commentEnds[comment] as number;
      blank(start);
      pieces.push({ kind: commentKind(tree, start), start, end });
      at = end;
    }
    blank(this.start);
    return pieces;
  }

  /** The comments that belong to this token because they stand behind it on its line. */
  get trailing(): Trivia[] {
    const { tree, next } = this;
    if (next === undefined) return [];
    const found: Trivia[] = [];
    for (const piece of next.before) {
      if (piece.kind !== "blank") found.push(piece);
      if (tree.text.slice(piece.start, piece.end).includes("\n")) break;
    }
    return found;
  }

  /** The comments before this token that do not belong to the token before it. */
  get leading(): Trivia[] {
    const trailing = this.previous?.trailing.length ?? 0;
    return this.before.filter((piece) => piece.kind !== "blank").slice(trailing);
  }
}

function commentKind(tree: SyntaxTree, start: number): Trivia["kind"] {
  return tree.text.charCodeAt(start) === 35 ? "line-comment" : "block-comment";
}

/** A construct. */
export class SyntaxNode extends Handle {
  get kind(): SyntaxKind {
    return this.tree.nodeKinds[this.index] as SyntaxKind;
  }

  get firstToken(): SyntaxToken {
    return new SyntaxToken(this.tree, this.tree.nodeFirst[this.index] as number);
  }

  get lastToken(): SyntaxToken {
    return new SyntaxToken(this.tree, (this.tree.nodeEnd[this.index] as number) - 1);
  }

  get start(): number {
    return this.firstToken.start;
  }

  get end(): number {
    return this.lastToken.end;
  }

  get parent(): SyntaxNode | undefined {
    const parent = this.tree.nodeParent[this.index] as number;
    return parent < 0 ? undefined : new SyntaxNode(this.tree, parent);
  }

  /** Nodes and tokens in the order of the text. */
  get children(): SyntaxElement[] {
    return this.tree.children(this.index).map((element) => handleOf(this.tree, element));
  }

  /** The first direct child that is a token of this kind. */
  token(kind: Token): SyntaxToken | undefined {
    for (const element of this.tree.children(this.index)) {
      if (element < 0 && this.tree.tokenKinds[~element] === kind)
        return new SyntaxToken(this.tree, ~element);
    }
    return undefined;
  }

  equals(other: SyntaxElement): boolean {
    return other instanceof SyntaxNode && other.tree === this.tree && other.index === this.index;
  }
}

/** The handle of a child. */
export function handleOf(tree: SyntaxTree, element: Element): SyntaxElement {
  return element < 0 ? new SyntaxToken(tree, ~element) : new SyntaxNode(tree, element);
}

/** The root of a tree. */
export function rootOf(tree: SyntaxTree): SyntaxNode {
  return new SyntaxNode(tree, 0);
}

/** What `visitTree` calls, by kind of node; `false` skips what is below. */
export type SyntaxVisitor = { readonly [Kind in SyntaxKind]?: (node: SyntaxNode) => unknown };

/** Visits a node and all below it in the order of the text, parents first, without native recursion. */
export function visitTree(root: SyntaxNode, visitor: SyntaxVisitor): void {
  const { tree } = root;
  const end = tree.nodeNext[root.index] as number;
  for (let index = root.index; index < end; ) {
    const handler = visitor[tree.nodeKinds[index] as SyntaxKind];
    const below = handler?.(new SyntaxNode(tree, index));
    index = below === false ? (tree.nodeNext[index] as number) : index + 1;
  }
}

/** Whether an element can be an expression: a node that is one, or a token that stands for one. */
export function isExpressionToken(kind: Token): boolean {
  switch (kind) {
    case Token.Id:
    case Token.Int:
    case Token.Float:
    case Token.Path:
    case Token.HomePath:
    case Token.SearchPath:
    case Token.Uri:
      return true;
    default:
      return false;
  }
}
