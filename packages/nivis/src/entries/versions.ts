/** `nivis/versions`: versions and names of packages, as `builtins.compareVersions` sees them. */
import {
  compareVersions as compareBytes,
  decodeUtf8,
  encodeUtf8,
  parseDrvName as parseBytes,
  splitVersion as splitBytes,
} from "@nivis/formats";

/** The parts of the name of a derivation. */
export interface DrvName {
  readonly name: string;
  /** Empty if there is no version. */
  readonly version: string;
}

/** Compares versions: -1 if `a` is older than `b`, 1 if it is newer, else 0. */
export function compareVersions(a: string, b: string): -1 | 0 | 1 {
  return compareBytes(encodeUtf8(a), encodeUtf8(b));
}

/** Splits the name of a derivation before the first dash that no letter follows. */
export function parseDrvName(name: string): DrvName {
  const found = parseBytes(encodeUtf8(name));
  return { name: decodeUtf8(found.name), version: decodeUtf8(found.version) };
}

/** The components of a version: `1.2pre3` has `1`, `2`, `pre` and `3`. */
export function splitVersion(version: string): string[] {
  return splitBytes(encodeUtf8(version)).map(decodeUtf8);
}
