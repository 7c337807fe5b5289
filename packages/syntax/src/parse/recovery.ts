/**
 * Recovery after an error, so that a text can have several errors and always has a tree.
 *
 * Nothing here runs for a text that is right, except `finishWhole`, which both ways share.
 */
import { type Expr, type Formal, NodeKind } from "../ast/nodes.ts";
import { Stop } from "../lex/lexer.ts";
import { stripIndentation } from "../lex/strings.ts";
import { Token } from "../lex/token.ts";
import { NO_OFFSET, type OpenAttrSet } from "./attrs.ts";
import { Level } from "./core.ts";
import { BindingsOf, type Frame, FrameKind, PathOf } from "./frame.ts";
import { LambdaParser } from "./lambda.ts";
import { apply, finishOperator, pipe } from "./operators.ts";

/** How many open constructs a stray closing token is compared with. */
const RECOVERY_REACH = 64;

/** Whether a frame waits for this token. */
function canGoOn(frame: Frame, token: Token): boolean {
  switch (frame.kind) {
    case FrameKind.Paren:
    case FrameKind.InheritSource:
      return token === Token.RightParen;
    case FrameKind.List:
      return token === Token.RightBracket;
    case FrameKind.LambdaBody:
      return frame.inPattern && token === Token.RightBrace;
    case FrameKind.AssertCondition:
    case FrameKind.WithNamespace:
      return token === Token.Semicolon;
    case FrameKind.IfCondition:
      return token === Token.Then;
    case FrameKind.IfConsequence:
      return token === Token.Else;
    case FrameKind.StringPart:
    case FrameKind.IndentedPart:
    case FrameKind.PathPart:
    case FrameKind.AttrInterpolation:
      return token === Token.RightBrace;
    case FrameKind.Bindings:
      if (token === Token.Semicolon) return true;
      if (frame.detail === BindingsOf.Let) return token === Token.In;
      return frame.detail !== BindingsOf.Repl && token === Token.RightBrace;
    default:
      return false;
  }
}

/** Adds recovery to the parser. */
export abstract class RecoveringParser extends LambdaParser {
  /** The constructs that end where their last part ends. */
  protected finishWhole(frame: Frame, value: Expr): Expr {
    const { start } = frame;
    const { end } = value;
    switch (frame.kind) {
      case FrameKind.LambdaBody:
        return this.finishLambda(frame, value);
      case FrameKind.AssertBody:
        return {
          kind: NodeKind.Assert,
          start,
          end,
          pos: start,
          condition: frame.left as Expr,
          body: value,
        };
      case FrameKind.WithBody:
        return {
          kind: NodeKind.With,
          start,
          end,
          pos: start,
          namespace: frame.left as Expr,
          body: value,
        };
      case FrameKind.IfAlternative: {
        const condition = frame.left as Expr;
        const consequence = frame.middle as Expr;
        return {
          kind: NodeKind.If,
          start,
          end,
          pos: start,
          condition,
          consequence,
          alternative: value,
        };
      }
      default: {
        const attrs = frame.set as OpenAttrSet;
        if (attrs.dynamic.length > 0) {
          this.report(
            "dynamic-attribute-in-let",
            "error",
            "dynamic attributes not allowed in let",
            start,
            start + 3,
          );
        }
        return { kind: NodeKind.Let, start, end, pos: NO_OFFSET, attrs, body: value };
      }
    }
  }

  /**
   * Finds a place to go on: skips tokens until one is found that some open construct waits for (`;`,
   * `}`, `)`, `in`, …), and closes what is open inside of that with what it has so far.
   */
  protected recover(): Expr | undefined {
    let value: Expr = this.held ?? this.missing();
    this.held = undefined;
    this.cursed = undefined;
    let depth = this.waitingFor(this.token);
    while (depth < 0) {
      this.skipToken();
      depth = this.waitingFor(this.token);
    }
    while (this.depth > depth) value = this.abandon(value);
    const top = this.top;
    this.level = Level.Whole;
    if (top.kind === FrameKind.LambdaBody) {
      this.afterFormals(top);
      return undefined;
    }
    if (top.kind !== FrameKind.Bindings) return value;
    if (top.inValue) this.finishBinding(top, value);
    top.inValue = false;
    if (this.token === Token.Semicolon) this.advance();
    this.inBindings = true;
    return undefined;
  }

  /** The depth of the innermost frame that can go on at `token`; -1 when it must be skipped. */
  protected waitingFor(token: Token): number {
    if (token === Token.Eof) return 0;
    // Frames further down are not looked for, so that a broken deep text stays linear.
    const lowest = Math.max(0, this.depth - RECOVERY_REACH);
    for (let depth = this.depth; depth >= lowest; depth -= 1) {
      if (canGoOn(this.frames[depth] as Frame, token)) return depth;
    }
    return -1;
  }

