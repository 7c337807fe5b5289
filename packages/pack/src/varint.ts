/**
 * Numbers of variable length (LEB128), texts and digests: the writer and the reader of the pack's
 * index. Only `layout.ts` and `directory-record.ts` use them.
 */
import { FormatError } from "@nivis/formats";

/** Collects bytes. */
export class ByteWriter {
  #bytes = new Uint8Array(1024);
  #length = 0;

  /** The number of bytes so far. */
  get length(): number {
    return this.#length;
  }

  /** Writes a natural number below 2⁵³, seven bits a byte, lowest first. */
  number(value: number): void {
    let rest = value;
    this.#reserve(8);
    while (rest > 0x7f) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80;
      rest = Math.floor(rest / 0x80);
    }
    this.#bytes[this.#length++] = rest;
  }

  /** Writes an integer as {@link number}, with its sign in the lowest bit. */
  signed(value: number): void {
    this.number(value < 0 ? -value * 2 - 1 : value * 2);
  }

  /** Writes a byte string, and its length before it. */
  text(value: string): void {
    this.number(value.length);
    this.chars(value);
  }

  /** Writes the chars of a byte string. */
  chars(value: string): void {
    this.#reserve(value.length);
    for (let i = 0; i < value.length; i++) this.#bytes[this.#length++] = value.charCodeAt(i);
  }

  /** Writes bytes as they are. */
  bytes(value: Uint8Array): void {
    this.#reserve(value.length);
    this.#bytes.set(value, this.#length);
    this.#length += value.length;
  }

  /** Returns all bytes so far. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #reserve(more: number): void {
    if (this.#length + more <= this.#bytes.length) return;
    const larger = new Uint8Array(Math.max(this.#bytes.length * 2, this.#length + more));
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Reads what a {@link ByteWriter} wrote. Throws a {@link FormatError} at the end of the bytes. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  /** The index of the next byte. */
  at: number;

  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.at = at;
  }

  number(): number {
    let value = 0;
    for (let factor = 1; ; factor *= 0x80) {
      const byte = this.#bytes[this.at++];
      if (byte === undefined || factor > 2 ** 49) throw corrupt("a number does not end");
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  signed(): number {
    const value = this.number();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  text(): string {
    return this.chars(this.number());
  }

  chars(length: number): string {
    const bytes = this.bytes(length);
    let text = "";
    for (const byte of bytes) text += String.fromCharCode(byte);
    return text;
  }

  bytes(length: number): Uint8Array {
    if (this.at + length > this.#bytes.length) throw corrupt("it ends early");
    const found = this.#bytes.subarray(this.at, this.at + length);
    this.at += length;
    return found;
  }
}

/** The error for bytes that no writer of packs makes. */
export function corrupt(what: string): FormatError {
  return new FormatError("error", `the pack is damaged: ${what}`);
}
