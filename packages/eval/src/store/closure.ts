/**
 * What is known of store paths: those that this evaluation made, written or not, and those in the
 * store. A derivation that uses the `drvPath` of another gets the whole closure of that as inputs.
 */
import {
  type Derivation,
  type DerivationOutput,
  isDerivationPath,
  type KnownDerivation,
  knownOf,
} from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";

/** The error for a store path that is not there. */
export function notValid(path: string): EvalError {
  return new EvalError("invalid-path", `path '${path}' is not valid`);
}

/** The derivation at a `.drv` path in the store; throws if there is none. */
export function readDerivation(ctx: EvalContext, drvPath: string): Derivation {
  const drv = ctx.store.readDerivation(drvPath);
  if (drv === undefined) throw notValid(drvPath);
  return drv;
}

/** A derivation that was made here or is in the store; throws if there is none. */
function knownDerivation(ctx: EvalContext, drvPath: string): KnownDerivation {
  let known = ctx.caches.derivations.get(drvPath);
  if (known === undefined) {
    known = knownOf(readDerivation(ctx, drvPath));
    ctx.caches.derivations.set(drvPath, known);
  }
  return known;
}

/** The outputs of a derivation that was made here or is in the store; throws if there is none. */
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

/** A store path and all that it refers to, directly or not. */
export function closureOf(ctx: EvalContext, path: string): ReadonlySet<string> {
  const closure = new Set([path]);
  // A Set is walked in the order of insertion, also by what is added on the way.
  for (const member of closure) {
    for (const reference of referencesOf(ctx, member)) closure.add(reference);
  }
  return closure;
}
