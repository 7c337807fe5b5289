/** `nivis/derivations`: the contents of `.drv` files, as text and as data. */
import {
  DEFAULT_STORE_DIR,
  type Derivation as DerivationBytes,
  DRV_EXTENSION,
  decodeUtf8,
  encodeUtf8,
  formatDerivation as formatBytes,
  formatDerivationJson,
  hashModulo,
  makeTextPath,
  parseDerivation as parseBytes,
  parseDerivationJson,
  portableHashes,
} from "@nivis/formats";
import { dataOf } from "../library/byte-data.ts";

/**
 * A derivation as `nix derivation show` prints it, version 4: `name`, `outputs`, `inputs`, `system`,
 * `builder`, `args`, `env`. Store paths in it have no directory.
 */
export interface Derivation {
  readonly name: string;
  readonly version: number;
  readonly outputs: { readonly [name: string]: { readonly [field: string]: string } };
  readonly inputs: {
    readonly drvs: { readonly [path: string]: unknown };
    readonly srcs: readonly string[];
  };
  readonly system: string;
  readonly builder: string;
  readonly args: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly structuredAttrs?: unknown;
}

/** Options about the store. */
export interface DerivationOptions {
  /** Defaults to `/nix/store`. */
  readonly storeDir?: string;
}

/**
 * Parses the contents of a `.drv` file. `name` is the name of the derivation, without digest and
 * `.drv`. Throws a `FormatError`.
 */
export function parseDerivation(
  contents: string | Uint8Array,
  name: string,
  options: DerivationOptions = {},
): Derivation {
  const drv = parseBytes(dataOf(contents), encodeUtf8(name), config(options));
  return JSON.parse(decodeUtf8(formatDerivationJson(drv))) as Derivation;
}

/** Returns the contents of the `.drv` file of a derivation. */
export function formatDerivation(derivation: Derivation, options: DerivationOptions = {}): string {
  return decodeUtf8(formatBytes(bytesOf(derivation, options)));
}

/** Returns the path of the `.drv` file of a derivation. */
export function derivationPath(derivation: Derivation, options: DerivationOptions = {}): string {
  const drv = bytesOf(derivation, options);
  const references = [...drv.inputSrcs, ...drv.inputDrvs.keys()];
  const name = `${drv.name}${DRV_EXTENSION}`;
  return decodeUtf8(makeTextPath(config(options), name, formatBytes(drv), references));
}

/**
 * Returns the hash of a derivation modulo fixed outputs in base 16, from which the paths of its
 * outputs follow; by output for a derivation with fixed outputs, and `undefined` for one whose hash
 * is known only when it has been built. `read` returns the contents of the `.drv` files of the
 * inputs.
 */
export function derivationHash(
  derivation: Derivation,
  read: (path: string) => string | Uint8Array,
  options: DerivationOptions = {},
): string | { readonly [output: string]: string } | undefined {
  const own = config(options);
  const modulo = hashModulo(bytesOf(derivation, options), {
    ...own,
    cache: new Map(),
    readDerivation: (path) => {
      const name = path.slice(own.storeDir.length + 34, -DRV_EXTENSION.length);
      return parseBytes(dataOf(read(decodeUtf8(path))), name, own);
    },
  });
  if (modulo.kind === "hash") return modulo.hex;
  return modulo.kind === "fixed" ? Object.fromEntries(modulo.outputs) : undefined;
}

function bytesOf(derivation: Derivation, options: DerivationOptions): DerivationBytes {
  return parseDerivationJson(encodeUtf8(JSON.stringify(derivation)), config(options));
}

function config({ storeDir = DEFAULT_STORE_DIR }: DerivationOptions): {
  readonly storeDir: string;
  readonly hashes: typeof portableHashes;
} {
  return { storeDir: encodeUtf8(storeDir), hashes: portableHashes };
}
