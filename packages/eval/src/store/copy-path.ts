/**
 * Copies of sources, as made by `"${./file}"`, `builtins.path` and `filterSource`.
 *
 * Name and content determine the store path. In read-only mode nothing else happens; otherwise the
 * store gets a copy. A path is read once per evaluation, however often it is used.
 */
import {
  encodeBase64,
  hashNar,
  isDerivationPath,
  makeFixedOutputPath,
  type NarSource,
  type StoreConfig,
} from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { baseNameOfPath } from "../path.ts";
import { accessorOf, withoutSymlinks } from "../path-value.ts";
import { ContextString, type NixPath } from "../value/value.ts";
import { narSourceOf, type SourceTree } from "./source-tree.ts";

/** Returns the parameters for computing store paths. */
export function storeConfig(ctx: EvalContext): StoreConfig {
  return { storeDir: ctx.store.storeDir, hashes: ctx.hashes };
}

/** The pieces of work in a file of a source (see `limits/meter.ts`): as many as in a call. */
const WORK_PER_FILE = 100;

/** How a source is hashed: as a NAR or as the contents of one file. */
export type SourceMethod = "nar" | "flat";

/** Returns the name of a path's copy; the root has no name of its own. */
export function sourceName(path: string): string {
  return path === "/" ? "source" : baseNameOfPath(path);
}

/** Copies a path unchanged, as interpolation does, and returns its store path. */
export function copyPathToStore(ctx: EvalContext, path: NixPath): ContextString {
  const key = ctx.caches.pathKeys.of(path);
  return ctx.dependencies === undefined
    ? copyUnchanged(ctx, path, key)
    : ctx.dependencies.recall(`copy ${key}`, () => copyUnchanged(ctx, path, key));
}

function copyUnchanged(ctx: EvalContext, path: NixPath, key: string): ContextString {
  const known = ctx.caches.copiedPaths.get(key);
  if (known !== undefined) return known;
  try {
    if (isDerivationPath(path.path)) {
      throw new EvalError("value", "file names are not allowed to end in '.drv'");
    }
    const root = withoutSymlinks(ctx, path, "ancestors");
    const storePath = addSource(ctx, root, sourceName(path.path), "nar");
    const copied = new ContextString(storePath, new Set([storePath]));
    if (ctx.dependencies === undefined) ctx.caches.copiedPaths.set(key, copied);
    return copied;
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/**
 * Adds the file or directory at `root`, in which only the last component may be a symlink. `kept`
 * are the names that a filter kept; `references` are those of the copy.
 */
export function addSource(
  ctx: EvalContext,
  root: NixPath,
  name: string,
  method: SourceMethod,
  kept?: ReadonlyMap<string, readonly string[]>,
  references: readonly string[] = [],
): string {
  const isPlain = kept === undefined && references.length === 0;
  // A warm evaluation must look at the source again when it has changed.
  const cache = isPlain && ctx.dependencies === undefined ? ctx.caches.sourceCopies : undefined;
  const key = `${method}:${name}:${ctx.caches.pathKeys.of(root)}`;
  const copied = cache?.get(key);
  if (copied !== undefined) return copied;
  const flat = method === "flat";
  const accessor = accessorOf(ctx, root);
  let tree: SourceTree = { root: root.path, kept, flat, nar: undefined };
  let digest: Uint8Array;
  if (flat) {
    digest = ctx.hashes.hash("sha256", accessor.readFile(root.path));
  } else {
    const isKnown = kept === undefined && ctx.settings.readOnlyMode;
    const known = isKnown ? accessor.narDigest?.(root.path) : undefined;
    const nar =
      known ?? hashNar(meteredSource(ctx, narSourceOf(accessor, tree)), root.path, ctx.hashes);
    tree = { ...tree, nar };
    digest = nar.digest;
  }
  const path = makeFixedOutputPath(
    storeConfig(ctx),
    name,
    method,
    { algorithm: "sha256", digest },
    { others: references, self: false },
  );
  if (ctx.io.detail !== undefined) tellOfCopy(ctx, root, path, digest);
  if (!ctx.settings.readOnlyMode) ctx.store.addSource(path, tree, references, accessor);
  ctx.caches.references.set(path, references);
  ctx.io.allowPath?.(path);
  cache?.set(key, path);
  return path;
}

/** The same source, each file of which counts like a call: trees may be large. */
function meteredSource({ limits }: EvalContext, source: NarSource<string>): NarSource<string> {
  if (limits === undefined) return source;
  return {
    ...source,
    stat: (path) => {
      limits.work(WORK_PER_FILE);
      return source.stat(path);
    },
  };
}

/** Tells the host of a copy that is about to be made. */
function tellOfCopy(ctx: EvalContext, root: NixPath, path: string, digest: Uint8Array): void {
  const accessor = accessorOf(ctx, root);
  const shown = accessor.display(root.path);
  const tell = (text: string): void => ctx.io.detail?.({ level: "chatty", text });
  const { readOnlyMode } = ctx.settings;
  // Nix: the hash of what cannot change is remembered.
  const isKnown = accessor.fingerprint?.(root.path) !== undefined;
  if (isKnown && (readOnlyMode || ctx.store.isValidPath(path))) return;
  if (readOnlyMode) tell(`hashing '${shown}'...`);
  else {
    tell(`copying '${shown}' to the store...`);
    tell(`copied source '${shown}' -> '${path}' (hash 'sha256-${encodeBase64(digest)}')`);
  }
}
