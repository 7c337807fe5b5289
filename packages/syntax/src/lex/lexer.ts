/**
 * The lexer: from bytes to tokens, one at a time, without making an object for any of them.
 *
 * `advance()` moves to the next token of ordinary code and leaves its kind, place and value in fields.
 * The inside of strings and paths has other rules; the parser knows when it is there and calls
 * `scanStringText`, `scanIndentedText` or `scanPathText` instead. That replaces the mode stack of C++
 * Nix's lexer.
 *
 * As there, the longest match wins, which is why a name must be looked past: `a.b/c` is one path and
 * `x:x` one URI. `pathRunEnd` remembers how far that look went, so that it is done once per run.
 *
 * Every finding goes to `diagnostics`; nothing throws.
 */
import type { Span } from "../ast/nodes.ts";
import type { Diagnostic, DiagnosticCode } from "../text/diagnostic.ts";
import type { SourceFile } from "../text/source.ts";
import { CHAR_CLASS, Char } from "./chars.ts";
import { readFloat, readInteger } from "./numbers.ts";
import { unescape } from "./strings.ts";
import { Token } from "./token.ts";

/** Why the scan of a piece of text ended. */
export const enum Stop {
  /** At the closing quotes. */
  Close,
  /** At a `${`. */
  Interpolation,
  /** At the end of the text. */
  Eof,
  /** After one piece; there may be more (indented strings and paths). */
  Piece,
}

/** What the lexer must be told. */
export interface LexerOptions {
  readonly pipeOperators: boolean;
  readonly keepComments: boolean;
}

/** U+2400 as UTF-8: how messages show a null byte. */
const NULL_PICTURE = "\xe2\x90\x80";

/** Walks over one text. The parser extends it, so that both share one object in the hot loops. */
export class Lexer {
  readonly source: SourceFile;
  readonly text: string;
  readonly length: number;
  readonly diagnostics: Diagnostic[] = [];
  /** The first diagnostic of severity error. */
  firstError: Diagnostic | undefined;
  readonly comments: Span[] = [];

  /** The current token. */
  token: Token = Token.Eof;
  tokenStart = 0;
  tokenEnd = 0;
  /** The end of the token before it. */
  previousEnd = 0;
  /** The text of an identifier or keyword. */
  name = "";
  /** The value of a number. */
  number: number | bigint = 0;
  /** The doc comment right before the current token; -1 when there is none. */
  docStart = -1;
  docEnd = -1;
  /** The value of the piece of text that was scanned last. */
  piece = "";
  /** Whether the piece counts for the indentation of an indented string. */
  pieceIndented = false;

  /** Where scanning goes on. */
  protected at = 0;
  /** Where C++ Nix says that the text ends, when a path is the last thing in it; else -1. */
  protected eofPosition = -1;

  /** The stretch of path chars that was seen last. */
  private pathRunStart = 0;
  private pathRunEnd = 0;
  /** The offset of the next CR, as far as it has been searched for. */
  private nextReturn = -1;
  /** Set once it is known that no comment ends after this point. */
  private noCommentEnd = false;
  private readonly pipeOperators: boolean;
  private readonly keepComments: boolean;

  constructor(source: SourceFile, options: LexerOptions) {
    this.source = source;
    this.text = source.text;
    this.length = source.text.length;
    this.firstError = undefined;
    this.pipeOperators = options.pipeOperators;
    this.keepComments = options.keepComments;
  }

  /** Records a finding; `pos` is what C++ Nix prints: the start of the span, or -1 for nothing. */
  protected report(
    code: DiagnosticCode,
    severity: "error" | "warning",
    message: string,
    start: number,
    end: number,
    pos: number = start,
    labels: Diagnostic["labels"] = [],
  ): void {
    const diagnostic: Diagnostic = {
      code,
      severity,
      message,
      span: { start, end },
      pos: pos < 0 ? undefined : pos,
      labels,
    };
    this.diagnostics.push(diagnostic);
    if (severity === "error") this.firstError ??= diagnostic;
  }

