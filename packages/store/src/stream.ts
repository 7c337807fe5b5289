/** Byte streams: from one form into another, and watched on their way. */
import {
  bytesOf,
  type HashAlgorithm,
  type HashFunctions,
  marked,
  type NixHash,
} from "@nivis/formats";
import { StoreError } from "./error.ts";
import type { ByteStream, CancelSignal } from "./host.ts";

/** A copy; `slice` of a Buffer of Node would be a view. */
export function copyBytes(bytes: Uint8Array): Uint8Array {
  return new Uint8Array(bytes);
}

/** Joins pieces of `length` bytes in all into new bytes. */
export function joinBytes(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** A stream of these pieces. */
export async function* streamOf(
  ...pieces: (Uint8Array | string)[]
): ByteStream & AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield bytesOf(piece);
}

/** Joins all pieces; throws a `corrupt` error beyond `limit` bytes. */
export async function collect(
  stream: ByteStream,
  limit = Number.MAX_SAFE_INTEGER,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of stream) {
    length += piece.length;
    if (length > limit) throw new StoreError("corrupt", marked`more than ${limit} bytes`);
    pieces.push(copyBytes(piece));
  }
  const [only] = pieces;
  return pieces.length === 1 && only !== undefined ? only : joinBytes(pieces, length);
}

/** Calls `each` with every piece that passes. */
export async function* watched(
  stream: ByteStream,
  each: (piece: Uint8Array) => void,
): AsyncGenerator<Uint8Array> {
  for await (const piece of stream) {
    each(piece);
    yield piece;
  }
}

/** Hash and size of a stream. */
export interface StreamDigest {
  readonly hash: NixHash;
  readonly size: number;
}

/** Hashes what passes; `digest` may be asked once, when the stream has ended. */
export class HashingStream implements AsyncIterable<Uint8Array> {
  readonly #stream: ByteStream;
  readonly #algorithm: HashAlgorithm;
  readonly #state: ReturnType<HashFunctions["create"]>;
  #size = 0;

  constructor(stream: ByteStream, hashes: HashFunctions, algorithm: HashAlgorithm = "sha256") {
    this.#stream = stream;
    this.#algorithm = algorithm;
    this.#state = hashes.create(algorithm);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    for await (const piece of this.#stream) {
      this.#state.update(piece);
      this.#size += piece.length;
      yield piece;
    }
  }

  digest(): StreamDigest {
    return {
      hash: { algorithm: this.#algorithm, digest: this.#state.digest() },
      size: this.#size,
    };
  }
}

/** Reads a stream to its end for its hash and size. */
export async function digestOf(
  stream: ByteStream,
  hashes: HashFunctions,
  algorithm: HashAlgorithm = "sha256",
): Promise<StreamDigest> {
  const hashing = new HashingStream(stream, hashes, algorithm);
  for await (const _ of hashing);
  return hashing.digest();
}

/** Throws a `cancelled` error if the caller gave up. */
export function checkCancelled(signal: CancelSignal | undefined): void {
  if (signal?.aborted === true) throw cancelled();
}

/** The error of an operation that its caller gave up. */
export function cancelled(): StoreError {
  return new StoreError("cancelled", "interrupted by the user");
}

/** Lets at most `limit` tasks run at once; the others wait for their turn, in order. */
export class Turnstile {
  #free: number;
  readonly #waiting: (() => void)[] = [];

  constructor(limit: number) {
    this.#free = Math.max(1, limit);
  }

  async run<T>(task: () => Promise<T>): Promise<T> {
    if (this.#free > 0) this.#free--;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await task();
    } finally {
      const next = this.#waiting.shift();
      if (next === undefined) this.#free++;
      else next();
    }
  }
}

/** Runs tasks over items, at most `limit` at once; the first error ends all after what is running. */
export async function forEachParallel<T>(
  items: Iterable<T>,
  limit: number,
  task: (item: T) => Promise<void>,
): Promise<void> {
  const iterator = items[Symbol.iterator]();
  let failed = false;
  const worker = async (): Promise<void> => {
    while (!failed) {
      const next = iterator.next();
      if (next.done === true) return;
      try {
        await task(next.value);
      } catch (error) {
        failed = true;
        throw error;
      }
    }
  };
  const workers = Array.from({ length: Math.max(1, limit) }, worker);
  const results = await Promise.allSettled(workers);
  for (const result of results) if (result.status === "rejected") throw result.reason;
}
