/**
 * SHA-256 by WebAssembly. `portable-hash.ts` uses it where the platform allows code to be compiled; a
 * content security policy without `wasm-unsafe-eval` does not.
 *
 * The module works on one memory: the state at offset 0, then room for blocks. Byte strings are written
 * into it directly, by `encodeInto` while they are ASCII, which is ten times as fast as a loop.
 */
import type { IncrementalHash } from "./algorithms.ts";
import { INITIAL_STATE, sha256Module } from "./sha256-module.ts";

// Every host has these globals; the package's type library does not declare any host.
declare class TextEncoder {
  encodeInto(text: string, target: Uint8Array): { readonly read: number; readonly written: number };
}
interface WebAssemblyHost {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

const BLOCK = 64;
/** Where the blocks begin. */
const INPUT = 64;
/** The bytes of data that are hashed at once; the memory has room for padding, too. */
const CAPACITY = 1 << 16;

const DIGITS = "0123456789abcdef";

/** SHA-256. Its methods do not overlap: each leaves nothing behind in the memory. */
export class FastSha256 {
  readonly #input: Uint8Array;
  readonly #state: Int32Array;
  readonly #words: DataView;
  readonly #compress: (from: number, to: number) => void;
  readonly #encoder = new TextEncoder();
  readonly #initial = Int32Array.from(INITIAL_STATE);
  readonly #chars: number[] = [];

  private constructor(exports: Readonly<Record<string, unknown>>) {
    const { buffer } = exports["m"] as { readonly buffer: ArrayBuffer };
    this.#compress = exports["f"] as (from: number, to: number) => void;
    this.#state = new Int32Array(buffer, 0, 8);
    this.#input = new Uint8Array(buffer, INPUT);
    this.#words = new DataView(buffer, INPUT);
  }

  /** Compiles the module; returns `undefined` where that is forbidden or not possible. */
  static create(): FastSha256 | undefined {
    const { WebAssembly } = globalThis as { readonly WebAssembly?: WebAssemblyHost };
    if (WebAssembly === undefined) return undefined;
    try {
      const module = new WebAssembly.Module(sha256Module());
      return new FastSha256(new WebAssembly.Instance(module).exports);
    } catch {
      // An old engine without SIMD, or a policy: JavaScript computes the same.
      return undefined;
    }
  }

  /** The digest of bytes or a byte string. */
  hash(data: Uint8Array | string): Uint8Array {
    this.#run(data);
    return this.#digest();
  }

  /** The digest in lower-case base 16. */
  hex(data: Uint8Array | string): string {
    this.#run(data);
    const chars = this.#chars;
    chars.length = 64;
    for (let word = 0, at = 0; word < 8; word++) {
      const bits = this.#state[word] as number;
      for (let shift = 28; shift >= 0; shift -= 4) {
        chars[at++] = DIGITS.charCodeAt((bits >>> shift) & 15);
      }
    }
    return String.fromCharCode.apply(null, chars);
  }

  /** The digest as a byte string. */
  byteString(data: Uint8Array | string): string {
    this.#run(data);
    const chars = this.#chars;
    chars.length = 32;
    for (let word = 0, at = 0; word < 8; word++) {
      const bits = this.#state[word] as number;
      for (let shift = 24; shift >= 0; shift -= 8) chars[at++] = (bits >>> shift) & 0xff;
    }
    return String.fromCharCode.apply(null, chars);
  }

  /** Begins a hash whose data comes in pieces. */
  begin(): IncrementalHash {
    const state = Int32Array.from(this.#initial);
    // What is left of the data after whole blocks.
    const rest = new Uint8Array(BLOCK);
    let restLength = 0;
    let total = 0;
    return {
      update: (data) => {
        total += data.length;
        this.#state.set(state);
        for (let from = 0; from < data.length; ) {
          this.#input.set(rest.subarray(0, restLength));
          const count = Math.min(data.length - from, CAPACITY - restLength);
          this.#write(
            isWhole(data, from, count) ? data : data.slice(from, from + count),
            restLength,
          );
          from += count;
          const length = restLength + count;
          restLength = length % BLOCK;
          const whole = length - restLength;
          if (whole > 0) this.#compress(INPUT, INPUT + whole);
          rest.set(this.#input.subarray(whole, length));
        }
        state.set(this.#state);
      },
      digest: () => {
        this.#state.set(state);
        this.#input.set(rest.subarray(0, restLength));
        this.#finish(restLength, total);
        return this.#digest();
      },
    };
  }

  /** Hashes data into the state. */
  #run(data: Uint8Array | string): void {
    const { length } = data;
    this.#state.set(this.#initial);
    let from = 0;
    for (; length - from > CAPACITY; from += CAPACITY) {
      this.#write(data.slice(from, from + CAPACITY), 0);
      this.#compress(INPUT, INPUT + CAPACITY);
    }
    this.#write(from === 0 ? data : data.slice(from), 0);
    this.#finish(length - from, length);
  }

  /** Writes at most `CAPACITY` bytes to the input. */
  #write(data: Uint8Array | string, at: number): void {
    const input = this.#input;
    if (typeof data !== "string") {
      input.set(data, at);
      return;
    }
    const { length } = data;
    const target = at === 0 ? input : input.subarray(at);
    const { read, written } = this.#encoder.encodeInto(data, target);
    // Chars beyond ASCII take two bytes in UTF-8, but one here.
    if (read === length && written === length) return;
    for (let i = 0; i < length; i++) input[at + i] = data.charCodeAt(i);
  }

  /** Hashes the last `length` bytes of the input, with the padding for `total` bytes of data. */
  #finish(length: number, total: number): void {
    const end = Math.ceil((length + 9) / BLOCK) * BLOCK;
    this.#input.fill(0, length, end);
    this.#input[length] = 0x80;
    this.#words.setUint32(end - 8, Math.floor(total / 2 ** 29));
    this.#words.setUint32(end - 4, total << 3);
    this.#compress(INPUT, INPUT + end);
  }

  #digest(): Uint8Array {
    const digest = new Uint8Array(32);
    for (let i = 0; i < 32; i++) digest[i] = (this.#state[i >> 2] as number) >>> (24 - 8 * (i & 3));
    return digest;
  }
}

function isWhole(data: Uint8Array | string, from: number, count: number): boolean {
  return from === 0 && count === data.length;
}
