/**
 * The fetchers: `fetchurl`, `fetchTarball`, `fetchTree`, `fetchGit`, `fetchMercurial`.
 *
 * Arguments are checked as in C++ Nix, so mistakes get its messages. Nothing is downloaded: a hash
 * determines a store path whether it exists or not, and a derivation needs nothing else of its
 * sources. Everything else is an error that says so.
 */

import {
  checkStorePathName,
  type FetcherInput,
  FormatError,
  fixGitUrl,
  formatUrl,
  type InputAttr,
  inputFromAttrs,
  inputFromUrl,
  inputToUrl,
  isLockedInput,
  makeFixedOutputPath,
  type NixHash,
  parseHashAllowEmpty,
  parseUrl,
  pathOfUrl,
} from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf, withPlainTrace } from "../errors/from-world.ts";
import { plainWarning } from "../errors/render.ts";
import { hasFeature, requireFeature } from "../experimental-features.ts";
import { isAllowedUri } from "../limits/allowed-uris.ts";
import { expectPlainString, forcePlainString } from "../operations/checks.ts";
import { CoerceMode, coerceToString } from "../operations/coerce.ts";
import { toJson } from "../operations/to-json.ts";
import { NO_POS } from "../position.ts";
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
import type { Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, strict, suspending } from "./definition.ts";

function notSupported(name: string): EvalError {
  return new EvalError("not-supported", `builtins.${name} is not supported yet by Nivis`);
}

/**
 * Restricted evaluation accesses only URIs in the setting `allowed-uris`; files are checked when
 * read.
 */
function checkUri(ctx: EvalContext, uri: string): void {
  if (!ctx.settings.restrictEval || isAllowedUri(uri, ctx.settings.allowedUris)) return;
  if (uri.startsWith("/") || uri.startsWith("file:")) return;
  const message = `access to URI '${uri}' is forbidden in restricted mode`;
  throw new EvalError("restricted", message);
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
      throw new EvalError("value", `unsupported argument '${attribute}' to '${who}'`);
    }
  }
  if (url === undefined) throw new EvalError("value", "'url' argument required");
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
    let advice = `Please pass an attribute set with 'url' and 'name' attributes to '${who}',  so that it can create a valid store path.`;
    if (argument instanceof Attrs) {
      advice = argument.has("name")
        ? `Please change the value for the 'name' attribute passed to '${who}', so that it can create a valid store path.`
        : `Please add a valid 'name' attribute to the argument for '${who}', so that it can create a valid store path.`;
    }
    const message = `invalid store path name when fetching URL '${url}': ${error.message}. ${advice}`;
    throw new EvalError("value", message);
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
  let { url } = asked;
  if (unpack && url.startsWith("channel:")) {
    url = `https://channels.nixos.org/${url.slice("channel:".length)}/nixexprs.tar.xz`;
  }
  checkUri(ctx, url);
  const name = asked.name === "" ? lastPart(url) : asked.name;
  checkName(who, argument, url, name);
  if (hash === undefined) {
    if (!ctx.settings.pureEval) throw notSupported(who);
    const message = `in pure evaluation mode, '${who}' requires a 'sha256' argument`;
    throw new EvalError("restricted", message);
  }
  if (hash.algorithm !== "sha256") throw notSupported(who);
  // Nix: fetches a missing path. The path is the same either way, and reading one that does not
  // exist is an error at that time.
  const path = makeFixedOutputPath(storeConfig(ctx), name, unpack ? "nar" : "flat", hash, {
    others: [],
    self: false,
  });
  ctx.io.allowPath?.(path);
  return new ContextString(path, new Set([path]));
}

/** The differences between `fetchGit` and `fetchTree`. */
interface TreeFetcher {
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
    const message = `negative value given for '${fetcher.name}' argument '${printIdentifier(name)}': ${value}`;
    throw new EvalError("value", message);
  }
  if (name === "publicKeys") {
    requireFeature(ctx, "verified-fetches");
    const json = (yield toJson(ctx, value, { copyPaths: false, pos: NO_POS })) as { text: string };
    return json.text;
  }
  throw new EvalError(
    "type",
    `argument '${printIdentifier(name)}' to '${fetcher.name}' is ${typeWithArticle(value)} while a string, Boolean or integer is expected`,
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
    if (fetcher.isGit) throw new EvalError("value", "unexpected argument 'type'");
    const trace = `while evaluating the \`type\` argument passed to '${fetcher.name}'`;
    type = (yield forcePlainString(ctx, typeSlot, trace, set.positionOf("type"))) as string;
  } else if (!fetcher.isGit) {
    throw new EvalError("value", `argument 'type' is missing in call to '${fetcher.name}'`);
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
    const message = `argument 'name' isn\xe2\x80\x99t supported in call to '${fetcher.name}'`;
    throw new EvalError("value", message);
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
    const message = `passing a string argument to '${fetcher.name}' requires the 'flakes' experimental feature`;
    throw new EvalError("experimental-feature", message);
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
  const shown = formatUrl(inputToUrl(input));
  if (input.attrs.has("narHash")) {
    ctx.io.log(
      plainWarning(
        `Input '${shown}' is unlocked (e.g. lacks a Git revision) but is checked by NAR hash. ` +
          "This is not reproducible and will break after garbage collection or when shared.",
      ),
    );
    return;
  }
  const message = `in pure evaluation mode, '${fetcher.name}' doesn't fetch unlocked input '${shown}'`;
  throw new EvalError("restricted", message);
}

