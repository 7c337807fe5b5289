/**
 * The search path, in which `<name>` and `findFile` look up files.
 *
 * Entries are `prefix=path` or just a path; they come from `-I` and `NIX_PATH`. An entry may also be
 * the URL of an archive, `channel:NAME` or `flake:REFERENCE`, which is fetched when it is first used.
 * Entries that are missing are skipped with a warning.
 */
import {
  canonPath,
  type FetcherInput,
  FormatError,
  inputFromAttrs,
  isInStore,
  type MarkedText,
  marked,
  plainText,
  splitStorePath,
} from "@nivis/formats";
import { allowClosure } from "../allowed-closure.ts";
import type { EvalContext, SearchPathEntry } from "../context.ts";
import { CORE_FILES } from "../core-files.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { requireFeature } from "../experimental-features.ts";
import type { LogMessage } from "../io.ts";
import { leadsSomewhere, resolveSymlinks } from "../path.ts";
import { NO_POS } from "../position.ts";
import { NixPath } from "../value/value.ts";
import { now } from "../vm/pending.ts";
import { copyMount } from "./mounts.ts";
import { fetcherOf, mountTree } from "./tree-value.ts";

const DOWNLOADABLE_SCHEMES: ReadonlySet<string> = new Set([
  "http",
  "https",
  "file",
  "channel",
  "git",
  "s3",
  "ssh",
]);

/** Whether an entry names an archive to download and unpack rather than a path. */
export function isPseudoUrl(text: string): boolean {
  if (text.startsWith("channel:")) return true;
  const end = text.indexOf("://");
  return end >= 0 && DOWNLOADABLE_SCHEMES.has(text.slice(0, end));
}

/** Returns the URL that a pseudo URL stands for: that of a channel, or itself. */
export function resolvePseudoUrl(text: string): string {
  if (!text.startsWith("channel:")) return text;
  return `https://channels.nixos.org/${text.slice("channel:".length)}/nixexprs.tar.xz`;
}

/** Splits `NIX_PATH` at its colons, except at those that are part of a URL. */
export function splitNixPath(text: string): string[] {
  const entries: string[] = [];
  let at = 0;
  while (at < text.length) {
    const start = at;
    let valueStart = at;
    while (at < text.length && text[at] !== ":") {
      if (text[at] === "=") valueStart = at + 1;
      at++;
    }
    if (at === text.length) {
      entries.push(text.slice(start));
      break;
    }
    const value = text.slice(valueStart);
    if (isPseudoUrl(value) || value.startsWith("flake:")) {
      const end = text.indexOf(":", at + 1);
      at = end < 0 ? text.length : end;
    }
    entries.push(text.slice(start, at));
    at++;
  }
  return entries;
}

/** Splits an entry at its first `=`. */
export function parseSearchPathEntry(text: string): SearchPathEntry {
  const equals = text.indexOf("=");
  if (equals < 0) return { prefix: "", path: text };
  return { prefix: text.slice(0, equals), path: text.slice(equals + 1) };
}

/** Returns the search path of a command: the entries of `-I`, then those of `NIX_PATH`. */
export function searchPathOf(includes: readonly string[], nixPath: string): SearchPathEntry[] {
  return [...includes, ...splitNixPath(nixPath)].map(parseSearchPathEntry);
}

/**
 * Returns the part of `name` below an entry's prefix, or `undefined` if the prefix does not match.
 */
function suffixBelow(prefix: string, name: string): string | undefined {
  const separated = prefix.length > 0 && prefix.length < name.length;
  if (separated && name[prefix.length] !== "/") return undefined;
  if (!name.startsWith(prefix)) return undefined;
  return name.slice(separated ? prefix.length + 1 : prefix.length);
}

/** Nix: these warnings are reports, which machine-readable logs contain. */
function searchPathWarning(text: MarkedText): LogMessage {
  const report = { text, shown: text, pos: NO_POS, traces: [] };
  return { severity: "warning", text: plainText(text), report };
}

/**
 * In restricted evaluation: looks up all entries beforehand, which warns about missing ones, and
 * allows evaluation to read the closures of those in the store. The entries themselves are allowed
 * by `restrictedIo`.
 */
