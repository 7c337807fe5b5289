/**
 * The tree with its trivia, and the questions that the rules ask about constructs.
 *
 * *Items* are the members of sets, lists and `let`: what leads an item counts as an item of its own
 * (`detached`), so that a comment keeps its place between two of them.
 *
 * Source: the predicates of nixfmt's `Pretty` (RFC 166), with the names they have there.
 */
import { type Element, SyntaxKind, type SyntaxTree, Token } from "@nivis/syntax";
import { type Trivia, TriviumKind } from "../trivia.ts";
import { linesOf, type StringLines } from "./string-lines.ts";

/** A list of formals on one line may have so many names. */
const MAX_FLAT_FORMALS = 2;

/** Nesting is counted in steps, of which most constructs take so many. */
const STEPS_PER_LEVEL = 4;

/** A text that nests too deeply; `token` is where it does. */
export class NestingError extends Error {
  override readonly name = "NestingError";

  constructor(
    readonly token: number,
    limit: number,
  ) {
    super(`nested more than ${limit} levels deep`);
  }
}

/** One text, asked by the rules. */
export class Model {
  readonly tree: SyntaxTree;
  readonly trivia: Trivia;
  readonly #children: (readonly Element[] | undefined)[];
  readonly #strings = new Map<number, StringLines>();

  /**
   * @param maxNesting Texts that nest more deeply are refused, since rules and layout recurse on the native stack.
   * @throws {NestingError}
   */
  constructor(tree: SyntaxTree, trivia: Trivia, maxNesting: number) {
    this.tree = tree;
    this.trivia = trivia;
    this.#children = new Array<readonly Element[] | undefined>(tree.nodeCount).fill(undefined);
    this.#checkNesting(maxNesting);
    for (let node = 0; node < tree.nodeCount; node += 1) {
      switch (tree.nodeKinds[node]) {
        case SyntaxKind.List:
        case SyntaxKind.AttrSet:
        case SyntaxKind.Let:
          for (const item of this.items(node)) trivia.detach(tree.firstToken(item));
          trivia.detach(this.closeOf(node));
          break;
        default:
      }
    }
  }

