/**
 * The output of encoders: a growing buffer, and the few primitives that all values consist of.
 * The caller takes the bytes when a request is complete.
 */
import { marked } from "../marked-text.ts";
import { wireError } from "./wire-input.ts";

const FIRST_SIZE = 256;
const WORD = 8;
const HALF = 0x1_0000_0000;

/** A growing buffer with writers for the primitives of the wire formats. */
export class WireOutput {
  #buffer = new Uint8Array(FIRST_SIZE);
  /** The number of bytes that were written and not taken. */
  length = 0;

  #room(more: number): number {
    const at = this.length;
    const needed = at + more;
    if (needed > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(needed, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, at));
      this.#buffer = larger;
    }
    this.length = needed;
    return at;
  }

  /** Writes a number from 0 to 2^53 - 1 as eight bytes. */
  uint(value: number): void {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw wireError(marked`${value} is not an unsigned number`);
    }
    const at = this.#room(WORD);
    this.#half(at, value % HALF);
    this.#half(at + 4, Math.floor(value / HALF));
  }

  /** Writes the low 64 bits of a number. */
  uint64(value: bigint): void {
    const at = this.#room(WORD);
    this.#half(at, Number(value & 0xffff_ffffn));
    this.#half(at + 4, Number((value >> 32n) & 0xffff_ffffn));
  }

  #half(at: number, value: number): void {
    const buffer = this.#buffer;
    buffer[at] = value & 0xff;
    buffer[at + 1] = (value >>> 8) & 0xff;
    buffer[at + 2] = (value >>> 16) & 0xff;
    buffer[at + 3] = (value >>> 24) & 0xff;
  }

  /** Writes raw bytes. */
  bytes(data: Uint8Array | string): void {
    const at = this.#room(data.length);
    const buffer = this.#buffer;
    if (typeof data !== "string") buffer.set(data, at);
    else for (let i = 0; i < data.length; i++) buffer[at + i] = data.charCodeAt(i);
  }

  /** Writes a string: its length, its bytes, and zeros up to a multiple of eight. */
  string(data: Uint8Array | string): void {
    this.uint(data.length);
    this.bytes(data);
    const padding = -data.length & 7;
    // `take` leaves old bytes in the buffer, so the zeros of the padding must be written.
    const at = this.#room(padding);
    this.#buffer.fill(0, at, at + padding);
  }

  /** Returns the bytes written so far and empties the output. */
  take(): Uint8Array {
    const bytes = this.#buffer.slice(0, this.length);
    this.length = 0;
    return bytes;
  }
}
