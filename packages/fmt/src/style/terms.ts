/** Terms: sets, lists, parentheses and selections, and the bindings of sets. */
import { type Element, SyntaxKind, Token } from "@nivis/syntax";
import { Space } from "../document.ts";
import { lineComment, type Trivium } from "../trivia.ts";
import { StringPrinter } from "./strings.ts";

/** An `inherit` may stay on one line with so many names. */
const MAX_NAMES_ON_LINE = 3;
/** With a longer path before it, the value of a binding may begin on a line of its own. */
const MAX_SHORT_PATH = 4;

/** Adds terms to the printer. */
export abstract class TermPrinter extends StringPrinter {
  /** Writes the value of a binding or a default, with what separates it from the `=` or `?`. */
  protected abstract rightHandSide(element: Element): void;

  /** Writes an application; see `ApplicationPrinter`. */
  protected abstract application(
    parts: readonly [Element, ...Element[]],
    options: ApplicationOptions,
  ): void;

  /** Writes an absorbable expression, sets in it wide if asked. */
  protected abstract absorbed(element: Element, wide: boolean): void;

  protected override term(element: Element, wide: boolean): void {
    switch (this.model.kind(element)) {
      case SyntaxKind.String:
        this.quotedString(element);
        return;
      case SyntaxKind.IndentedString:
        this.indentedString(element);
        return;
      case SyntaxKind.Path:
        this.path(element);
        return;
      case SyntaxKind.Select:
        this.#selection(element);
        return;
      case SyntaxKind.List:
        this.list(element, Space.Line);
        return;
      case SyntaxKind.AttrSet:
        this.#set(element, wide);
        return;
      case SyntaxKind.Paren:
        this.parentheses(element);
        return;
      default:
        if (this.isUri(~element)) this.uri(~element);
        else this.token(~element);
    }
  }

  /** A term in the group that lists have. */
  protected groupedTerm(element: Element): void {
    if (this.model.kind(element) === SyntaxKind.List) this.group(() => this.term(element, false));
    else this.term(element, false);
  }

