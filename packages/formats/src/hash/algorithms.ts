/**
 * Hash algorithms, and the interface through which a host supplies faster implementations.
 *
 * All functions of this package that hash take a `HashFunctions`. `portableHashes` works
 * everywhere; the Node package passes one over the platform's own library. Data is either
 * bytes or a byte string, whichever the caller has.
 */

import type { RequireFeature } from "../experimental-feature.ts";
import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";
import { createPortableHashes } from "./portable-hash.ts";

export type HashAlgorithm = "md5" | "sha1" | "sha256" | "sha512" | "blake3";

/** All algorithms, in the order in which C++ Nix lists them. */
export const HASH_ALGORITHMS: readonly HashAlgorithm[] = [
  "blake3",
  "md5",
  "sha1",
  "sha256",
  "sha512",
];

/** A hash computed piece by piece. Nothing may follow `digest`. */
export interface IncrementalHash {
  update(data: Uint8Array | string): void;
  digest(): Uint8Array;
}

/** The hash functions of a host. Strings are byte strings. */
export interface HashFunctions {
  hash(algorithm: HashAlgorithm, data: Uint8Array | string): Uint8Array;
  /** The digest in lower-case base 16, which hosts can produce without an intermediate array. */
  hex(algorithm: HashAlgorithm, data: Uint8Array | string): string;
  /** The digest as a byte string. */
  byteString(algorithm: HashAlgorithm, data: Uint8Array | string): string;
  create(algorithm: HashAlgorithm): IncrementalHash;
}

/** The digest length of an algorithm in bytes. */
export function digestLength(algorithm: HashAlgorithm): number {
  switch (algorithm) {
    case "md5":
      return 16;
    case "sha1":
      return 20;
    case "sha256":
    case "blake3":
      return 32;
    case "sha512":
      return 64;
  }
}

/** The algorithm called `name`, or undefined if there is none. `blake3` requires its feature. */
export function tryParseHashAlgorithm(
  name: string,
  require?: RequireFeature,
): HashAlgorithm | undefined {
  switch (name) {
    case "blake3":
      require?.("blake3-hashes");
      return name;
    case "md5":
    case "sha1":
    case "sha256":
    case "sha512":
      return name;
    default:
      return undefined;
  }
}

/** The algorithm called `name`; throws a `usage` error with upstream's text if there is none. */
export function parseHashAlgorithm(name: string, require?: RequireFeature): HashAlgorithm {
  const algorithm = tryParseHashAlgorithm(name, require);
  if (algorithm === undefined) {
    throw new FormatError(
      "usage",
      marked`unknown hash algorithm '${name}', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'`,
    );
  }
  return algorithm;
}

/** Loads the implementation with the first hash; see {@link createPortableHashes}. */
class PortableHashes implements HashFunctions {
  #loaded: HashFunctions | undefined;

  get #hashes(): HashFunctions {
    this.#loaded ??= createPortableHashes();
    return this.#loaded;
  }

  hash(algorithm: HashAlgorithm, data: Uint8Array | string): Uint8Array {
    return this.#hashes.hash(algorithm, data);
  }

  hex(algorithm: HashAlgorithm, data: Uint8Array | string): string {
    return this.#hashes.hex(algorithm, data);
  }

  byteString(algorithm: HashAlgorithm, data: Uint8Array | string): string {
    return this.#hashes.byteString(algorithm, data);
  }

  create(algorithm: HashAlgorithm): IncrementalHash {
    return this.#hashes.create(algorithm);
  }
}

/** Hash functions for hosts without a native library: WebAssembly for SHA-256, or JavaScript. */
export const portableHashes: HashFunctions = new PortableHashes();
