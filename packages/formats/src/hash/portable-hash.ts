/**
 * The hash algorithms without a native library: SHA-256, of which all store paths are made, by
 * WebAssembly where that is allowed, and everything else in JavaScript, by the package `@noble/hashes`.
 * The commands load this on demand: with Node's library, only BLAKE3 needs it.
 */
import { blake3 } from "@noble/hashes/blake3.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { bytesOf, bytesToByteString } from "../codec/bytes.ts";
import type { HashAlgorithm, HashFunctions, IncrementalHash } from "./algorithms.ts";
import { encodeBase16 } from "./base16.ts";
import { FastSha256 } from "./fast-sha256.ts";

const IMPLEMENTATIONS = { md5, sha1, sha256, sha512, blake3 } as const;

/** The hash functions of this module; `sha256` replaces the implementation of that algorithm. */
class PortableHashes implements HashFunctions {
  readonly #createSha256: () => FastSha256 | undefined;
  #sha256: FastSha256 | undefined;
  #isReady = false;

  constructor(createSha256: () => FastSha256 | undefined) {
    this.#createSha256 = createSha256;
  }

  hash(algorithm: HashAlgorithm, data: Uint8Array | string): Uint8Array {
    return this.#fast(algorithm)?.hash(data) ?? IMPLEMENTATIONS[algorithm](bytesOf(data));
  }

  hex(algorithm: HashAlgorithm, data: Uint8Array | string): string {
    return this.#fast(algorithm)?.hex(data) ?? encodeBase16(this.hash(algorithm, data));
  }

  byteString(algorithm: HashAlgorithm, data: Uint8Array | string): string {
    return this.#fast(algorithm)?.byteString(data) ?? bytesToByteString(this.hash(algorithm, data));
  }

  create(algorithm: HashAlgorithm): IncrementalHash {
    const fast = this.#fast(algorithm);
    if (fast !== undefined) return fast.begin();
    const state = IMPLEMENTATIONS[algorithm].create();
    return {
      update: (data) => {
        state.update(bytesOf(data));
      },
      digest: () => state.digest(),
    };
  }

  /** SHA-256 by WebAssembly, which the first use compiles. */
  #fast(algorithm: HashAlgorithm): FastSha256 | undefined {
    if (algorithm !== "sha256") return undefined;
    if (!this.#isReady) {
      this.#sha256 = this.#createSha256();
      this.#isReady = true;
    }
    return this.#sha256;
  }
}

/**
 * Creates hash functions that need no native library. With `webAssembly: false`, all of them are in
 * JavaScript. Defaults to WebAssembly where the platform allows it.
 */
export function createPortableHashes({
  webAssembly = true,
}: {
  readonly webAssembly?: boolean;
} = {}): HashFunctions {
  return new PortableHashes(webAssembly ? FastSha256.create : () => undefined);
}
