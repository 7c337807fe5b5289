/**
 * Frames: a stream of unknown length in the worker protocol, as pieces preceded by their length. A
 * piece of length 0 ends the stream. Unlike strings, frames are not padded.
 */

import { type Decoding, type WireInput, wireError } from "../codec/wire-input.ts";
import { WireOutput } from "../codec/wire-output.ts";
import { marked } from "../marked-text.ts";

/** The size in bytes of the frames that C++ Nix sends; larger ones are accepted. */
export const FRAME_SIZE = 32 * 1024;

const MAX_FRAME = 0xffff_ffff;

/** The header of a frame; `frameHeader(0)` ends the stream. */
export function frameHeader(length: number): Uint8Array {
  const output = new WireOutput();
  output.uint(length);
  return output.take();
}

const HEADER = 8;

/** Splits a stream into frames; each byte is copied once, whatever the sizes of the pieces. */
export class FrameWriter {
  #buffer: Uint8Array;
  /** The offset of the frame's contents, after its header. */
  #start: number;
  #at: number;

  /** `prefix`, such as the request, is sent together with the first frame. */
  constructor(prefix: Uint8Array) {
    this.#buffer = new Uint8Array(prefix.length + HEADER + FRAME_SIZE + HEADER);
    this.#buffer.set(prefix);
    this.#start = prefix.length + HEADER;
    this.#at = this.#start;
  }

  /** Adds a piece and returns the bytes to send now. */
  push(piece: Uint8Array): Uint8Array[] {
    const full: Uint8Array[] = [];
    for (let from = 0; from < piece.length; ) {
      const room = this.#start + FRAME_SIZE - this.#at;
      const part = piece.subarray(from, from + room);
      this.#buffer.set(part, this.#at);
      this.#at += part.length;
      from += part.length;
      if (part.length === room) full.push(this.#finish());
    }
    return full;
  }

  #finish(): Uint8Array {
    this.#buffer.set(frameHeader(this.#at - this.#start), this.#start - HEADER);
    const frame = this.#buffer.subarray(0, this.#at);
    this.#buffer = new Uint8Array(HEADER + FRAME_SIZE + HEADER);
    this.#start = HEADER;
    this.#at = HEADER;
    return frame;
  }

  /** Returns the remaining bytes, with the end of the stream. */
  end(): Uint8Array {
    // An empty frame is the end; otherwise its header goes into the space reserved for it.
    const isEmpty = this.#at === this.#start;
    this.#buffer.set(frameHeader(this.#at - this.#start), this.#start - HEADER);
    return this.#buffer.subarray(0, isEmpty ? this.#at : this.#at + HEADER);
  }
}

/** Reads frames piece by piece, so that no frame is ever in memory whole. */
export class FrameReader {
  readonly #input: WireInput;
  #rest = 0;
  #ended = false;

  constructor(input: WireInput) {
    this.#input = input;
  }

  /** Reads the next bytes, at most `limit`; returns `undefined` after the last frame. */
  *next(limit: number): Decoding<Uint8Array | undefined> {
    if (this.#ended) return undefined;
    if (this.#rest === 0) {
      this.#input.beginValue();
      this.#rest = yield* this.#input.uint();
      if (this.#rest > MAX_FRAME) {
        throw wireError(marked`serialised integer ${this.#rest} is too large for type 'j'`);
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
