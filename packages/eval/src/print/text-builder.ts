/**
 * TextBuilder: gathers a long text from many small pieces.
 *
 * The printers append a piece for every token, millions of them for a large value. Adding each to a
 * string would build a rope with a node for every piece; joining some thousands at a time costs a
 * fraction of that.
 */

/** How many pieces wait before they are joined. */
const PIECES_PER_CHUNK = 4096;

/** See the head of this file. */
export class TextBuilder {
  private pieces: string[] = [];
  private readonly chunks: string[] = [];

  /** Appends a piece. */
  add(piece: string): void {
    if (this.pieces.push(piece) >= PIECES_PER_CHUNK) {
      this.chunks.push(this.pieces.join(""));
      this.pieces = [];
    }
  }

  /** All that was appended, in order. */
  toString(): string {
    this.chunks.push(this.pieces.join(""));
    this.pieces = [];
    return this.chunks.join("");
  }
}
