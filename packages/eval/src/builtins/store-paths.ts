/** Builtins that add paths to the store or refer to existing ones. */

import {
  isInStore,
  isStorePath,
  makeFixedOutputPath,
  makeTextPath,
  marked,
  type NixHash,
  parseHashAllowEmpty,
  splitStorePath,
} from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf, withPlainTrace } from "../errors/from-world.ts";
import { plainWarning } from "../errors/log-message.ts";
import { requireFeature } from "../experimental-features.ts";
import { copyMount } from "../fetching/mounts.ts";
import { forceFunction, forcePlainString, isCallable, typeMismatch } from "../operations/checks.ts";
import { coerceToPath, type PathWithContext } from "../operations/coerce.ts";
import { joinPath } from "../path.ts";
import { accessorOf, withoutSymlinks } from "../path-value.ts";
import { NO_POS } from "../position.ts";
import type { FileType, SourceAccessor } from "../source-accessor.ts";
import { addSource, type SourceMethod, sourceName, storeConfig } from "../store/copy-path.ts";
import {
  ensurePath,
  type Rewrites,
  realiseContext,
  referencesOfStoreObject,
  rewrite,
} from "../store/realise.ts";
import type { Attrs } from "../value/attrs.ts";
import { contextOf, type StringContext, withContext } from "../value/context.ts";
import { inSymbolOrder } from "../value/symbol-order.ts";
import { ContextString, type NixPath, type Slot, textOf, type Value } from "../value/value.ts";
import { attempt, now } from "../vm/pending.ts";
import { CallRequest, type Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, plain, strict, suspending } from "./definition.ts";
import { forceAt, forceBoolAt } from "./force-at.ts";
import { HASHING } from "./hashing.ts";

/** Returns a store path as a value: its text, which depends on it. */
function storePathValue(path: string): Slot {
  return new ContextString(path, new Set([path]));
}

