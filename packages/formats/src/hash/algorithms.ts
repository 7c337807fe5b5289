/**
 * Hash algorithms, and the door through which the host supplies faster ones.
 *
 * Everything in this package that hashes takes a `HashFunctions`. `portableHashes` works
 * everywhere; the Node package passes one over the platform's own library. Data is given
 * either as bytes or as a byte string (latin1), whichever the caller has at hand.
 */
import { blake3 } from "@noble/hashes/blake3.js";
import { md5, sha1 } from "@noble/hashes/legacy.js";
import { sha256, sha512 } from "@noble/hashes/sha2.js";
import { bytesOf, bytesToByteString } from "../codec/bytes.ts";
import type { RequireFeature } from "../experimental-feature.ts";
import { FormatError } from "../format-error.ts";
import { encodeBase16 } from "./base16.ts";

export type HashAlgorithm = "md5" | "sha1" | "sha256" | "sha512" | "blake3";

/** All algorithms, in the order in which C++ Nix lists them. */
export const hashAlgorithms: readonly HashAlgorithm[] = [
  "blake3",
  "md5",
  "sha1",
  "sha256",
  "sha512",
];

/** A hash that is fed piece by piece. `digest` ends it. */
export interface IncrementalHash {
  update(data: Uint8Array | string): void;
  digest(): Uint8Array;
}

/** What a host has to supply for hashing. Strings are byte strings. */
export interface HashFunctions {
  hash(algorithm: HashAlgorithm, data: Uint8Array | string): Uint8Array;
  /** The same in lower-case base 16, which hosts can write without an array in between. */
  hex(algorithm: HashAlgorithm, data: Uint8Array | string): string;
  /** The same as a byte string. */
  byteString(algorithm: HashAlgorithm, data: Uint8Array | string): string;
  create(algorithm: HashAlgorithm): IncrementalHash;
}

/** The length of a digest in bytes. */
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

/** The algorithm called `name`, or undefined if there is none. `blake3` needs its feature. */
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

/** The algorithm called `name`; throws a `usage` error with upstream's text for others. */
export function parseHashAlgorithm(name: string, require?: RequireFeature): HashAlgorithm {
  const algorithm = tryParseHashAlgorithm(name, require);
  if (algorithm === undefined) {
    throw new FormatError(
      "usage",
      `unknown hash algorithm '${name}', expect 'blake3', 'md5', 'sha1', 'sha256', or 'sha512'`,
    );
  }
  return algorithm;
}

const implementations = { md5, sha1, sha256, sha512, blake3 } as const;

/** Hash functions in plain JavaScript, for hosts without a native library. */
export const portableHashes: HashFunctions = {
  hash: (algorithm, data) => implementations[algorithm](bytesOf(data)),
  hex: (algorithm, data) => encodeBase16(implementations[algorithm](bytesOf(data))),
  byteString: (algorithm, data) => bytesToByteString(implementations[algorithm](bytesOf(data))),
  create: (algorithm) => {
    const state = implementations[algorithm].create();
    return {
      update: (data) => {
        state.update(bytesOf(data));
      },
      digest: () => state.digest(),
    };
  },
};
