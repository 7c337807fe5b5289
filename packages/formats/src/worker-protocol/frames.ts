/**
 * Frames: bytes of unknown length in the worker protocol, as pieces with a length before each and a
 * piece of length 0 at the end. Unlike strings, frames are not padded.
 */
import { type Decoding, type WireInput, wireError } from "../codec/wire-input.ts";
import { WireOutput } from "../codec/wire-output.ts";

/** C++ Nix sends frames of this size; larger ones are read as well. */
export const FRAME_SIZE = 32 * 1024;

const MAX_FRAME = 0xffff_ffff;

/** The header of a frame; `frameHeader(0)` ends the frames. */
export function frameHeader(length: number): Uint8Array {
  const output = new WireOutput();
  output.uint(length);
  return output.take();
}

/** Reads frames piece by piece, so that no frame is ever held whole. */
export class FrameReader {
  readonly #input: WireInput;
  #rest = 0;
  #ended = false;

  constructor(input: WireInput) {
    this.#input = input;
  }

  /** The next bytes, at most `limit`; `undefined` after the last frame. */
  *next(limit: number): Decoding<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    if (this.#rest === 0) {
      this.#input.beginValue();
      this.#rest = yield* this.#input.uint();
      if (this.#rest > MAX_FRAME) {
        throw wireError(`serialised integer ${this.#rest} is too large for type 'j'`);
      }
      if (this.#rest === 0) {
        this.#ended = true;
        return undefined;
      }
    }
    while (this.#input.available === 0) yield 1;
    const bytes = this.#input.takeSome(Math.min(limit, this.#rest));
    this.#rest -= bytes.length;
    return bytes;
  }
}