export function openSearchPath(ctx: EvalContext): void {
  if (ctx.settings.pureEval || !ctx.settings.restrictEval) return;
  try {
    for (const { path } of ctx.searchPath) {
      if (!isRemote(path)) allowObject(ctx, absolutePath(ctx, path));
      // An entry that has to be waited for is fetched when it is used.
      now(() => resolveEntry(ctx, path));
    }
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/** Allows the closure of a path's store object, if there is one. */
function allowObject(ctx: EvalContext, path: string): void {
  const { store } = ctx;
  if (!isInStore(path, store.storeDir)) return;
  const object = `${store.storeDir}/${splitStorePath(path, store.storeDir).baseName}`;
  if (store.isValidPath(object)) allowClosure(ctx, object);
}

/** Whether an entry must be fetched before a lookup. */
function isRemote(text: string): boolean {
  return isPseudoUrl(text) || text.startsWith("flake:");
}

function absolutePath({ io }: EvalContext, text: string): string {
  return canonPath(text.startsWith("/") ? text : `${io.currentDirectory()}/${text}`);
}

/** Fetches an entry that names an archive or a flake; `undefined` for others and after a failure. */
function fetchEntry(ctx: EvalContext, text: string): string | undefined {
  if (text.startsWith("flake:")) return fetchFlakeSource(ctx, text);
  if (!isPseudoUrl(text)) return undefined;
  try {
    return fetchArchive(ctx, text);
  } catch (error) {
    if (!(error instanceof EvalError || error instanceof FormatError)) throw error;
    ctx.io.log(
      searchPathWarning(marked`Nix search path entry '${text}' cannot be downloaded, ignoring`),
    );
    return undefined;
  }
}

/** Fetches the archive that a URL or `channel:NAME` names; returns its store path. */
function fetchArchive(ctx: EvalContext, text: string): string {
  const attrs = new Map([
    ["type", "tarball"],
    ["url", resolvePseudoUrl(text)],
  ]);
  return fetchSource(ctx, inputFromAttrs(attrs), text);
}

/** Fetches the source of `flake:REFERENCE`; returns its store path. */
function fetchFlakeSource(ctx: EvalContext, text: string): string {
  requireFeature(ctx, "flakes");
  const { input } = fetcherOf(ctx, `'${text}'`).resolveReference(text.slice("flake:".length));
  return fetchSource(ctx, input, text);
}

/** Nix: unlike other trees, those of the search path are copied at once. */
function fetchSource(ctx: EvalContext, input: FetcherInput, text: string): string {
  const fetched = fetcherOf(ctx, `'${text}'`).fetchTree(input);
  const { storePath } = mountTree(ctx, fetched, input);
  copyMount(ctx, storePath);
  return storePath;
}

/**
 * Returns the store path of a program that a command line names by a URL, `channel:NAME` or
 * `flake:REFERENCE`, after fetching it; `undefined` for other texts.
 */
export function fetchProgram(ctx: EvalContext, text: string): string | undefined {
  try {
    if (text.startsWith("flake:")) return fetchFlakeSource(ctx, text);
    return isPseudoUrl(text) ? fetchArchive(ctx, text) : undefined;
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/** Resolves the text of an entry to a path, if that exists; warns once otherwise. */
function resolveEntry(ctx: EvalContext, text: string): string | undefined {
  return ctx.dependencies === undefined
    ? findEntry(ctx, text)
    : ctx.dependencies.recall(`entry ${text}`, () => findEntry(ctx, text));
}

function findEntry(ctx: EvalContext, text: string): string | undefined {
  const { io, caches } = ctx;
  if (caches.searchPathEntries.has(text)) return caches.searchPathEntries.get(text);
  let result = fetchEntry(ctx, text);
  if (result === undefined) {
    const path = absolutePath(ctx, text);
    if (leadsSomewhere(io, path, caches.plainDirectories.of(io))) {
      result = path;
    } else {
      io.checkAccess?.(path);
      io.log(searchPathWarning(marked`Nix search path entry '${text}' does not exist, ignoring`));
    }
  }
  if (ctx.dependencies === undefined) caches.searchPathEntries.set(text, result);
  return result;
}

/** Returns the file below an entry, with symlinks resolved, or `undefined`. */
function lookUp(ctx: EvalContext, entry: string, suffix: string): string | undefined {
  const wanted = canonPath(`${entry}/${canonPath(`/${suffix}`)}`);
  return ctx.dependencies === undefined
    ? findFile(ctx, wanted)
    : ctx.dependencies.recall(`found ${wanted}`, () => findFile(ctx, wanted));
}

function findFile(ctx: EvalContext, wanted: string): string | undefined {
  const { io, caches } = ctx;
  if (caches.searchPathResults.has(wanted)) return caches.searchPathResults.get(wanted);
  const path = resolveSymlinks(io, wanted, "full", caches.plainDirectories.of(io));
  let result: string | undefined = path;
  if (io.fileType(path) === undefined) {
    io.checkAccess?.(path);
    result = undefined;
  }
  if (ctx.dependencies === undefined) caches.searchPathResults.set(wanted, result);
  return result;
}

/** Looks up `name` in a search path; throws a catchable error if it is not found. */
export function findInSearchPath(
  ctx: EvalContext,
  entries: readonly SearchPathEntry[],
  name: string,
): NixPath {
  for (const { prefix, path } of entries) {
    const suffix = suffixBelow(prefix, name);
    if (suffix === undefined) continue;
    const entry = resolveEntry(ctx, path);
    if (entry === undefined) continue;
    const found = lookUp(ctx, entry, suffix);
    if (found !== undefined) return new NixPath(found);
  }
  if (name.startsWith("nix/")) return new NixPath(canonPath(name.slice(3)), CORE_FILES);
  throw new EvalError(
    "search-path",
    ctx.settings.pureEval
      ? marked`cannot look up '<${name}>' in pure evaluation mode (use '--impure' to override)`
      : marked`file '${name}' was not found in the Nix search path (add it using $NIX_PATH or -I)`,
  ).atUnknownPos();
}
