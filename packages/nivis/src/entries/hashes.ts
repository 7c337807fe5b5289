/** `nivis/hashes`: hashes and the ways in which Nix writes them. */
import {
  formatHash as formatAny,
  type HashAlgorithm,
  type HashFormat,
  type NixHash,
  parseHash as parseAny,
  portableHashes,
} from "@nivis/formats";
import { dataOf } from "../library/byte-data.ts";

export type { HashAlgorithm, HashFormat, NixHash } from "@nivis/formats";

/** Hashes bytes, or a text in UTF-8. */
export function hashOf(algorithm: HashAlgorithm, data: string | Uint8Array): NixHash {
  return { algorithm, digest: portableHashes.hash(algorithm, dataOf(data)) };
}

/**
 * Parses a hash in any format: `sha256-…` (SRI), `sha256:…`, or digits alone if the algorithm is
 * given. Throws a `FormatError`.
 */
export function parseHash(text: string, algorithm?: HashAlgorithm): NixHash {
  return parseAny(text, algorithm);
}

/** Writes a hash. All formats but `sri` are digits alone, unless `prefix` asks for the algorithm. */
export function formatHash(
  hash: NixHash,
  format: HashFormat = "sri",
  { prefix = false }: { readonly prefix?: boolean } = {},
): string {
  return formatAny(hash, format, prefix);
}