  /**
   * Moves to the next token of ordinary code.
   *
   * Names and single-byte tokens are done here and not in methods of their own: every caller is hot,
   * and a body of this size keeps V8 from compiling a copy of the lexer into each of them, which
   * halves the time of a cold parse.
   */
  advance(): void {
    const text = this.text;
    const length = this.length;
    let i = this.at;
    this.previousEnd = i;
    this.docStart = -1;
    let code = -1;
    while (i < length) {
      code = text.charCodeAt(i);
      if (code === 32 || code === 10 || code === 9 || code === 13) i += 1;
      else if (code === 35) i = this.lineComment(i);
      else if (code === 47 && text.charCodeAt(i + 1) === 42) {
        const end = this.blockComment(i);
        if (end < 0) break;
        i = end;
      } else break;
    }
    this.tokenStart = i;
    if (i >= length) {
      this.finish(Token.Eof, length);
      return;
    }
    const single = SINGLE_TOKENS[code] as Token;
    if (single !== Token.Eof) {
      this.token = single;
      this.tokenEnd = i + 1;
      this.at = i + 1;
      return;
    }
    const bits = CHAR_CLASS[code] as number;
    if ((bits & Char.IdStart) === 0) {
      this.other(i, code);
      return;
    }
    const start = i;
    let last = -1;
    for (i += 1; i < length; i += 1) {
      last = text.charCodeAt(i);
      if (((CHAR_CLASS[last] as number) & Char.IdPart) === 0) break;
    }
    // Only `.`, `/`, `:` and `+` can make something longer than the name.
    if ((last === 46 || last === 47 || last === 58 || last === 43) && i < length) {
      if (this.longerThanName(start, i, code)) return;
    }
    const name = text.slice(start, i);
    const size = i - start;
    this.name = name;
    this.tokenEnd = i;
    this.at = i;
    this.token = (bits & Char.Keyword) !== 0 && size <= 7 && size >= 2 ? keyword(name) : Token.Id;
  }

  private finish(token: Token, end: number): void {
    this.token = token;
    this.tokenEnd = end;
    this.at = end;
  }

  protected lineComment(start: number): number {
    const text = this.text;
    const newline = text.indexOf("\n", start);
    // The native searches beat a loop; the one for CR is done once per CR.
    if (this.nextReturn < start) {
      const found = text.indexOf("\r", start);
      this.nextReturn = found < 0 ? this.length : found;
    }
    const i = Math.min(newline < 0 ? this.length : newline, this.nextReturn);
    if (this.keepComments) this.comments.push({ start, end: i });
    return i;
  }

  /** The end of the comment that begins at `start`, -1 when it has none. */
  protected blockComment(start: number): number {
    if (this.noCommentEnd) return -1;
    const close = this.text.indexOf("*/", start + 2);
    if (close < 0) {
      this.noCommentEnd = true;
      return -1;
    }
    const end = close + 2;
    if (this.text.charCodeAt(start + 2) === 42) {
      const fourth = this.text.charCodeAt(start + 3);
      if (fourth !== 42 && fourth !== 47) {
        this.docStart = start;
        this.docEnd = end;
      }
    }
    if (this.keepComments) this.comments.push({ start, end });
    return end;
  }

  /** Tries a path or a URI where a name of `[start, nameEnd)` was found. */
  private longerThanName(start: number, nameEnd: number, first: number): boolean {
    const run = this.pathRun(start);
    // A name with a `'` in it leaves the run of path chars.
    if (run < nameEnd || run >= this.length) return false;
    const code = this.text.charCodeAt(run);
    if (code === 47) return this.path(run);
    if (code !== 58 || first === 95 || run + 1 >= this.length) return false;
    const next = CHAR_CLASS[this.text.charCodeAt(run + 1)] as number;
    if ((next & Char.Uri) === 0) return false;
    for (let i = start; i < run; i += 1) {
      if (((CHAR_CLASS[this.text.charCodeAt(i)] as number) & Char.Scheme) === 0) return false;
    }
    let end = run + 2;
    while (
      end < this.length &&
      ((CHAR_CLASS[this.text.charCodeAt(end)] as number) & Char.Uri) !== 0
    )
      end += 1;
    this.finish(Token.Uri, end);
    return true;
  }

  /** The end of the run of path chars in which `start` lies. */
  private pathRun(start: number): number {
    if (start >= this.pathRunStart && start < this.pathRunEnd) return this.pathRunEnd;
    const text = this.text;
    const length = this.length;
    let i = start;
    while (i < length && ((CHAR_CLASS[text.charCodeAt(i)] as number) & Char.Path) !== 0) i += 1;
    this.pathRunStart = start;
    this.pathRunEnd = i;
    return i;
  }

