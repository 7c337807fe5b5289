/**
 * Strings and paths: literals that may hold expressions.
 *
 * The text between interpolations is read here, straight from the lexer's scanners; an interpolation
 * opens a frame, and `stringText`, `indentedText` or `pathText` goes on behind its `}`.
 */
import { type Expr, NodeKind, type StringForm, type StringLiteral } from "../ast/nodes.ts";
import { Stop } from "../lex/lexer.ts";
import { stripIndentation } from "../lex/strings.ts";
import { Token } from "../lex/token.ts";
import { NO_OFFSET } from "./attrs.ts";
import { Level, ParserCore, SYNTAX_ERROR, Want } from "./core.ts";
import { type Frame, FrameKind } from "./frame.ts";
import { resolvePath } from "./paths.ts";

/** Adds strings and paths to the parser. */
export abstract class LiteralParser extends ParserCore {
  /** Takes an attribute name that needed an expression; its `AttrPath` frame is on top. */
  protected abstract finishName(value: Expr, end: number): void;

  /** Reads on behind that name. */
  protected abstract continuePath(): Expr | undefined;

  protected beginString(): Expr | undefined {
    const start = this.tokenStart;
    const stop = this.scanStringText();
    if (stop === Stop.Close) {
      const end = this.at + 1;
      const value = this.piece;
      this.at = end;
      this.advance();
      return { kind: NodeKind.String, start, end, pos: NO_OFFSET, value, form: "quoted" };
    }
    return this.openString(start, stop);
  }

  /** A string whose first piece of text has been scanned and does not end it. */
  protected openString(start: number, stop: Stop): undefined {
    const frame = this.push(FrameKind.StringPart, start);
    frame.items = [];
    frame.positions = [];
    if (this.piece !== "") this.addText(frame, start + 1, "quoted");
    this.openInterpolation(frame, stop, "'\"'");
    return undefined;
  }

  /** Adds the piece that was just scanned. */
  protected addText(frame: Frame, start: number, form: StringForm): void {
    const text: StringLiteral = {
      kind: NodeKind.String,
      start,
      end: this.at,
      pos: NO_OFFSET,
      value: this.piece,
      form,
    };
    frame.items.push(text);
    frame.positions.push(start);
  }

  /** At a `${` inside text, or at the end of the file. */
  protected openInterpolation(frame: Frame, stop: Stop, expected: string): void {
    if (stop === Stop.Eof) {
      this.token = Token.Eof;
      this.tokenStart = this.length;
      this.tokenEnd = this.length;
      this.fail(expected);
    }
    frame.positions.push(this.at);
    this.at += 2;
    this.advance();
    this.want = Want.Whole;
  }

  /** Behind an interpolation of a string. */
  protected stringText(frame: Frame): Expr | undefined {
    const start = this.at;
    const stop = this.scanStringText();
    if (this.piece !== "") this.addText(frame, start, "quoted");
    if (stop !== Stop.Close) {
      this.openInterpolation(frame, stop, "'\"'");
      return undefined;
    }
    this.at += 1;
    const parts = frame.items;
    const partPositions = frame.positions;
    const value: Expr = {
      kind: NodeKind.StringTemplate,
      start: frame.start,
      end: this.at,
      pos: partPositions[0] as number,
      parts,
      partPositions,
      form: "quoted",
    };
    this.pop();
    if (this.top.kind === FrameKind.AttrPath) {
      this.finishName(value, this.at);
      return this.continuePath();
    }
    this.advance();
    this.level = Level.Simple;
    return value;
  }

  /** Inside `''…''`, at its begin or behind an interpolation. */
  protected indentedText(frame: Frame): Expr | undefined {
    const pieces = frame.pieces;
    for (;;) {
      const pos = this.at;
      const stop = this.scanIndentedText();
      if (stop === Stop.Piece) {
        pieces.push({
          text: this.piece,
          indented: this.pieceIndented,
          expr: undefined,
          pos,
          end: this.at,
        });
        continue;
      }
      if (stop === Stop.Close) break;
      frame.pos = pos;
      frame.positions = [];
      this.openInterpolation(frame, stop, "indented string or '${' or end of an indented string");
      return undefined;
    }
    this.at += 2;
    const start = frame.start;
    const end = this.at;
    this.pop();
    this.advance();
    this.level = Level.Simple;
    const { parts, positions } = stripIndentation(pieces);
    if (parts.length === 0) {
      return { kind: NodeKind.String, start, end, pos: NO_OFFSET, value: "", form: "indented" };
    }
    const only = parts[0] as Expr;
    if (parts.length === 1 && only.kind === NodeKind.String) {
      const { value } = only;
      return { kind: NodeKind.String, start, end, pos: NO_OFFSET, value, form: "indented" };
    }
    return {
      kind: NodeKind.StringTemplate,
      start,
      end,
      pos: start,
      parts,
      partPositions: positions,
      form: "indented",
    };
  }

