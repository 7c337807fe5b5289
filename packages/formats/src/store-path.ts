/**
 * Store paths: their names and their parts.
 *
 * A store path is `<storeDir>/<digest>-<name>`: 32 nix32 digits, a dash and a name. In
 * this package a *store path* is the whole path as a byte string and a *base name* is its last
 * component; each function says which it takes. Nothing here reads a disk; computing paths from
 * content is in make-store-path.ts.
 */

import { CharCode } from "./char-code.ts";
import { FormatError } from "./format-error.ts";
import { isNixBase32Digit } from "./hash/nixbase32.ts";
import { marked, uncolored } from "./marked-text.ts";

/** The number of nix32 digits before the dash; they encode 160 bits. */
export const DIGEST_PART_LENGTH = 32;

/**
 * The length of the longest name: 255 bytes of a file name less digest, dash and room for `.lock`.
 */
export const MAX_NAME_LENGTH = 211;

/** The default store directory. */
export const DEFAULT_STORE_DIR = "/nix/store";

/** The extension of the store paths of derivations. */
export const DRV_EXTENSION = ".drv";

function badName(message: string): FormatError {
  return new FormatError("bad-store-path-name", message);
}

const PLAIN_NAME = /^[0-9A-Za-z+\-._?=]+$/;

/** Throws a `bad-store-path-name` error unless `name` may be the name part of a store path. */
export function checkStorePathName(name: string): void {
  if (name === "") throw badName("name must not be empty");
  if (name.length > MAX_NAME_LENGTH) {
    throw badName(marked`name '${name}' must be no longer than ${MAX_NAME_LENGTH} characters`);
  }
  if (name.charCodeAt(0) === CharCode.Dot) {
    if (name === "." || name === "..") throw badName(marked`name '${name}' is not valid`);
    for (const dots of [".", ".."]) {
      if (name.startsWith(`${dots}-`)) {
        throw badName(
          marked`name '${name}' is not valid: first dash-separated component must not be '${dots}'`,
        );
      }
    }
  }
  if (PLAIN_NAME.test(name)) return;
  for (let i = 0; i < name.length; i++) {
    const c = name.charAt(i);
    if (!PLAIN_NAME.test(c))
      throw badName(marked`name '${name}' contains illegal character '${c}'`);
  }
}

/** Throws a `bad-store-path` error unless `baseName` is `<digest>-<name>`. */
export function checkStorePathBaseName(baseName: string): void {
  if (baseName.length < DIGEST_PART_LENGTH + 1) {
    throw new FormatError(
      "bad-store-path",
      marked`'${baseName}' is too short to be a valid store path`,
    );
  }
  if (baseName.charCodeAt(DIGEST_PART_LENGTH) !== CharCode.Minus) {
    throw new FormatError(
      "bad-store-path",
      marked`'${baseName}' can't name a store path because the hash part is not followed by a '-'`,
    );
  }
  for (let i = 0; i < DIGEST_PART_LENGTH; i++) {
    if (!isNixBase32Digit(baseName.charCodeAt(i))) {
      throw new FormatError(
        "bad-store-path",
        marked`store path '${baseName}' contains illegal base-32 character '${baseName.charAt(i)}'`,
      );
    }
  }
  try {
    checkStorePathName(baseName.slice(DIGEST_PART_LENGTH + 1));
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    throw new FormatError(
      "bad-store-path",
      marked`path '${baseName}' is not a valid store path: ${uncolored(error.text)}`,
    );
  }
}

/** The digits before the dash of a base name. */
export function digestPart(baseName: string): string {
  return baseName.slice(0, DIGEST_PART_LENGTH);
}

/** The name after the dash of a base name. */
export function namePart(baseName: string): string {
  return baseName.slice(DIGEST_PART_LENGTH + 1);
}

/** The store path with this base name. */
export function printStorePath(baseName: string, storeDir: string): string {
  return `${storeDir}/${baseName}`;
}

/** The base name of a path that is known to be a store path. */
export function storePathBaseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/**
 * Canonicalises an absolute path: removes `.`, `..`, doubled and trailing slashes. `..` at the root
 * is the root. Does not read the disk, so symlinks are not resolved.
 */
