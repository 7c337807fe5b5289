/**
 * The parser with a recorder: it writes down every token, comment and construct while the ordinary
 * parser does its work, which makes the lossless tree and the evaluator's tree come from one grammar.
 *
 * It only overrides: methods that move to a token, that scan text inside quotes, that open or close a
 * frame, and the few that finish a construct without one. The evaluator uses the plain `Parser`, whose
 * code stays as it is. See docs/design/009-lossless-tree.md.
 *
 * Constructs are recorded when they are complete, so inner ones come before outer ones;
 * `buildSyntaxTree` puts them in order.
 */
import type { AttrName, Expr } from "../ast/nodes.ts";
import { Stop } from "../lex/lexer.ts";
import { Token } from "../lex/token.ts";
import { BindingsOf, type Frame, FrameKind, PathOf } from "../parse/frame.ts";
import { Parser } from "../parse/parser.ts";
import { SyntaxKind } from "./kinds.ts";

/** What was recorded, as parallel arrays. */
export interface Recording {
  readonly tokenKinds: Token[];
  readonly tokenStarts: number[];
  readonly tokenEnds: number[];
  /** For each token the number of comments before it in the whole text. */
  readonly tokenComments: number[];
  readonly commentStarts: number[];
  readonly commentEnds: number[];
  /** In the order of completion; tokens by index, the end exclusive. */
  readonly nodeKinds: SyntaxKind[];
  readonly nodeFirst: number[];
  readonly nodeEnd: number[];
}

/** Parses one text and records it; use it once. */
export class RecordingParser extends Parser {
  readonly recording: Recording = {
    tokenKinds: [],
    tokenStarts: [],
    tokenEnds: [],
    tokenComments: [],
    commentStarts: [],
    commentEnds: [],
    nodeKinds: [],
    nodeFirst: [],
    nodeEnd: [],
  };
  /** The end of the last recorded token. */
  #recorded = 0;
  /** By depth of the frame: where its open interpolation begins, -1 if none is open. */
  readonly #interpolations: number[] = [-1];
  #abandoning = false;

  override advance(): void {
    super.advance();
    const { token, tokenStart, tokenEnd } = this;
    if (token === Token.Eof) {
      // Behind a null byte, which ends the text for Nix.
      if (tokenStart < this.length) this.#token(Token.Invalid, tokenStart, this.length);
    } else if (token === Token.IndentedOpen) this.#token(token, tokenStart, tokenStart + 2);
    else this.#token(token, tokenStart, tokenEnd);
  }

  protected override lineComment(start: number): number {
    const end = super.lineComment(start);
    this.#comment(start, end);
    return end;
  }

  protected override blockComment(start: number): number {
    const end = super.blockComment(start);
    if (end >= 0) this.#comment(start, end);
    return end;
  }

