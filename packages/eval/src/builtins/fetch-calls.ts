/**
 * What the fetchers do: `fetchurl`, `fetchTarball`, `fetchTree`, `fetchGit`, `fetchMercurial`.
 *
 * They check their arguments, ask the host's {@link EvaluationFetcher} and mount what it returns at
 * its store path. Without a fetcher, `fetchurl` and `fetchTarball` with a hash return the path that
 * follows from it, since a derivation needs nothing else of its sources; everything else fails.
 *
 * Loaded on demand, so it exports nothing but functions and types (`scripts/bundles.mjs`).
 */
import {
  canonPath,
  checkStorePathName,
  type FetcherInput,
  FormatError,
  fixGitUrl,
  formatHash,
  formatUrl,
  type InputAttr,
  inputFromAttrs,
  inputFromUrl,
  inputToUrl,
  isDirectInput,
  isLockedInput,
  makeFixedOutputPath,
  marked,
  type NixHash,
  narHashOf,
  parseHashAllowEmpty,
  parseUrl,
  pathOfUrl,
  revOf,
  tryStringAttr,
  uncolored,
} from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { plainWarning } from "../errors/log-message.ts";
import { hasFeature, requireFeature } from "../experimental-features.ts";
import type { FetchedTree, RegistryHit } from "../fetching/fetcher.ts";
import { FileAccessor } from "../fetching/file-accessor.ts";
import { resolvePseudoUrl } from "../fetching/search-path.ts";
import { fetcherOf, fetchInput, mountTree, treeAttrs } from "../fetching/tree-value.ts";
import { IoError } from "../io.ts";
import { isAllowedUri } from "../limits/allowed-uris.ts";
import { expectPlainString, forcePlainString } from "../operations/checks.ts";
import { CoerceMode, coerceToString } from "../operations/coerce.ts";
import { toJson } from "../operations/to-json.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { storeConfig } from "../store/copy-path.ts";
import { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import {
  ContextString,
  isInt,
  isString,
  NixPath,
  type Slot,
  textOf,
  typeWithArticle,
  type Value,
} from "../value/value.ts";
import { attempt } from "../vm/pending.ts";
import { CALL_PLACE, type Suspendable } from "../vm/requests.ts";

/**
 * Restricted evaluation accesses only URIs in the setting `allowed-uris`, and the files that it may
 * read.
 */
function checkUri(ctx: EvalContext, uri: string): void {
  if (!ctx.settings.restrictEval || isAllowedUri(uri, ctx.settings.allowedUris)) return;
  const path = uri.startsWith("/") ? uri : pathOfFileUri(uri);
  if (path !== undefined) {
    ctx.io.checkAccess?.(canonPath(path));
    return;
  }
  const message = marked`access to URI '${uri}' is forbidden in restricted mode`;
  throw new EvalError("restricted", message);
}

/** Returns the path that a `file:` URI names; `undefined` for other URIs. */
function pathOfFileUri(uri: string): string | undefined {
  if (!uri.startsWith("file:")) return undefined;
  try {
    return pathOfUrl(parseUrl(uri).path);
  } catch (error) {
    if (error instanceof FormatError) return undefined;
    throw error;
  }
}

/** A request to `fetchurl` or `fetchTarball`. */
interface Download {
  readonly url: string;
  readonly name: string;
  readonly hash: NixHash | undefined;
}

function* downloadOf(
  ctx: EvalContext,
  who: string,
  argument: Value,
  defaultName: string,
): Suspendable<Download> {
  const urlTrace = "while evaluating the url we should fetch";
  if (!(argument instanceof Attrs)) {
    return {
      url: expectPlainString(ctx, argument, urlTrace),
      name: defaultName,
      hash: undefined,
    };
  }
  let url: string | undefined;
  let name = defaultName;
  let hash: NixHash | undefined;
  for (const attribute of argument.names()) {
    const slot = argument.get(attribute) as Slot;
    const pos = argument.positionOf(attribute);
    if (attribute === "url") {
      url = (yield forcePlainString(ctx, slot, urlTrace, pos)) as string;
    } else if (attribute === "sha256") {
      const trace = "while evaluating the sha256 of the content we should fetch";
      const text = (yield forcePlainString(ctx, slot, trace, pos)) as string;
      hash = parseHashAllowEmpty(text, "sha256", (message) => ctx.io.log(plainWarning(message)));
    } else if (attribute === "name") {
      const trace = "while evaluating the name of the content we should fetch";
      name = (yield forcePlainString(ctx, slot, trace, pos)) as string;
    } else {
      throw new EvalError(
        "value",
        marked`unsupported argument '${attribute}' to '${who}'`,
      ).atUnknownPos();
    }
  }
  if (url === undefined) throw new EvalError("value", "'url' argument required").atUnknownPos();
  return { url, name, hash };
}

/** Returns the name in the store that a URL suggests: its last part. */
function lastPart(url: string): string {
  const path = url.endsWith("/") ? url.slice(0, -1) : url;
  return path.slice(path.lastIndexOf("/") + 1);
}

function checkName(who: string, argument: Value, url: string, name: string): void {
  try {
    checkStorePathName(name);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    let advice = marked`Please pass an attribute set with 'url' and 'name' attributes to '${who}',  so that it can create a valid store path.`;
    if (argument instanceof Attrs) {
      advice = argument.has("name")
        ? marked`Please change the value for the 'name' attribute passed to '${who}', so that it can create a valid store path.`
        : marked`Please add a valid 'name' attribute to the argument for '${who}', so that it can create a valid store path.`;
    }
    const message = marked`invalid store path name when fetching URL '${url}': ${uncolored(error.text)}. ${uncolored(advice)}`;
    throw new EvalError("value", message).atUnknownPos();
  }
}

/** Runs `fetchurl` or `fetchTarball`; `argument` is a URL or a set. */
export function* fetchDownload(
  ctx: EvalContext,
  who: "fetchurl" | "fetchTarball",
  argument: Value,
): Suspendable<Slot> {
  try {
    return (yield download(ctx, who, argument)) as Slot;
  } catch (error) {
    throw evalErrorOf(error);
  }
}

function* download(
  ctx: EvalContext,
  who: "fetchurl" | "fetchTarball",
  argument: Value,
): Suspendable<Slot> {
  const unpack = who === "fetchTarball";
  const asked = (yield downloadOf(ctx, who, argument, unpack ? "source" : "")) as Download;
  const { hash } = asked;
  const url = unpack ? resolvePseudoUrl(asked.url) : asked.url;
  checkUri(ctx, url);
  const name = asked.name === "" ? lastPart(url) : asked.name;
  checkName(who, argument, url, name);
  if (hash === undefined && ctx.settings.pureEval) {
    const message = marked`in pure evaluation mode, '${who}' requires a 'sha256' argument`;
    throw new EvalError("restricted", message).atUnknownPos();
  }
  const request = { url, name, hash };
  if (hash?.algorithm === "sha256") {
    const path = makeFixedOutputPath(storeConfig(ctx), name, unpack ? "nar" : "flat", hash);
    if (ctx.fetcher === undefined || (yield attempt(() => hasPath(ctx, path)))) {
      return allowedPath(ctx, path);
    }
  }
  return (yield unpack ? fetchArchive(ctx, request) : fetchPlainFile(ctx, request)) as Slot;
}

/** Whether the store has a path, or can fetch it from another store. */
function hasPath({ store }: EvalContext, path: string): boolean {
  if (store.isValidPath(path)) return true;
  try {
    return store.substitute?.(path) === true;
  } catch (error) {
    // Nix: the reason is only a debug message, and the file is downloaded.
    if (error instanceof IoError) return false;
    throw error;
  }
}

/** Allows evaluation to read a store path, and returns it as a string. */
function allowedPath(ctx: EvalContext, path: string): Slot {
  ctx.io.allowPath?.(path);
  return new ContextString(path, new Set([path]));
}

function* fetchArchive(ctx: EvalContext, { url, name, hash }: Download): Suspendable<Slot> {
  const attrs = new Map<string, InputAttr>([
    ["type", "tarball"],
    ["url", url],
    ["name", name],
    ...(hash === undefined ? [] : [["narHash", formatHash(hash, "sri", true)] as const]),
  ]);
  const input = inputFromAttrs(attrs, fetchOptions(ctx));
  const fetched = (yield fetchInput(ctx, input, "fetchTarball")) as FetchedTree;
  return allowedPath(ctx, mountTree(ctx, fetched, input).storePath);
}

function* fetchPlainFile(ctx: EvalContext, { url, name, hash }: Download): Suspendable<Slot> {
  const fetcher = fetcherOf(ctx, "fetchurl");
  const contents = (yield attempt(() => fetcher.fetchFile(url, name))) as string;
  const hashOf = (algorithm: NixHash["algorithm"]): NixHash => ({
    algorithm,
    digest: ctx.hashes.hash(algorithm, contents),
  });
  if (hash !== undefined) {
    const specified = formatHash(hash, "nix32", true);
    const got = formatHash(hashOf(hash.algorithm), "nix32", true);
    if (specified !== got) {
      const message = marked`hash mismatch in file downloaded from '${url}':\n  specified: ${specified}\n  got:       ${got}`;
      throw new EvalError("hash-mismatch", message);
    }
  }
  const path = makeFixedOutputPath(storeConfig(ctx), name, "flat", hashOf("sha256"));
  ctx.mounts.mount(path, { tree: new FileAccessor(contents), method: "flat" });
  ctx.caches.references.set(path, []);
  return allowedPath(ctx, path);
}

/** The differences between `fetchGit` and `fetchTree`. */
export interface TreeFetcher {
  readonly name: "fetchTree" | "fetchGit";
  readonly isGit: boolean;
}

/** Returns an attribute of a fetcher's argument as the input has it. */
function* inputAttr(
  ctx: EvalContext,
  fetcher: TreeFetcher,
  set: Attrs,
  name: string,
): Suspendable<InputAttr> {
  const slot = set.get(name) as Slot;
  const pos = set.positionOf(name);
  const value = (slot instanceof Thunk ? yield slot : slot) as Value;
  if (isString(value) || value instanceof NixPath) {
    const text = (yield coerceToString(ctx, value, CoerceMode.Weak, pos, "")) as Slot;
    const bytes = textOf(text as string | ContextString);
    return fetcher.isGit && name === "url" ? formatUrl(fixGitUrl(bytes)) : bytes;
  }
  if (typeof value === "boolean") return value;
  if (isInt(value)) {
    if (value >= 0) return value;
    const message = marked`negative value given for '${fetcher.name}' argument '${printIdentifier(name)}': ${value}`;
    throw new EvalError("value", message).atUnknownPos();
  }
  if (name === "publicKeys") {
    requireFeature(ctx, "verified-fetches");
    const json = (yield toJson(ctx, value, { copyPaths: false, pos: NO_POS })) as { text: string };
    return json.text;
  }
  throw new EvalError(
    "type",
    marked`argument '${printIdentifier(name)}' to '${fetcher.name}' is ${typeWithArticle(value)} while a string, Boolean or integer is expected`,
  );
}

function* treeInputOfSet(
  ctx: EvalContext,
  fetcher: TreeFetcher,
  set: Attrs,
): Suspendable<FetcherInput> {
  const typeSlot = set.get("type");
  let type = "git";
  if (typeSlot !== undefined) {
    if (fetcher.isGit) throw new EvalError("value", "unexpected argument 'type'").atUnknownPos();
    const trace = marked`while evaluating the \`type\` argument passed to '${fetcher.name}'`;
    type = (yield forcePlainString(ctx, typeSlot, trace, set.positionOf("type"))) as string;
  } else if (!fetcher.isGit) {
    throw new EvalError(
      "value",
      marked`argument 'type' is missing in call to '${fetcher.name}'`,
    ).atUnknownPos();
  }
  const attrs = new Map<string, InputAttr>([["type", type]]);
  for (const name of set.names()) {
    if (name === "type") continue;
    attrs.set(name, (yield inputAttr(ctx, fetcher, set, name)) as InputAttr);
  }
  if (fetcher.isGit && !attrs.has("exportIgnore") && attrs.get("submodules") !== true) {
    attrs.set("exportIgnore", true);
  }
  if (type === "git" && !fetcher.isGit && !attrs.has("shallow")) attrs.set("shallow", true);
  if (!fetcher.isGit && attrs.has("name")) {
    const message = marked`argument 'name' isn\xe2\x80\x99t supported in call to '${fetcher.name}'`;
    throw new EvalError("value", message).atUnknownPos();
  }
  return inputFromAttrs(attrs, fetchOptions(ctx));
}

function* treeInput(
  ctx: EvalContext,
  fetcher: TreeFetcher,
  argument: Value,
): Suspendable<FetcherInput> {
  if (argument instanceof Attrs) {
    return (yield treeInputOfSet(ctx, fetcher, argument)) as FetcherInput;
  }
  const trace = `while evaluating the first argument passed to '${fetcher.name}'`;
  const coerced = (yield coerceToString(ctx, argument, CoerceMode.Weak, NO_POS, trace)) as Slot;
  const url = textOf(coerced as string | ContextString);
  if (fetcher.isGit) {
    const attrs = new Map<string, InputAttr>([
      ["type", "git"],
      ["url", formatUrl(fixGitUrl(url))],
      ["exportIgnore", true],
    ]);
    return inputFromAttrs(attrs, fetchOptions(ctx));
  }
  if (!hasFeature(ctx, "flakes")) {
    const message = marked`passing a string argument to '${fetcher.name}' requires the 'flakes' experimental feature`;
    throw new EvalError("experimental-feature", message).atUnknownPos();
  }
  return inputFromUrl(parseUrl(url), true, fetchOptions(ctx));
}

function fetchOptions(ctx: EvalContext) {
  return {
    require: (feature: string, reason?: string) => requireFeature(ctx, feature, reason),
    warn: (message: string) => ctx.io.log(plainWarning(message)),
  };
}

/** In pure evaluation an input must be locked, or at least have a hash of its contents. */
function checkLocked(ctx: EvalContext, fetcher: TreeFetcher, input: FetcherInput): void {
  const trustForges = ctx.settings.trustTarballsFromGitForges;
  if (!ctx.settings.pureEval || isLockedInput(input, { trustForges })) return;
  const narHash = narHashOf(input.attrs);
  const shown = formatUrl(inputToUrl(input));
  if (narHash !== undefined) {
    ctx.io.log(
      plainWarning(
        `Input '${shown}' is unlocked (e.g. lacks a Git revision) but is checked by NAR hash. ` +
          "This is not reproducible and will break after garbage collection or when shared.",
      ),
    );
    return;
  }
  const message = marked`in pure evaluation mode, '${fetcher.name}' doesn't fetch unlocked input '${shown}'`;
  throw new EvalError("restricted", message).atUnknownPos();
}

/** Runs `fetchTree` or `fetchGit`; `argument` is a URL or a set. */
export function* fetchTree(
  ctx: EvalContext,
  fetcher: TreeFetcher,
  argument: Value,
): Suspendable<Slot> {
  try {
    let input = (yield treeInput(ctx, fetcher, argument)) as FetcherInput;
    if (!ctx.settings.pureEval && !isDirectInput(input) && hasFeature(ctx, "flakes")) {
      const { fetcher: registries } = ctx;
      const indirect = input;
      if (registries !== undefined) {
        const look = (): RegistryHit => registries.lookUp(indirect, "limited");
        ({ input } = (yield attempt(look)) as RegistryHit);
      }
    }
    checkLocked(ctx, fetcher, input);
    const uri = formatUrl(inputToUrl(input));
    checkUri(ctx, uri);
    if (input.attrs.has("__final")) {
      const message = marked`input '${uri}' is not allowed to use the '__final' attribute`;
      throw new EvalError("value", message);
    }
    if (!isDirectInput(input)) {
      const message = marked`'${uri}' is an indirect flake reference, but registry lookups are not allowed`;
      throw new EvalError("fetch", message);
    }
    const fetched = (yield fetchInput(ctx, input, fetcher.name)) as FetchedTree;
    const { storePath, locked } = mountTree(ctx, fetched, input);
    const source = { fetched, input };
    const pos = (yield CALL_PLACE) as PosIdx;
    return treeAttrs(ctx, { storePath, locked, source, emptyRevFallback: fetcher.isGit, pos });
  } catch (error) {
    throw evalErrorOf(error);
  }
}

const REVISION = /^[0-9a-fA-F]{40}$/;

/** Runs `fetchMercurial`; `argument` is a URL or a set. */
export function* fetchMercurial(ctx: EvalContext, argument: Value): Suspendable<Slot> {
  try {
    return (yield mercurialTree(ctx, argument)) as Slot;
  } catch (error) {
    throw evalErrorOf(error);
  }
}

function* mercurialTree(ctx: EvalContext, argument: Value): Suspendable<Slot> {
  let url = "";
  let rev: string | undefined;
  let storeName = "source";
  if (argument instanceof Attrs) {
    for (const name of argument.names()) {
      const slot = argument.get(name) as Slot;
      const pos = argument.positionOf(name);
      const trace = marked`while evaluating the \`${name}\` attribute passed to builtins.fetchMercurial`;
      if (name === "url") {
        const text = (yield coerceToString(ctx, slot, CoerceMode.Weak, pos, trace)) as Slot;
        url = textOf(text as string | ContextString);
      } else if (name === "rev") {
        rev = (yield forcePlainString(ctx, slot, trace, pos)) as string;
      } else if (name === "name") {
        storeName = (yield forcePlainString(ctx, slot, trace, pos)) as string;
      } else {
        const message = marked`unsupported argument '${printIdentifier(name)}' to 'fetchMercurial'`;
        throw new EvalError("value", message, pos);
      }
    }
    if (url === "") throw new EvalError("value", "'url' argument required").atUnknownPos();
  } else {
    const trace = "while evaluating the first argument passed to builtins.fetchMercurial";
    const text = (yield coerceToString(ctx, argument, CoerceMode.Weak, NO_POS, trace)) as Slot;
    url = textOf(text as string | ContextString);
  }
  checkUri(ctx, url);
  if (ctx.settings.pureEval && (rev === undefined || !REVISION.test(rev))) {
    const message = "in pure evaluation mode, 'fetchMercurial' requires a Mercurial revision";
    throw new EvalError("restricted", message);
  }
  const attrs = new Map<string, InputAttr>([
    ["type", "hg"],
    ["url", url.includes("://") ? url : `file://${url}`],
    ["name", storeName],
    ...(rev === undefined ? [] : [[REVISION.test(rev) ? "rev" : "ref", rev] as const]),
  ]);
  const input = inputFromAttrs(attrs, fetchOptions(ctx));
  const fetched = (yield fetchInput(ctx, input, "fetchMercurial")) as FetchedTree;
  const { storePath, locked } = mountTree(ctx, fetched, input);
  return mercurialAttrs(ctx, storePath, locked);
}

const SHORT_MERCURIAL_REV_LENGTH = 12;

function mercurialAttrs(ctx: EvalContext, storePath: string, { attrs }: FetcherInput): Slot {
  const branch = tryStringAttr(attrs, "ref");
  const rev = revOf(attrs) ?? "0".repeat(40);
  const revCount = attrs.get("revCount");
  const result = new Map<string, Slot>([["outPath", allowedPath(ctx, storePath)]]);
  if (branch !== undefined) result.set("branch", branch);
  result.set("rev", rev);
  result.set("shortRev", rev.slice(0, SHORT_MERCURIAL_REV_LENGTH));
  if (revCount !== undefined) result.set("revCount", revCount);
  return Attrs.fromMap(result);
}
