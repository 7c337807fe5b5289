/**
 * Screen: draws the input below the output of earlier ones, and draws it again when it changes. It
 * knows how wide characters are and where lines wrap; it uses no more of a terminal than moving the
 * cursor and erasing to the end.
 */
import { eastAsianWidth } from "get-east-asian-width";
import type { Paint } from "./highlight.ts";

/** What is to be seen. */
export interface Picture {
  readonly prompt: string;
  readonly continuationPrompt: string;
  readonly text: string;
  /** A UTF-16 offset into the text. */
  readonly cursor: number;
  readonly paints: readonly Paint[];
  /** Offsets of characters that are to stand out: a pair of brackets. */
  readonly marks: readonly number[];
  /** Lines below the text, such as completions; one terminal line each, cut at its width. */
  readonly below: readonly string[];
}

/** The number of columns of a text. Control characters are drawn as `^X`. */
export function widthOf(text: string): number {
  let width = 0;
  for (const char of text) width += charWidth(char);
  return width;
}

function charWidth(char: string): number {
  const point = char.codePointAt(0) as number;
  if (point < 0x20 || point === 0x7f) return 2;
  if (point < 0x300) return 1;
  return /^[\p{Mn}\p{Me}\p{Cf}]$/u.test(char) ? 0 : eastAsianWidth(point);
}

function shown(char: string): string {
  const point = char.codePointAt(0) as number;
  if (point >= 0x20 && point !== 0x7f) return char;
  return `^${String.fromCharCode(point ^ 0x40)}`;
}

/** Cuts a text at a width. */
export function cutAt(text: string, width: number): string {
  let used = 0;
  let cut = "";
  for (const char of text) {
    used += charWidth(char);
    if (used > width) return cut;
    cut += char;
  }
  return cut;
}

/** The part of a terminal in which the input is drawn. */
export class Screen {
  readonly #write: (text: string) => void;
  readonly #columns: () => number;
  readonly #color: boolean;
  /** The row of the cursor below the first row of the input. */
  #row = 0;

  constructor(write: (text: string) => void, columns: () => number, color: boolean) {
    this.#write = write;
    this.#columns = columns;
    this.#color = color;
  }

  /** Draws, or draws again. */
  draw(picture: Picture): void {
    const columns = Math.max(this.#columns(), 10);
    const { body, rows, cursorRow, cursorColumn } = this.#layOut(picture, columns);
    const up = this.#row > 0 ? `\x1b[${this.#row}A` : "";
    const back = rows - cursorRow > 0 ? `\x1b[${rows - cursorRow}A` : "";
    const right = cursorColumn > 0 ? `\x1b[${cursorColumn}C` : "";
    // Hidden meanwhile, and drawn in one piece, so that nothing flickers.
    this.#write(`\x1b[?25l${up}\r\x1b[J${body}${back}\r${right}\x1b[?25h`);
    this.#row = cursorRow;
  }

  /** Moves below everything that was drawn, and forgets it. */
  leave(picture: Picture): void {
    this.draw({ ...picture, cursor: picture.text.length, below: [], marks: [] });
    this.#write("\n");
    this.#row = 0;
  }

  /** Empties the terminal. */
  clear(): void {
    this.#write("\x1b[H\x1b[2J");
    this.#row = 0;
  }

  #layOut(picture: Picture, columns: number) {
    let body = "";
    let row = 0;
    let column = 0;
    let cursorRow = 0;
    let cursorColumn = 0;
    const put = (text: string, width: number): void => {
      if (column + width > columns) {
        body += "\r\n";
        row++;
        column = 0;
      }
      body += text;
      column += width;
    };
    for (const char of picture.prompt) put(char, charWidth(char));
    let sgr = "";
    let byte = 0;
    let paint = 0;
    const { text, cursor, marks, paints } = picture;
    for (let at = 0; at <= text.length; ) {
      if (at === cursor) {
        // Behind the last column is the begin of the next row.
        if (column >= columns) {
          body += "\r\n";
          row++;
          column = 0;
        }
        [cursorRow, cursorColumn] = [row, column];
      }
      if (at === text.length) break;
      const char = String.fromCodePoint(text.codePointAt(at) as number);
      while (paint < paints.length && (paints[paint] as Paint).end <= byte) paint++;
      const current = paints[paint];
      let wanted = current !== undefined && current.start <= byte ? current.sgr : "";
      if (marks.includes(at)) wanted = wanted === "" ? "1;4" : `${wanted};1;4`;
      if (this.#color && wanted !== sgr) {
        body += wanted === "" ? "\x1b[0m" : `\x1b[0;${wanted}m`;
        sgr = wanted;
      }
      if (char === "\n") {
        if (sgr !== "") body += "\x1b[0m";
        sgr = "";
        body += "\r\n";
        row++;
        column = 0;
        for (const one of picture.continuationPrompt) put(one, charWidth(one));
      } else put(shown(char), charWidth(char));
      at += char.length;
      byte += Buffer.byteLength(char);
    }
    if (sgr !== "") body += "\x1b[0m";
    for (const line of picture.below) {
      body += `\r\n${cutAt(line, columns - 1)}`;
      row++;
    }
    return { body, rows: row, cursorRow, cursorColumn };
  }
}
