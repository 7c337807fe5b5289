/**
 * The hash algorithms in JavaScript, by the package `@noble/hashes`. The commands load it on demand: with
 * Node's library, only BLAKE3 needs it.
 */
import { blake3 } from "@noble/hashes/blake3.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { bytesOf } from "../codec/bytes.ts";
import type { HashAlgorithm, IncrementalHash } from "./algorithms.ts";

const IMPLEMENTATIONS = { md5, sha1, sha256, sha512, blake3 } as const;

/** The digest of bytes or a byte string. */
export function portableHash(algorithm: HashAlgorithm, data: Uint8Array | string): Uint8Array {
  return IMPLEMENTATIONS[algorithm](bytesOf(data));
}

/** Begins a hash whose data comes in pieces. */
export function createPortableHash(algorithm: HashAlgorithm): IncrementalHash {
  const state = IMPLEMENTATIONS[algorithm].create();
  return {
    update: (data) => {
      state.update(bytesOf(data));
    },
    digest: () => state.digest(),
  };
}
