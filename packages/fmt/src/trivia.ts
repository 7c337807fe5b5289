/**
 * What lies between tokens, as the style sees it: for each token the comments and blank lines that lead
 * it, and the comment that trails it on its line.
 *
 * `readTrivia` walks all gaps of a tree once. The rules may move trivia from token to token afterwards
 * (`Trivia` keeps the old state while a try is on); nothing is ever dropped.
 *
 * Source: nixfmt's `Lexer` (RFC 166): which comment belongs to which token, how block comments are
 * normalised, and the directives `nixfmt:disable` and `nixfmt:enable`.
 */
import { type SyntaxTree, Token } from "@nivis/syntax";
import { columns, isSpaces, leadingSpaces, strip, stripEnd, stripStart } from "./bytes.ts";

/** What a piece of trivia is. */
export const enum TriviumKind {
  /** One or more blank lines. */
  Blank,
  /** `#text` */
  Line,
  /** A comment of several lines. */
  Block,
  /** The same, beginning with two stars. */
  Doc,
  /** A short comment right before a string that names its language. */
  Language,
  /** The begin of a disabled region. */
  Disable,
  /** Its end; `text` is the region. */
  Enable,
  /** The end of the file inside of it; `text` is the region. */
  DisabledToEnd,
  /** An end without a begin. */
  LoneEnable,
}

/** One piece of trivia. */
export interface Trivium {
  readonly kind: TriviumKind;
  readonly text: string;
  /** Of block comments. */
  readonly lines: readonly string[];
}

const NONE: readonly Trivium[] = [];
const NO_LINES: readonly string[] = [];
const BLANK: Trivium = { kind: TriviumKind.Blank, text: "", lines: NO_LINES };
const ONLY_BLANK: readonly Trivium[] = [BLANK];

const DISABLE = "/*nixfmt:disable*/";
const ENABLE = "/*nixfmt:enable*/";
const TAB_STOP = 8;
const MAX_LANGUAGE = 30;
const LANGUAGE = /^[\p{L}\p{N}+._-]+$/u;

export function lineComment(text: string): Trivium {
  return { kind: TriviumKind.Line, text, lines: NO_LINES };
}

/** The trivia of all tokens, movable. */
export class Trivia {
  readonly #leading: (readonly Trivium[] | undefined)[];
  readonly #trailing: (string | undefined)[];
  /** The line on which each token begins, from 0; all 0 where lines shall not count. */
  readonly lines: Int32Array;
  /** For each token whether a disabled region is open right before it: where it begins, or -1. */
  readonly disabled: Int32Array | undefined;
  readonly #items = new Map<number, readonly Trivium[]>();
  #undo: (() => void)[] | undefined;

  constructor(
    leading: (readonly Trivium[] | undefined)[],
    trailing: (string | undefined)[],
    lines: Int32Array,
    disabled: Int32Array | undefined,
  ) {
    this.#leading = leading;
    this.#trailing = trailing;
    this.lines = lines;
    this.disabled = disabled;
  }

  leading(token: number): readonly Trivium[] {
    return this.#leading[token] ?? NONE;
  }

  /** The text of the comment behind a token, without `#`. */
  trailing(token: number): string | undefined {
    return this.#trailing[token];
  }

  hasLeading(token: number): boolean {
    const leading = this.#leading[token];
    return leading !== undefined && leading.length > 0;
  }

  hasAny(token: number): boolean {
    return this.#trailing[token] !== undefined || this.hasLeading(token);
  }

  /** Makes what leads a token an item of its own, which `item` returns from then on. */
  detach(token: number): void {
    const leading = this.#leading[token];
    if (leading === undefined) return;
    this.#items.set(token, leading);
    this.#leading[token] = undefined;
  }

  /** What led a token before it was detached. */
  item(token: number): readonly Trivium[] {
    return this.#items.get(token) ?? NONE;
  }

