/** Expressions that are not terms: lambdas, `let`, `if`, `with`, `assert` and operators. */
import { type Element, SyntaxKind, Token } from "@nivis/syntax";
import { type DocumentWriter, Space, TextKind } from "../document.ts";
import { type Trivium, TriviumKind } from "../trivia.ts";
import { ApplicationPrinter } from "./applications.ts";
import type { Model } from "./model.ts";

/** A pipe with so many operands has one on each line. */
const MIN_LONG_PIPE = 4;
/** Behind more plain parameters the body has a line of its own. */
const MAX_PARAMETERS_ON_LINE = 2;

/** Writes a whole text to a document. */
export function printText(model: Model, out: DocumentWriter): void {
  new Printer(model, out).text();
}

/** One operand of a chain, with the operator before it. */
interface Operand {
  readonly operator: number | undefined;
  readonly operand: Element;
}

/** One of the formals, or the ellipsis. */
interface FormalItem {
  readonly element: Element;
  readonly comma: number | undefined;
  /** The comment behind the comma that is added to the last name. */
  comment: string | undefined;
}

function isDirective({ kind }: Trivium): boolean {
  return kind >= TriviumKind.Disable;
}

class Printer extends ApplicationPrinter {
  text(): void {
    const { model } = this;
    const expression = model.child(0, 0);
    const first = model.firstToken(expression);
    const leading = model.trivia.leading(first);
    const from = leading.findIndex((one) => one.kind !== TriviumKind.Blank);
    if (leading.length > 0) model.trivia.setLeading(first, from < 0 ? [] : leading.slice(from));
    this.group(() => {
      this.expression(expression);
      this.leading(model.lastToken(0));
    });
  }

  protected override expression(element: Element): void {
    switch (this.model.kind(element)) {
      case SyntaxKind.With:
        this.#withExpression(element);
        return;
      case SyntaxKind.Let:
        this.#letExpression(element);
        return;
      case SyntaxKind.Assert:
        this.#assertion(element);
        return;
      case SyntaxKind.If:
        this.#conditional(element);
        return;
      case SyntaxKind.Lambda:
        this.#lambda(element);
        return;
      case SyntaxKind.OrApply:
      case SyntaxKind.Apply:
        this.application(this.model.application(element), {});
        return;
      case SyntaxKind.Binary:
        this.#operation(element);
        return;
      case SyntaxKind.HasAttr:
        this.#memberCheck(element);
        return;
      case SyntaxKind.Unary: {
        const [operator, operand] = this.model.children(element) as [Element, Element];
        this.token(~operator);
        // `-./a` would be a path; nixfmt does not know that.
        if (this.model.tokenKind(operator) === Token.Minus && this.#beginsWithPath(operand))
          this.out.space(Space.Hard);
        this.expression(operand);
        return;
      }
      default:
        this.groupedTerm(element);
    }
  }

  #beginsWithPath(element: Element): boolean {
    return this.model.tree.tokenKinds[this.model.firstToken(element)] === Token.Path;
  }

  protected override absorbed(element: Element, wide: boolean): void {
    const { model } = this;
    if (model.isTerm(element) && model.isAbsorbable(element)) this.term(element, wide);
    else if (model.kind(element) === SyntaxKind.With && model.isAbsorbableExpression(element))
      this.#absorbedWith(element);
    else this.expression(element);
  }

  #withExpression(node: number): void {
    const { out } = this;
    const [, , , body] = this.model.children(node) as [Element, Element, Element, Element];
    this.group(() => this.#withNamespace(node));
    out.space(Space.Plain);
    this.expression(body);
  }

