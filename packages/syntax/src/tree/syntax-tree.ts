/**
 * The lossless tree: every token, comment and blank of a text, with the constructs they form.
 *
 * It is a handful of arrays and not a web of objects. A token is an index into the token arrays, a
 * node an index into the node arrays; nodes are in pre-order, so the nodes below node `n` are
 * `n + 1 … nodeNext[n] - 1`, and its tokens are `nodeFirst[n] … nodeEnd[n] - 1`. What lies between two
 * tokens is blanks and comments. The formatter walks these arrays directly; `SyntaxNode` and
 * `SyntaxToken` are handles that can also walk up and sideways.
 *
 * An *element* is a child of a node, as one number: a node `n` is `n`, a token `t` is `~t`.
 *
 * Whatever the parser did, the tokens are in order, do not overlap and lie inside the text, and nodes
 * are nested: printing gives the text back, also for a broken one.
 */
import type { Expr } from "../ast/nodes.ts";
import { Token } from "../lex/token.ts";
import type { Diagnostic } from "../text/diagnostic.ts";
import type { SourceFile } from "../text/source.ts";
import { SyntaxKind } from "./kinds.ts";
import type { Recording } from "./recorder.ts";

/** A child of a node: a node as its index, a token as the complement of its index. */
export type Element = number;

/** What a parse says about a text besides its tokens and nodes. */
interface TreeFacts {
  readonly source: SourceFile;
  readonly expr: Expr;
  readonly diagnostics: readonly Diagnostic[];
  readonly firstError: Diagnostic | undefined;
}

/** What {@link SyntaxTree.fromRecording} makes a tree of. */
export interface RecordedParts extends TreeFacts {
  readonly recording: Recording;
}

/** What the constructor of a tree takes. */
export type SyntaxTreeParts = TreeFacts &
  Pick<
    SyntaxTree,
    | "tokenKinds"
    | "tokenStarts"
    | "tokenEnds"
    | "tokenComments"
    | "commentStarts"
    | "commentEnds"
    | "nodeKinds"
    | "nodeFirst"
    | "nodeEnd"
    | "nodeNext"
    | "nodeParent"
  >;

/** One text with its tokens, comments and nodes. */
export class SyntaxTree {
  readonly source: SourceFile;
  /** The bytes of the source, one per char. */
  readonly text: string;
  /** The evaluator's tree of the same text, made by the same parse. */
  readonly expr: Expr;
  readonly diagnostics: readonly Diagnostic[];
  /** The first error; `undefined` when the text parses. */
  readonly firstError: Diagnostic | undefined;

  /** Of {@link Token}. The last token is the end of the file; it is empty. */
  readonly tokenKinds: Int32Array;
  readonly tokenStarts: Int32Array;
  readonly tokenEnds: Int32Array;
  /** For each token the number of comments before it in the whole text. */
  readonly tokenComments: Int32Array;
  readonly commentStarts: Int32Array;
  readonly commentEnds: Int32Array;

  /** Of {@link SyntaxKind}, in pre-order; node 0 is the root. */
  readonly nodeKinds: Int32Array;
  /** The first token of each node. */
  readonly nodeFirst: Int32Array;
  /** One past the last token of each node. */
  readonly nodeEnd: Int32Array;
  /** One past the last node below each node. */
  readonly nodeNext: Int32Array;
  /** The node around each node; -1 for the root. */
  readonly nodeParent: Int32Array;

  constructor(parts: SyntaxTreeParts) {
    this.source = parts.source;
    this.text = parts.source.text;
    this.expr = parts.expr;
    this.diagnostics = parts.diagnostics;
    this.firstError = parts.firstError;
    this.tokenKinds = parts.tokenKinds;
    this.tokenStarts = parts.tokenStarts;
    this.tokenEnds = parts.tokenEnds;
    this.tokenComments = parts.tokenComments;
    this.commentStarts = parts.commentStarts;
    this.commentEnds = parts.commentEnds;
    this.nodeKinds = parts.nodeKinds;
    this.nodeFirst = parts.nodeFirst;
    this.nodeEnd = parts.nodeEnd;
    this.nodeNext = parts.nodeNext;
    this.nodeParent = parts.nodeParent;
  }

  /** The tree of what a parser has recorded; takes the recording over. */
  static fromRecording({ recording, ...facts }: RecordedParts): SyntaxTree {
    const { length } = facts.source.text;
    const { tokenKinds, tokenStarts, tokenEnds, tokenComments } = recording;
    const { commentStarts, commentEnds } = recording;
    tokenKinds.push(Token.Eof);
    tokenStarts.push(length);
    tokenEnds.push(length);
    tokenComments.push(commentStarts.length);
    recording.nodeKinds.push(SyntaxKind.Root);
    recording.nodeFirst.push(0);
    recording.nodeEnd.push(tokenKinds.length);
    const { kinds, first, end, next, parent } = preOrder(recording);
    return new SyntaxTree({
      ...facts,
      tokenKinds: new Int32Array(tokenKinds),
      tokenStarts: new Int32Array(tokenStarts),
      tokenEnds: new Int32Array(tokenEnds),
      tokenComments: new Int32Array(tokenComments),
      commentStarts: new Int32Array(commentStarts),
      commentEnds: new Int32Array(commentEnds),
      nodeKinds: kinds,
      nodeFirst: first,
      nodeEnd: end,
      nodeNext: next,
      nodeParent: parent,
    });
  }

