/**
 * Copies of sources: what `"${./file}"`, `builtins.path` and `filterSource` do.
 *
 * The store path follows from name and content. In read-only mode that is all; else the store gets a
 * copy. A path is read once per evaluation, however often it is used.
 */
import { hashNar, isDerivationPath, makeFixedOutputPath, type StoreConfig } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { baseNameOfPath, resolveSymlinks } from "../path.ts";
import { ContextString } from "../value/value.ts";
import { narSourceOf, type SourceTree } from "./source-tree.ts";

/** What store paths are computed with. */
export function storeConfig(ctx: EvalContext): StoreConfig {
  return { storeDir: ctx.store.storeDir, hashes: ctx.hashes };
}

/** How a source is hashed: as a NAR or as the contents of one file. */
export type SourceMethod = "nar" | "flat";

/** The name that a copy of a path gets; the root has none of its own. */
export function sourceName(path: string): string {
  return path === "/" ? "source" : baseNameOfPath(path);
}

/** Copies a path as it is and returns its store path: what interpolation of a path does. */
export function copyPathToStore(ctx: EvalContext, path: string): ContextString {
  const known = ctx.caches.copiedPaths.get(path);
  if (known !== undefined) return known;
  try {
    if (isDerivationPath(path)) {
      throw new EvalError("value", "file names are not allowed to end in '.drv'");
    }
    const root = resolveSymlinks(ctx.io, path, "ancestors");
    const storePath = addSource(ctx, root, sourceName(path), "nar");
    const copied = new ContextString(storePath, new Set([storePath]));
    ctx.caches.copiedPaths.set(path, copied);
    return copied;
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/**
 * Adds the file or directory at `root`, in which no component but the last is a symlink. `kept` is
 * what a filter left of it; `references` are those of what is copied.
 */
export function addSource(
  ctx: EvalContext,
  root: string,
  name: string,
  method: SourceMethod,
  kept?: ReadonlyMap<string, readonly string[]>,
  references: readonly string[] = [],
): string {
  const cache = kept === undefined && references.length === 0 ? ctx.caches.sourceCopies : undefined;
  const key = `${method}:${name}:${root}`;
  const known = cache?.get(key);
  if (known !== undefined) return known;
  const flat = method === "flat";
  let tree: SourceTree = { root, kept, flat, nar: undefined };
  let digest: Uint8Array;
  if (flat) {
    digest = ctx.hashes.hash("sha256", ctx.io.readFile(root));
  } else {
    const nar = hashNar(narSourceOf(ctx.io, tree), root, ctx.hashes);
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
  if (!ctx.settings.readOnlyMode && !ctx.store.isValidPath(path)) {
    ctx.store.addSource(path, tree, references, ctx.io);
  }
  ctx.caches.references.set(path, references);
  ctx.io.allowPath?.(path);
  cache?.set(key, path);
  return path;
}
