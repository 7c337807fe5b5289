/**
 * Derived paths: a store path, or outputs of a derivation.
 *
 * The command line writes `DRV^out,dev` and `DRV^*`, the worker protocol `DRV!out,dev`. The
 * derivation may itself be the output of another: `DRV^out^dev`, in the protocol `DRV^out!dev`.
 * Source: derived-path.cc and path-with-outputs.cc of libstore.
 */
import { sortedBytes } from "./byte-order.ts";
import { FormatError } from "./format-error.ts";
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

/** A store path, or outputs of a derivation: named in order of their bytes, or all. */
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
    throw new FormatError("usage", `expected store path '${drv.path}' to be a derivation`);
  }
  return drv;
}

/** Reads `PATH` or `DRV^out`; `separator` stands before the output, `^` before inner ones. */
export function parseSingleDerivedPath(text: string, storeDir: string): SingleDerivedPath {
  const at = text.lastIndexOf("^");
  if (at < 0) return opaque(text, storeDir);
  const output = text.slice(at + 1);
  checkStorePathName(output);
  const drv = checkedDerivation(parseSingleDerivedPath(text.slice(0, at), storeDir));
  return { kind: "built", drv, output };
}

/** Writes what {@link parseSingleDerivedPath} reads. */
export function formatSingleDerivedPath(path: SingleDerivedPath): string {
  return path.kind === "opaque" ? path.path : `${formatSingleDerivedPath(path.drv)}^${path.output}`;
}

function parseOutputs(text: string, whole: string): readonly string[] | "all" {
  if (text === "*") return "all";
  const names = text.split(",");
  if (names.some((name) => name === "")) {
    throw new FormatError("usage", `invalid extended outputs specifier '${whole}'`);
  }
  for (const name of names) checkStorePathName(name);
  return sortedBytes(new Set(names));
}

/** Reads `PATH`, `DRV^out,dev` or `DRV^*`, with `!` for the outermost `^` in the protocol. */
export function parseDerivedPath(
  text: string,
  storeDir: string,
  separator: "^" | "!" = "^",
): DerivedPath {
  const at = text.lastIndexOf(separator);
  if (at < 0) return opaque(text, storeDir);
  const drv = checkedDerivation(parseSingleDerivedPath(text.slice(0, at), storeDir));
  return { kind: "built", drv, outputs: parseOutputs(text.slice(at + 1), text) };
}

/** Writes what {@link parseDerivedPath} reads. */
export function formatDerivedPath(path: DerivedPath, separator: "^" | "!" = "^"): string {
  if (path.kind === "opaque") return path.path;
  const outputs = path.outputs === "all" ? "*" : path.outputs.join(",");
  return formatSingleDerivedPath(path.drv) + separator + outputs;
}

/** The derivation that everything begins with, or the path itself. */
export function rootOfDerivedPath(path: DerivedPath | SingleDerivedPath): string {
  let at: DerivedPath | SingleDerivedPath = path;
  while (at.kind === "built") at = at.drv;
  return at.path;
}
