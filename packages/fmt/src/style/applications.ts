/**
 * Applications: `f a b`.
 *
 * Each partial application is a group, so that as many arguments as fit stay on the first line and all
 * others get lines of their own. Every argument may expand first (a priority group), the last one before
 * the others; that is what lets `f x { … }` begin on one line.
 */
import { type Element, SyntaxKind, Token } from "@nivis/syntax";
import { Space } from "../document.ts";
import { type Trivium, TriviumKind } from "../trivia.ts";
import { type ApplicationOptions, TermPrinter } from "./terms.ts";

/** A list with so few simple items may stay on one line as an argument. */
const MAX_SHORT_LIST = 6;

/** Adds applications to the printer. */
export abstract class ApplicationPrinter extends TermPrinter {
  protected override application(
    parts: readonly [Element, ...Element[]],
    { indentFunction = false, pre = false, post = false }: ApplicationOptions,
  ): void {
    const { model, out } = this;
    const [head, ...args] = parts;
    const last = args[args.length - 1] as Element;
    const before = args.slice(0, -1);
    const simple = model.isSimpleApplication(head, args);
    const comments = this.#takeComments(head);
    this.trivia(comments);
    const indent = indentFunction && comments.length === 0;
    const beforeLast = before[before.length - 1];
    this.group(() => {
      if (
        beforeLast !== undefined &&
        model.kind(beforeLast) === SyntaxKind.List &&
        model.kind(last) === SyntaxKind.List
      ) {
        if (pre) out.space(Space.Plain);
        this.transparent(() => this.#partial(head, before.slice(0, -1), indent));
        this.#listArgument(beforeLast);
        this.#listArgument(last);
        if (post) out.space(Space.Cut);
        return;
      }
      const start = (): void => {
        if (pre) out.space(Space.Plain);
        this.transparent(() => this.#partial(head, before, indent));
      };
      if (simple && this.onOneLine(-1, start)) {
        out.space(Space.Hard);
        this.#lastArgument(last);
      } else {
        if (!simple || !out.isOneLine) start();
        out.space(Space.Plain);
        this.#lastArgument(last);
        if (post) out.space(Space.Cut);
      }
    });
    if (post && comments.length > 0) out.space(Space.Line);
  }

  /** Takes the comments from the first token of a function: they go before the whole application. */
  #takeComments(head: Element): readonly Trivium[] {
    const { trivia } = this.model;
    const token = this.model.firstToken(head);
    trivia.moveUp(this.model.endOfFirst(head), token);
    if (!this.model.hasLeading(token)) return [];
    const leading = trivia.leading(token);
    const comments = leading.filter((one) => one.kind !== TriviumKind.Language);
    if (comments.length === 0) return [];
    trivia.setLeading(
      token,
      leading.filter((one) => one.kind === TriviumKind.Language),
    );
    return comments;
  }

  /** The second last and last argument when both are lists. */
  #listArgument(list: number): void {
    this.out.space(Space.Plain);
    this.nest(() => this.group(() => this.#innerArgument(list)));
  }

  /** The function with its first arguments. */
  #partial(head: Element, args: readonly Element[], indent: boolean): void {
    const { model, out } = this;
    const last = args[args.length - 1];
    if (last === undefined) {
      if (!indent) this.expression(head);
      else {
        this.nest(() =>
          this.group(() => {
            out.space(Space.Cut);
            this.expression(head);
          }),
        );
      }
      return;
    }
    const rest = args.slice(0, -1);
    const beforeLast = rest[rest.length - 1];
    if (model.kind(last) === SyntaxKind.Select) {
      this.transparent(() => this.#partial(head, rest, indent));
      out.space(Space.Plain);
      this.nest(() => this.group(() => this.#innerArgument(last)));
    } else if (
      beforeLast !== undefined &&
      model.kind(beforeLast) === SyntaxKind.List &&
      model.kind(last) === SyntaxKind.List
    ) {
      this.transparent(() => {
        this.transparent(() => this.#partial(head, rest.slice(0, -1), indent));
        this.nest(() =>
          this.group(() => {
            out.space(Space.Plain);
            this.group(() => this.#innerArgument(beforeLast));
            out.space(Space.Plain);
            this.group(() => this.#innerArgument(last));
          }),
        );
      });
    } else {
      this.transparent(() => this.#partial(head, rest, indent));
      out.space(Space.Plain);
      this.nest(() => this.priority(() => this.#innerArgument(last)));
    }
  }

  /** An argument that is not the last one. */
  #innerArgument(argument: Element): void {
    const { model } = this;
    const isShortList =
      model.kind(argument) === SyntaxKind.List &&
      model.itemCount(argument) <= MAX_SHORT_LIST &&
      model.items(argument).every((item) => model.isSimple(item));
    if (isShortList) this.list(argument, Space.Plain);
    else this.expression(argument);
  }

  #lastArgument(argument: Element): void {
    const { model } = this;
    if (model.isAbsorbable(argument))
      this.priority(() => this.nest(() => this.term(argument, false)));
    else if (model.kind(argument) !== SyntaxKind.Paren)
      this.group(() => this.nest(() => this.expression(argument)));
    else if (!this.#lambdaArgument(argument) && !this.#applicationArgument(argument))
      this.absorbedParentheses(argument);
  }

  /** `(x: { … })` as the last argument */
  #lambdaArgument(node: number): boolean {
    const { model, out } = this;
    const [open, lambda, close] = model.children(node) as [Element, Element, Element];
    if (model.kind(lambda) !== SyntaxKind.Lambda || !model.isPlainLambda(lambda)) return false;
    const [name, colon, body] = model.children(lambda) as [Element, Element, Element];
    if (!model.isTerm(body) || !model.isAbsorbable(body)) return false;
    if (model.hasTrivia(~open) || model.hasTrivia(~name) || model.hasTrivia(~colon)) return false;
    this.priority(() =>
      this.nest(() => {
        this.token(~open);
        this.token(~name);
        this.token(~colon);
        out.space(Space.Hard);
        this.term(body, true);
        this.token(~close);
      }),
    );
    return true;
  }

  /** `(f { … })` as the last argument */
  #applicationArgument(node: number): boolean {
    const { model, out } = this;
    const [open, call, close] = model.children(node) as [Element, Element, Element];
    if (!model.isApplication(call)) return false;
    const [callee, body, ...more] = model.application(call) as [Element, Element];
    const kind = model.tokenKind(callee);
    if (more.length > 0 || (kind !== Token.Id && kind !== Token.Or)) return false;
    if (!model.isTerm(body) || !model.isAbsorbable(body)) return false;
    if (model.hasTrivia(~open) || model.hasTrivia(~callee) || model.hasTrivia(~close)) return false;
    this.priority(() =>
      this.nest(() => {
        this.token(~open);
        this.bareToken(~callee);
        out.space(Space.Hard);
        this.term(body, true);
        this.token(~close);
      }),
    );
    return true;
  }
}
