/**
 * Computes store paths from content.
 *
 * Every path is a hash of a *fingerprint* `<type>:sha256:<inner>:<storeDir>:<name>`, folded to
 * 20 bytes. The type says what the object is (text, source, output), and the inner hash what
 * is in it. Formulas: libstore's store-dir-config.cc, derivations.cc, downstream-placeholder.cc.
 * All results are whole store paths.
 */

import { areSorted, sortedBytes } from "./byte-order.ts";
import { type ContentAddress, type FileIngestionMethod, methodPrefix } from "./content-address.ts";
import { FormatError } from "./format-error.ts";
import type { HashFunctions } from "./hash/algorithms.ts";
import { encodeBase16 } from "./hash/base16.ts";
import { compressDigest, formatHash, type NixHash } from "./hash/nix-hash.ts";
import { encodeNixBase32, encodeStoreDigest } from "./hash/nixbase32.ts";
import { marked, uncolored } from "./marked-text.ts";
import { checkStorePathName, DIGEST_PART_LENGTH, DRV_EXTENSION } from "./store-path.ts";

/** The store directory and the hash functions. */
export interface StoreConfig {
  /** The store directory without a trailing slash, such as `/nix/store`. */
  readonly storeDir: string;
  readonly hashes: HashFunctions;
}

/** The references of a store object, as whole store paths. */
export interface StoreReferences {
  readonly others: Iterable<string>;
  /** Whether the object refers to itself. */
  readonly self: boolean;
}

const NO_REFERENCES: StoreReferences = { others: [], self: false };

/** The digest size of store paths in bytes. */
const STORE_DIGEST_LENGTH = 20;

function rawStorePath(config: StoreConfig, type: string, innerHex: string, name: string): string {
  const fingerprint = `${type}:sha256:${innerHex}:${config.storeDir}:${name}`;
  // As a string, because hosts return bytes in a buffer of their own, which takes twice as long.
  const digest = encodeStoreDigest(config.hashes.byteString("sha256", fingerprint));
  const baseName = `${digest}-${name}`;
  try {
    checkStorePathName(name);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(
      "bad-store-path",
      marked`path '${baseName}' is not a valid store path: ${uncolored(error.text)}`,
    );
  }
  // `join` makes a flat string: paths are compared, looked up and written often.
  return [config.storeDir, baseName].join("/");
}

/**
 * The store path of type `type` with the sha256 digest `inner`; the other functions here know the
 * types.
 */
export function makeStorePath(
  config: StoreConfig,
  type: string,
  inner: Uint8Array,
  name: string,
): string {
  return rawStorePath(config, type, encodeBase16(inner), name);
}

function typeWithReferences(type: string, references: StoreReferences): string {
  const { others } = references;
  let text = type;
  for (const path of Array.isArray(others) && areSorted(others) ? others : sortedBytes(others)) {
    text += `:${path}`;
  }
  return references.self ? `${text}:self` : text;
}

/** The path of a file made by `toFile`, or of a `.drv` file; its references enter the hash. */
export function makeTextPath(
  config: StoreConfig,
  name: string,
  contents: Uint8Array | string,
  references: Iterable<string>,
): string {
  const type = typeWithReferences("text", { others: references, self: false });
  return rawStorePath(config, type, config.hashes.hex("sha256", contents), name);
}

/** The path of an object with a known hash: a fixed output, a source or a fetched tree. */
export function makeFixedOutputPath(
  config: StoreConfig,
  name: string,
  method: FileIngestionMethod,
  hash: NixHash,
  references: StoreReferences = NO_REFERENCES,
): string {
  if (method === "git" && hash.algorithm !== "sha1" && hash.algorithm !== "sha256") {
    throw new FormatError(
      "error",
      marked`Git file ingestion must use SHA-1 or SHA-256 hash, but instead using: ${hash.algorithm}`,
    );
  }
  if (method === "nar" && hash.algorithm === "sha256") {
    return makeStorePath(config, typeWithReferences("source", references), hash.digest, name);
  }
  if (references.self || sortedBytes(references.others).length > 0) {
    throw new FormatError(
      "error",
      marked`fixed output derivation '${name}' is not allowed to refer to other store paths.\nYou may need to use the 'unsafeDiscardReferences' derivation attribute, see the manual for more details.`,
    );
  }
  const inner = `fixed:out:${methodPrefix(method)}${formatHash(hash, "base16", true)}:`;
  return rawStorePath(config, "output:out", config.hashes.hex("sha256", inner), name);
}

