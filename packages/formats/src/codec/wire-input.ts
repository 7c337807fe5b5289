/**
 * The input of decoders (the worker protocol, NARs): bytes that arrive in chunks of any length, and
 * decoders that wait for more.
 *
 * A decoder is a generator. It reads the available bytes and yields the number of bytes it lacks;
 * its driver feeds the input and resumes it. One decoder serves sockets, files and tests, and never
 * starts over. Nothing is allocated for a length before its bytes arrive, and the size of one value
 * is bounded: a peer that announces 2^63 items costs nothing.
 */

import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";

/** A decoder: yields the minimum number of missing bytes and returns the value read. */
export type Decoding<T> = Generator<number, T, void>;

/** Limits on the memory that a peer can claim. */
export interface InputLimits {
  /** The longest string, in bytes. */
  readonly maxString: number;
  /** The largest value (a whole request, reply or message), in bytes. */
  readonly maxValue: number;
}

/**
 * Limits that admit the list of all paths of a large store and derivations of any sensible size.
 */
export const DEFAULT_LIMITS: InputLimits = { maxString: 2 ** 28, maxValue: 2 ** 29 };

/** The size in bytes of the smallest item of a list. */
const SMALLEST_ITEM = 8;
const WORD = 8;
const HALF = 0x1_0000_0000;
/** The first high half of integers that a JavaScript number cannot represent exactly. */
const FIRST_UNSAFE_HALF = 0x20_0000;

/** Returns the error for a peer that violates the protocol. */
export function wireError(message: string): FormatError {
  return new FormatError("serialisation", message);
}

/** Bytes that arrive in chunks of any length, and the primitive decoders that wait for more. */
export class WireInput {
  readonly #chunks: Uint8Array[] = [];
  /** The number of bytes already taken from the first chunk. */
  #head = 0;
  #taken = 0;
  readonly #limits: InputLimits;
  /** The number of bytes that have arrived and were not taken. */
  available = 0;

  constructor(limits: InputLimits = DEFAULT_LIMITS) {
    this.#limits = limits;
  }

  /** Adds bytes; the input keeps a reference to the array. */
  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.available += chunk.length;
  }

  /** Starts a new value: `maxValue` counts from here. */
  beginValue(): void {
    this.#taken = 0;
  }

  #count(length: number): void {
    this.#taken += length;
    if (this.#taken > this.#limits.maxValue) {
      throw wireError(marked`message is longer than ${this.#limits.maxValue} bytes`);
    }
  }

  /** Takes exactly `length` available bytes. The result may be a view. */
  #take(length: number): Uint8Array {
    this.available -= length;
    const first = this.#chunks[0];
    if (first !== undefined && first.length - this.#head > length) {
      const start = this.#head;
      this.#head += length;
      return first.subarray(start, this.#head);
    }
    if (first !== undefined && first.length - this.#head === length) {
      this.#chunks.shift();
      const start = this.#head;
      this.#head = 0;
      return first.subarray(start);
    }
    return this.#gather(length);
  }

  /** Joins bytes of several chunks. */
  #gather(length: number): Uint8Array {
    const bytes = new Uint8Array(length);
    let at = 0;
    let used = 0;
    while (at < length) {
      const chunk = this.#chunks[used] as Uint8Array;
      const part = chunk.subarray(this.#head, this.#head + length - at);
      bytes.set(part, at);
      at += part.length;
      this.#head += part.length;
      if (this.#head === chunk.length) {
        used++;
        this.#head = 0;
      }
    }
    this.#chunks.splice(0, used);
    return bytes;
  }

  /** Takes up to `limit` available bytes, possibly none. They do not count towards the limits. */
  takeSome(limit: number): Uint8Array {
    const first = this.#chunks[0];
    if (first === undefined) return new Uint8Array(0);
    return this.#take(Math.min(limit, first.length - this.#head));
  }

  /** Reads `length` raw bytes. */
  *bytes(length: number): Decoding<Uint8Array> {
    this.#count(length);
    while (this.available < length) yield length - this.available;
    return this.#take(length);
  }

  /** Reads a 64-bit number as its two halves: `low` and `high` of {@link halves}. */
  *#word(): Decoding<Uint8Array> {
    this.#count(WORD);
    while (this.available < WORD) yield WORD - this.available;
    return this.#take(WORD);
  }

  /** Reads an unsigned number that fits into a JavaScript number. */
  *uint(): Decoding<number> {
    const word = yield* this.#word();
    const high = half(word, 4);
    if (high >= FIRST_UNSAFE_HALF) {
      throw wireError(
        marked`serialised integer ${bigOf(word)} is too large for type 'exact JavaScript number'`,
      );
    }
    return high * HALF + half(word, 0);
  }

  /** Reads an unsigned number of 64 bits. */
  *uint64(): Decoding<bigint> {
    return bigOf(yield* this.#word());
  }

  /** Reads a length and checks it against the limit for strings. */
  *#length(): Decoding<number> {
    const word = yield* this.#word();
    const length = half(word, 4) * HALF + half(word, 0);
    if (length > this.#limits.maxString) throw wireError("string is too long");
    return length;
  }

  /** Reads a string: length, bytes, padding. */
  *string(): Decoding<Uint8Array> {
    const length = yield* this.#length();
    const padded = length + (-length & 7);
    const bytes = yield* this.bytes(padded);
    for (let i = length; i < padded; i++) {
      if (bytes[i] !== 0) throw wireError("non-zero padding");
    }
    return length === padded ? bytes : bytes.subarray(0, length);
  }

  /** Reads a number of items; throws if a value cannot hold that many. */
  *count(): Decoding<number> {
    const word = yield* this.#word();
    const count = half(word, 4) * HALF + half(word, 0);
    if (count * SMALLEST_ITEM > this.#limits.maxValue) {
      throw wireError(marked`list of ${count} items is too long`);
    }
    return count;
  }
}

function half(word: Uint8Array, at: number): number {
  return (
    (word[at] as number) +
    (word[at + 1] as number) * 0x100 +
    (word[at + 2] as number) * 0x1_0000 +
    (word[at + 3] as number) * 0x100_0000
  );
}

function bigOf(word: Uint8Array): bigint {
  return (BigInt(half(word, 4)) << 32n) | BigInt(half(word, 0));
}

/**
 * Runs a decoder whose input is complete. Throws if the input ends too early; bytes after the
 * value stay in the input.
 */
export function decodeWhole<T>(decoding: Decoding<T>): T {
  const step = decoding.next();
  if (step.done !== true) throw wireError("unexpected end-of-file");
  return step.value;
}