  private isPathChar(offset: number): boolean {
    return (
      offset < this.length &&
      ((CHAR_CLASS[this.text.charCodeAt(offset)] as number) & Char.Path) !== 0
    );
  }

  private isInterpolation(offset: number): boolean {
    return this.text.charCodeAt(offset) === 36 && this.text.charCodeAt(offset + 1) === 123;
  }

  /** The end of `(/CHAR+)+/?` at `slash`, or -1. */
  private segments(slash: number): number {
    if (!this.isPathChar(slash + 1)) return -1;
    const text = this.text;
    const length = this.length;
    let i = slash + 2;
    for (; i < length; i += 1) {
      const code = text.charCodeAt(i);
      if (code === 47) {
        if (!this.isPathChar(i + 1)) return i + 1;
      } else if (((CHAR_CLASS[code] as number) & Char.Path) === 0) break;
    }
    return i;
  }

  /** Takes a path whose first slash is at `slash`; false when that slash begins no segment. */
  private path(slash: number): boolean {
    const end = this.segments(slash);
    if (end >= 0) {
      this.finish(Token.Path, end);
      return true;
    }
    if (this.isInterpolation(slash + 1)) {
      this.finish(Token.Path, slash + 1);
      return true;
    }
    return false;
  }

  /** A path that begins at `start`, whose first byte is a path char. */
  private pathFrom(start: number): boolean {
    const run = this.pathRun(start);
    return run < this.length && this.text.charCodeAt(run) === 47 && this.path(run);
  }

  /** Tokens that neither begin with a letter nor are known from their first byte. */
  private other(i: number, code: number): void {
    const text = this.text;
    const next = i + 1 < this.length ? text.charCodeAt(i + 1) : -1;
    let token: Token = Token.Invalid;
    let size = 1;
    switch (code) {
      case 0:
        // Nix: a null byte is returned as token 0, which is the end of the file.
        this.finish(Token.Eof, i + 1);
        this.at = this.length;
        return;
      case 61:
        token = next === 61 ? Token.EqualEqual : Token.Equals;
        if (next === 61) size = 2;
        break;
      case 46:
        if (this.pathFrom(i)) return;
        if (next >= 48 && next <= 57) {
          this.numberLiteral(i, code);
          return;
        }
        token = Token.Dot;
        if (next === 46 && text.charCodeAt(i + 2) === 46) {
          token = Token.Ellipsis;
          size = 3;
        }
        break;
      case 43:
        if (this.pathFrom(i)) return;
        token = next === 43 ? Token.Concat : Token.Plus;
        if (next === 43) size = 2;
        break;
      case 45:
        if (this.pathFrom(i)) return;
        token = next === 62 ? Token.Implies : Token.Minus;
        if (next === 62) size = 2;
        break;
      case 47:
        if (this.path(i)) return;
        token = next === 47 ? Token.Update : Token.Slash;
        if (next === 47) size = 2;
        break;
      case 39:
        if (next !== 39) break;
        this.indentedOpen(i);
        return;
      case 36:
        if (next !== 123) break;
        token = Token.DollarBrace;
        size = 2;
        break;
      case 33:
        token = next === 61 ? Token.NotEqual : Token.Bang;
        if (next === 61) size = 2;
        break;
      case 38:
        if (next !== 38) break;
        token = Token.And;
        size = 2;
        break;
      case 124:
        if (next !== 124 && next !== 62) break;
        token = next === 124 ? Token.OrOr : Token.PipeInto;
        size = 2;
        break;
      case 60:
        if (this.searchPath(i)) return;
        token = next === 61 ? Token.LessEqual : next === 124 ? Token.PipeFrom : Token.Less;
        if (token !== Token.Less) size = 2;
        break;
      case 62:
        token = next === 61 ? Token.MoreEqual : Token.More;
        if (next === 61) size = 2;
        break;
      case 126:
        if (this.homePath(i)) return;
        break;
      default:
        if (code < 48 || code > 57) break;
        if (!this.pathFrom(i)) this.numberLiteral(i, code);
        return;
    }
    this.finish(token, i + size);
    if (token === Token.PipeInto || token === Token.PipeFrom) this.checkPipe(i);
  }

  /** `~/a` */
  private homePath(start: number): boolean {
    if (this.text.charCodeAt(start + 1) !== 47) return false;
    const end = this.segments(start + 1);
    if (end < 0 && !this.isInterpolation(start + 2)) return false;
    this.finish(Token.HomePath, end < 0 ? start + 2 : end);
    return true;
  }