  setLeading(token: number, trivia: readonly Trivium[]): void {
    const before = this.#leading[token];
    this.#undo?.push(() => {
      this.#leading[token] = before;
    });
    this.#leading[token] = trivia;
  }

  setTrailing(token: number, text: string | undefined): void {
    const before = this.#trailing[token];
    this.#undo?.push(() => {
      this.#trailing[token] = before;
    });
    this.#trailing[token] = text;
  }

  /** Makes the trailing comment of a token the last that leads it, or that leads `first`. */
  moveUp(token: number, first: number = token): void {
    const text = this.#trailing[token];
    if (text === undefined) return;
    this.setLeading(first, [...this.leading(first), lineComment(` ${text}`)]);
    this.setTrailing(token, undefined);
  }

  prepend(token: number, trivia: readonly Trivium[]): void {
    if (trivia.length > 0) this.setLeading(token, [...trivia, ...this.leading(token)]);
  }

  /** Whether a disabled region reaches the end of the file. */
  get endsDisabled(): boolean {
    const last = this.#leading[this.#leading.length - 1] ?? NONE;
    return last.some((one) => one.kind === TriviumKind.DisabledToEnd);
  }

  /** Runs a try; what it moved is moved back when it returns false. */
  attempt(run: () => boolean): boolean {
    const outer = this.#undo;
    const undo: (() => void)[] = [];
    this.#undo = undo;
    const done = run();
    this.#undo = outer;
    if (!done) for (let i = undo.length - 1; i >= 0; i -= 1) (undo[i] as () => void)();
    else outer?.push(...undo);
    return done;
  }
}

/** A comment or a run of line ends in a gap. */
interface Piece {
  readonly kind: "newlines" | "line" | "block" | "language" | "directive";
  /** Of newlines. */
  readonly count: number;
  /** Of a `#` comment without the `#`, of a language annotation, of a directive. */
  readonly text: string;
  readonly lines: readonly string[];
  readonly doc: boolean;
  readonly start: number;
  readonly end: number;
}

/** Reads the trivia of a tree. With `strict`, input lines do not count outside interpolations. */
export function readTrivia(tree: SyntaxTree, strict: boolean): Trivia {
  return new TriviaReader(tree, strict).read();
}

class TriviaReader {
  readonly #tree: SyntaxTree;
  readonly #text: string;
  readonly #strict: boolean;
  readonly #leading: (readonly Trivium[] | undefined)[];
  readonly #trailing: (string | undefined)[];
  /** Where the line of the directive begins that opened a disabled region; -1 outside of one. */
  #disabledFrom = -1;

  constructor(tree: SyntaxTree, strict: boolean) {
    this.#tree = tree;
    this.#text = tree.text;
    this.#strict = strict;
    this.#leading = new Array<readonly Trivium[] | undefined>(tree.tokenCount).fill(undefined);
    this.#trailing = new Array<string | undefined>(tree.tokenCount).fill(undefined);
  }

  read(): Trivia {
    const { tokenKinds, tokenStarts, tokenEnds, tokenComments, tokenCount } = this.#tree;
    const lines = new Int32Array(tokenCount);
    const disabled = this.#text.includes(DISABLE) ? new Int32Array(tokenCount).fill(-1) : undefined;
    let line = 0;
    let gapStart = 0;
    let comments = 0;
    // Open interpolations, told from sets by what opened them.
    const braces: boolean[] = [];
    let interpolations = 0;
    for (let token = 0; token < tokenCount; token += 1) {
      const start = tokenStarts[token] as number;
      if (gapStart < start) {
        const before = tokenComments[token] as number;
        if (before === comments) {
          const newlines = this.#newlines(gapStart, start);
          line += newlines;
          if (newlines > 1) this.#leading[token] = ONLY_BLANK;
        } else {
          line += this.#newlines(gapStart, start);
          this.#readGap(token, gapStart, start, comments, before);
          comments = before;
        }
      }
      if (disabled !== undefined) disabled[token] = this.#disabledFrom;
      const kind = tokenKinds[token];
      gapStart = tokenEnds[token] as number;
      if (kind === Token.RightBrace && braces.pop() === true) interpolations -= 1;
      if (!this.#strict || interpolations > 0) lines[token] = line;
      if (kind === Token.LeftBrace) braces.push(false);
      else if (kind === Token.DollarBrace) {
        braces.push(true);
        interpolations += 1;
      } else if (kind === Token.StringText) line += this.#newlines(start, gapStart);
    }
    if (this.#disabledFrom >= 0) {
      const end = tokenCount - 1;
      const region = this.#text.slice(this.#disabledFrom);
      this.#leading[end] = [
        ...(this.#leading[end] ?? NONE),
        { kind: TriviumKind.DisabledToEnd, text: region, lines: NO_LINES },
      ];
    }
    return new Trivia(this.#leading, this.#trailing, lines, disabled);
  }

  #newlines(start: number, end: number): number {
    const text = this.#text;
    let count = 0;
    for (let i = start; i < end; i += 1) if (text.charCodeAt(i) === 10) count += 1;
    return count;
  }

  /** Reads a gap with comments. */
  #readGap(token: number, start: number, end: number, from: number, to: number): void {
    const pieces = this.#pieces(start, end, from, to);
    const follows =
      token > 0 && this.#tree.tokenKinds[token - 1] !== Token.DollarBrace ? token - 1 : -1;
    let leads = 0;
    if (follows >= 0) {
      while (leads < pieces.length && mayTrail(pieces[leads] as Piece)) leads += 1;
      if (leads === 1 && this.#beginsBlock(pieces, end)) leads = 0;
      const comment = trailingText(pieces.slice(0, leads));
      if (comment !== "") this.#trailing[follows] = comment;
    }
    const leading: Trivium[] = [];
    for (let i = leads; i < pieces.length; i += 1) this.#lead(pieces[i] as Piece, leading);
    if (leading.length > 0) this.#leading[token] = leading;
  }

  /** Whether a comment behind a token stands right above more of the same, or above the next token. */
  #beginsBlock(pieces: readonly Piece[], next: number): boolean {
    const [comment, newline, below] = pieces;
    if (comment?.kind !== "line" || newline?.kind !== "newlines" || newline.count !== 1)
      return false;
    if (below === undefined) return this.#column(comment.start) === this.#column(next);
    return below.kind === "line" && this.#column(comment.start) === this.#column(below.start);
  }

