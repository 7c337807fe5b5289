/**
 * The `.narinfo` files of binary caches: lines of `Key: value` about one store object and the
 * compressed NAR that contains it. Unknown keys are skipped, and the last of equal keys wins
 * except where upstream rejects a second one.
 */

import { sortedBytes } from "./byte-order.ts";
import {
  type ContentAddress,
  formatContentAddress,
  parseContentAddress,
} from "./content-address.ts";
import { FormatError } from "./format-error.ts";
import { formatHash, type NixHash, parsePrefixedHash } from "./hash/nix-hash.ts";
import { marked } from "./marked-text.ts";
import {
  checkStorePathBaseName,
  parseStorePath,
  printStorePath,
  storePathBaseName,
} from "./store-path.ts";

/** The contents of a `.narinfo` file. Store paths are whole paths. */
export interface NarInfo {
  readonly storePath: string;
  /** The URL of the compressed NAR, relative to the cache. */
  readonly url: string;
  readonly compression: string;
  /** The hash of the compressed file. */
  readonly fileHash?: NixHash;
  /** The size of the compressed file in bytes; 0 if unknown. */
  readonly fileSize: number;
  /** The hash of the uncompressed NAR. */
  readonly narHash: NixHash;
  readonly narSize: number;
  readonly references: ReadonlySet<string>;
  readonly deriver?: string;
  /** `<key name>:<base64>` each. */
  readonly signatures: readonly string[];
  readonly contentAddress?: ContentAddress;
}

const COMPRESSIONS = new Set([
  "none",
  "br",
  "bzip2",
  "compress",
  "grzip",
  "gzip",
  "lrzip",
  "lz4",
  "lzip",
  "lzma",
  "lzop",
  "xz",
  "zstd",
]);

/** An unsigned number as upstream's `string2Int` accepts it. */
const UNSIGNED_NUMBER = /^\+?[0-9]+$/;

/** Parses a `.narinfo` file; `whence` names it in messages. */
export function parseNarInfo(text: string, whence: string, storeDir: string): NarInfo {
  let line = 1;
  const corrupt = (reason: string): FormatError =>
    new FormatError(
      "error",
      marked`NAR info file '${whence}' is corrupt: ${reason}${line > 0 ? ` at line ${line}` : ""}`,
    );
  const hash = (value: string): NixHash => {
    try {
      return parsePrefixedHash(value);
    } catch (error) {
      if (error instanceof FormatError && error.kind === "bad-hash") throw corrupt("bad hash");
      throw error;
    }
  };
  const number = (value: string, key: string): number => {
    if (!UNSIGNED_NUMBER.test(value) || BigInt(value) >= 2n ** 64n) throw corrupt(`invalid ${key}`);
    return Number(value);
  };
  const reference = (baseName: string): string => {
    checkStorePathBaseName(baseName);
    return printStorePath(baseName, storeDir);
  };
  let storePath: string | undefined;
  let url = "";
  let compression = "bzip2";
  let fileHash: NixHash | undefined;
  let fileSize = 0;
  let narHash: NixHash | undefined;
  let narSize = 0;
  let deriver: string | undefined;
  let contentAddress: ContentAddress | undefined;
  const references = new Set<string>();
  const signatures = new Set<string>();
  for (let at = 0; at < text.length; line++) {
    const colon = text.indexOf(":", at);
    if (colon < 0) throw corrupt("expecting ':'");
    const key = text.slice(at, colon);
    const end = text.indexOf("\n", colon + 2);
    if (end < 0) throw corrupt("expecting '\\n'");
    const value = text.slice(colon + 2, end);
    switch (key) {
      case "StorePath":
        storePath = printStorePath(parseStorePath(value, storeDir), storeDir);
        break;
      case "URL":
        url = value;
        break;
      case "Compression":
        compression = value === "" ? "bzip2" : value;
        if (!COMPRESSIONS.has(compression)) throw corrupt("invalid Compression");
        break;
      case "FileHash":
        fileHash = hash(value);
        break;
      case "FileSize":
        fileSize = number(value, "FileSize");
        break;
      case "NarHash":
        narHash = hash(value);
        break;
      case "NarSize":
        narSize = number(value, "NarSize");
        break;
      case "References":
        if (references.size > 0) throw corrupt("extra References");
        for (const baseName of value.split(" "))
          if (baseName !== "") references.add(reference(baseName));
        break;
      case "Deriver":
        if (value !== "unknown-deriver") deriver = reference(value);
        break;
      case "Sig":
        signatures.add(value);
        break;
      case "CA":
        if (contentAddress !== undefined) throw corrupt("extra CA");
        if (value !== "") contentAddress = parseContentAddress(value);
        break;
    }
    at = end + 1;
  }
  line = 0;
  if (storePath === undefined) throw corrupt("StorePath missing");
  if (narHash === undefined) throw corrupt("NarHash missing");
  if (url === "") throw corrupt("URL missing");
  if (narSize === 0) throw corrupt("NarSize missing or zero");
  return {
    storePath,
    url,
    compression,
    fileSize,
    narHash,
    narSize,
    references,
    signatures: sortedBytes(signatures),
    ...(fileHash === undefined ? {} : { fileHash }),
    ...(deriver === undefined ? {} : { deriver }),
    ...(contentAddress === undefined ? {} : { contentAddress }),
  };
}

/** The text of a `.narinfo` file. */
export function formatNarInfo(info: NarInfo): string {
  const lines = [
    `StorePath: ${info.storePath}`,
    `URL: ${info.url}`,
    `Compression: ${info.compression}`,
  ];
  if (info.fileHash !== undefined)
    lines.push(`FileHash: ${formatHash(info.fileHash, "nix32", true)}`);
  if (info.fileSize !== 0) lines.push(`FileSize: ${info.fileSize}`);
  lines.push(`NarHash: ${formatHash(info.narHash, "nix32", true)}`, `NarSize: ${info.narSize}`);
  lines.push(`References: ${sortedBytes(info.references).map(storePathBaseName).join(" ")}`);
  if (info.deriver !== undefined) lines.push(`Deriver: ${storePathBaseName(info.deriver)}`);
  for (const signature of sortedBytes(info.signatures)) lines.push(`Sig: ${signature}`);
  if (info.contentAddress !== undefined)
    lines.push(`CA: ${formatContentAddress(info.contentAddress)}`);
  return `${lines.join("\n")}\n`;
}
