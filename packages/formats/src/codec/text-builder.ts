/**
 * TextBuilder: builds a long text from many small pieces.
 *
 * Writers append one piece per token, millions of them for a large value. Adding each to a
 * string would build a rope with one node per piece; joining a few thousand at a time costs a
 * fraction of that.
 */

/** The number of pieces that are joined at once. */
const PIECES_PER_CHUNK = 4096;

/** Builds a long text from many small pieces. */
export class TextBuilder {
  /** The pending pieces; after the first full chunk, stale ones follow them. */
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

  /** The appended pieces, in order. */
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
