/**
 * TextBuilder: gathers a long text from many small pieces.
 *
 * Writers append a piece for every token, millions of them for a large value. Adding each to a
 * string would build a rope with a node for every piece; joining some thousands at a time costs a
 * fraction of that.
 */

/** How many pieces wait before they are joined. */
const PIECES_PER_CHUNK = 4096;

/** See the head of this file. */
export class TextBuilder {
  /** The pieces that wait; once one chunk was full, also what is left of it behind them. */
  readonly #pieces: string[] = [];
  #count = 0;
  readonly #chunks: string[] = [];

  /** Appends a piece. */
  add(piece: string): void {
    this.#pieces[this.#count++] = piece;
    if (this.#count === PIECES_PER_CHUNK) {
      this.#chunks.push(this.#pieces.join(""));
      this.#count = 0;
    }
  }

  /** All that was appended, in order. */
  toString(): string {
    const pieces = this.#pieces;
    if (this.#count < pieces.length) pieces.length = this.#count;
    const last = pieces.join("");
    if (this.#chunks.length === 0) return last;
    this.#count = pieces.length = 0;
    this.#chunks.push(last);
    return this.#chunks.join("");
  }
}