  /** Skips a token, and if it opens something, all up to its end. */
  protected skipToken(): void {
    const open: Token[] = [];
    do {
      switch (this.token) {
        case Token.LeftBrace:
        case Token.LeftParen:
        case Token.LeftBracket:
        case Token.DollarBrace:
          open.push(this.token);
          break;
        case Token.RightBrace:
        case Token.RightParen:
        case Token.RightBracket: {
          const opened = open.pop();
          if (opened === Token.Quote || opened === Token.IndentedOpen) this.skipText(opened, open);
          break;
        }
        case Token.Quote:
        case Token.IndentedOpen:
          this.skipText(this.token, open);
          break;
        default:
          break;
      }
      this.advance();
    } while (open.length > 0 && this.token !== Token.Eof);
  }

  /** Skips the text of a string up to its end or to a `${`, which is noted in `open`. */
  protected skipText(opened: Token, open: Token[]): void {
    let stop: Stop;
    do stop = opened === Token.Quote ? this.scanStringText() : this.scanIndentedText();
    while (stop === Stop.Piece);
    if (stop === Stop.Close) this.at += opened === Token.Quote ? 1 : 2;
    else if (stop === Stop.Interpolation) {
      this.at += 2;
      open.push(opened);
    }
  }

  /** Closes the frame on top with what it has; returns what it becomes. */
  protected abandon(value: Expr): Expr {
    const frame = this.top;
    const { start, left, items, path } = frame;
    const { end } = value;
    const given = value.kind === NodeKind.Error ? [] : [value];
    this.pop();
    switch (frame.kind) {
      case FrameKind.List:
        return { kind: NodeKind.List, start, end, pos: start, items: [...items, ...given] };
      case FrameKind.Apply:
        return apply(left as Expr, [...items, value]);
      case FrameKind.SelectOr:
        return {
          kind: NodeKind.Select,
          start,
          end,
          pos: start,
          base: left as Expr,
          path,
          fallback: value,
        };
      case FrameKind.Binary:
      case FrameKind.Not:
      case FrameKind.Negate:
        return finishOperator(frame, value);
      case FrameKind.PipeInto:
        return pipe(frame.pos, value, left as Expr);
      case FrameKind.PipeFrom:
        return pipe(frame.pos, left as Expr, value);
      case FrameKind.LambdaBody:
      case FrameKind.AssertBody:
      case FrameKind.WithBody:
      case FrameKind.IfAlternative:
      case FrameKind.LetBody:
        return this.finishWhole(frame, value);
      case FrameKind.FormalDefault:
        (this.top.formals as Formal[]).push({
          name: frame.name as string,
          pos: start,
          fallback: value,
        });
        return this.missing();
      case FrameKind.AssertCondition:
        frame.kind = FrameKind.AssertBody;
        frame.left = value;
        return this.finishWhole(frame, this.missing());
      case FrameKind.WithNamespace:
        frame.kind = FrameKind.WithBody;
        frame.left = value;
        return this.finishWhole(frame, this.missing());
      case FrameKind.IfCondition:
      case FrameKind.IfConsequence:
        if (frame.kind === FrameKind.IfCondition) frame.left = value;
        frame.middle = frame.kind === FrameKind.IfCondition ? this.missing() : value;
        frame.kind = FrameKind.IfAlternative;
        return this.finishWhole(frame, this.missing());
      case FrameKind.Bindings: {
        const set = frame.set as OpenAttrSet;
        if (frame.inValue) this.finishBinding(frame, value);
        set.close(this.tokenStart);
        if (frame.detail !== BindingsOf.Let) return set;
        return {
          kind: NodeKind.Let,
          start,
          end: set.end,
          pos: NO_OFFSET,
          attrs: set,
          body: this.missing(),
        };
      }
      case FrameKind.InheritSource:
        (this.top.set as OpenAttrSet).addSource(value);
        return this.missing();
      case FrameKind.StringPart:
      case FrameKind.IndentedPart:
      case FrameKind.PathPart: {
        const pieces =
          frame.kind === FrameKind.IndentedPart ? stripIndentation(frame.pieces).parts : items;
        const parts = [...pieces, value];
        return {
          kind: NodeKind.StringTemplate,
          start,
          end,
          pos: start,
          parts,
          partPositions: parts.map((part) => part.start),
          form: "quoted",
        };
      }
      case FrameKind.AttrPath:
        if (left === undefined) return this.missing();
        if (path.length === 0) return left;
        return frame.detail === PathOf.Select
          ? { kind: NodeKind.Select, start, end, pos: start, base: left, path, fallback: undefined }
          : { kind: NodeKind.HasAttr, start, end, pos: left.pos, base: left, path };
      case FrameKind.Root:
      case FrameKind.Paren:
      case FrameKind.AttrInterpolation:
        return value;
    }
  }
}