function toFile(ctx: EvalContext, name: string, value: string | ContextString): Slot {
  const contents = textOf(value);
  ctx.limits?.workOnText(HASHING * contents.length);
  const references: string[] = [];
  for (const element of [...(contextOf(value) ?? [])].sort()) {
    if (element.startsWith("!") || element.startsWith("=")) {
      const shown = element.replace(`${ctx.store.storeDir}/`, "");
      throw new EvalError(
        "value",
        marked`files created by ${"builtins.toFile"} may not reference derivations, but ${name} references ${shown}`,
      ).atUnknownPos();
    }
    references.push(element);
  }
  try {
    for (const reference of references) copyMount(ctx, reference);
    const path = makeTextPath(storeConfig(ctx), name, contents, references);
    if (!ctx.settings.readOnlyMode) ctx.store.addText(path, contents, references);
    ctx.caches.references.set(path, references);
    ctx.io.allowPath?.(path);
    return storePathValue(path);
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/** A request to `addPath`. */
interface PathRequest {
  readonly path: NixPath;
  readonly context: StringContext | undefined;
  readonly name: string;
  readonly method: SourceMethod;
  readonly filter: Slot | undefined;
  readonly expectedHash: NixHash | undefined;
}

/**
 * Calls a filter on everything below a directory; returns the kept names of each directory by its
 * path.
 */
function* applyFilter(
  ctx: EvalContext,
  filter: Slot,
  root: NixPath,
): Suspendable<Map<string, readonly string[]>> {
  const files = accessorOf(ctx, root);
  const kept = new Map<string, string[]>();
  const pending: { readonly path: string; readonly names: string[]; next: number }[] = [];
  const open = (path: string): void => {
    const names = files.readDirectory(path).map((entry) => entry.name);
    kept.set(path, []);
    pending.push({ path, names: names.sort(), next: 0 });
  };
  yield attempt(() => {
    if (files.fileType(root.path) === "directory") open(root.path);
  });
  // Nix: depth first in bytewise order, each entry before its contents (archive.cc, dumpPath).
  for (let top = pending.at(-1); top !== undefined; top = pending.at(-1)) {
    const name = top.names[top.next++];
    if (name === undefined) {
      pending.pop();
      continue;
    }
    const path = joinPath(top.path, name);
    if (!((yield askFilter(ctx, filter, files, path)) as boolean)) continue;
    (kept.get(top.path) as string[]).push(name);
    const enter = (): true => {
      const type = files.fileType(path);
      if (type === "directory") open(path);
      // Nix: a kept entry is written before the next call, so it fails here.
      else if (type === "unknown") {
        throw new EvalError("value", marked`file '${files.display(path)}' has an unsupported type`);
      }
      return true;
    };
    if (now(enter) === undefined) yield attempt(enter);
  }
  return kept;
}

function* askFilter(
  ctx: EvalContext,
  filter: Slot,
  files: SourceAccessor,
  path: string,
): Suspendable<boolean> {
  const look = (): FileType => files.fileType(path) ?? "unknown";
  const type = now(look) ?? ((yield attempt(look)) as FileType);
  const trace = "while evaluating the return value of the path filter function";
  const answer = (yield new CallRequest(filter, [path, type], NO_POS)) as Value;
  if (typeof answer !== "boolean") throw typeMismatch(ctx, answer, "a Boolean", trace);
  return answer;
}

function* addPath(ctx: EvalContext, request: PathRequest): Suspendable<Slot> {
  const { context, name, method, filter, expectedHash } = request;
  let { path } = request;
  try {
    let references: readonly string[] = [];
    if (context !== undefined && isInStore(path.path, ctx.store.storeDir)) {
      const rewrites = (yield attempt(() => realiseContext(ctx, context))) as Rewrites;
      path = path.at(rewrite(path.path, rewrites));
      const { path: object } = path;
      references = (yield attempt(() => referencesOfStoreObject(ctx, object))) as readonly string[];
    }
    let expected: string | undefined;
    if (expectedHash !== undefined) {
      const known = makeFixedOutputPath(storeConfig(ctx), name, method, expectedHash, {
        others: references,
        self: false,
      });
      if (yield attempt(() => ctx.store.isValidPath(known))) {
        ctx.io.allowPath?.(known);
        return storePathValue(known);
      }
      expected = known;
    }
    const given = path;
    const root = (yield attempt(() => withoutSymlinks(ctx, given, "full"))) as NixPath;
    let kept: ReadonlyMap<string, readonly string[]> | undefined;
    if (filter !== undefined && method === "nar") {
      kept = (yield applyFilter(ctx, filter, root)) as ReadonlyMap<string, readonly string[]>;
    }
    const added = (yield attempt(() =>
      addSource(ctx, root, name, method, kept, references),
    )) as string;
    if (expected !== undefined && expected !== added) {
      throw new EvalError(
        "value",
        marked`store path mismatch in (possibly filtered) path added from '${accessorOf(ctx, path).display(path.path)}'`,
      ).atUnknownPos();
    }
    return storePathValue(added);
  } catch (error) {
    throw withPlainTrace(
      error,
      marked`while adding path '${accessorOf(ctx, path).display(path.path)}'`,
    );
  }
}

function* filterSource(ctx: EvalContext, filter: Slot, slot: Slot): Suspendable<Slot> {
  const { path, context } = (yield coerceToPath(
    ctx,
    slot,
    NO_POS,
    "while evaluating the second argument (the path to filter) passed to 'builtins.filterSource'",
  )) as PathWithContext;
  yield forceFunction(
    ctx,
    filter,
    "while evaluating the first argument passed to builtins.filterSource",
  );
  const name = sourceName(path.path);
  const request = { path, context, name, method: "nar", filter, expectedHash: undefined } as const;
  return (yield addPath(ctx, request)) as Slot;
}

function expectedHashOf(ctx: EvalContext, text: string): NixHash {
  return parseHashAllowEmpty(
    text,
    "sha256",
    (message) => ctx.io.log(plainWarning(message)),
    (feature, reason) => requireFeature(ctx, feature, reason),
  );
}

function* path(ctx: EvalContext, attrs: Attrs): Suspendable<Slot> {
  let source: PathWithContext | undefined;
  let name = "";
  let method: SourceMethod = "nar";
  let filter: Slot | undefined;
  let expectedHash: NixHash | undefined;
  for (const key of inSymbolOrder(attrs.names())) {
    const slot = attrs.get(key) as Slot;
    const pos = attrs.positionOf(key);
    switch (key) {
      case "path":
        source = (yield coerceToPath(
          ctx,
          slot,
          pos,
          "while evaluating the 'path' attribute passed to 'builtins.path'",
        )) as PathWithContext;
        break;
      case "name":
        name = (yield forcePlainString(
          ctx,
          slot,
          "while evaluating the `name` attribute passed to builtins.path",
          pos,
        )) as string;
        break;
      case "filter": {
        const trace = "while evaluating the `filter` parameter passed to builtins.path";
        const value = (yield forceAt(slot, pos, trace)) as Value;
        if (!isCallable(value)) throw typeMismatch(ctx, value, "a function", trace, pos);
        filter = value;
        break;
      }
      case "recursive": {
        const trace = "while evaluating the `recursive` attribute passed to builtins.path";
        const recursive = (yield forceBoolAt(ctx, slot, pos, trace)) as boolean;
        method = recursive ? "nar" : "flat";
        break;
      }
      case "sha256": {
        const trace = "while evaluating the `sha256` attribute passed to builtins.path";
        const text = (yield forcePlainString(ctx, slot, trace, pos)) as string;
        try {
          expectedHash = expectedHashOf(ctx, text);
        } catch (error) {
          throw evalErrorOf(error);
        }
        break;
      }
      default:
        throw new EvalError(
          "value",
          marked`unsupported argument '${printIdentifier(key)}' to 'builtins.path'`,
          pos,
        );
    }
  }
  if (source === undefined) {
    throw new EvalError(
      "value",
      "missing required 'path' attribute in the first argument to 'builtins.path'",
    ).atUnknownPos();
  }
  if (name === "") name = sourceName(source.path.path);
  return (yield addPath(ctx, { ...source, name, method, filter, expectedHash })) as Slot;
}

function* storePath(ctx: EvalContext, slot: Slot): Suspendable<Slot> {
  if (ctx.settings.pureEval) {
    throw new EvalError(
      "restricted",
      "'builtins.storePath' is not allowed in pure evaluation mode",
    ).atUnknownPos();
  }
  const given = (yield coerceToPath(
    ctx,
    slot,
    NO_POS,
    "while evaluating the first argument passed to 'builtins.storePath'",
  )) as PathWithContext;
  try {
    const { storeDir } = ctx.store;
    // A symlink that is itself a store object is meant; others only lead to one.
    const source = isStorePath(given.path.path, storeDir)
      ? given.path
      : ((yield attempt(() => withoutSymlinks(ctx, given.path, "full"))) as NixPath);
    const { path } = source;
    if (!isInStore(path, storeDir)) {
      throw new EvalError(
        "invalid-path",
        marked`path '${source.shown}' is not in the Nix store`,
      ).atUnknownPos();
    }
    const object = `${storeDir}/${splitStorePath(path, storeDir).baseName}`;
    yield attempt(() => ensurePath(ctx, object));
    return withContext(path, new Set([...(given.context ?? []), object]));
  } catch (error) {
    throw evalErrorOf(error);
  }
}

function* toPath(ctx: EvalContext, slot: Slot): Suspendable<Slot> {
  const given = (yield coerceToPath(
    ctx,
    slot,
    NO_POS,
    "while evaluating the first argument passed to builtins.toPath",
  )) as PathWithContext;
  return withContext(given.path.path, given.context);
}

/** The builtins of this file. */
export const storePathBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "toFile",
    args: args("name", "s"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.toFile",
      ),
      strict(1, "string", "while evaluating the second argument passed to builtins.toFile"),
    ],
    doc: "Adds the string *s* to the store as a file named *name* and returns its store path. *s* may refer to other files in the store, but not to derivations.",
    run: toFile,
  }),
  suspending({
    name: "filterSource",
    args: args("filter", "path"),
    strict: [],
    doc: "Copies *path* to the store without the files that *filter* rejects. *filter* is called with the path (a string) and the type of each file and directory below *path*, except inside of rejected directories.",
    run: filterSource,
  }),
  suspending({
    name: "path",
    args: args("args"),
    strict: [strict(0, "set", "while evaluating the argument passed to 'builtins.path'")],
    doc: "Copies a path to the store. *args* is a set: `path` is the path; `name` its name in the store; `filter` as in `filterSource`; `recursive = false` hashes the contents of a single file; `sha256` is the expected hash.",
    run: path,
  }),
  suspending({
    name: "storePath",
    args: args("path"),
    strict: [],
    doc: "The path *path*, which must already be in the store, as a string that depends on it. Not available in pure evaluation.",
    run: storePath,
  }),
  suspending({
    name: "toPath",
    args: args("s"),
    strict: [],
    doc: 'The absolute path *s* as a string without `.`, `..` and redundant slashes. Deprecated: write `/. + "/path"`.',
    run: toPath,
  }),
];