  /** The column of an offset from 0, in code points. */
  #column(offset: number): number {
    const line = this.#text.slice(this.#text.lastIndexOf("\n", offset - 1) + 1, offset);
    if (!line.includes("\t")) return columns(line);
    let column = 0;
    for (const [i, part] of line.split("\t").entries()) {
      if (i > 0) column += TAB_STOP - (column % TAB_STOP);
      column += columns(part);
    }
    return column;
  }

  #pieces(start: number, end: number, from: number, to: number): Piece[] {
    const { commentStarts, commentEnds } = this.#tree;
    const pieces: Piece[] = [];
    let at = start;
    const newlines = (until: number): void => {
      const count = this.#newlines(at, until);
      if (count > 0) pieces.push(piece("newlines", at, until, { count }));
    };
    for (let comment = from; comment < to; comment += 1) {
      const begin = commentStarts[comment] as number;
      newlines(begin);
      at = commentEnds[comment] as number;
      pieces.push(this.#comment(begin, at));
    }
    newlines(end);
    return pieces;
  }

  #comment(start: number, end: number): Piece {
    const text = this.#text;
    if (text.charCodeAt(start) === 35)
      return piece("line", start, end, { text: stripEnd(text.slice(start + 1, end)) });
    const doc = text.charCodeAt(start + 2) === 42 && end > start + 4;
    const lines = this.#blockLines(text.slice(start + (doc ? 3 : 2), end - 2), start);
    if (!doc && lines.length === 1) {
      const content = strip(lines[0] as string);
      if (isLanguage(content) && this.#stringFollows(end))
        return piece("language", start, end, { text: content });
    }
    const raw = text.slice(start, end);
    if ((raw === DISABLE || raw === ENABLE) && this.#endsLine(end))
      return piece("directive", start, end, { text: raw });
    return piece("block", start, end, { lines, doc });
  }

  /** Whether only blanks follow on the line. */
  #endsLine(offset: number): boolean {
    const rest = this.#text.slice(offset, this.#lineEnd(offset));
    return stripStart(rest) === "";
  }

  #lineEnd(offset: number): number {
    let end = offset;
    while (end < this.#text.length) {
      const code = this.#text.charCodeAt(end);
      if (code === 10 || code === 13) break;
      end += 1;
    }
    return end;
  }

  /** Whether a string begins behind blanks and at most one line end. */
  #stringFollows(offset: number): boolean {
    return /^[ \t]*(?:\r?\n)?[ \t]*(?:"|'')/.test(
      this.#text.slice(offset, this.#gapEnd(offset) + 2),
    );
  }

  #gapEnd(offset: number): number {
    let end = offset;
    while (end < this.#text.length && " \t\r\n".includes(this.#text[end] as string)) end += 1;
    return end;
  }

  /** The lines of a block comment without its stars and its indentation. */
  #blockLines(content: string, start: number): string[] {
    const lines = content.replaceAll("\r\n", "\n").split("\n").map(stripEnd);
    dropEmptyEnd(lines);
    if (lines.length === 0) return lines;
    const column = lines.length > 1 || !isSpaces(lines[0] as string) ? this.#column(start) : 0;
    removeStars(lines, column);
    for (let i = 0; i < lines.length; i += 1) lines[i] = stripEnd(lines[i] as string);
    dropEmptyEnd(lines);
    removeIndentation(lines, column);
    let first = 0;
    while (first < lines.length && lines[first] === "") first += 1;
    return lines.slice(first);
  }

  /** Adds what a piece becomes when it leads a token. */
  #lead(read: Piece, leading: Trivium[]): void {
    switch (read.kind) {
      case "newlines":
        if (read.count > 1) leading.push(BLANK);
        return;
      case "line":
        leading.push(lineComment(read.text));
        return;
      case "language":
        leading.push({ kind: TriviumKind.Language, text: read.text, lines: NO_LINES });
        return;
      case "directive":
        leading.push(this.#directive(read));
        return;
      case "block":
        if (read.lines.length === 0) return;
        if (!read.doc && read.lines.length === 1)
          leading.push(lineComment(` ${strip(read.lines[0] as string)}`));
        else {
          const kind = read.doc ? TriviumKind.Doc : TriviumKind.Block;
          leading.push({ kind, text: "", lines: read.lines });
        }
    }
  }

  #directive({ text, start, end }: Piece): Trivium {
    const disables = text === DISABLE;
    const lineStart = this.#text.lastIndexOf("\n", start - 1) + 1;
    if (stripStart(this.#text.slice(lineStart, start)) !== "")
      return lineComment(` ${text.slice(2, -2)}`);
    if (disables) {
      if (this.#disabledFrom < 0) this.#disabledFrom = lineStart;
      return { kind: TriviumKind.Disable, text: "", lines: NO_LINES };
    }
    if (this.#disabledFrom < 0)
      return { kind: TriviumKind.LoneEnable, text: ENABLE, lines: NO_LINES };
    const region = this.#text.slice(this.#disabledFrom, this.#lineEnd(end));
    this.#disabledFrom = -1;
    return { kind: TriviumKind.Enable, text: region, lines: NO_LINES };
  }
}

function piece(
  kind: Piece["kind"],
  start: number,
  end: number,
  { count = 0, text = "", lines = NO_LINES, doc = false }: Partial<Piece>,
): Piece {
  return { kind, start, end, count, text, lines, doc };
}

function mayTrail({ kind, doc, lines }: Piece): boolean {
  return kind === "line" || kind === "directive" || (kind === "block" && !doc && lines.length < 2);
}

/** The text of the comment that pieces behind a token become. */
function trailingText(pieces: readonly Piece[]): string {
  const texts: string[] = [];
  for (const { kind, text, lines } of pieces) {
    const shown =
      kind === "line"
        ? strip(text)
        : kind === "directive"
          ? text.slice(2, -2)
          : strip(lines[0] ?? "");
    if (shown !== "") texts.push(shown);
  }
  return texts.join(" ");
}

function isLanguage(content: string): boolean {
  if (content === "" || columns(content) > MAX_LANGUAGE) return false;
  try {
    return LANGUAGE.test(decodeURIComponent(content.replace(/[%\x80-\xff]/g, percent)));
  } catch {
    // Not UTF-8.
    return false;
  }
}

function percent(char: string): string {
  return `%${char.charCodeAt(0).toString(16)}`;
}

function dropEmptyEnd(lines: string[]): void {
  while (lines.length > 0 && lines[lines.length - 1] === "") lines.pop();
}

/** Replaces a star before each line but the first, when all have it right below the opening one. */
function removeStars(lines: string[], column: number): void {
  const margin = " ".repeat(column);
  const starred = `${margin} *`;
  for (let i = 1; i < lines.length; i += 1) if (!(lines[i] as string).startsWith(starred)) return;
  for (let i = 1; i < lines.length; i += 1)
    lines[i] = margin + (lines[i] as string).slice(starred.length);
}

function removeIndentation(lines: string[], column: number): void {
  const first = lines[0];
  if (first === undefined) return;
  let common = first.startsWith(" ") ? column + 3 : column + 2;
  for (let i = 1; i < lines.length; i += 1) {
    const line = lines[i] as string;
    if (!isSpaces(line)) common = Math.min(common, leadingSpaces(line));
  }
  lines[0] = strip(first);
  for (let i = 1; i < lines.length; i += 1) {
    const line = lines[i] as string;
    lines[i] = leadingSpaces(line) >= common ? line.slice(common) : stripStart(line);
  }
}