  #withNamespace(node: number): void {
    const [word, namespace, semicolon] = this.model.children(node) as [Element, Element, Element];
    this.token(~word);
    this.out.space(Space.Hard);
    this.nest(() => this.group(() => this.expression(namespace)));
    this.token(~semicolon);
  }

  /** `with a; { … }` where the set begins on the same line. */
  #absorbedWith(node: number): void {
    this.group(() => {
      this.out.space(Space.Cut);
      this.#withNamespace(node);
      this.out.space(Space.Hard);
      this.priority(() => this.term(this.model.lastChild(node), true));
    });
  }

  #letExpression(node: number): void {
    const { model, out } = this;
    const word = model.firstToken(node);
    const inWord = model.closeOf(node);
    const body = model.lastChild(node);
    this.group(() => {
      this.token(word);
      out.space(Space.Line);
      this.nest(() => {
        this.items(node, Space.Line, (item) => {
          if (model.kind(item) === SyntaxKind.Binding) this.binding(item);
          else this.inherit(item);
        });
      });
    });
    out.space(Space.Line);
    this.group(() => {
      const moved = this.takeTrailing(inWord);
      this.bareToken(inWord);
      out.space(Space.Line);
      model.trivia.prepend(model.firstToken(body), moved);
      this.expression(body);
    });
  }

  #assertion(node: number): void {
    const { model, out } = this;
    const [word, condition, semicolon, body] = model.children(node) as [
      Element,
      Element,
      Element,
      Element,
    ];
    this.group(() => {
      // As if the word were the function.
      const parts = model.isApplication(condition) ? model.application(condition) : [condition];
      this.application([word, ...parts], {});
      this.token(~semicolon);
      out.space(Space.Line);
      this.expression(body);
    });
  }

  #conditional(node: number): void {
    const { model, out } = this;
    model.trivia.moveUp(model.firstToken(node));
    this.group(() => {
      let around = Space.Plain;
      for (let part = node; ; ) {
        const [ifWord, condition, thenWord, consequence, elseWord, alternative] = model.children(
          part,
        ) as [Element, Element, Element, Element, Element, Element];
        this.group(() => {
          this.token(~ifWord);
          out.space(Space.Plain);
          this.nest(() => this.expression(condition));
          out.space(Space.Plain);
          this.token(~thenWord);
        });
        out.space(around);
        this.nest(() => this.group(() => this.expression(consequence)));
        out.space(around);
        model.trivia.moveUp(~elseWord);
        this.token(~elseWord);
        out.space(Space.Hard);
        if (model.kind(alternative) !== SyntaxKind.If) {
          out.space(Space.Plain);
          this.nest(() => this.group(() => this.expression(alternative)));
          return;
        }
        part = alternative;
        // A chain of conditions never stands on one line.
        around = Space.Line;
      }
    });
  }

  #lambda(node: number): void {
    const { model, out } = this;
    if (model.isPlainLambda(node)) {
      this.#plainLambda(node);
      return;
    }
    const children = model.children(node);
    const colon = ~(children[children.length - 2] as Element);
    const body = children[children.length - 1] as Element;
    const onLine = model.line(colon) === model.line(model.firstToken(body));
    const onlyFormals = children.length === 3;
    const absorbs =
      onlyFormals &&
      onLine &&
      model.canFlatten(children[0] as number) &&
      model.isAbsorbableExpression(body);
    const isWide = model.isTerm(body) && model.isAbsorbable(body);
    for (let i = 0; i < children.length - 2; i += 1) {
      const child = children[i] as Element;
      if (child >= 0) this.#formals(child);
      else this.token(~child);
    }
    this.token(colon);
    if (absorbs) {
      out.space(Space.Hard);
      this.priority(() => this.expression(body));
    } else if (onlyFormals && !onLine) {
      out.space(Space.Line);
      this.expression(body);
    } else {
      out.space(Space.Plain);
      if (isWide) this.group(() => this.term(body, true));
      else this.expression(body);
    }
  }

  /** `x: y: e` */
  #plainLambda(node: number): void {
    const { model, out } = this;
    this.group(() => {
      let parameters = 0;
      let body: Element = node;
      while (model.kind(body) === SyntaxKind.Lambda && model.isPlainLambda(body)) {
        const [name, colon, next] = model.children(body) as [Element, Element, Element];
        out.space(parameters === 0 ? Space.Cut : Space.Hard);
        this.token(~name);
        this.token(~colon);
        parameters += 1;
        body = next;
      }
      if (model.isAbsorbableExpression(body)) {
        out.space(Space.Hard);
        this.priority(() => this.absorbed(body, false));
      } else {
        out.space(parameters <= MAX_PARAMETERS_ON_LINE ? Space.Plain : Space.Line);
        this.expression(body);
      }
    });
  }

  #formals(node: number): void {
    const { model, out } = this;
    const children = model.children(node);
    const open = ~(children[0] as Element);
    const close = ~(children[children.length - 1] as Element);
    if (children.length === 2) {
      const split = model.line(open) !== model.line(close);
      this.group(() => {
        model.trivia.moveUp(open);
        this.token(open);
        out.space(split ? Space.Line : Space.Hard);
        this.token(close);
      });
      return;
    }
    const separator = model.canFlatten(node) ? Space.Plain : Space.Line;
    const formals = this.#formalsOf(children);
    this.#moveCommaComments(formals);
    this.group(() => {
      model.trivia.moveUp(open);
      this.token(open);
      out.space(separator);
      this.nest(() => {
        for (let i = 0; i < formals.length; i += 1) {
          if (i > 0) out.space(separator);
          this.#formal(formals[i] as FormalItem, i === formals.length - 1);
        }
      });
      out.space(separator);
      this.nest(() => this.leading(close));
      this.bareToken(close);
      this.trailing(close);
    });
  }

  #formalsOf(children: readonly Element[]): FormalItem[] {
    const { model } = this;
    const formals: FormalItem[] = [];
    for (let i = 1; i < children.length - 1; i += 1) {
      const child = children[i] as Element;
      if (model.tokenKind(child) === Token.Comma) continue;
      const next = children[i + 1] as Element;
      const comma = model.tokenKind(next) === Token.Comma ? ~next : undefined;
      formals.push({ element: child, comma, comment: undefined });
    }
    return formals;
  }

  /**
   * Turns leading commas into trailing ones: what leads a comma leads the next name, and a comment
   * behind a name goes behind its comma.
   */
  #moveCommaComments(formals: readonly FormalItem[]): void {
    const { model } = this;
    const { trivia } = model;
    for (let i = 0; i + 1 < formals.length; i += 1) {
      const { comma } = formals[i] as FormalItem;
      if (comma === undefined || trivia.trailing(comma) !== undefined) continue;
      const leading = trivia.leading(comma);
      if (leading.length === 0 || leading.some(isDirective)) continue;
      trivia.setLeading(comma, []);
      trivia.prepend(model.firstToken((formals[i + 1] as FormalItem).element), leading);
    }
    for (const formal of formals) {
      const { element, comma } = formal;
      if (element < 0 || (comma !== undefined && trivia.hasAny(comma))) continue;
      const last = model.lastToken(element);
      const comment = trivia.trailing(last);
      if (comment === undefined) continue;
      trivia.setTrailing(last, undefined);
      if (comma === undefined) formal.comment = comment;
      else trivia.setTrailing(comma, comment);
    }
  }

  #formal({ element, comma, comment }: FormalItem, isLast: boolean): void {
    const { model, out } = this;
    if (element < 0) {
      // The ellipsis.
      this.token(~element);
      return;
    }
    const bare = comment === undefined && (comma === undefined || !model.hasTrivia(comma));
    const children = model.children(element);
    const write = (): void => {
      this.token(~(children[0] as Element));
      if (children.length > 1) {
        out.space(Space.Hard);
        this.nest(() => {
          this.token(~(children[1] as Element));
          this.rightHandSide(children[2] as Element);
        });
      }
      if (isLast && bare) return;
      if (comma !== undefined) this.token(comma);
      else {
        out.text(",");
        this.comment(comment);
      }
    };
    if (children.length > 1) this.group(write);
    else write();
    if (isLast && bare) out.text(",", TextKind.ExpandedOnly);
  }

  #memberCheck(node: number): void {
    const { out } = this;
    const [value, question, ...names] = this.model.children(node) as [
      Element,
      Element,
      ...Element[],
    ];
    this.expression(value);
    out.space(Space.Soft);
    this.token(~question);
    out.space(Space.Hard);
    for (const name of names) this.name(name);
  }

  #operation(node: number): void {
    const { model, out } = this;
    const [left, operator, right] = model.children(node) as [Element, Element, Element];
    switch (model.tokenKind(operator)) {
      case Token.Less:
      case Token.More:
      case Token.LessEqual:
      case Token.MoreEqual:
      case Token.EqualEqual:
      case Token.NotEqual:
        this.expression(left);
        out.space(Space.Soft);
        this.token(~operator);
        out.space(Space.Hard);
        this.expression(right);
        return;
      default:
        this.#chain(node, false);
    }
  }

  /** Operands that the same operator joins. */
  #chain(node: number, wideFirst: boolean): void {
    const { model, out } = this;
    const operands = this.#operands(node);
    const kind = model.tokenKind(model.child(node, 1));
    const isPipe = kind === Token.PipeInto || kind === Token.PipeFrom;
    const separator = isPipe && operands.length >= MIN_LONG_PIPE ? Space.Line : Space.Plain;
    this.group(() => {
      for (const { operator, operand } of operands) {
        if (operator === undefined) {
          if (wideFirst && model.isTerm(operand) && model.isAbsorbable(operand))
            this.term(operand, true);
          else this.expression(operand);
          continue;
        }
        out.space(separator);
        model.trivia.moveUp(operator);
        this.token(operator);
        this.nest(() => this.#operand(operand));
      }
    });
  }

  #operands(node: number): Operand[] {
    const { model } = this;
    const kind = model.tokenKind(model.child(node, 1));
    const operands: Operand[] = [];
    const stack: Operand[] = [{ operator: undefined, operand: node }];
    for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
      const { operator, operand } = next;
      if (
        model.kind(operand) !== SyntaxKind.Binary ||
        model.tokenKind(model.child(operand, 1)) !== kind
      ) {
        operands.push(next);
        continue;
      }
      const [left, between, right] = model.children(operand) as [Element, Element, Element];
      stack.push({ operator: ~between, operand: right }, { operator, operand: left });
    }
    return operands;
  }

  /** An operand behind an operator. */
  #operand(operand: Element): void {
    const { model, out } = this;
    if (model.kind(operand) === SyntaxKind.Binary) {
      this.group(() => {
        out.space(Space.Plain);
        this.expression(operand);
      });
    } else if (model.isApplication(operand)) {
      this.group(() => {
        out.space(Space.Hard);
        this.application(model.application(operand), { pre: true });
      });
    } else {
      out.space(Space.Hard);
      this.expression(operand);
    }
  }

  protected override rightHandSide(element: Element): void {
    const { model, out } = this;
    const kind = model.kind(element);
    if (this.#isOneInherit(element)) {
      this.nest(() => {
        out.space(Space.Hard);
        this.group(() => this.absorbed(element, false));
      });
    } else if (model.isAbsorbableExpression(element)) {
      this.nest(() => {
        out.space(Space.Hard);
        this.group(() => this.absorbed(element, true));
      });
    } else if (kind === SyntaxKind.Paren) {
      this.nest(() => {
        out.space(Space.Hard);
        this.absorbedParentheses(element);
      });
    } else if (this.#isStringOrPath(element)) {
      this.nest(() => {
        out.space(Space.Hard);
        this.group(() => this.expression(element));
      });
    } else if (model.isApplication(element)) {
      this.nest(() => this.application(model.application(element), { pre: true }));
    } else if (kind === SyntaxKind.With || model.isTerm(element)) {
      this.nest(() =>
        this.group(() => {
          out.space(Space.Plain);
          this.expression(element);
        }),
      );
    } else if (kind !== SyntaxKind.Binary || !this.#absorbedOperation(element)) {
      this.nest(() => {
        out.space(Space.Plain);
        this.group(() => this.expression(element));
      });
    }
  }

  #isOneInherit(element: Element): boolean {
    const { model } = this;
    if (model.kind(element) !== SyntaxKind.AttrSet || model.itemCount(element) !== 1) return false;
    const [item] = model.items(element);
    return item !== undefined && model.kind(item) === SyntaxKind.Inherit;
  }

  #isStringOrPath(element: Element): boolean {
    switch (this.model.kind(element)) {
      case SyntaxKind.String:
      case SyntaxKind.IndentedString:
      case SyntaxKind.Path:
        return true;
      case undefined: {
        const kind = this.model.tokenKind(element);
        return kind === Token.Path || kind === Token.HomePath || kind === Token.Uri;
      }
      default:
        return false;
    }
  }

  /** `{ … } // e` and `e // { … }` as a value, which begin on the line of the `=`. */
  #absorbedOperation(node: number): boolean {
    const { model, out } = this;
    const kind = model.tokenKind(model.child(node, 1));
    if (kind !== Token.Update && kind !== Token.Concat && kind !== Token.Plus) return false;
    const operands = this.#operands(node);
    const [first, second] = operands as [Operand, Operand];
    if (
      model.isTerm(first.operand) &&
      model.isAbsorbable(first.operand) &&
      !model.hasLeading(model.firstToken(first.operand))
    ) {
      out.space(Space.Hard);
      this.#chain(node, true);
      return true;
    }
    const operator = second.operator as number;
    if (
      operands.length !== 2 ||
      model.hasTrivia(operator) ||
      !model.isTerm(second.operand) ||
      !model.isAbsorbable(second.operand)
    )
      return false;
    this.nest(() =>
      this.group(() => {
        out.space(Space.Plain);
        this.expression(first.operand);
        out.space(Space.Plain);
        this.transparent(() => {
          this.token(operator);
          out.space(Space.Hard);
          this.priority(() => this.term(second.operand, true));
        });
      }),
    );
    return true;
  }
}