  /** Pipes are tokens always, but allowed only where the feature is on. */
  private checkPipe(start: number): void {
    if (this.pipeOperators) return;
    this.report(
      "pipe-operators-disabled",
      "error",
      "experimental Nix feature 'pipe-operators' is disabled; add '--extra-experimental-features pipe-operators' to enable it",
      start,
      start + 2,
    );
  }

  /** `''`, and what is left of its line if that is only spaces. */
  private indentedOpen(start: number): void {
    let i = start + 2;
    while (i < this.length && this.text.charCodeAt(i) === 32) i += 1;
    const end = i < this.length && this.text.charCodeAt(i) === 10 ? i + 1 : start + 2;
    this.finish(Token.IndentedOpen, end);
  }

  /** `<a/b>` */
  private searchPath(start: number): boolean {
    let i = start + 1;
    for (;;) {
      if (!this.isPathChar(i)) return false;
      while (this.isPathChar(i)) i += 1;
      if (i >= this.length) return false;
      const code = this.text.charCodeAt(i);
      i += 1;
      if (code === 62) {
        this.finish(Token.SearchPath, i);
        return true;
      }
      if (code !== 47) return false;
    }
  }

  private numberLiteral(start: number, first: number): void {
    const text = this.text;
    let i = this.digits(start);
    let isFloat = false;
    if (text.charCodeAt(i) === 46) {
      const fractionEnd = this.digits(i + 1);
      // Nix: `1.` is a float, `0.` is not, and neither is `00.5`.
      const atDot = i === start;
      const afterZero = first === 48 && i === start + 1;
      if (atDot || afterZero ? fractionEnd > i + 1 : first !== 48) {
        isFloat = true;
        i = fractionEnd;
        const e = text.charCodeAt(i);
        if (e === 69 || e === 101) {
          const sign = text.charCodeAt(i + 1);
          const digits = sign === 43 || sign === 45 ? i + 2 : i + 1;
          const end = this.digits(digits);
          if (end > digits) i = end;
        }
      }
    }
    this.finish(isFloat ? Token.Float : Token.Int, i);
    const literal = text.slice(start, i);
    const value = isFloat ? readFloat(literal) : readInteger(literal);
    this.number = value ?? 0;
    if (value !== undefined) return;
    if (isFloat) this.report("invalid-float", "error", `invalid float '${literal}'`, start, i);
    else this.report("invalid-integer", "error", `invalid integer '${literal}'`, start, i);
  }

  private digits(start: number): number {
    let i = start;
    while (i < this.length) {
      const code = this.text.charCodeAt(i);
      if (code < 48 || code > 57) break;
      i += 1;
    }
    return i;
  }

  /**
   * Scans text inside `"…"` from `at` up to the closing quote or a `${`, which it does not pass.
   * The value is left in `piece`; it is empty only when there was no text.
   */
  protected scanStringText(): Stop {
    const text = this.text;
    const length = this.length;
    const start = this.at;
    let i = start;
    let plain = true;
    let hasNull = false;
    let stop: Stop = Stop.Eof;
    // A `$` or `\` that the end of the file cuts short is not part of the text.
    let textEnd = -1;
    while (i < length) {
      const code = text.charCodeAt(i);
      if (code === 34) {
        stop = Stop.Close;
        break;
      }
      if (code === 36) {
        const next = i + 1 < length ? text.charCodeAt(i + 1) : -1;
        if (next === 123) {
          stop = Stop.Interpolation;
          break;
        }
        if (next === 34) {
          i += 1;
          continue;
        }
        if (next === -1 || (next === 92 && i + 2 >= length)) {
          textEnd = i;
          i = length;
          break;
        }
        // Nix: the char after a `$` is consumed with it, so `$${` is not an interpolation.
        if (next === 92) {
          plain = false;
          i += 3;
        } else {
          if (next === 13) plain = false;
          else if (next === 0) hasNull = true;
          i += 2;
        }
      } else if (code === 92) {
        if (i + 1 >= length) {
          textEnd = i;
          i = length;
          break;
        }
        plain = false;
        i += 2;
      } else {
        if (code === 13) plain = false;
        else if (code === 0) hasNull = true;
        i += 1;
      }
    }
    const raw = text.slice(start, textEnd < 0 ? i : textEnd);
    this.piece = plain ? raw : unescape(raw);
    this.at = i;
    if (hasNull) this.reportNull(start, i);
    return stop;
  }