function* fetchTree(ctx: EvalContext, fetcher: TreeFetcher, argument: Value): Suspendable<Slot> {
  try {
    const input = (yield treeInput(ctx, fetcher, argument)) as FetcherInput;
    checkLocked(ctx, fetcher, input);
    const uri = formatUrl(inputToUrl(input));
    checkUri(ctx, uri);
    if (input.attrs.has("__final")) {
      const message = `input '${uri}' is not allowed to use the '__final' attribute`;
      throw new EvalError("value", message);
    }
    checkArchivePath(input, uri);
  } catch (error) {
    throw evalErrorOf(error);
  }
  throw notSupported(fetcher.name);
}

/** An archive on disk must be named by its absolute path. */
function checkArchivePath({ scheme, attrs }: FetcherInput, uri: string): void {
  if (scheme?.name !== "tarball") return;
  const url = parseUrl(attrs.get("url") as string);
  if (url.scheme !== "file" || pathOfUrl(url.path).startsWith("/")) return;
  const message = `tarball '${formatUrl(url)}' must use an absolute path. The 'file' scheme does not support relative paths.`;
  throw withPlainTrace(new EvalError("value", message), `while fetching the input '${uri}'`);
}

const REVISION = /^[0-9a-fA-F]{40}$/;

function* fetchMercurial(ctx: EvalContext, argument: Value): Suspendable<Slot> {
  let url = "";
  let rev: string | undefined;
  if (argument instanceof Attrs) {
    for (const name of argument.names()) {
      const slot = argument.get(name) as Slot;
      const pos = argument.positionOf(name);
      const trace = `while evaluating the \`${name}\` attribute passed to builtins.fetchMercurial`;
      if (name === "url") {
        const text = (yield coerceToString(ctx, slot, CoerceMode.Weak, pos, trace)) as Slot;
        url = textOf(text as string | ContextString);
      } else if (name === "rev") {
        rev = (yield forcePlainString(ctx, slot, trace, pos)) as string;
      } else if (name === "name") {
        yield forcePlainString(ctx, slot, trace, pos);
      } else {
        const message = `unsupported argument '${printIdentifier(name)}' to 'fetchMercurial'`;
        throw new EvalError("value", message, pos);
      }
    }
    if (url === "") throw new EvalError("value", "'url' argument required");
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
  throw notSupported("fetchMercurial");
}

function* convertErrors<Result>(work: Suspendable<Result>): Suspendable<Result> {
  try {
    return (yield work) as Result;
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/** The builtins of this file. */
export const fetcherBuiltins: readonly BuiltinDefinition[] = [
  suspending({
    name: "fetchurl",
    args: args("arg"),
    strict: [strict(0, "any")],
    doc: "The store path of a file from the network. *arg* is a URL or a set with `url`, `name` and `sha256`. Without `sha256` it would have to be downloaded, which is not supported yet.",
    run: (ctx, argument: Value) => convertErrors(download(ctx, "fetchurl", argument)),
  }),
  suspending({
    name: "fetchTarball",
    args: args("args"),
    strict: [strict(0, "any")],
    doc: "The store path of an unpacked archive from the network. *args* is a URL or a set with `url`, `name` and `sha256`. Without `sha256` it would have to be downloaded, which is not supported yet.",
    run: (ctx, argument: Value) => convertErrors(download(ctx, "fetchTarball", argument)),
  }),
  suspending({
    name: "fetchGit",
    args: args("args"),
    strict: [strict(0, "any")],
    doc: "Fetches a Git repository. *args* is a URL or a set. Checks its argument only; not supported yet.",
    run: (ctx, argument: Value) => fetchTree(ctx, { name: "fetchGit", isGit: true }, argument),
  }),
  suspending({
    name: "fetchMercurial",
    args: args("args"),
    strict: [strict(0, "any")],
    doc: "Fetches a Mercurial repository. *args* is a URL or a set. Checks its argument only; not supported yet.",
    run: (ctx, argument: Value) => fetchMercurial(ctx, argument),
  }),
  suspending({
    name: "fetchTree",
    args: args("input"),
    strict: [strict(0, "any")],
    feature: "fetch-tree",
    doc: "Fetches a source tree of any kind. *input* is a set with a `type`, or a URL. Checks its argument only; not supported yet.",
    run: (ctx, argument: Value) => fetchTree(ctx, { name: "fetchTree", isGit: false }, argument),
  }),
];
