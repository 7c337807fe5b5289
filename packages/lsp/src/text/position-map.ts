/**
 * PositionMap: the way between positions of the protocol and byte offsets of one text.
 *
 * The protocol counts lines and UTF-16 code units; the syntax tree counts bytes of UTF-8. A text that
 * is plain ASCII, like nearly every Nix file, needs no table. For others the map keeps the byte offset
 * of every {@link STRIDE}th code unit, so that a long line costs no more than a short one. A line ends
 * at LF, CRLF or a lone CR, in the protocol as in Nix.
 */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { replacedBetween, type SourceFile, type Span } from "@nivis/syntax";
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

/**
 * Encodes a text; half a surrogate pair becomes U+FFFD. `earlier` is another text, much like it: the bytes of
 * what both share at their beginning and end are taken over.
 */
export function encodeText(
  text: string,
  earlier?: { readonly text: string } & EncodedText,
): EncodedText {
  if (!NON_ASCII.test(text)) return { bytes: text, table: undefined };
  return { bytes: bytesAfter(text, earlier), table: tableOf(text) };
}

/** The byte offset of every {@link STRIDE}th code unit; jumps from one character beyond ASCII to the next. */
function tableOf(text: string): number[] {
  const table: number[] = [];
  const next = new RegExp(NON_ASCII, "g");
  let bytes = 0;
  let unit = 0;
  const plainUntil = (end: number): void => {
    for (let at = table.length * STRIDE; at < end; at += STRIDE) table.push(bytes + at - unit);
    bytes += end - unit;
    unit = end;
  };
  while (next.test(text)) {
    plainUntil(next.lastIndex - 1);
    do {
      if (unit % STRIDE === 0) table.push(bytes);
      bytes += unitBytes(text, unit);
      unit += 1;
    } while (text.charCodeAt(unit) > 0x7f);
    next.lastIndex = unit;
  }
  plainUntil(text.length);
  return table;
}

function bytesAfter(
  text: string,
  earlier: ({ readonly text: string } & EncodedText) | undefined,
): string {
  if (earlier?.table === undefined) return encodeUtf8(text);
  let { start, end } = replacedBetween(earlier.text, text);
  // Pairs are not parted.
  if (isHigh(text.charCodeAt(start - 1))) start -= 1;
  if (isLow(earlier.text.charCodeAt(end))) end += 1;
  const { bytes } = earlier;
  const head = unitToByte(earlier.text, earlier.table, start);
  const tail = unitToByte(earlier.text, earlier.table, end);
  const changed = text.slice(start, text.length - (earlier.text.length - end));
  return bytes.slice(0, head) + encodeUtf8(changed) + bytes.slice(tail);
}

/** The byte offset of a code unit. */
function unitToByte(text: string, table: readonly number[], unit: number): number {
  if (table.length === 0) return unit;
  const entry = Math.min(Math.floor(unit / STRIDE), table.length - 1);
  let bytes = table[entry] as number;
  for (let i = entry * STRIDE; i < unit; i += 1) bytes += unitBytes(text, i);
  return bytes;
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
    return { line: line - 1, character: this.units({ start, end: start + column - 1 }) };
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
    if (this.#table === undefined) return end - start;
    const { text } = this.#source;
    for (let i = start; i < end; i += 1)
      if (text.charCodeAt(i) > 0x7f) return this.toUnits(end) - this.toUnits(start);
    return end - start;
  }

  /** The byte offset of a code unit. */
  toBytes(unit: number): number {
    return this.#table === undefined ? unit : unitToByte(this.#text, this.#table, unit);
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
