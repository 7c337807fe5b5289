/**
 * Offsets in bytes, which Nivis counts, and in UTF-16 units, which editors count. For ASCII both are the
 * same, so most texts need no table.
 */

/** Converts the offsets of one text. */
export class Offsets {
  /** The offset in bytes of each UTF-16 unit; absent for ASCII. */
  readonly #bytes: Uint32Array | undefined;
  readonly #length: number;

  constructor(text: string) {
    this.#length = text.length;
    if (isAscii(text)) return;
    const bytes = new Uint32Array(text.length + 1);
    let at = 0;
    for (let i = 0; i < text.length; i++) {
      bytes[i] = at;
      const code = text.codePointAt(i) as number;
      if (code > 0xffff) {
        // Both halves of a pair stand for the same character.
        bytes[++i] = at;
        at += 4;
      } else at += code < 0x80 ? 1 : code < 0x800 ? 2 : 3;
    }
    bytes[text.length] = at;
    this.#bytes = bytes;
  }

  /** Returns the UTF-16 offset of an offset in bytes, at most the length of the text. */
  toUnits(offset: number): number {
    const bytes = this.#bytes;
    if (bytes === undefined) return Math.min(offset, this.#length);
    let [low, high] = [0, this.#length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((bytes[middle] as number) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Returns the offset in bytes of a UTF-16 offset. */
  toBytes(offset: number): number {
    return this.#bytes?.[Math.min(offset, this.#length)] ?? Math.min(offset, this.#length);
  }
}

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}