export function canonPath(path: string): string {
  if (path === "") throw new FormatError("error", "cannot canonicalise an empty path");
  if (path.charCodeAt(0) !== CharCode.Slash)
    throw new FormatError("error", marked`not an absolute path: "${path}"`);
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part === "..") parts.pop();
    else parts.push(part);
  }
  return `/${parts.join("/")}`;
}

/**
 * The base name of a store path, after canonicalising it; throws if `path` is below a store path or
 * outside the store.
 */
export function parseStorePath(path: string, storeDir: string): string {
  if (path === "") throw new FormatError("bad-store-path", "empty path is not a valid store path");
  const canonical = canonPath(path);
  const slash = canonical.lastIndexOf("/");
  const parent = slash === 0 ? "/" : canonical.slice(0, slash);
  if (parent !== storeDir)
    throw new FormatError("bad-store-path", marked`path "${canonical}" is not in the Nix store`);
  const baseName = canonical.slice(slash + 1);
  checkStorePathBaseName(baseName);
  return baseName;
}

/** Like {@link parseStorePath}, for paths that must be canonical, as in derivations. */
export function parseCanonicalStorePath(path: string, storeDir: string): string {
  if (!path.startsWith(storeDir) || path.charCodeAt(storeDir.length) !== CharCode.Slash) {
    throw new FormatError("bad-store-path", marked`path '${path}' is not in the Nix store`);
  }
  const baseName = path.slice(storeDir.length + 1);
  checkStorePathBaseName(baseName);
  return baseName;
}

/** The base name of a store path, or undefined if `path` is not a store path. */
export function tryParseStorePath(path: string, storeDir: string): string | undefined {
  try {
    return parseStorePath(path, storeDir);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** Whether `path` is a store path itself, not a path below one. */
export function isStorePath(path: string, storeDir: string): boolean {
  return tryParseStorePath(path, storeDir) !== undefined;
}

/** Whether the text of `path` is below the store directory. */
export function isInStore(path: string, storeDir: string): boolean {
  if (path.charCodeAt(0) !== CharCode.Slash) return false;
  const below = storeDir.endsWith("/") ? storeDir : `${storeDir}/`;
  if (path.startsWith(below)) {
    const first = firstComponent(path, below.length);
    if (first !== "" && first !== "." && first !== "..") return true;
  }
  if (!path.includes("//") && !path.includes("/.")) return false;
  // Nix: isInDir uses the relative path of std::filesystem, which skips doubled slashes but
  // treats `.` and `..` as names.
  const wanted = storeDir.split("/").filter((part) => part !== "");
  const parts = path.split("/").filter((part) => part !== "");
  const next = parts[wanted.length];
  return (
    wanted.every((part, i) => part === parts[i]) &&
    next !== undefined &&
    next !== "." &&
    next !== ".."
  );
}

function firstComponent(path: string, from: number): string {
  let start = from;
  while (path.charCodeAt(start) === CharCode.Slash) start++;
  const end = path.indexOf("/", start);
  return end < 0 ? path.slice(start) : path.slice(start, end);
}

/** A path in the store, split after the store path. */
export interface StorePathAndRest {
  /** The base name of the store path. */
  readonly baseName: string;
  /** The rest, canonical and absolute: `/` for the store path itself. */
  readonly rest: string;
}

/** Splits a path at or below a store path. */
export function splitStorePath(path: string, storeDir: string): StorePathAndRest {
  if (!isInStore(path, storeDir))
    throw new FormatError("error", marked`path '${path}' is not in the Nix store`);
  const slash = path.indexOf("/", storeDir.length + 1);
  if (slash < 0) return { baseName: parseStorePath(path, storeDir), rest: "/" };
  return {
    baseName: parseStorePath(path.slice(0, slash), storeDir),
    rest: canonPath(path.slice(slash)),
  };
}

/** Whether a store path, base name or name is that of a derivation. */
export function isDerivationPath(path: string): boolean {
  return path.endsWith(DRV_EXTENSION);
}

/** The derivation name in the base name of its `.drv` path. */
export function derivationNameOfPath(baseName: string): string {
  if (!isDerivationPath(baseName)) {
    throw new FormatError(
      "format",
      marked`store path '${baseName}' is not a valid derivation path`,
    );
  }
  return baseName.slice(DIGEST_PART_LENGTH + 1, -DRV_EXTENSION.length);
}