  #checkNesting(limit: number): void {
    const { nodeParent, nodeCount, nodeFirst } = this.tree;
    const steps = new Int32Array(nodeCount);
    for (let node = 1; node < nodeCount; node += 1) {
      const parent = nodeParent[node] as number;
      const taken = (steps[parent] as number) + this.#stepsOf(node, parent);
      if (taken > limit * STEPS_PER_LEVEL) throw new NestingError(nodeFirst[node] as number, limit);
      steps[node] = taken;
    }
  }

  /** How much of the native stack a node takes, in steps. */
  #stepsOf(node: number, parent: number): number {
    const { nodeKinds } = this.tree;
    const kind = nodeKinds[node];
    // Each argument is a level.
    if (kind === SyntaxKind.Apply) return STEPS_PER_LEVEL * this.children(node).length;
    if (kind !== nodeKinds[parent]) return STEPS_PER_LEVEL;
    switch (kind) {
      // Chains that are walked in a loop.
      case SyntaxKind.Binary: {
        const same = this.tokenKind(this.child(node, 1)) === this.tokenKind(this.child(parent, 1));
        return same ? 0 : STEPS_PER_LEVEL;
      }
      case SyntaxKind.Lambda:
        return this.isPlainLambda(node) && this.isPlainLambda(parent) ? 0 : STEPS_PER_LEVEL;
      case SyntaxKind.If:
        return this.lastChild(parent) === node ? 0 : STEPS_PER_LEVEL;
      // Long chains of these are written by people, and the rules for them are short.
      case SyntaxKind.Assert:
      case SyntaxKind.With:
        return this.lastChild(parent) === node ? 1 : STEPS_PER_LEVEL;
      default:
        return STEPS_PER_LEVEL;
    }
  }

  /** The children of a node. */
  children(node: number): readonly Element[] {
    let children = this.#children[node];
    if (children === undefined) {
      children = this.tree.children(node);
      this.#children[node] = children;
    }
    return children;
  }

  child(node: number, index: number): Element {
    return this.children(node)[index] as Element;
  }

  lastChild(node: number): Element {
    const children = this.children(node);
    return children[children.length - 1] as Element;
  }

  /** The kind of a node; `undefined` for a token. */
  kind(element: Element): SyntaxKind | undefined {
    return element < 0 ? undefined : this.tree.nodeKinds[element];
  }

  /** The kind of a token; `undefined` for a node. */
  tokenKind(element: Element): Token | undefined {
    return element < 0 ? this.tree.tokenKinds[~element] : undefined;
  }

  firstToken(element: Element): number {
    return this.tree.firstToken(element);
  }

  lastToken(element: Element): number {
    return this.tree.lastToken(element);
  }

  /** The last token of the string, path or token that an element begins with. */
  endOfFirst(element: Element): number {
    for (let first = element; ; first = this.child(first, 0)) {
      switch (this.kind(first)) {
        case undefined:
        case SyntaxKind.String:
        case SyntaxKind.IndentedString:
        case SyntaxKind.Path:
          return this.lastToken(first);
        default:
      }
    }
  }

  line(token: number): number {
    return this.trivia.lines[token] as number;
  }

  /** Whether trivia lead the token that are not an item. */
  hasLeading(token: number): boolean {
    return this.trivia.hasLeading(token);
  }

  /** Whether the token has trivia that are not an item. */
  hasTrivia(token: number): boolean {
    return this.trivia.trailing(token) !== undefined || this.hasLeading(token);
  }

  /** Whether an element has trivia before its first or behind its last token. */
  #isBare(element: Element): boolean {
    return (
      !this.hasLeading(this.firstToken(element)) &&
      this.trivia.trailing(this.lastToken(element)) === undefined
    );
  }

  /** The items of a set, list or `let` in order. */
  items(node: number): readonly Element[] {
    const { tree } = this;
    const children = this.children(node);
    if (tree.nodeKinds[node] !== SyntaxKind.List) {
      return children.filter((child) => {
        const kind = this.kind(child);
        return kind === SyntaxKind.Binding || kind === SyntaxKind.Inherit;
      });
    }
    return this.flatten(children.slice(1, -1));
  }

  /** Takes `e or` apart, which is two operands where it stands beside others. */
  flatten(elements: readonly Element[]): readonly Element[] {
    if (!elements.some((element) => this.kind(element) === SyntaxKind.OrApply)) return elements;
    return elements.flatMap((element) =>
      this.kind(element) === SyntaxKind.OrApply ? this.flatten(this.children(element)) : [element],
    );
  }

  /** The opening bracket of a set or list. */
  openOf(node: number): number {
    const first = this.child(node, 0);
    const kind = this.tokenKind(first);
    return ~(kind === Token.Rec || kind === Token.Let ? this.child(node, 1) : first);
  }

  /** The closing bracket of a set or list, the `in` of a `let`. */
  closeOf(node: number): number {
    const children = this.children(node);
    return ~(children[children.length - (this.kind(node) === SyntaxKind.Let ? 2 : 1)] as Element);
  }

  /** Whether comments or blank lines stand before the end of a group of items. */
  hasLastComments(node: number): boolean {
    return this.trivia.item(this.closeOf(node)).length > 0;
  }

  /** The number of items, comments included. */
  itemCount(node: number): number {
    let count = this.hasLastComments(node) ? 1 : 0;
    for (const item of this.items(node))
      count += this.trivia.item(this.firstToken(item)).length > 0 ? 2 : 1;
    return count;
  }

  hasOnlyComments(node: number): boolean {
    return this.hasLastComments(node) && this.items(node).length === 0;
  }

  isTerm(element: Element): boolean {
    switch (this.kind(element)) {
      case undefined:
      case SyntaxKind.Paren:
      case SyntaxKind.List:
      case SyntaxKind.Select:
      case SyntaxKind.AttrSet:
      case SyntaxKind.String:
      case SyntaxKind.IndentedString:
      case SyntaxKind.Path:
        return true;
      default:
        return false;
    }
  }

  /** The lines of an indented string. */
  stringLines(node: number): StringLines {
    let lines = this.#strings.get(node);
    if (lines === undefined) {
      lines = linesOf(this, node);
      this.#strings.set(node, lines);
    }
    return lines;
  }

  /** Whether an expression is a term that may begin on the line of what it belongs to. */
  isAbsorbable(element: Element): boolean {
    const { trivia } = this;
    switch (this.kind(element)) {
      case SyntaxKind.IndentedString: {
        const { lines, simple } = this.stringLines(element);
        return !simple && lines.length > 1;
      }
      case SyntaxKind.AttrSet:
      case SyntaxKind.List: {
        const open = this.openOf(element);
        return (
          this.items(element).length > 0 ||
          this.hasLastComments(element) ||
          this.line(open) !== this.line(this.closeOf(element)) ||
          this.hasTrivia(open)
        );
      }
      case SyntaxKind.Paren: {
        const [open, inner] = this.children(element) as [Element, Element];
        if (this.hasTrivia(~open) || !this.isTerm(inner)) return false;
        const first = this.firstToken(inner);
        const onlyLanguage = trivia
          .leading(first)
          .every((one) => one.kind === TriviumKind.Language);
        return onlyLanguage && this.isAbsorbable(inner);
      }
      default:
        return false;
    }
  }

  /** The same for expressions around such a term: `with a; { … }`, `x: { … }`. */
  isAbsorbableExpression(element: Element): boolean {
    for (let inner = element; ; ) {
      if (this.kind(inner) === SyntaxKind.With) {
        const body = this.lastChild(inner);
        return this.isTerm(body) && this.isAbsorbable(body);
      }
      if (this.kind(inner) !== SyntaxKind.Lambda) return this.isAbsorbable(inner);
      const body = this.lastChild(inner);
      if (this.isPlainLambda(inner)) {
        if (this.kind(body) !== SyntaxKind.Lambda) return this.isAbsorbable(body);
      } else {
        const formals = this.child(inner, 0);
        if (this.kind(formals) !== SyntaxKind.Formals || this.children(inner).length !== 3)
          return false;
        const colon = ~this.child(inner, 1);
        if (
          !this.canFlatten(formals) ||
          this.hasTrivia(this.firstToken(formals)) ||
          this.line(colon) !== this.line(this.firstToken(body))
        )
          return false;
      }
      inner = body;
    }
  }

  /** `x: e` */
  isPlainLambda(node: number): boolean {
    return this.children(node).length === 3 && this.child(node, 0) < 0;
  }

  /** Whether formals may stand on one line. */
  canFlatten(formals: number): boolean {
    const children = this.children(formals);
    const open = ~(children[0] as Element);
    const close = ~(children[children.length - 1] as Element);
    if (this.line(open) !== this.line(close) || this.hasTrivia(close)) return false;
    let names = 0;
    for (let i = 1; i < children.length - 1; i += 1) {
      const child = children[i] as Element;
      if (child >= 0) {
        names += 1;
        if (names > MAX_FLAT_FORMALS || this.children(child).length > 1) return false;
      }
      if (this.hasTrivia(this.firstToken(child))) return false;
    }
    return true;
  }

  /** Whether an expression is short by nature. */
  isSimple(element: Element): boolean {
    switch (this.kind(element)) {
      case undefined:
      case SyntaxKind.String:
      case SyntaxKind.IndentedString:
      case SyntaxKind.Path:
        return this.tokenKind(element) !== Token.Assert && this.#isBare(element);
      case SyntaxKind.Select: {
        const children = this.children(element);
        if (!this.isSimple(children[0] as Element)) return false;
        for (let i = 1; i < children.length; i += 1) {
          const child = children[i] as Element;
          if (child >= 0) return false;
          if (this.isFallback(children, i)) return false;
        }
        return true;
      }
      case SyntaxKind.Paren: {
        const [open, inner, close] = this.children(element) as [Element, Element, Element];
        return !this.hasTrivia(~open) && !this.hasTrivia(~close) && this.isSimple(inner);
      }
      case SyntaxKind.OrApply:
      case SyntaxKind.Apply: {
        const [head, ...args] = this.application(element);
        return this.isSimpleApplication(head, args);
      }
      default:
        return false;
    }
  }

  isSimpleApplication(head: Element, args: readonly Element[]): boolean {
    return args.length < 3 && this.isSimple(head) && args.every((arg) => this.isSimple(arg));
  }

  /** The function and the arguments of an application. */
  application(node: number): readonly [Element, ...Element[]] {
    const parts = this.kind(node) === SyntaxKind.OrApply ? [node] : this.children(node);
    return this.flatten(parts) as [Element, ...Element[]];
  }

  isApplication(element: Element): boolean {
    const kind = this.kind(element);
    return kind === SyntaxKind.Apply || kind === SyntaxKind.OrApply;
  }

  /** Whether the child at `index` of a selection is the word `or` before its fallback. */
  isFallback(children: readonly Element[], index: number): boolean {
    return (
      this.tokenKind(children[index] as Element) === Token.Or &&
      this.tokenKind(children[index - 1] as Element) !== Token.Dot
    );
  }
}