  #selection(node: number): void {
    const { model, out } = this;
    const children = model.children(node);
    const base = children[0] as Element;
    this.groupedTerm(base);
    switch (model.kind(base)) {
      case undefined: {
        const kind = model.tokenKind(base);
        if (endsInto(kind)) out.space(Space.Hard);
        else if (kind === Token.Uri) out.space(Space.Cut);
        break;
      }
      case SyntaxKind.Path:
        out.space(Space.Hard);
        break;
      case SyntaxKind.Paren:
        out.space(Space.SoftCut);
        break;
      default:
        out.space(Space.Cut);
    }
    for (let i = 1; i < children.length; i += 1) {
      if (!model.isFallback(children, i)) {
        this.name(children[i] as Element);
        continue;
      }
      out.space(Space.Soft);
      this.nest(() => {
        this.token(~(children[i] as Element));
        out.space(Space.Hard);
        this.#fallback(children.slice(i + 1));
      });
      break;
    }
  }

  #fallback(rest: readonly Element[]): void {
    const [fallback] = rest as [Element];
    this.groupedTerm(fallback);
  }

  #set(node: number, wide: boolean): void {
    const { model, out } = this;
    const open = model.openOf(node);
    const close = model.closeOf(node);
    const first = model.firstToken(node);
    if (first !== open) {
      this.token(first);
      out.space(Space.Hard);
    }
    const split = model.line(open) !== model.line(close);
    const isEmpty = model.items(node).length === 0 && !model.hasLastComments(node);
    if (isEmpty && !model.hasTrivia(open)) {
      this.token(open);
      out.space(split ? Space.Line : Space.Hard);
      this.bareToken(close);
      this.trailing(close);
      return;
    }
    const separator = (wide && !isEmpty) || split ? Space.Line : Space.Plain;
    this.#enclosed(node, separator, Space.Line);
  }

  /** A list whose items are separated by `separator`. */
  protected list(node: number, separator: Space): void {
    const { model, out } = this;
    const open = model.openOf(node);
    const close = model.closeOf(node);
    const split = model.line(open) !== model.line(close);
    const isEmpty = model.items(node).length === 0 && !model.hasLastComments(node);
    if (isEmpty && model.trivia.trailing(open) === undefined && separator === Space.Line) {
      this.token(open);
      out.space(split ? Space.Line : Space.Hard);
      this.bareToken(close);
      this.trailing(close);
      return;
    }
    let around = Space.Plain;
    if (split || model.hasOnlyComments(node) || (model.hasTrivia(open) && isEmpty))
      around = Space.Line;
    else if (isEmpty) around = Space.Hard;
    this.#enclosed(node, around, separator);
  }

  /** Brackets around items: `around` inside of the brackets, `separator` between items. */
  #enclosed(node: number, around: Space, separator: Space): void {
    const { model, out } = this;
    const open = model.openOf(node);
    const close = model.closeOf(node);
    this.leading(open);
    this.bareToken(open);
    out.space(around);
    this.nest(() => {
      this.trailing(open);
      this.items(node, separator, (item) => this.#item(item));
    });
    out.space(around);
    this.bareToken(close);
    this.trailing(close);
  }

  #item(item: Element): void {
    switch (this.model.kind(item)) {
      case SyntaxKind.Binding:
        this.binding(item);
        return;
      case SyntaxKind.Inherit:
        this.inherit(item);
        return;
      default:
        this.groupedTerm(item);
    }
  }

  protected binding(node: number): void {
    const { model, out } = this;
    const children = model.children(node);
    const equals = children.findIndex((child) => model.tokenKind(child) === Token.Equals);
    const value = children[equals + 1] as Element;
    let names = 0;
    let simple = true;
    this.group(() => {
      for (let i = 0; i < equals; i += 1) {
        const child = children[i] as Element;
        this.name(child);
        if (model.tokenKind(child) !== Token.Dot) names += 1;
        if (child >= 0) simple = false;
      }
      this.nest(() => {
        out.space(Space.Hard);
        this.token(~(children[equals] as Element));
        if (names <= MAX_SHORT_PATH && simple) this.rightHandSide(value);
        else {
          out.space(Space.Cut);
          this.priority(() => this.rightHandSide(value));
        }
      });
      this.token(model.lastToken(node));
    });
  }

  protected inherit(node: number): void {
    const { model, out } = this;
    const children = model.children(node);
    const word = ~(children[0] as Element);
    const semicolon = model.lastToken(node);
    const hasSource = model.kind(children[1] as Element) === SyntaxKind.InheritSource;
    const names = children.slice(hasSource ? 2 : 1, -1);
    const onLine = model.line(word) === model.line(semicolon) && names.length <= MAX_NAMES_ON_LINE;
    const separator = onLine ? Space.Plain : Space.Line;
    this.group(() => {
      this.token(word);
      if (!hasSource) out.space(separator);
      this.nest(() => {
        if (hasSource) {
          this.group(() => {
            out.space(Space.Plain);
            this.parentheses(children[1] as number);
          });
          out.space(separator);
        }
        for (let i = 0; i < names.length; i += 1) {
          if (i > 0) out.space(separator);
          this.name(names[i] as Element);
        }
        out.space(onLine ? Space.Cut : Space.Line);
        this.token(semicolon);
      });
    });
  }

  /** `( e )`; also the source of an `inherit`. */
  protected parentheses(node: number): void {
    const { model } = this;
    const [open, inner, close] = model.children(node) as [Element, Element, Element];
    this.group(() => {
      model.trivia.moveUp(~open);
      this.token(~open);
      this.nest(() => {
        this.inner(inner);
        this.leading(~close);
      });
      this.bareToken(~close);
      this.trailing(~close);
    });
  }

  protected override inner(element: Element): void {
    const { model, out } = this;
    if (model.isAbsorbableExpression(element)) this.group(() => this.absorbed(element, false));
    else if (model.isApplication(element)) {
      this.application(model.application(element), { indentFunction: true, post: true });
    } else {
      const isSelection = model.kind(element) === SyntaxKind.Select;
      if (!isSelection || model.isAbsorbable(model.child(element, 0))) out.space(Space.Cut);
      this.group(() => this.expression(element));
      out.space(Space.Cut);
    }
  }

  /** Parentheses that begin where they stand and expand inside. */
  protected absorbedParentheses(node: number): void {
    const { model, out } = this;
    const [open, inner, close] = model.children(node) as [Element, Element, Element];
    this.priority(() =>
      this.nest(() => {
        this.leading(~open);
        this.bareToken(~open);
        out.space(Space.Cut);
        this.group(() =>
          this.nest(() => {
            model.trivia.prepend(model.firstToken(inner), this.takeTrailing(~open));
            this.expression(inner);
            this.leading(~close);
          }),
        );
        out.space(Space.Cut);
        this.bareToken(~close);
        this.trailing(~close);
      }),
    );
  }

  /** Takes the trailing comment from a token, as what may lead another. */
  protected takeTrailing(token: number): readonly Trivium[] {
    const text = this.model.trivia.trailing(token);
    if (text === undefined) return [];
    this.model.trivia.setTrailing(token, undefined);
    return [lineComment(` ${text}`)];
  }
}

/**
 * Whether a dot right behind such a token would become part of it: `1.a`, `./a.b`.
 *
 * nixfmt knows that of numbers only, and makes `./a.b` of `./a .b`.
 */
function endsInto(kind: Token | undefined): boolean {
  switch (kind) {
    case Token.Int:
    case Token.Float:
    case Token.Path:
    case Token.HomePath:
      return true;
    default:
      return false;
  }
}

/** How an application stands in what is around it. */
export interface ApplicationOptions {
  /** The function may move to a line of its own, indented. */
  readonly indentFunction?: boolean;
  /** A space or break before the function, in its group. */
  readonly pre?: boolean;
  /** A possible break behind the last argument. */
  readonly post?: boolean;
}
