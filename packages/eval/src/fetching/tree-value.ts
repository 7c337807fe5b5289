/**
 * Fetched trees as values: mounts them, checks their hashes, and makes the sets that `fetchTree` and
 * flakes return.
 *
 *     const fetched = yield* … fetchInput(ctx, input);
 *     const { storePath, locked } = mountTree(ctx, fetched, input);
 *     return treeAttrs(ctx, { storePath, input: locked, fetched });
 */
import {
  decodeBase64,
  describeInput,
  type FetcherInput,
  type InputAttr,
  makeFixedOutputPath,
  marked,
  narHashOf,
  revOf,
  tryStringAttr,
  uncolored,
  withInputAttrs,
} from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import type { PosIdx } from "../position.ts";
import { storeConfig } from "../store/copy-path.ts";
import { Attrs } from "../value/attrs.ts";
import { nativeThunk } from "../value/thunk.ts";
import { ContextString, type Slot } from "../value/value.ts";
import { attempt } from "../vm/pending.ts";
import type { Suspendable } from "../vm/requests.ts";
import type { EvaluationFetcher, FetchedTree } from "./fetcher.ts";

const SHA256_PREFIX = "sha256-";

/** Returns the fetcher of the host. Throws an error that names `what` if there is none. */
export function fetcherOf(ctx: EvalContext, what: string): EvaluationFetcher {
  if (ctx.fetcher !== undefined) return ctx.fetcher;
  throw new EvalError(
    "not-supported",
    marked`${uncolored(what)} needs fetchers, and this evaluation has none`,
  );
}

/** Fetches an input. `what` needs it, for the error without a fetcher. */
export function* fetchInput(
  ctx: EvalContext,
  input: FetcherInput,
  what: string,
): Suspendable<FetchedTree> {
  const fetcher = fetcherOf(ctx, what);
  try {
    return (yield attempt(() => fetcher.fetchTree(input))) as FetchedTree;
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/** A tree at its store path. */
export interface MountedTree {
  readonly storePath: string;
  /** The locked input with the hash of the tree. */
  readonly locked: FetcherInput;
}

/** Returns the store path of a tree with a NAR hash (`sha256-…`). */
export function treePath(ctx: EvalContext, input: FetcherInput, narHash: string): string {
  const digest = decodeBase64(narHash.slice(SHA256_PREFIX.length));
  const name = tryStringAttr(input.attrs, "name") ?? "source";
  return makeFixedOutputPath(storeConfig(ctx), name, "nar", { algorithm: "sha256", digest });
}

/**
 * Shows a fetched tree at its store path and allows evaluation to read it. Throws an error of kind
 * `hash-mismatch` if `original`, the input as it was requested, has another `narHash`.
 */
export function mountTree(
  ctx: EvalContext,
  fetched: FetchedTree,
  original: FetcherInput,
): MountedTree {
  const { narHash, tree } = fetched;
  const storePath = treePath(ctx, fetched.locked, narHash);
  ctx.io.allowPath?.(storePath);
  // Nix: directories on disk are copied to the store before they are read.
  const { scheme, attrs } = fetched.locked;
  const showsStorePath =
    scheme?.name === "path" && tryStringAttr(attrs, "path")?.startsWith("/") === true;
  ctx.mounts.mount(storePath, { tree, method: "nar", showsStorePath });
  ctx.caches.references.set(storePath, []);
  const wanted = narHashOf(original.attrs);
  if (wanted !== undefined && wanted !== narHash) {
    // Nix: the two hashes are the wrong way round (paths.cc, mountInput).
    throw new EvalError(
      "hash-mismatch",
      marked`NAR hash mismatch in input '${describeInput(original)}', expected '${narHash}' but got '${wanted}'`,
    );
  }
  return { storePath, locked: withInputAttrs(fetched.locked, { narHash }) };
}

/** How {@link treeAttrs} describes a tree. */
export interface TreeAttrsOptions {
  readonly storePath: string;
  readonly locked: FetcherInput;
  /** The tree and the input that it was fetched for, for attributes that take time. */
  readonly source?: { readonly fetched: FetchedTree; readonly input: FetcherInput };
  /** Whether a tree without a revision gets one of zeros, as `fetchGit` returns it. */
  readonly emptyRevFallback?: boolean;
  /** Whether the revision is left out, for a flake whose lock file is not written. */
  readonly forceDirty?: boolean;
  /** The position of the attributes; none unless given. */
  readonly pos?: PosIdx;
}

/** The revision of a tree without one. */
const NO_REV = "0".repeat(40);
const SHORT_REV_LENGTH = 7;

/** Returns the set that `fetchTree` returns for a tree, without `_type` and the like. */
export function treeAttrs(ctx: EvalContext, options: TreeAttrsOptions): Attrs {
  const { storePath, locked, source, emptyRevFallback, forceDirty, pos } = options;
  const { attrs, scheme } = locked;
  const result = new Map<string, Slot>([
    ["outPath", new ContextString(storePath, new Set([storePath]))],
  ]);
  const narHash = narHashOf(attrs);
  if (narHash !== undefined) result.set("narHash", narHash);
  if (scheme?.name === "git") result.set("submodules", attrs.get("submodules") === true);
  if (forceDirty !== true) {
    const rev = revOf(attrs) ?? (emptyRevFallback === true ? NO_REV : undefined);
    if (rev !== undefined) {
      result.set("rev", rev);
      result.set("shortRev", rev.slice(0, SHORT_REV_LENGTH));
    }
    const revCount = attrs.get("revCount") ?? (emptyRevFallback === true ? 0 : undefined);
    if (source?.fetched.lazyAttrs.includes("revCount") === true) {
      result.set("revCount", lazyAttr(ctx, source.input, "revCount"));
    } else if (revCount !== undefined) result.set("revCount", integerOf(revCount));
  }
  const dirtyRev = tryStringAttr(attrs, "dirtyRev");
  if (dirtyRev !== undefined) {
    result.set("dirtyRev", dirtyRev);
    result.set("dirtyShortRev", tryStringAttr(attrs, "dirtyShortRev") ?? "");
  }
  const lastModified = attrs.get("lastModified");
  if (lastModified !== undefined) {
    const seconds = integerOf(lastModified);
    result.set("lastModified", seconds);
    result.set("lastModifiedDate", formatTime(Number(seconds)));
  }
  const names = Array.from(result.keys());
  const positions = pos === undefined ? null : names.map(() => pos);
  return Attrs.of(names, Array.from(result.values()), positions);
}

/** A thunk of an attribute that takes time. */
function lazyAttr(ctx: EvalContext, input: FetcherInput, name: string): Slot {
  const fetcher = fetcherOf(ctx, name);
  return nativeThunk(function* (): Suspendable<Slot> {
    try {
      return (yield attempt(() => fetcher.lazyAttr(input, name) as Slot)) as Slot;
    } catch (error) {
      throw evalErrorOf(error);
    }
  });
}

function integerOf(value: InputAttr): number | bigint {
  return typeof value === "bigint" || typeof value === "number" ? value : 0;
}

/** Returns a time in seconds since 1970 as `YYYYMMDDhhmmss` in UTC. */
function formatTime(seconds: number): string {
  return new Date(seconds * 1000)
    .toISOString()
    .replace(/\.\d+Z$/, "")
    .replace(/[-:T]/g, "");
}