  protected beginPath(): Expr | undefined {
    const start = this.tokenStart;
    const end = this.tokenEnd;
    const literal = this.text.slice(start, end);
    const value =
      this.token === Token.HomePath ? this.resolveHome(literal) : this.plainPath(literal);
    const first: Expr = {
      kind: NodeKind.Path,
      start,
      end,
      pos: NO_OFFSET,
      value,
      form:
        this.token === Token.HomePath ? "home" : literal.startsWith("/") ? "absolute" : "relative",
    };
    const next = end < this.length ? this.text.charCodeAt(end) : -1;
    // Only these can go on with a path.
    if (next !== 36 && next !== 47 && literal.charCodeAt(literal.length - 1) !== 47) {
      if (next < 0) this.eofPosition = start;
      this.advance();
      return first;
    }
    const frame = this.push(FrameKind.PathPart, start);
    frame.items = [first];
    frame.positions = [start];
    frame.pos = start;
    return this.pathText(frame);
  }

  protected plainPath(literal: string): string {
    const lints = this.options.lints;
    if (literal.startsWith("/")) {
      this.lint(
        lints?.absolutePathLiterals,
        "absolute-path-literal",
        "lint-absolute-path-literals",
        () =>
          `absolute path literals are not portable. Consider replacing path literal '${literal}' by a string, relative path, or parameter`,
      );
    } else if (!literal.startsWith(".")) {
      this.lint(
        lints?.shortPathLiterals,
        "short-path-literal",
        "lint-short-path-literals",
        () =>
          `relative path literal '${literal}' should be prefixed with '.' for clarity: './${literal}'`,
      );
    }
    return resolvePath(literal, this.options.basePath);
  }

  protected resolveHome(literal: string): string {
    const { home, homeFailure } = this.options;
    if (home === undefined) {
      this.report(
        "home-path-in-pure-mode",
        "error",
        homeFailure ?? `the path '${literal}' can not be resolved in pure mode`,
        this.tokenStart,
        this.tokenEnd,
        NO_OFFSET,
      );
      return literal;
    }
    this.lint(
      this.options.lints?.absolutePathLiterals,
      "absolute-path-literal",
      "lint-absolute-path-literals",
      () =>
        `home path literals are not portable. Consider replacing path literal '${literal}' by a string, relative path, or parameter`,
    );
    return home + literal.slice(1);
  }

  /** Behind a part of a path; `frame.pos` is where the last piece of it begins. */
  protected pathText(frame: Frame): Expr | undefined {
    const items = frame.items;
    for (;;) {
      const start = this.at;
      const stop = this.scanPathText();
      if (stop === Stop.Interpolation) {
        this.openInterpolation(frame, stop, "");
        return undefined;
      }
      const afterSlash = this.text.charCodeAt(start - 1) === 47;
      // True behind `./a//b`, where text follows the path without an interpolation between them.
      const onlyText = items.length === 2 && (items[1] as Expr).start === frame.positions[1];
      if (stop === Stop.Piece) {
        if (onlyText) this.pathFailure(Token.StringText, start, this.at, frame);
        this.addText(frame, start, "quoted");
        frame.namePos = frame.pos;
        frame.pos = start;
        continue;
      }
      const atEof = start >= this.length;
      if (afterSlash) {
        // Nix: at the end of the file the lexer still stands at the last piece.
        this.report(
          "path-trailing-slash",
          "error",
          "path has a trailing slash",
          frame.start,
          start,
          atEof ? frame.pos : start,
        );
      } else if (onlyText) {
        this.pathFailure(Token.PathEnd, atEof ? frame.namePos : frame.pos, start, frame);
      }
      if (atEof) this.eofPosition = frame.pos;
      break;
    }
    const end = this.at;
    const { start, positions } = frame;
    this.pop();
    this.advance();
    this.level = Level.Simple;
    if (items.length === 1) return items[0] as Expr;
    return {
      kind: NodeKind.PathTemplate,
      start,
      end,
      pos: start,
      parts: items,
      partPositions: positions,
    };
  }

  /** Text after a path that no interpolation follows: `./a//b`. */
  protected pathFailure(token: Token, start: number, end: number, frame: Frame): never {
    this.reportUnexpected(token, start, end, "'${'");
    while (this.scanPathText() === Stop.Piece) {
      // The rest of the path belongs to the mistake.
    }
    this.held = frame.items[0] as Expr;
    this.pop();
    this.advance();
    throw SYNTAX_ERROR;
  }
}
