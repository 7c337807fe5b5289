/** `nivis/store-paths`: the names of things in a Nix store, which follow from their contents. */
import {
  DEFAULT_STORE_DIR,
  decodeUtf8,
  digestPart,
  encodeUtf8,
  type FileIngestionMethod,
  isStorePath as isStorePathIn,
  makeFixedOutputPath,
  makeTextPath,
  type NixHash,
  namePart,
  parseHash,
  parseStorePath as parseIn,
  portableHashes,
} from "@nivis/formats";
import { dataOf } from "../library/byte-data.ts";

/** The parts of a store path. */
export interface StorePath {
  readonly storeDir: string;
  /** The 32 digits before the first dash. */
  readonly digest: string;
  /** What follows the dash. */
  readonly name: string;
}

/** Options of the functions that make store paths. */
export interface StorePathOptions {
  /** The store paths that the object refers to. Defaults to none. */
  readonly references?: readonly string[];
  /** Defaults to `/nix/store`. */
  readonly storeDir?: string;
}

/** Splits a store path. Throws a `FormatError` if it is not one. */
export function parseStorePath(path: string, storeDir: string = DEFAULT_STORE_DIR): StorePath {
  const baseName = parseIn(encodeUtf8(path), encodeUtf8(storeDir));
  return { storeDir, digest: digestPart(baseName), name: decodeUtf8(namePart(baseName)) };
}

/** Whether a text is a store path. */
export function isStorePath(path: string, storeDir: string = DEFAULT_STORE_DIR): boolean {
  return isStorePathIn(encodeUtf8(path), encodeUtf8(storeDir));
}

/** The store path of a text file, as `builtins.toFile` makes it. */
export function textPath(
  name: string,
  contents: string | Uint8Array,
  options: StorePathOptions = {},
): string {
  const { references = [] } = options;
  return decodeUtf8(
    makeTextPath(config(options), encodeUtf8(name), dataOf(contents), references.map(encodeUtf8)),
  );
}

/**
 * The store path of something with a known hash: of its NAR (`nar`), of a single file (`flat`), or of
 * a Git tree (`git`).
 */
export function fixedOutputPath(
  name: string,
  method: FileIngestionMethod,
  hash: NixHash | string,
  options: StorePathOptions = {},
): string {
  const known = typeof hash === "string" ? parseHash(hash) : hash;
  const references = { others: (options.references ?? []).map(encodeUtf8), self: false };
  return decodeUtf8(
    makeFixedOutputPath(config(options), encodeUtf8(name), method, known, references),
  );
}

function config({ storeDir = DEFAULT_STORE_DIR }: StorePathOptions): {
  readonly storeDir: string;
  readonly hashes: typeof portableHashes;
} {
  return { storeDir: encodeUtf8(storeDir), hashes: portableHashes };
}
