/**
 * What becomes of the text inside quotes: escapes of `"…"` and the indentation of `''…''`.
 *
 * The lexer finds the pieces, this file gives their values.
 */
import { type Expr, NodeKind, type StringLiteral } from "../ast/nodes.ts";

const LF = 10;
const CR = 13;
const SPACE = 32;
const BACKSLASH = 92;

/** Resolves `\n`, `\r`, `\t`, `\c` and turns CR and CRLF into LF. */
export function unescape(raw: string): string {
  let result = "";
  let from = 0;
  const length = raw.length;
  for (let i = 0; i < length; i += 1) {
    const code = raw.charCodeAt(i);
    if (code === BACKSLASH) {
      result += raw.slice(from, i);
      i += 1;
      const escaped = raw[i];
      if (escaped === "n") result += "\n";
      else if (escaped === "r") result += "\r";
      else if (escaped === "t") result += "\t";
      else if (escaped !== undefined) result += escaped;
      from = i + 1;
    } else if (code === CR) {
      result += `${raw.slice(from, i)}\n`;
      if (raw.charCodeAt(i + 1) === LF) i += 1;
      from = i + 1;
    }
  }
  return from === 0 ? raw : result + raw.slice(from);
}

/** One piece of an indented string: text or an interpolation. */
export interface IndentedPiece {
  readonly text: string | undefined;
  /** False for escapes and for a lone `$` or `'`: they end the indentation of their line. */
  readonly indented: boolean;
  readonly expr: Expr | undefined;
  /** Where it begins. */
  readonly pos: number;
  /** One past its end. */
  readonly end: number;
}

/** The parts of an indented string after its indentation is gone. */
export interface StrippedParts {
  readonly parts: Expr[];
  readonly positions: number[];
}

/**
 * Removes the common indentation of an indented string, empty pieces, and a last line of blanks.
 *
 * Nix: `ParserState::stripIndentation`. Only spaces count; lines of blanks do not. An escaped newline
 * begins a line for the removal but not for the counting.
 */
export function stripIndentation(pieces: readonly IndentedPiece[]): StrippedParts {
  const indent = commonIndentation(pieces);
  const parts: Expr[] = [];
  const positions: number[] = [];
  let atLineStart = true;
  let dropped = 0;
  for (let p = 0; p < pieces.length; p += 1) {
    const piece = pieces[p] as IndentedPiece;
    if (piece.text === undefined) {
      atLineStart = false;
      dropped = 0;
      parts.push(piece.expr as Expr);
      positions.push(piece.pos);
      continue;
    }
    const text = piece.text;
    let stripped = "";
    let from = 0;
    let i = 0;
    while (i < text.length) {
      if (atLineStart) {
        const code = text.charCodeAt(i);
        if (code === SPACE) {
          if (dropped < indent) {
            stripped += text.slice(from, i);
            from = i + 1;
          }
          dropped += 1;
        } else {
          dropped = 0;
          if (code !== LF) atLineStart = false;
        }
        i += 1;
      } else {
        const newline = text.indexOf("\n", i);
        if (newline < 0) break;
        i = newline + 1;
        atLineStart = true;
      }
    }
    stripped += text.slice(from);
    if (p === pieces.length - 1) stripped = dropBlankLastLine(stripped);
    if (stripped !== "") {
      const literal: StringLiteral = {
        kind: NodeKind.String,
        start: piece.pos,
        end: piece.end,
        pos: -1,
        value: stripped,
        form: "indented",
      };
      parts.push(literal);
      positions.push(piece.pos);
    }
  }
  return { parts, positions };
}

/** The smallest number of spaces before the first other char of a line. */
function commonIndentation(pieces: readonly IndentedPiece[]): number {
  let atLineStart = true;
  let smallest = 1_000_000;
  let current = 0;
  for (const piece of pieces) {
    const text = piece.text;
    if (text === undefined || !piece.indented) {
      if (atLineStart) {
        atLineStart = false;
        if (current < smallest) smallest = current;
      }
      continue;
    }
    let i = 0;
    while (i < text.length) {
      if (atLineStart) {
        const code = text.charCodeAt(i);
        if (code === SPACE) current += 1;
        else if (code === LF) current = 0;
        else {
          atLineStart = false;
          if (current < smallest) smallest = current;
        }
        i += 1;
      } else {
        const newline = text.indexOf("\n", i);
        if (newline < 0) break;
        i = newline + 1;
        atLineStart = true;
        current = 0;
      }
    }
  }
  return smallest;
}

/** Cuts what follows the last newline when that is only spaces. */
function dropBlankLastLine(text: string): string {
  let i = text.length;
  while (i > 0 && text.charCodeAt(i - 1) === SPACE) i -= 1;
  return i > 0 && text.charCodeAt(i - 1) === LF ? text.slice(0, i) : text;
}
