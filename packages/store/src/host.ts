/**
 * Host: what stores need of the platform. A platform package supplies it; nothing here knows Node or
 * a browser.
 */
import type { HashFunctions } from "@nivis/formats";

/** Bytes that come piece by piece. Pieces may not be changed, and are valid until the next one. */
export type ByteStream = AsyncIterable<Uint8Array>;

/** Tells an operation that its caller gave up; an `AbortSignal` is one. */
export interface CancelSignal {
  readonly aborted: boolean;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** Time. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Waits; ends early, without an error, when the signal says so. */
  sleep(milliseconds: number, signal?: CancelSignal): Promise<void>;
}

/** Ed25519. A secret key is 64 bytes: the seed and the public key. */
export interface SignatureFunctions {
  sign(secretKey: Uint8Array, message: Uint8Array): Uint8Array;
  verify(publicKey: Uint8Array, message: Uint8Array, signature: Uint8Array): boolean;
  /** Makes a secret key. */
  generate(): Uint8Array;
}

/** A compression that the host knows. */
export interface Codec {
  /** Undoes the compression; throws a `corrupt` error for bad input. */
  readonly decompress?: (stream: ByteStream) => ByteStream;
  /** Compresses; the level is the algorithm's own. `parallel` uses all processors where that can be. */
  readonly compress?: (stream: ByteStream, level?: number, parallel?: boolean) => ByteStream;
}

/** Bytes that are written once, read as often as wanted, and dropped: a temporary file. */
export interface Spool {
  write(bytes: Uint8Array): Promise<void>;
  /** The bytes written so far, or those from an offset on. */
  read(from?: number): ByteStream;
  dispose(): Promise<void>;
}

/** See the head of this file. */
export interface StoreHost {
  readonly hashes: HashFunctions;
  readonly clock: Clock;
  readonly signatures: SignatureFunctions;
  /** By their names in narinfo files: `xz`, `zstd`, `bzip2`, `br`, `gzip`. */
  readonly codecs: Readonly<Record<string, Codec>>;
  spool(): Promise<Spool>;
  /** How many compressions run side by side. */
  readonly processors: number;
}
