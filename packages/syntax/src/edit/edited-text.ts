/**
 * A text under edits: what it is now, and which small edits of the original make it so.
 *
 * The text is a list of pieces, each a stretch of the original or something new. An edit is given in
 * offsets of the current text, so edits may follow one another freely; `edits` tells them in offsets of
 * the original, in order and without overlap, as editors and patches want them.
 */
import type { TextEdit } from "../lint/diagnostic.ts";

/** A stretch of the original, or new text. */
type Piece = { readonly start: number; readonly end: number } | string;

function sizeOf(piece: Piece): number {
  return typeof piece === "string" ? piece.length : piece.end - piece.start;
}

function cut(piece: Piece, from: number, to: number): Piece {
  if (typeof piece === "string") return piece.slice(from, to);
  return { start: piece.start + from, end: piece.start + to };
}

/** A text with the edits that were made to it. */
export class EditedText {
  readonly original: string;
  #pieces: Piece[];
  #text: string;

  constructor(original: string) {
    this.original = original;
    this.#pieces = [{ start: 0, end: original.length }];
    this.#text = original;
  }

  /** The text with all edits so far. */
  get text(): string {
    return this.#text;
  }

  /** Replaces stretches of the current text. Only removals may overlap. */
  apply(edits: readonly TextEdit[]): void {
    // From the end, so that offsets stay right.
    let from = Number.POSITIVE_INFINITY;
    for (const { start, end, text } of [...edits].sort((a, b) => b.start - a.start)) {
      this.#replace(start, Math.min(end, from), text);
      from = start;
    }
  }

  #replace(start: number, end: number, text: string): void {
    const pieces: Piece[] = [];
    let at = 0;
    let placed = false;
    const place = (): void => {
      if (!placed && text !== "") pieces.push(text);
      placed = true;
    };
    for (const piece of this.#pieces) {
      const size = sizeOf(piece);
      const before = Math.min(Math.max(start - at, 0), size);
      const after = Math.min(Math.max(end - at, 0), size);
      if (before > 0) pieces.push(cut(piece, 0, before));
      if (at + size >= start && before < size) place();
      if (after < size && after >= before) pieces.push(cut(piece, Math.max(before, after), size));
      at += size;
    }
    place();
    this.#pieces = pieces.filter((piece) => sizeOf(piece) > 0);
    this.#text = this.#text.slice(0, start) + text + this.#text.slice(end);
  }

  /** The edits of the original, the smallest that do it at each place. */
  get edits(): readonly TextEdit[] {
    const edits: TextEdit[] = [];
    let at = 0;
    let text = "";
    const close = (end: number): void => {
      if (end > at || text !== "") {
        const edit = smallest(this.original, { start: at, end, text });
        if (edit !== undefined) edits.push(edit);
      }
      text = "";
    };
    for (const piece of this.#pieces) {
      if (typeof piece === "string") text += piece;
      else {
        close(piece.start);
        at = piece.end;
      }
    }
    close(this.original.length);
    return edits;
  }
}

/** An edit without what it puts back as it was. */
function smallest(original: string, { start, end, text }: TextEdit): TextEdit | undefined {
  let from = start;
  let to = end;
  let skip = 0;
  let size = text.length;
  while (from < to && skip < size && original.charCodeAt(from) === text.charCodeAt(skip)) {
    from += 1;
    skip += 1;
  }
  while (to > from && size > skip && original.charCodeAt(to - 1) === text.charCodeAt(size - 1)) {
    to -= 1;
    size -= 1;
  }
  if (from === to && skip === size) return undefined;
  return { start: from, end: to, text: text.slice(skip, size) };
}