/** The path of a source tree whose NAR has the sha256 digest `narDigest`. */
export function makeSourcePath(
  config: StoreConfig,
  name: string,
  narDigest: Uint8Array,
  references?: StoreReferences,
): string {
  return makeFixedOutputPath(
    config,
    name,
    "nar",
    { algorithm: "sha256", digest: narDigest },
    references,
  );
}

/** The path of an object with the given content address. */
export function makeContentAddressedPath(
  config: StoreConfig,
  name: string,
  address: ContentAddress,
  references: StoreReferences = NO_REFERENCES,
): string {
  if (address.method !== "text")
    return makeFixedOutputPath(config, name, address.method, address.hash, references);
  if (references.self)
    throw new FormatError("error", "self-reference not allowed with text hashing");
  if (address.hash.algorithm !== "sha256") {
    // Nix: an assertion (store-dir-config.cc), which aborts the process; here an ordinary error.
    throw new FormatError(
      "error",
      marked`text hashing must use a SHA-256 hash, but instead using: ${address.hash.algorithm}`,
    );
  }
  return makeStorePath(config, typeWithReferences("text", references), address.hash.digest, name);
}

/** The name of an output's store path: the derivation's name, with a suffix unless it is `out`. */
export function outputPathName(drvName: string, outputName: string): string {
  return outputName === "out" ? drvName : `${drvName}-${outputName}`;
}

/** The path of an input-addressed output; `maskedHex` is the masked hash modulo in base16. */
export function makeOutputPath(
  config: StoreConfig,
  outputName: string,
  maskedHex: string,
  drvName: string,
): string {
  return rawStorePath(
    config,
    `output:${outputName}`,
    maskedHex,
    outputPathName(drvName, outputName),
  );
}

/** The placeholder for the path of a derivation's own output inside the derivation. */
export function outputPlaceholder(hashes: HashFunctions, outputName: string): string {
  return `/${encodeNixBase32(hashes.hash("sha256", `nix-output:${outputName}`))}`;
}

/** A placeholder for the output of another derivation; nested ones are computed from its digest. */
export interface DownstreamPlaceholder {
  readonly digest: Uint8Array;
  /** The text in strings: `/` and 52 nix32 digits. */
  readonly text: string;
}

function downstream(digest: Uint8Array): DownstreamPlaceholder {
  return { digest, text: `/${encodeNixBase32(digest)}` };
}

/**
 * The placeholder for an unknown output path of a derivation with a known `.drv` path (a base
 * name).
 */
export function unknownOutputPlaceholder(
  hashes: HashFunctions,
  drvBaseName: string,
  outputName: string,
): DownstreamPlaceholder {
  const drvName = drvBaseName.slice(DIGEST_PART_LENGTH + 1, -DRV_EXTENSION.length);
  const clearText = `nix-upstream-output:${drvBaseName.slice(0, DIGEST_PART_LENGTH)}:${outputPathName(drvName, outputName)}`;
  return downstream(hashes.hash("sha256", clearText));
}

/** The placeholder for an output of a derivation that is itself the unknown output `of`. */
export function unknownDerivationPlaceholder(
  hashes: HashFunctions,
  of: DownstreamPlaceholder,
  outputName: string,
): DownstreamPlaceholder {
  const compressed = encodeNixBase32(compressDigest(of.digest, STORE_DIGEST_LENGTH));
  return downstream(hashes.hash("sha256", `nix-computed-output:${compressed}:${outputName}`));
}