  /**
   * Scans one piece inside `''…''` from `at`: text, an escape, or what ends the text.
   * `Stop.Piece` means that `piece` holds text; otherwise `at` stands before the end mark.
   */
  protected scanIndentedText(): Stop {
    const text = this.text;
    const length = this.length;
    const start = this.at;
    if (start >= length) return Stop.Eof;
    let i = start;
    let hasNull = false;
    while (i < length) {
      const code = text.charCodeAt(i);
      if (code === 36) {
        const next = i + 1 < length ? text.charCodeAt(i + 1) : -1;
        if (next === 123 || next === 39 || next === -1) break;
        if (next === 0) hasNull = true;
        i += 2;
      } else if (code === 39) {
        const next = i + 1 < length ? text.charCodeAt(i + 1) : -1;
        if (next === 39 || next === 36 || next === -1) break;
        if (next === 0) hasNull = true;
        i += 2;
      } else {
        if (code === 0) hasNull = true;
        i += 1;
      }
    }
    if (i > start) {
      this.piece = text.slice(start, i);
      this.pieceIndented = true;
      this.at = i;
      if (hasNull) this.reportNull(start, i);
      return Stop.Piece;
    }
    this.pieceIndented = false;
    if (text.charCodeAt(i) === 36) {
      if (text.charCodeAt(i + 1) === 123) return Stop.Interpolation;
      this.piece = "$";
      this.at = i + 1;
      return Stop.Piece;
    }
    if (text.charCodeAt(i + 1) !== 39) {
      this.piece = "'";
      this.at = i + 1;
      return Stop.Piece;
    }
    const third = i + 2 < length ? text.charCodeAt(i + 2) : -1;
    if (third === 36) {
      this.piece = "$";
      this.at = i + 3;
    } else if (third === 39) {
      this.piece = "''";
      this.at = i + 3;
    } else if (third === 92 && i + 3 < length) {
      this.piece = unescape(text.slice(i + 2, i + 4));
      this.at = i + 4;
    } else return Stop.Close;
    return Stop.Piece;
  }

  /**
   * Scans what follows a part of a path, at `at`: `Stop.Interpolation`, a piece of text, or
   * `Stop.Close` when no path char follows.
   */
  protected scanPathText(): Stop {
    const start = this.at;
    if (this.isInterpolation(start)) return Stop.Interpolation;
    let i = start;
    while (this.isPathChar(i)) i += 1;
    const runEnd = i;
    if (this.text.charCodeAt(i) === 47) {
      const end = this.segments(i);
      i = end >= 0 ? end : i + 1;
    } else if (runEnd === start) return Stop.Close;
    this.piece = this.text.slice(start, i);
    this.at = i;
    return Stop.Piece;
  }

  private reportNull(start: number, end: number): void {
    const shown = this.piece.replaceAll("\0", NULL_PICTURE);
    this.report(
      "null-byte",
      "error",
      `input string '${shown}' cannot be represented as Nix string because it contains null bytes`,
      start,
      end,
    );
  }
}

/** For each byte the token that it is by itself, whatever follows; else {@link Token.Eof}. */
const SINGLE_TOKENS: Uint8Array = makeSingleTokens();

function makeSingleTokens(): Uint8Array {
  const table = new Uint8Array(256);
  table[34] = Token.Quote;
  table[40] = Token.LeftParen;
  table[41] = Token.RightParen;
  table[42] = Token.Star;
  table[44] = Token.Comma;
  table[58] = Token.Colon;
  table[59] = Token.Semicolon;
  table[63] = Token.Question;
  table[64] = Token.At;
  table[91] = Token.LeftBracket;
  table[93] = Token.RightBracket;
  table[123] = Token.LeftBrace;
  table[125] = Token.RightBrace;
  return table;
}

function keyword(name: string): Token {
  switch (name) {
    case "if":
      return Token.If;
    case "then":
      return Token.Then;
    case "else":
      return Token.Else;
    case "assert":
      return Token.Assert;
    case "with":
      return Token.With;
    case "let":
      return Token.Let;
    case "in":
      return Token.In;
    case "rec":
      return Token.Rec;
    case "inherit":
      return Token.Inherit;
    case "or":
      return Token.Or;
    default:
      return Token.Id;
  }
}