  get tokenCount(): number {
    return this.tokenKinds.length;
  }

  get nodeCount(): number {
    return this.nodeKinds.length;
  }

  /** The children of a node in the order of the text. */
  children(node: number): Element[] {
    const { nodeFirst, nodeEnd, nodeNext } = this;
    const end = nodeEnd[node] as number;
    const next = nodeNext[node] as number;
    // Counted first: an array that grows keeps room for more.
    let count = end - (nodeFirst[node] as number);
    for (let child = node + 1; child < next; child = nodeNext[child] as number)
      count -= (nodeEnd[child] as number) - (nodeFirst[child] as number) - 1;
    const elements = new Array<Element>(count);
    let token = nodeFirst[node] as number;
    let child = node + 1;
    for (let i = 0; i < count; i += 1) {
      if (child < next && nodeFirst[child] === token) {
        elements[i] = child;
        token = nodeEnd[child] as number;
        child = nodeNext[child] as number;
      } else {
        elements[i] = ~token;
        token += 1;
      }
    }
    return elements;
  }

  /** The first token of a child. */
  firstToken(element: Element): number {
    return element < 0 ? ~element : (this.nodeFirst[element] as number);
  }

  /** The last token of a child. */
  lastToken(element: Element): number {
    return element < 0 ? ~element : (this.nodeEnd[element] as number) - 1;
  }

  /** The text of a token. */
  tokenText(token: number): string {
    return this.text.slice(this.tokenStarts[token], this.tokenEnds[token]);
  }

  /** Where the blanks and comments before a token begin. */
  gapStart(token: number): number {
    return token === 0 ? 0 : (this.tokenEnds[token - 1] as number);
  }

  /** The innermost node that a token belongs to. */
  nodeOf(token: number): number {
    const { nodeFirst, nodeEnd, nodeParent } = this;
    let low = 0;
    let high = nodeFirst.length;
    // The last node that begins at or before the token, then outwards.
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((nodeFirst[middle] as number) <= token) low = middle;
      else high = middle;
    }
    let node = low;
    while ((nodeEnd[node] as number) <= token) node = nodeParent[node] as number;
    return node;
  }

  /** The token that holds a byte, or the one behind the blanks and comments that hold it. */
  tokenAt(offset: number): number {
    const { tokenEnds } = this;
    let low = 0;
    let high = tokenEnds.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((tokenEnds[middle] as number) > offset) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  /** The text again, put together from what the tree holds: it is the text that was parsed. */
  print(): string {
    let result = "";
    const stack: Element[] = [0];
    for (let element = stack.pop(); element !== undefined; element = stack.pop()) {
      if (element < 0) {
        const token = ~element;
        result += this.text.slice(this.gapStart(token), this.tokenStarts[token]);
        result += this.tokenText(token);
      } else {
        const children = this.children(element);
        for (let i = children.length - 1; i >= 0; i -= 1) stack.push(children[i] as Element);
      }
    }
    return result;
  }
}

/** Nodes in pre-order. */
interface PreOrder {
  readonly kinds: Int32Array;
  readonly first: Int32Array;
  readonly end: Int32Array;
  readonly next: Int32Array;
  readonly parent: Int32Array;
}

/** Brings nodes from the order of their completion into pre-order. */
function preOrder({ nodeKinds, nodeFirst, nodeEnd }: Recording): PreOrder {
  const count = nodeKinds.length;
  const parents = new Int32Array(count).fill(-1);
  const sizes = new Int32Array(count).fill(1);
  // Nodes whose parent is not complete yet, from left to right.
  const open: number[] = [];
  for (let node = 0; node < count; node += 1) {
    let first = nodeFirst[node] as number;
    let end = nodeEnd[node] as number;
    for (let below = open.at(-1); below !== undefined; below = open.at(-1)) {
      if ((nodeEnd[below] as number) <= first) break;
      // Recovery may see a construct begin or end inside an earlier one: that one is taken in.
      first = Math.min(first, nodeFirst[below] as number);
      end = Math.max(end, nodeEnd[below] as number);
      open.pop();
      parents[below] = node;
      sizes[node] = (sizes[node] as number) + (sizes[below] as number);
    }
    nodeFirst[node] = first;
    nodeEnd[node] = end;
    open.push(node);
  }
  const order: PreOrder = {
    kinds: new Int32Array(count),
    first: new Int32Array(count),
    end: new Int32Array(count),
    next: new Int32Array(count),
    parent: new Int32Array(count),
  };
  const places = new Int32Array(count);
  // By node, in the old order: one past the place of its last child that has none yet.
  const room = new Int32Array(count);
  for (let node = count - 1; node >= 0; node -= 1) {
    const parent = parents[node] as number;
    const size = sizes[node] as number;
    const place = parent < 0 ? 0 : (room[parent] as number) - size;
    if (parent >= 0) room[parent] = place;
    places[node] = place;
    room[node] = place + size;
    order.kinds[place] = nodeKinds[node] as SyntaxKind;
    order.first[place] = nodeFirst[node] as number;
    order.end[place] = nodeEnd[node] as number;
    order.next[place] = place + size;
    order.parent[place] = parent < 0 ? -1 : (places[parent] as number);
  }
  return order;
}
