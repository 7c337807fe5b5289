/**
 * Classes of errors between which commands about flakes distinguish: C++ Nix has types for them, Nivis
 * has kinds.
 */
import { EvalError } from "@nivis/eval";

/** Kinds of errors that are no errors of the evaluated program, in the terms of C++ Nix. */
const OUTSIDE: ReadonlySet<EvalError["kind"]> = new Set([
  "parse",
  "io",
  "restricted",
  "usage",
  "experimental-feature",
  "not-supported",
  "fetch",
  "hash-mismatch",
  "limit-exceeded",
  "would-wait",
  "interrupted",
  "re-entrance",
]);

/** Whether an error is one of the evaluated program (`nix::EvalError`). */
export function isEvaluationError(error: unknown): boolean {
  return error instanceof EvalError && !OUTSIDE.has(error.kind);
}

/** Whether a value has the wrong type (`nix::TypeError`). */
export function isTypeError(error: unknown): boolean {
  return error instanceof EvalError && (error.kind === "type" || error.kind === "missing-argument");
}

/** Whether evaluation would have had to build something although it may not (`nix::IFDError`). */
export function isImportFromDerivation(error: unknown): boolean {
  return error instanceof EvalError && error.kind === "import-from-derivation";
}
