/**
 * PositionMap: the way between positions of the protocol and byte offsets of one text.
 *
 * The protocol counts lines and UTF-16 code units; the syntax tree counts bytes of UTF-8. A text that
 * is plain ASCII, like nearly every Nix file, needs no table. For others the map keeps the byte offset
 * of every {@link STRIDE}th code unit, so that a long line costs no more than a short one. A line ends
 * at LF, CRLF or a lone CR, in the protocol as in Nix.
 */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import type { SourceFile, Span } from "@nivis/syntax";
import type { Position, Range } from "vscode-languageserver";

/** The distance between two entries of the table, in UTF-16 code units. */
const STRIDE = 64;

const NON_ASCII = /[^\x00-\x7f]/;

/** A text as the tree sees it: one char a byte. */
export interface EncodedText {
  readonly bytes: string;
  /** The byte offset of every {@link STRIDE}th code unit; `undefined` for ASCII. */
  readonly table: readonly number[] | undefined;
}

/** Encodes a text; half a surrogate pair becomes U+FFFD. */
export function encodeText(text: string): EncodedText {
  if (!NON_ASCII.test(text)) return { bytes: text, table: undefined };
  const table: number[] = [];
  let bytes = 0;
  for (let i = 0; i < text.length; i += 1) {
    if (i % STRIDE === 0) table.push(bytes);
    bytes += unitBytes(text, i);
  }
  return { bytes: encodeUtf8(text), table };
}

/** How many bytes a code unit adds: a pair counts for four, all with its first half. */
function unitBytes(text: string, at: number): number {
  const unit = text.charCodeAt(at);
  if (unit < 0x80) return 1;
  if (unit < 0x800) return 2;
  if (unit < 0xd800 || unit > 0xdfff) return 3;
  if (unit < 0xdc00) return isLow(text.charCodeAt(at + 1)) ? 4 : 3;
  return at > 0 && isHigh(text.charCodeAt(at - 1)) ? 0 : 3;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}

/** Converts positions of one text. */
export class PositionMap {
  readonly #text: string;
  readonly #table: readonly number[] | undefined;
  readonly #source: SourceFile;

  constructor(text: string, table: readonly number[] | undefined, source: SourceFile) {
    this.#text = text;
    this.#table = table;
    this.#source = source;
  }

  /** The byte offset of a position. A position beyond its line or the text counts as its end. */
  offset({ line, character }: Position): number {
    const starts = this.#source.lineStarts;
    if (!(line >= 0)) return 0;
    const lineNumber = Math.floor(line);
    const start = starts[lineNumber];
    if (start === undefined) return this.#source.text.length;
    const end = this.#lineEnd(lineNumber);
    const column = character > 0 ? Math.floor(character) : 0;
    if (this.#table === undefined) return Math.min(start + column, end);
    return Math.min(this.toBytes(Math.min(this.toUnits(start) + column, this.#text.length)), end);
  }

  /** Where a line ends, without the line break. */
  #lineEnd(line: number): number {
    const { lineStarts, text } = this.#source;
    const next = lineStarts[line + 1];
    if (next === undefined) return text.length;
    let end = next - 1;
    if (text.charCodeAt(end) === 10 && text.charCodeAt(end - 1) === 13) end -= 1;
    return Math.max(end, lineStarts[line] as number);
  }

  /** The position of a byte offset. */
  position(offset: number): Position {
    const { line, column } = this.#source.lineColumn(offset);
    if (this.#table === undefined) return { line: line - 1, character: column - 1 };
    const start = this.#source.lineStarts[line - 1] as number;
    return {
      line: line - 1,
      character: this.toUnits(start + column - 1) - this.toUnits(start),
    };
  }

  range({ start, end }: Span): Range {
    return { start: this.position(start), end: this.position(end) };
  }

  span({ start, end }: Range): Span {
    const first = this.offset(start);
    return { start: first, end: Math.max(first, this.offset(end)) };
  }

  /** The length of a stretch in UTF-16 code units. */
  units({ start, end }: Span): number {
    return this.#table === undefined ? end - start : this.toUnits(end) - this.toUnits(start);
  }

  /** The byte offset of a code unit. */
  toBytes(unit: number): number {
    const table = this.#table;
    if (table === undefined || table.length === 0) return unit;
    const entry = Math.min(Math.floor(unit / STRIDE), table.length - 1);
    let bytes = table[entry] as number;
    for (let i = entry * STRIDE; i < unit; i += 1) bytes += unitBytes(this.#text, i);
    return bytes;
  }

  /** The code unit of a byte offset; one inside a character counts as its start. */
  toUnits(offset: number): number {
    const table = this.#table;
    if (table === undefined || table.length === 0) return offset;
    let low = 0;
    let high = table.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((table[middle] as number) <= offset) low = middle;
      else high = middle - 1;
    }
    let bytes = table[low] as number;
    let unit = low * STRIDE;
    while (unit < this.#text.length) {
      const size = unitBytes(this.#text, unit);
      // The second half of a pair adds nothing, so the loop never ends between the halves.
      if (bytes + size > offset) break;
      bytes += size;
      unit += 1;
    }
    return unit;
  }
}

/** The range of a span of a source whose text is bytes. */
export function rangeIn(source: SourceFile, span: Span): Range {
  const { text } = source;
  // Bytes beyond ASCII are decoded first; lines without them need nothing.
  if (!/[\x80-\xff]/.test(text)) return new PositionMap(text, undefined, source).range(span);
  const decoded = decodeUtf8(text);
  return new PositionMap(decoded, encodeText(decoded).table, source).range(span);
}
