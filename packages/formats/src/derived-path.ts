/**
 * Derived paths: a store path, or outputs of a derivation.
 *
 * The command line writes `DRV^out,dev` and `DRV^*`, the worker protocol `DRV!out,dev`. The
 * derivation may itself be the output of another: `DRV^out^dev`. For this C++ Nix writes
 * `DRV^out!dev` in the protocol and reads only `DRV!out!dev`, so we write the latter and read both.
 * Source: derived-path.cc and path-with-outputs.cc of libstore.
 */

import { sortedBytes } from "./byte-order.ts";
import { FormatError } from "./format-error.ts";
import { marked } from "./marked-text.ts";
import {
  checkStorePathName,
  isDerivationPath,
  parseStorePath,
  printStorePath,
} from "./store-path.ts";

/** A store path, or one output of a derivation. */
export type SingleDerivedPath =
  | { readonly kind: "opaque"; readonly path: string }
  | { readonly kind: "built"; readonly drv: SingleDerivedPath; readonly output: string };

/** A store path, or outputs of a derivation: all of them, or names sorted by their bytes. */
export type DerivedPath =
  | { readonly kind: "opaque"; readonly path: string }
  | {
      readonly kind: "built";
      readonly drv: SingleDerivedPath;
      readonly outputs: readonly string[] | "all";
    };

function opaque(
  path: string,
  storeDir: string,
): { readonly kind: "opaque"; readonly path: string } {
  return { kind: "opaque", path: printStorePath(parseStorePath(path, storeDir), storeDir) };
}

function checkedDerivation(drv: SingleDerivedPath): SingleDerivedPath {
  if (drv.kind === "opaque" && !isDerivationPath(drv.path)) {
    throw new FormatError("usage", marked`expected store path '${drv.path}' to be a derivation`);
  }
  return drv;
}

/** Parses `PATH` or `DRV^out`; with the separator `!` also `DRV!out`. */
export function parseSingleDerivedPath(
  text: string,
  storeDir: string,
  separator: "^" | "!" = "^",
): SingleDerivedPath {
  const at = Math.max(text.lastIndexOf("^"), text.lastIndexOf(separator));
  if (at < 0) return opaque(text, storeDir);
  const output = text.slice(at + 1);
  checkStorePathName(output);
  const drv = checkedDerivation(parseSingleDerivedPath(text.slice(0, at), storeDir, separator));
  return { kind: "built", drv, output };
}

/** The inverse of {@link parseSingleDerivedPath}. */
export function formatSingleDerivedPath(
  path: SingleDerivedPath,
  separator: "^" | "!" = "^",
): string {
  if (path.kind === "opaque") return path.path;
  return formatSingleDerivedPath(path.drv, separator) + separator + path.output;
}

function parseOutputs(text: string, whole: string): readonly string[] | "all" {
  if (text === "*") return "all";
  const names = text.split(",");
  if (names.some((name) => name === "")) {
    throw new FormatError("usage", marked`invalid extended outputs specifier '${whole}'`);
  }
  for (const name of names) checkStorePathName(name);
  return sortedBytes(new Set(names));
}

/** Parses `PATH`, `DRV^out,dev` or `DRV^*`; the protocol has `!` for `^`. */
export function parseDerivedPath(
  text: string,
  storeDir: string,
  separator: "^" | "!" = "^",
): DerivedPath {
  const at = text.lastIndexOf(separator);
  if (at < 0) return opaque(text, storeDir);
  const drv = checkedDerivation(parseSingleDerivedPath(text.slice(0, at), storeDir, separator));
  return { kind: "built", drv, outputs: parseOutputs(text.slice(at + 1), text) };
}

/** The inverse of {@link parseDerivedPath}. */
export function formatDerivedPath(path: DerivedPath, separator: "^" | "!" = "^"): string {
  if (path.kind === "opaque") return path.path;
  const outputs = path.outputs === "all" ? "*" : path.outputs.join(",");
  return formatSingleDerivedPath(path.drv, separator) + separator + outputs;
}

/** The innermost derivation path, or the path itself. */
export function rootOfDerivedPath(path: DerivedPath | SingleDerivedPath): string {
  let at: DerivedPath | SingleDerivedPath = path;
  while (at.kind === "built") at = at.drv;
  return at.path;
}
