/**
 * What a store knows of a valid path, and what a signature of it covers.
 *
 * The same facts travel in the worker protocol, in narinfo files and as JSON, each with another form
 * of the NAR hash; this is the form that everything is read into. Source: path-info.cc of libstore.
 */
import { sortedBytes } from "./byte-order.ts";
import type { ContentAddress } from "./content-address.ts";
import { FormatError } from "./format-error.ts";
import { formatHash, type NixHash } from "./hash/nix-hash.ts";

/** The facts about a valid path but for the path. All paths are whole store paths. */
export interface UnkeyedPathInfo {
  readonly deriver?: string;
  /** SHA-256 of the NAR. */
  readonly narHash: NixHash;
  /** Of the NAR in bytes; 0 if unknown. */
  readonly narSize: number;
  /** In order of their bytes. */
  readonly references: readonly string[];
  /** Seconds since 1970; 0 if unknown. */
  readonly registrationTime: number;
  /** Whether the store built the path itself. */
  readonly ultimate: boolean;
  /** `<key name>:<base64>` each. */
  readonly signatures: readonly string[];
  readonly contentAddress?: ContentAddress;
}

/** The facts about a valid path. */
export interface PathInfo extends UnkeyedPathInfo {
  readonly path: string;
}

/**
 * The text that is signed: path, NAR hash, NAR size and references. Neither the deriver nor the
 * content address is covered. Throws for an unknown size.
 */
export function pathFingerprint(
  info: Pick<PathInfo, "path" | "narHash" | "narSize" | "references">,
): string {
  if (info.narSize === 0) {
    throw new FormatError(
      "error",
      `cannot calculate fingerprint of path '${info.path}' because its size is not known`,
    );
  }
  const hash = formatHash(info.narHash, "nix32", true);
  return `1;${info.path};${hash};${info.narSize};${sortedBytes(info.references).join(",")}`;
}
