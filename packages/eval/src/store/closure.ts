/**
 * The known store paths: those that this evaluation made, written or not, and those in the store. A
 * derivation that uses the `drvPath` of another gets the closure of that derivation as inputs.
 */
import {
  type Derivation,
  type DerivationOutput,
  isDerivationPath,
  type KnownDerivation,
  knownOf,
  marked,
} from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";

/** Returns the error for a store path that does not exist. */
export function notValid(path: string): EvalError {
  return new EvalError("invalid-path", marked`path '${path}' is not valid`);
}

/** Returns the derivation at a `.drv` path in the store; throws if there is none. */
export function readDerivation(ctx: EvalContext, drvPath: string): Derivation {
  const drv = ctx.store.readDerivation(drvPath);
  if (drv === undefined) throw notValid(drvPath);
  return drv;
}

/** Returns a derivation that was made here or is in the store; throws if there is none. */
function knownDerivation(ctx: EvalContext, drvPath: string): KnownDerivation {
  let known = ctx.caches.derivations.get(drvPath);
  if (known === undefined) {
    known = knownOf(readDerivation(ctx, drvPath));
    ctx.caches.derivations.set(drvPath, known);
  }
  return known;
}

/**
 * Returns the outputs of a derivation that was made here or is in the store; throws if there is
 * none.
 */
export function outputsOf(
  ctx: EvalContext,
  drvPath: string,
): ReadonlyMap<string, DerivationOutput> {
  return knownDerivation(ctx, drvPath).outputs;
}

function referencesOf(ctx: EvalContext, path: string): readonly string[] {
  const known = ctx.caches.derivations.get(path)?.references ?? ctx.caches.references.get(path);
  if (known !== undefined) return known;
  if (!ctx.store.isValidPath(path)) throw notValid(path);
  let references = ctx.store.references(path);
  if (references === undefined) {
    if (isDerivationPath(path)) return knownDerivation(ctx, path).references;
    references = [];
  }
  ctx.caches.references.set(path, references);
  return references;
}

/** Returns the closure of a store path: the path and all that it refers to, directly or not. */
export function closureOf(ctx: EvalContext, path: string): ReadonlySet<string> {
  const closure = new Set([path]);
  // A Set is iterated in the order of insertion, including members added during iteration.
  for (const member of closure) {
    for (const reference of referencesOf(ctx, member)) closure.add(reference);
  }
  return closure;
}
