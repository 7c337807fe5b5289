/**
 * Paths of inputs: the names that lead from a flake to one of its inputs' inputs, such as
 * `home-manager/nixpkgs` (C++ Nix: InputAttrPath in libflake/lockfile.cc).
 */
import { compareBytes, FormatError, marked } from "@nivis/formats";

/** The names from the root on; empty for the root itself. */
export type InputPath = readonly string[];

const FLAKE_ID = /^[a-zA-Z][a-zA-Z0-9_-]*$/;

/** Parses `a/b`; the empty text and `/` are the empty path. */
export function parseInputPath(text: string): InputPath {
  const names = text.split("/").filter((name) => name !== "");
  for (const name of names) {
    if (!FLAKE_ID.test(name)) {
      throw new FormatError("usage", marked`invalid flake input attribute path element '${name}'`);
    }
  }
  return names;
}

/** The path as people write it. */
export function formatInputPath(path: InputPath): string {
  return path.join("/");
}

/** The path as a key of a map: names may hold slashes. */
export function inputPathKey(path: InputPath): string {
  return JSON.stringify(path);
}

/** The order of paths: name by name, bytewise. */
export function compareInputPaths(a: InputPath, b: InputPath): number {
  for (let i = 0; i < a.length && i < b.length; i++) {
    const order = compareBytes(a[i] as string, b[i] as string);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

/** Whether `path` leads to something below `prefix`. */
export function isBelow(path: InputPath, prefix: InputPath): boolean {
  return path.length > prefix.length && prefix.every((name, i) => path[i] === name);
}