  #comment(start: number, end: number): void {
    const { commentStarts, commentEnds } = this.recording;
    commentStarts.push(start);
    commentEnds.push(end);
  }

  /** Records a token, or the part of it that is not yet recorded. */
  #token(kind: Token, start: number, end: number): void {
    if (end <= this.#recorded) return;
    const { tokenKinds, tokenStarts, tokenEnds, tokenComments, commentStarts } = this.recording;
    tokenKinds.push(kind);
    tokenStarts.push(Math.max(start, this.#recorded));
    tokenEnds.push(end);
    tokenComments.push(commentStarts.length);
    this.#recorded = end;
  }

  protected override scanStringText(): Stop {
    const start = this.at;
    const stop = super.scanStringText();
    this.#text(start);
    this.#textEnd(stop, Token.CloseQuote, 1);
    return stop;
  }

  protected override scanIndentedText(): Stop {
    // The opening quotes swallow a first line of blanks; in this tree it is text.
    const start = Math.min(this.at, this.#recorded);
    const stop = super.scanIndentedText();
    this.#text(start);
    this.#textEnd(stop, Token.CloseIndented, 2);
    return stop;
  }

  protected override scanPathText(): Stop {
    const start = this.at;
    const stop = super.scanPathText();
    this.#text(start);
    if (stop === Stop.Interpolation) this.#token(Token.DollarBrace, this.at, this.at + 2);
    return stop;
  }

  /** Records the text from `start` to where the scan stands, joined to text right before it. */
  #text(start: number): void {
    if (this.at <= start) return;
    const { tokenKinds, tokenEnds } = this.recording;
    const last = tokenKinds.length - 1;
    if (tokenKinds[last] === Token.StringText && tokenEnds[last] === start) {
      tokenEnds[last] = this.at;
      this.#recorded = this.at;
    } else this.#token(Token.StringText, start, this.at);
  }

  #textEnd(stop: Stop, close: Token, size: number): void {
    if (stop === Stop.Close) this.#token(close, this.at, this.at + size);
    else if (stop === Stop.Interpolation) this.#token(Token.DollarBrace, this.at, this.at + 2);
  }

  /** Records a construct that spans the bytes from `start` to `end`. */
  #node(kind: SyntaxKind, start: number, end: number): void {
    const { tokenStarts, nodeKinds, nodeFirst, nodeEnd } = this.recording;
    let after = tokenStarts.length;
    while (after > 0 && (tokenStarts[after - 1] as number) >= end) after -= 1;
    const first = this.#tokenFrom(start, after);
    if (first >= after) return;
    nodeKinds.push(kind);
    nodeFirst.push(first);
    nodeEnd.push(after);
  }

  /** The first token before `limit` that begins at `offset` or later; most are found close to it. */
  #tokenFrom(offset: number, limit: number): number {
    const { tokenStarts } = this.recording;
    let high = limit;
    let step = 1;
    while (high - step >= 0 && (tokenStarts[high - step] as number) >= offset) {
      high -= step;
      step *= 2;
    }
    let low = Math.max(high - step, -1);
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((tokenStarts[middle] as number) >= offset) high = middle;
      else low = middle;
    }
    return high;
  }

  protected override push(kind: FrameKind, start: number): Frame {
    const frame = super.push(kind, start);
    // The first frame is pushed before the fields of this class exist.
    if (this.depth > 0) this.#interpolations[this.depth] = -1;
    return frame;
  }

  protected override pop(): void {
    const frame = this.top;
    this.#closeInterpolation(this.#read);
    const kind = nodeKindOf(frame);
    if (kind !== undefined) this.#node(kind, frame.start, this.#frameEnd(kind));
    super.pop();
  }

  /** Where the current token begins: what was read before it belongs to abandoned constructs. */
  get #read(): number {
    return this.token === Token.Eof ? this.length : this.tokenStart;
  }

  /** Where the construct of the frame that is being popped ends. */
  #frameEnd(kind: SyntaxKind): number {
    if (this.#abandoning) return this.#read;
    switch (kind) {
      case SyntaxKind.Paren:
      case SyntaxKind.List:
      case SyntaxKind.AttrSet:
      case SyntaxKind.InheritSource:
      case SyntaxKind.Interpolation:
        return this.tokenEnd;
      case SyntaxKind.String:
      case SyntaxKind.IndentedString:
      case SyntaxKind.Path:
        return this.at;
      default:
        return this.previousEnd;
    }
  }

  protected override abandon(value: Expr): Expr {
    const frame = this.top;
    const { kind, detail, left, path } = frame;
    // Before the set around it is closed.
    if (kind === FrameKind.Bindings && frame.inValue) {
      this.#node(SyntaxKind.Binding, frame.pos, this.#read);
    }
    this.#abandoning = true;
    const made = super.abandon(value);
    this.#abandoning = false;
    if (kind === FrameKind.AttrPath && left !== undefined && path.length > 0) {
      const select = detail === PathOf.Select ? SyntaxKind.Select : SyntaxKind.HasAttr;
      this.#node(select, left.start, this.#read);
    }
    return made;
  }

  protected override openInterpolation(frame: Frame, stop: Stop, expected: string): void {
    if (stop === Stop.Interpolation) this.#interpolations[this.depth] = this.at;
    super.openInterpolation(frame, stop, expected);
  }

  #closeInterpolation(end: number): void {
    const start = this.#interpolations[this.depth] as number;
    if (start < 0) return;
    this.#interpolations[this.depth] = -1;
    this.#node(SyntaxKind.Interpolation, start, end);
  }

  protected override beginString(): Expr | undefined {
    const start = this.tokenStart;
    const value = super.beginString();
    if (value !== undefined) this.#node(SyntaxKind.String, start, value.end);
    return value;
  }

  protected override stringText(frame: Frame): Expr | undefined {
    this.#closeInterpolation(this.tokenEnd);
    return super.stringText(frame);
  }

  protected override indentedText(frame: Frame): Expr | undefined {
    this.#closeInterpolation(this.tokenEnd);
    return super.indentedText(frame);
  }

  protected override pathText(frame: Frame): Expr | undefined {
    this.#closeInterpolation(this.tokenEnd);
    return super.pathText(frame);
  }

  protected override stringName(of: PathOf, base: Expr | undefined, path: AttrName[]): boolean {
    const start = this.tokenStart;
    const quoted = this.token === Token.Quote;
    const known = path.length;
    const complete = super.stringName(of, base, path);
    if (quoted && complete) {
      this.#node(SyntaxKind.String, start, (path[known] as AttrName).end);
    }
    return complete;
  }

  protected override afterSelect(base: Expr, path: AttrName[]): Expr | undefined {
    const value = super.afterSelect(base, path);
    if (value !== undefined) this.#node(SyntaxKind.Select, base.start, value.end);
    return value;
  }

  protected override hasAttr(base: Expr, path: AttrName[]): Expr {
    const value = super.hasAttr(base, path);
    this.#node(SyntaxKind.HasAttr, base.start, value.end);
    return value;
  }

  protected override cursedOr(callee: Expr): Expr {
    const value = super.cursedOr(callee);
    this.#node(SyntaxKind.OrApply, callee.start, value.end);
    return value;
  }

  protected override finishBinding(frame: Frame, value: Expr): void {
    super.finishBinding(frame, value);
    if (this.#abandoning) return;
    const end = this.token === Token.Semicolon ? this.tokenEnd : this.previousEnd;
    this.#node(SyntaxKind.Binding, frame.pos, end);
  }

  protected override finishInherit(frame: Frame, names: readonly AttrName[]): void {
    super.finishInherit(frame, names);
    this.#node(SyntaxKind.Inherit, frame.pos, this.tokenEnd);
  }

  protected override emptySet(start: number, end: number): Expr {
    this.#node(SyntaxKind.AttrSet, start, end);
    return super.emptySet(start, end);
  }

  protected override plainFormal(frame: Frame, name: string, pos: number): void {
    this.#node(SyntaxKind.Formal, pos, this.previousEnd);
    super.plainFormal(frame, name, pos);
  }

  protected override afterBrace(frame: Frame): undefined {
    const { tokenStarts } = this.recording;
    const first = this.#tokenFrom(frame.start, tokenStarts.length);
    // Behind `name @` when the name stands before the pattern.
    const brace = frame.name === undefined ? first : first + 2;
    this.#node(SyntaxKind.Formals, tokenStarts[brace] as number, this.previousEnd);
    return super.afterBrace(frame);
  }
}

