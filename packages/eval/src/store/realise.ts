/**
 * Paths whose string context says that they must be there: `import`, `readFile`, `readDir` and the
 * like come here before they read.
 *
 * Plain store paths must be valid. Outputs of derivations would have to be built (import from
 * derivation); Nivis builds nothing, so they must be in the store already.
 */
import { FormatError, isInStore, outputPath, splitStorePath } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { withPlainTrace } from "../errors/from-world.ts";
import { settled } from "../operations/checks.ts";
import { coerceToPath, type PathWithContext } from "../operations/coerce.ts";
import { withoutSymlinks } from "../path-value.ts";
import { NO_POS } from "../position.ts";
import { decodeContextElement, type StringContext } from "../value/context.ts";
import { NixPath, type Slot } from "../value/value.ts";
import { attempt, now } from "../vm/pending.ts";
import type { Suspendable } from "../vm/requests.ts";
import { notValid, outputsOf } from "./closure.ts";

/** Makes sure that everything in a context is in the store. */
export function realiseContext(ctx: EvalContext, context: StringContext | undefined): void {
  if (context === undefined) return;
  const outputs: { readonly drvPath: string; readonly output: string }[] = [];
  for (const element of [...context].sort()) {
    const decoded = decodeContextElement(element);
    switch (decoded.kind) {
      case "plain":
        requireValid(ctx, decoded.path);
        break;
      case "drv-deep":
        requireValid(ctx, decoded.drvPath);
        break;
      case "output":
        outputs.push(decoded);
    }
  }
  for (const { drvPath, output } of outputs) requireBuilt(ctx, drvPath, output);
}

function requireValid(ctx: EvalContext, path: string): void {
  if (!ctx.store.isValidPath(path)) throw notValid(path);
}

function requireBuilt(ctx: EvalContext, drvPath: string, output: string): void {
  // Nix: the derivation itself must be valid, which it never is in read-only mode; for us it is
  // enough that we know it, since nothing is built anyway.
  if (!ctx.settings.allowImportFromDerivation) {
    throw new EvalError(
      "value",
      `cannot build '${drvPath}^${output}' during evaluation because the option 'allow-import-from-derivation' is disabled`,
    );
  }
  const known = outputsOf(ctx, drvPath).get(output);
  const path = known === undefined ? undefined : outputPath(known);
  if (path !== undefined && ctx.store.isValidPath(path)) return;
  throw new EvalError(
    "not-supported",
    `cannot build '${drvPath}^${output}' during evaluation: import from derivation is not supported, and the output is not in the store`,
  );
}

/** Which symlinks are resolved in a path before it is read. */
export type LinkResolution = "full" | "ancestors" | "none";

/** Coerces a slot to a path that can be read now. */
export function* realisePath(
  ctx: EvalContext,
  slot: Slot,
  links: LinkResolution,
): Suspendable<NixPath> {
  const known = tryRealisePath(ctx, slot, links);
  if (known !== undefined) return known;
  const { path, context } = (yield coerceToPath(
    ctx,
    slot,
    NO_POS,
    "while realising the context of a path",
  )) as PathWithContext;
  const resolve = (): NixPath => resolveRealised(ctx, path, context, links);
  return now(resolve) ?? ((yield attempt(resolve)) as NixPath);
}

/**
 * {@link realisePath} without a generator, where the slot is a path already and nothing has to be
 * waited for; else `undefined`.
 */
export function tryRealisePath(
  ctx: EvalContext,
  slot: Slot,
  links: LinkResolution,
): NixPath | undefined {
  const given = settled(slot);
  return given instanceof NixPath
    ? now(() => resolveRealised(ctx, given, undefined, links))
    : undefined;
}

function resolveRealised(
  ctx: EvalContext,
  path: NixPath,
  context: StringContext | undefined,
  links: LinkResolution,
): NixPath {
  try {
    realiseContext(ctx, context);
    return links === "none" ? path : withoutSymlinks(ctx, path, links);
  } catch (error) {
    throw withPlainTrace(error, `while realising the context of path '${path.shown}'`);
  }
}

/** The references of the store object that a path lies in; none if it is not in the store. */
export function referencesOfStoreObject(ctx: EvalContext, path: string): readonly string[] {
  const { storeDir } = ctx.store;
  if (!isInStore(path, storeDir)) return [];
  try {
    const storePath = `${storeDir}/${splitStorePath(path, storeDir).baseName}`;
    return ctx.store.references(storePath) ?? [];
  } catch (error) {
    // Something that lies in the store directory but is no store object, such as `.links`.
    if (error instanceof FormatError) return [];
    throw error;
  }
}

/** Makes sure, unless in read-only mode, that a store path is there; nothing is ever substituted. */
export function ensurePath(ctx: EvalContext, path: string): void {
  if (ctx.settings.readOnlyMode || ctx.store.isValidPath(path)) return;
  throw new EvalError("invalid-path", `path '${path}' does not exist and cannot be created`);
}
