/**
 * Path infos: the metadata that a store has about a valid path, and the text that signatures cover.
 *
 * The worker protocol, narinfo files and JSON carry the same metadata, each with another form
 * of the NAR hash; all are parsed into this one. Source: path-info.cc of libstore.
 */

import { sortedBytes } from "./byte-order.ts";
import type { ContentAddress } from "./content-address.ts";
import { FormatError } from "./format-error.ts";
import { formatHash, type NixHash } from "./hash/nix-hash.ts";
import { marked } from "./marked-text.ts";

/** The metadata of a valid path without the path itself. All paths are whole store paths. */
export interface UnkeyedPathInfo {
  readonly deriver?: string;
  /** The SHA-256 hash of the NAR. */
  readonly narHash: NixHash;
  /** The size of the NAR in bytes; 0 if unknown. */
  readonly narSize: number;
  /** Sorted by their bytes. */
  readonly references: readonly string[];
  /** In seconds since 1970; 0 if unknown. */
  readonly registrationTime: number;
  /** Whether this store built the path. */
  readonly ultimate: boolean;
  /** `<key name>:<base64>` each. */
  readonly signatures: readonly string[];
  readonly contentAddress?: ContentAddress;
}

/** A valid path with its metadata. */
export interface PathInfo extends UnkeyedPathInfo {
  readonly path: string;
}

/**
 * The text that signatures cover: path, NAR hash, NAR size and references, but neither the deriver
 * nor the content address. Throws if the size is unknown.
 */
export function pathFingerprint(
  info: Pick<PathInfo, "path" | "narHash" | "narSize" | "references">,
): string {
  if (info.narSize === 0) {
    throw new FormatError(
      "error",
      marked`cannot calculate fingerprint of path '${info.path}' because its size is not known`,
    );
  }
  const hash = formatHash(info.narHash, "nix32", true);
  return `1;${info.path};${hash};${info.narSize};${sortedBytes(info.references).join(",")}`;
}