/** The kind of node that a frame becomes; `undefined` when it becomes none. */
function nodeKindOf(frame: Frame): SyntaxKind | undefined {
  switch (frame.kind) {
    case FrameKind.Paren:
      return SyntaxKind.Paren;
    case FrameKind.List:
      return SyntaxKind.List;
    case FrameKind.Apply:
      return SyntaxKind.Apply;
    case FrameKind.SelectOr:
      return SyntaxKind.Select;
    case FrameKind.Binary:
    case FrameKind.PipeInto:
    case FrameKind.PipeFrom:
      return SyntaxKind.Binary;
    case FrameKind.Not:
    case FrameKind.Negate:
      return SyntaxKind.Unary;
    case FrameKind.LambdaBody:
      return SyntaxKind.Lambda;
    case FrameKind.FormalDefault:
      return SyntaxKind.Formal;
    case FrameKind.AssertCondition:
    case FrameKind.AssertBody:
      return SyntaxKind.Assert;
    case FrameKind.WithNamespace:
    case FrameKind.WithBody:
      return SyntaxKind.With;
    case FrameKind.IfCondition:
    case FrameKind.IfConsequence:
    case FrameKind.IfAlternative:
      return SyntaxKind.If;
    case FrameKind.LetBody:
      return SyntaxKind.Let;
    case FrameKind.Bindings:
      if (frame.detail === BindingsOf.Repl) return undefined;
      return frame.detail === BindingsOf.Let ? SyntaxKind.Let : SyntaxKind.AttrSet;
    case FrameKind.InheritSource:
      return SyntaxKind.InheritSource;
    case FrameKind.StringPart:
      return SyntaxKind.String;
    case FrameKind.IndentedPart:
      return SyntaxKind.IndentedString;
    case FrameKind.PathPart:
      return frame.items.length > 1 ? SyntaxKind.Path : undefined;
    case FrameKind.AttrInterpolation:
      return SyntaxKind.Interpolation;
    case FrameKind.Root:
    case FrameKind.AttrPath:
      return undefined;
  }
}
