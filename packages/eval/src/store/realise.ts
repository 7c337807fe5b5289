/**
 * Paths whose string context requires store paths to exist: `import`, `readFile`, `readDir` and
 * similar builtins come here before they read.
 *
 * Plain store paths must be valid. Outputs of derivations are built (import from derivation) if the
 * store can build; otherwise they must be in it already.
 */
import { FormatError, isInStore, marked, outputPath, splitStorePath } from "@nivis/formats";
import { allowClosure } from "../allowed-closure.ts";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { withPlainTrace } from "../errors/from-world.ts";
import { plainWarning } from "../errors/log-message.ts";
import { settled } from "../operations/checks.ts";
import { coerceToPath, type PathWithContext } from "../operations/coerce.ts";
import { withoutSymlinks } from "../path-value.ts";
import { NO_POS } from "../position.ts";
import { decodeContextElement, type StringContext } from "../value/context.ts";
import { NixPath, type Slot } from "../value/value.ts";
import { attempt, now } from "../vm/pending.ts";
import type { Suspendable } from "../vm/requests.ts";
import { notValid, outputsOf } from "./closure.ts";
import type { WantedOutput } from "./store.ts";
import { baseDerivation, displayOutput, placeholderOf } from "./wanted-output.ts";

/** Placeholders of outputs in strings, and the paths that replace them. */
export type Rewrites = ReadonlyMap<string, string>;

const NO_REWRITES: Rewrites = new Map();

/**
 * Ensures that all paths of a context are in the store, building outputs of derivations. Returns
 * the paths of those outputs for which strings contain placeholders.
 */
export function realiseContext(ctx: EvalContext, context: StringContext | undefined): Rewrites {
  if (context === undefined) return NO_REWRITES;
  const wanted: WantedOutput[] = [];
  for (const element of [...context].sort()) {
    const decoded = decodeContextElement(element);
    switch (decoded.kind) {
      case "plain":
        // A mounted tree can be read, although no store has it yet.
        if (ctx.mounts.at(decoded.path) === undefined) requireValid(ctx, decoded.path);
        break;
      case "drv-deep":
        requireValid(ctx, decoded.drvPath);
        break;
      case "output":
        // A store that cannot build has not been given the derivation either.
        if (ctx.store.build !== undefined) requireValid(ctx, baseDerivation(decoded.drvPath));
        wanted.push(decoded);
    }
  }
  const first = wanted[0];
  return first === undefined ? NO_REWRITES : buildOutputs(ctx, first, wanted);
}

function requireValid(ctx: EvalContext, path: string): void {
  if (!ctx.store.isValidPath(path)) throw notValid(path);
}

function buildOutputs(
  ctx: EvalContext,
  first: WantedOutput,
  wanted: readonly WantedOutput[],
): Rewrites {
  const { store, settings } = ctx;
  if (!settings.allowImportFromDerivation) {
    throw new EvalError(
      "import-from-derivation",
      marked`cannot build '${displayOutput(first)}' during evaluation because the option 'allow-import-from-derivation' is disabled`,
    );
  }
  if (store.build === undefined) {
    for (const output of wanted) requireBuilt(ctx, output);
    return NO_REWRITES;
  }
  const { announcedBuilds } = ctx.caches;
  const shown = displayOutput(first);
  if (settings.traceImportFromDerivation && !announcedBuilds.has(shown)) {
    ctx.io.log(plainWarning(`built '${shown}' during evaluation due to an import from derivation`));
    // This runs again if the build has to be waited for.
    announcedBuilds.add(shown);
  }
  const paths = store.build(wanted);
  announcedBuilds.delete(shown);
  const rewrites = new Map<string, string>();
  wanted.forEach((output, i) => {
    const path = paths[i] as string;
    allowClosure(ctx, path);
    rewrites.set(placeholderOf(ctx, output), path);
  });
  return rewrites;
}

/** In a store that cannot build, an output must exist already. */
function requireBuilt(ctx: EvalContext, wanted: WantedOutput): void {
  const { drvPath, output } = wanted;
  const known = outputsOf(ctx, drvPath).get(output);
  const path = known === undefined ? undefined : outputPath(known);
  if (path !== undefined && ctx.store.isValidPath(path)) return;
  throw new EvalError(
    "not-supported",
    marked`cannot build '${displayOutput(wanted)}' during evaluation: the store cannot build, and the output is not in it`,
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
 * {@link realisePath} without a generator, for a slot that is a path already if there is nothing to
 * wait for; else `undefined`.
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
    const real = path.at(rewrite(path.path, realiseContext(ctx, context)));
    return links === "none" ? real : withoutSymlinks(ctx, real, links);
  } catch (error) {
    throw withPlainTrace(error, marked`while realising the context of path '${path.shown}'`);
  }
}

/** Replaces placeholders in a text by the paths of their outputs. */
export function rewrite(text: string, rewrites: Rewrites): string {
  let result = text;
  for (const [placeholder, path] of rewrites) result = result.replaceAll(placeholder, () => path);
  return result;
}

/** Returns the references of the store object that contains a path; none outside of the store. */
export function referencesOfStoreObject(ctx: EvalContext, path: string): readonly string[] {
  const { storeDir } = ctx.store;
  if (!isInStore(path, storeDir)) return [];
  try {
    const storePath = `${storeDir}/${splitStorePath(path, storeDir).baseName}`;
    // The path of a fetched tree is made from its contents alone, which excludes references.
    if (ctx.mounts.at(storePath) !== undefined) return [];
    return ctx.store.references(storePath) ?? [];
  } catch (error) {
    // A file in the store directory that is not a store object, such as `.links`.
    if (error instanceof FormatError) return [];
    throw error;
  }
}

/** Ensures, unless in read-only mode, that a store path exists; fetches it if the store can. */
export function ensurePath(ctx: EvalContext, path: string): void {
  const { store } = ctx;
  if (ctx.mounts.at(path) !== undefined) return;
  if (ctx.settings.readOnlyMode || store.isValidPath(path) || store.substitute?.(path)) return;
  throw new EvalError("invalid-path", marked`path '${path}' does not exist and cannot be created`);
}
