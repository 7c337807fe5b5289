/**
 * Flake references and the inputs of fetchers: from text or attributes, and back (C++ Nix:
 * libflake/flakeref.cc, libfetchers).
 *
 *     github:NixOS/nixpkgs/23.05?dir=lib
 *     { type = "github"; owner = "NixOS"; repo = "nixpkgs"; ref = "23.05"; dir = "lib"; }
 *
 * A {@link FetcherInput} says what to fetch; a {@link FlakeRef} adds the directory of the flake in
 * it. Each kind of input is an {@link InputScheme}, a row of a table. Nothing here fetches or reads
 * a disk, so paths must be absolute.
 */

import type { RequireFeature } from "../experimental-feature.ts";
import { FormatError } from "../format-error.ts";
import { encodeBase16 } from "../hash/base16.ts";
import {
  formatHash,
  type NixHash,
  parseHash,
  parsePrefixedHash,
  parseSriHash,
} from "../hash/nix-hash.ts";
import { marked, uncolored } from "../marked-text.ts";
import { isLegalRefName } from "./git-ref-name.ts";
import { fixGitUrl } from "./git-url.ts";
import {
  boolAttr,
  checkIntAttr,
  type InputAttr,
  type InputAttrs,
  inputAttrsToJson,
  stringAttr,
  tryStringAttr,
} from "./input-attrs.ts";
import {
  decodeQuery,
  formatUrl,
  parseUrl,
  pathOfUrl,
  percentDecode,
  splitUrlScheme,
  type Url,
  type UrlWarn,
  urlPathOf,
} from "./url.ts";
import { EMPTY_AUTHORITY } from "./url-authority.ts";

/** What to fetch. */
export interface FetcherInput {
  /** The kind; `undefined` for an unknown one, which has only attributes. */
  readonly scheme: InputScheme | undefined;
  readonly attrs: InputAttrs;
}

/** What to fetch, and the directory of the flake in it. */
export interface FlakeRef {
  readonly input: FetcherInput;
  readonly directory: string;
}

/** Options of the parsers. */
export interface FlakeRefOptions {
  readonly require?: RequireFeature;
  readonly warn?: UrlWarn;
  /** Whether the reference must be to a flake and not to a plain file. Defaults to true. */
  readonly isFlake?: boolean;
  /**
   * Whether relative paths are allowed, as in the inputs of a flake. Defaults to false: an error.
   */
  readonly keepRelativePaths?: boolean;
}

/** One kind of input. */
export interface InputScheme {
  readonly name: string;
  readonly allowedAttrs: readonly string[];
  /** Whether it needs the experimental feature `flakes`. */
  readonly needsFlakes: boolean;
  /** Whether a registry must resolve it first. */
  readonly indirect?: boolean;
  /** The unchecked attributes of a URL; `undefined` if the URL is of another kind. */
  attrsOfUrl(url: Url, requireTree: boolean): Map<string, InputAttr> | undefined;
  /** Checks attributes and returns them in normal form. */
  check(attrs: InputAttrs, options: FlakeRefOptions): InputAttrs;
  toUrl(attrs: InputAttrs): Url;
}

const REV = /^[0-9a-fA-F]{40}$/;
const REF_PATTERN = "[a-zA-Z0-9@][a-zA-Z0-9_./@+-]*";
const MERCURIAL_REF = new RegExp(`^${REF_PATTERN}$`);
const FLAKE_ID = /^[a-zA-Z][a-zA-Z0-9_-]*$/;
const FRAGMENT = '(?:[a-zA-Z0-9-._~]|%[0-9a-fA-F]{2}|[!$&\'"()*+,;=]|[:@]|[/? "^])*';
const FLAKE_ID_REF = new RegExp(
  `^([a-zA-Z][a-zA-Z0-9_-]*(?:/(?:[0-9a-fA-F]{40}|${REF_PATTERN}(?:/[0-9a-fA-F]{40})?))?)(?:#(${FRAGMENT}))?$`,
);

/** Parses a flake reference; a fragment is an error. */
export function parseFlakeRef(text: string, options: FlakeRefOptions = {}): FlakeRef {
  const { ref, fragment } = parseFlakeRefWithFragment(text, options);
  if (fragment === "") return ref;
  throw new FormatError(
    "error",
    marked`unexpected fragment '${fragment}' in flake reference '${text}'`,
  );
}

/** Parses a flake reference with an optional fragment, as on a command line. */
export function parseFlakeRefWithFragment(
  text: string,
  options: FlakeRefOptions = {},
): { readonly ref: FlakeRef; readonly fragment: string } {
  return (
    parseFlakeIdRef(text, options) ?? parseUrlFlakeRef(text, options) ?? fromPath(text, options)
  );
}

/** A flake reference and its fragment. */
export interface FlakeRefWithFragment {
  readonly ref: FlakeRef;
  readonly fragment: string;
}

/** Parses `ID[/REF-OR-REV[/REV]][#FRAGMENT]`; returns `undefined` if the text has another form. */
export function parseFlakeIdRef(
  text: string,
  options: FlakeRefOptions = {},
): FlakeRefWithFragment | undefined {
  const id = FLAKE_ID_REF.exec(text);
  if (id === null) return undefined;
  const path = (id[1] as string).split("/");
  const url: Url = { ...NO_URL, scheme: "flake", path };
  return {
    ref: { input: inputFromUrl(url, options.isFlake ?? true, options), directory: "" },
    fragment: percentDecode(id[2] ?? ""),
  };
}

/**
 * Parses a flake reference in the form of a URL. Returns `undefined` if the text is not a valid
 * URL, which C++ Nix then parses as a path.
 *
 * @param absolute Makes the path of a `path:` or `git+file:` URL absolute.
 */
export function parseUrlFlakeRef(
  text: string,
  options: FlakeRefOptions = {},
  absolute?: (path: string) => string,
): FlakeRefWithFragment | undefined {
  try {
    let url = parseUrl(text, true, options.warn);
    if (absolute !== undefined && (url.scheme === "path" || url.scheme === "git+file")) {
      const path = pathOfUrl(url.path);
      // Nix: no path at all is the root.
      if (path !== "" && !path.startsWith("/")) url = { ...url, path: urlPathOf(absolute(path)) };
    }
    return flakeRefFromUrl(url, options);
  } catch (error) {
    if (!(error instanceof FormatError && error.kind === "bad-url")) throw error;
    return undefined;
  }
}

/** A flake reference as attributes. */
export function flakeRefAttrs({ input, directory }: FlakeRef): InputAttrs {
  const attrs = new Map(input.attrs);
  if (directory !== "" && !attrs.has("dir")) attrs.set("dir", directory);
  return attrs;
}

/** The flake reference with the given attributes. */
export function flakeRefFromAttrs(attrs: InputAttrs, options: FlakeRefOptions = {}): FlakeRef {
  const rest = new Map(attrs);
  rest.delete("dir");
  const input = inputFromAttrs(rest, options);
  return { input, directory: tryStringAttr(attrs, "dir") ?? "" };
}

/** A flake reference as text. */
export function formatFlakeRef({ input, directory }: FlakeRef): string {
  const url = inputToUrl(input);
  const query = new Map(url.query);
  if (directory !== "" && !query.has("dir")) query.set("dir", directory);
  return formatUrl({ ...url, query });
}

/** The input that a URL denotes; `requireTree` excludes plain files. */
export function inputFromUrl(
  url: Url,
  requireTree: boolean,
  options: FlakeRefOptions = {},
): FetcherInput {
  for (const scheme of INPUT_SCHEMES) {
    const attrs = scheme.attrsOfUrl(url, requireTree);
    if (attrs === undefined) continue;
    const checked = CHECKED_FROM_URL.has(scheme.name) ? scheme.check(attrs, options) : attrs;
    if (scheme.needsFlakes) options.require?.("flakes");
    checkCommonAttrs(checked);
    return { scheme, attrs: checked };
  }
  const { application, transport } = splitUrlScheme(url.scheme);
  if (application === "file" && transport === "git") {
    const message = marked`input '${formatUrl(url)}' is unsupported; did you mean 'git+file' instead of 'file+git'?`;
    throw new FormatError("error", message);
  }
  throw new FormatError("error", marked`input '${formatUrl(url)}' is unsupported`);
}

/** The input with the given attributes; `type` names its kind. */
export function inputFromAttrs(attrs: InputAttrs, options: FlakeRefOptions = {}): FetcherInput {
  const type = tryStringAttr(attrs, "type");
  if (type === undefined) {
    const message = "'type' attribute to specify input scheme is required but not provided";
    throw new FormatError("error", message);
  }
  const scheme = inputSchemeNamed(type);
  if (scheme === undefined) {
    checkCommonAttrs(attrs);
    return { scheme: undefined, attrs };
  }
  if (scheme.needsFlakes) options.require?.("flakes");
  for (const name of [...attrs.keys()].sort()) {
    if (name !== "type" && name !== "__final" && !scheme.allowedAttrs.includes(name)) {
      const message = marked`input attribute '${name}' not supported by scheme '${type}'`;
      throw new FormatError("error", message);
    }
  }
  const checked = scheme.check(attrs, options);
  checkCommonAttrs(checked);
  return { scheme, attrs: checked };
}

/** The URL of an input. */
export function inputToUrl({ scheme, attrs }: FetcherInput): Url {
  if (scheme !== undefined) return scheme.toUrl(attrs);
  throw new FormatError(
    "error",
    marked`cannot show unsupported input '${inputAttrsToJson(attrs)}'`,
  );
}

const NO_URL: Url = {
  scheme: "",
  authority: undefined,
  path: [],
  query: new Map(),
  fragment: "",
};

/** The flake reference that a URL denotes, and its fragment. */
export function flakeRefFromUrl(url: Url, options: FlakeRefOptions = {}): FlakeRefWithFragment {
  const query = new Map(url.query);
  const directory = query.get("dir") ?? "";
  query.delete("dir");
  const bare = { ...url, query, fragment: "" };
  const input = inputFromUrl(bare, options.isFlake ?? true, options);
  return { ref: { input, directory }, fragment: url.fragment };
}

/** Splits `PATH[?QUERY][#FRAGMENT]` and decodes query and fragment. */
export function splitPathRef(
  text: string,
  warn?: UrlWarn,
): { readonly path: string; readonly query: Map<string, string>; readonly fragment: string } {
  const [, path, query, fragment] = /^([^?#]*)(?:\?([^#]*))?(?:#(.*))?$/s.exec(text) as string[];
  return {
    path: path as string,
    query: decodeQuery(query ?? "", true, warn),
    fragment: percentDecode(fragment ?? ""),
  };
}

function fromPath(text: string, options: FlakeRefOptions): FlakeRefWithFragment {
  const { path, query, fragment } = splitPathRef(text, options.warn);
  const isAbsolute = path.startsWith("/");
  if (!isAbsolute && options.keepRelativePaths !== true) {
    throw new FormatError("bad-url", marked`flake reference '${text}' is not an absolute path`);
  }
  const authority = isAbsolute ? EMPTY_AUTHORITY : undefined;
  return flakeRefFromUrl(
    { scheme: "path", authority, path: urlPathOf(path), query, fragment },
    options,
  );
}

function checkCommonAttrs(attrs: InputAttrs): void {
  stringAttr(attrs, "type");
  tryStringAttr(attrs, "ref");
  checkIntAttr(attrs, "revCount");
  checkIntAttr(attrs, "lastModified");
}

/** The attribute `rev` in base 16; a hash without a prefix is SHA-1. */
export function revOf(attrs: InputAttrs): string | undefined {
  const text = tryStringAttr(attrs, "rev");
  if (text === undefined) return undefined;
  try {
    return encodeBase16(parsePrefixedHash(text).digest);
  } catch (error) {
    if (!(error instanceof FormatError && error.kind === "bad-hash")) throw error;
    return encodeBase16(parseHash(text, "sha1").digest);
  }
}

/** The attribute `narHash` in SRI form; the empty text means zeros. */
export function narHashOf(attrs: InputAttrs): string | undefined {
  const text = tryStringAttr(attrs, "narHash");
  if (text === undefined) return undefined;
  const hash: NixHash =
    text === "" ? { algorithm: "sha256", digest: new Uint8Array(32) } : parseSriHash(text);
  if (hash.algorithm !== "sha256") throw new FormatError("usage", "narHash must use SHA-256");
  return formatHash(hash, "sri", true);
}

function withParameters(
  url: Url,
  parameters: readonly (readonly [string, string | undefined])[],
): Url {
  const query = new Map(url.query);
  for (const [name, value] of parameters) if (value !== undefined) query.set(name, value);
  return { ...url, query };
}

function segmentsOf(url: Url): string[] {
  return url.path.filter((segment) => segment !== "");
}

function badUrl(message: string): FormatError {
  return new FormatError("bad-url", message);
}

function unsigned(text: string): number | bigint | undefined {
  if (!/^\+?[0-9]+$/.test(text) || BigInt(text) >= 1n << 64n) return undefined;
  const value = BigInt(text);
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** The scheme of `github:`, `gitlab:` or `sourcehut:`, which serve archives of repositories. */
function archiveScheme(name: string): InputScheme {
  return {
    name,
    needsFlakes: true,
    allowedAttrs: ["owner", "repo", "ref", "rev", "narHash", "lastModified", "host", "treeHash"],
    attrsOfUrl: (url) => {
      if (url.scheme !== name) return undefined;
      const path = segmentsOf(url);
      const shown = formatUrl(url);
      const attrs = new Map<string, InputAttr>();
      if (path.length < 2) throw badUrl(marked`URL '${shown}' is invalid`);
      const third = path[2];
      if (path.length > 3) attrs.set("ref", path.slice(2).join("/"));
      else if (third !== undefined) attrs.set(REV.test(third) ? "rev" : "ref", third);
      for (const [parameter, value] of [...url.query].sort(([a], [b]) => (a < b ? -1 : 1))) {
        if (parameter === "rev" || parameter === "ref") {
          const what = parameter === "rev" ? "commit hashes" : "branch/tag names";
          if (attrs.has(parameter))
            throw badUrl(marked`URL '${shown}' contains multiple ${uncolored(what)}`);
        } else if (parameter !== "host" && parameter !== "narHash") {
          throw badUrl(marked`URL '${shown}' contains unknown parameter '${parameter}'`);
        }
        attrs.set(parameter, value);
      }
      attrs.set("type", name);
      attrs.set("owner", path[0] as string);
      attrs.set("repo", path[1] as string);
      return attrs;
    },
    check: (attrs) => {
      stringAttr(attrs, "owner");
      stringAttr(attrs, "repo");
      const ref = tryStringAttr(attrs, "ref");
      const rev = tryStringAttr(attrs, "rev");
      const shown = inputAttrsToJson(attrs);
      if (ref !== undefined && rev !== undefined) {
        const both = `both a commit hash ('${rev}') and a branch/tag name ('${ref}')`;
        throw badUrl(marked`input ${shown} contains ${both}`);
      }
      if (rev !== undefined) parseHash(rev, "sha1");
      if (ref !== undefined && !isLegalRefName(ref)) {
        throw badUrl(marked`input ${shown} contains an invalid branch/tag name`);
      }
      const host = tryStringAttr(attrs, "host");
      if (host !== undefined && !/^[a-zA-Z0-9.-]*$/.test(host)) {
        throw badUrl(marked`input ${shown} contains an invalid instance host`);
      }
      return attrs;
    },
    toUrl: (attrs) => {
      const path = [stringAttr(attrs, "owner"), stringAttr(attrs, "repo")];
      const ref = tryStringAttr(attrs, "ref");
      if (ref !== undefined) path.push(ref);
      const rev = revOf(attrs);
      if (rev !== undefined) path.push(rev);
      return withParameters({ ...NO_URL, scheme: name, path }, [
        ["narHash", narHashOf(attrs)],
        ["host", tryStringAttr(attrs, "host")],
      ]);
    },
  };
}

const ARCHIVE_ENDING = /\.(?:zip|tar|tgz|tar\.gz|tar\.xz|tar\.bz2|tar\.zst)$/;
const TRANSPORTS = ["file", "http", "https"];
const DOWNLOAD_ATTRS = ["url", "narHash", "name", "unpack", "rev", "revCount", "lastModified"];

/** The scheme of `file` or `tarball`: a single download. */
function downloadScheme(name: "file" | "tarball"): InputScheme {
  const accepts = (url: Url, requireTree: boolean): boolean => {
    const { application, transport } = splitUrlScheme(url.scheme);
    if (!TRANSPORTS.includes(transport)) return false;
    if (application !== undefined) return application === name;
    const isArchive = ARCHIVE_ENDING.test(url.path.at(-1) ?? "");
    return (requireTree || isArchive) === (name === "tarball");
  };
  return {
    name,
    needsFlakes: false,
    allowedAttrs: DOWNLOAD_ATTRS,
    attrsOfUrl: (url, requireTree) => {
      if (!accepts(url, requireTree)) return undefined;
      const attrs = new Map<string, InputAttr>();
      const query = new Map(url.query);
      for (const text of ["narHash", "rev"]) {
        const value = query.get(text);
        if (value !== undefined) attrs.set(text, value);
      }
      for (const integer of ["revCount", "lastModified"]) {
        const value = unsigned(query.get(integer) ?? "");
        if (value !== undefined) attrs.set(integer, value);
      }
      for (const own of DOWNLOAD_ATTRS) query.delete(own);
      attrs.set("type", name);
      const { transport } = splitUrlScheme(url.scheme);
      attrs.set("url", formatUrl({ ...url, scheme: transport, query }));
      return attrs;
    },
    check: (attrs) => attrs,
    toUrl: (attrs) =>
      withParameters(parseUrl(stringAttr(attrs, "url")), [["narHash", narHashOf(attrs)]]),
  };
}

const GIT_TEXTS = ["rev", "ref", "keytype", "publicKey", "publicKeys"];
const GIT_SWITCHES = ["shallow", "submodules", "lfs", "exportIgnore", "allRefs", "verifyCommit"];
const VERIFYING = ["verifyCommit", "keytype", "publicKey", "publicKeys"];

const gitScheme: InputScheme = {
  name: "git",
  needsFlakes: false,
  allowedAttrs: [
    ...["url", "lastModified", "revCount", "narHash", "name", "dirtyRev", "dirtyShortRev"],
    ...GIT_TEXTS,
    ...GIT_SWITCHES,
  ],
  attrsOfUrl: (url) => {
    if (url.scheme !== "git" && splitUrlScheme(url.scheme).application !== "git") return undefined;
    const attrs = new Map<string, InputAttr>([["type", "git"]]);
    const query = new Map<string, string>();
    for (const [name, value] of url.query) {
      if (GIT_TEXTS.includes(name)) attrs.set(name, value);
      else if (GIT_SWITCHES.includes(name)) attrs.set(name, value === "1");
      else query.set(name, value);
    }
    attrs.set("url", formatUrl({ ...url, query }));
    return attrs;
  },
  check: (attrs, { require, warn }) => {
    if (VERIFYING.some((name) => attrs.has(name))) require?.("verified-fetches");
    boolAttr(attrs, "verifyCommit");
    const ref = tryStringAttr(attrs, "ref");
    if (ref !== undefined && !isLegalRefName(ref)) {
      throw badUrl(marked`invalid Git branch/tag name '${ref}'`);
    }
    const checked = new Map(attrs);
    checked.set("url", formatUrl(fixGitUrl(stringAttr(attrs, "url"), warn)));
    for (const name of ["shallow", "submodules", "allRefs"]) boolAttr(attrs, name);
    return checked;
  },
  toUrl: (attrs) => {
    const url = parseUrl(stringAttr(attrs, "url"));
    const on = (name: string): string | undefined => (boolAttr(attrs, name) ? "1" : undefined);
    const scheme = url.scheme === "git" ? "git" : `git+${url.scheme}`;
    return withParameters({ ...url, scheme }, [
      ["rev", revOf(attrs)],
      ["ref", tryStringAttr(attrs, "ref")],
      ["shallow", on("shallow")],
      ["lfs", on("lfs")],
      ["submodules", on("submodules")],
      ["exportIgnore", on("exportIgnore")],
      ["verifyCommit", on("verifyCommit")],
      ["keytype", publicKeyType(attrs)],
      ["publicKey", tryStringAttr(attrs, "publicKey")],
      ["publicKeys", tryStringAttr(attrs, "publicKeys")],
    ]);
  },
};

function publicKeyType(attrs: InputAttrs): string | undefined {
  return attrs.has("publicKey") ? (tryStringAttr(attrs, "keytype") ?? "ssh-ed25519") : undefined;
}

const mercurialScheme: InputScheme = {
  name: "hg",
  needsFlakes: false,
  allowedAttrs: ["url", "ref", "rev", "revCount", "narHash", "name"],
  attrsOfUrl: (url) => {
    if (!/^hg\+(?:http|https|ssh|file)$/.test(url.scheme)) return undefined;
    const attrs = new Map<string, InputAttr>([["type", "hg"]]);
    const query = new Map<string, string>();
    for (const [name, value] of url.query) {
      if (name === "rev" || name === "ref") attrs.set(name, value);
      else query.set(name, value);
    }
    attrs.set("url", formatUrl({ ...url, scheme: url.scheme.slice("hg+".length), query }));
    return attrs;
  },
  check: (attrs) => {
    parseUrl(stringAttr(attrs, "url"));
    const ref = tryStringAttr(attrs, "ref");
    if (ref !== undefined && !MERCURIAL_REF.test(ref)) {
      throw badUrl(marked`invalid Mercurial branch/tag name '${ref}'`);
    }
    return attrs;
  },
  toUrl: (attrs) => {
    const url = parseUrl(stringAttr(attrs, "url"));
    return withParameters({ ...url, scheme: `hg+${url.scheme}` }, [
      ["rev", revOf(attrs)],
      ["ref", tryStringAttr(attrs, "ref")],
    ]);
  },
};

const indirectScheme: InputScheme = {
  name: "indirect",
  needsFlakes: true,
  indirect: true,
  allowedAttrs: ["id", "ref", "rev", "narHash"],
  attrsOfUrl: (url) => {
    if (url.scheme !== "flake") return undefined;
    const [id, second, third, ...more] = segmentsOf(url);
    const shown = formatUrl(url);
    const attrs = new Map<string, InputAttr>([["type", "indirect"]]);
    if (id === undefined || more.length > 0) throw badUrl(marked`GitHub URL '${shown}' is invalid`);
    const notThat = (text: string, what: string): FormatError =>
      badUrl(marked`in flake URL '${shown}', '${text}' is not a ${uncolored(what)}`);
    if (third !== undefined) {
      if (!isLegalRefName(second as string)) throw notThat(second as string, "branch/tag name");
      if (!REV.test(third)) throw notThat(third, "commit hash");
      attrs.set("ref", second as string).set("rev", third.toLowerCase());
    } else if (second !== undefined) {
      if (REV.test(second)) attrs.set("rev", second.toLowerCase());
      else if (isLegalRefName(second)) attrs.set("ref", second);
      else throw notThat(second, "commit hash or branch/tag name");
    }
    checkFlakeId(id);
    return attrs.set("id", id);
  },
  check: (attrs) => {
    checkFlakeId(stringAttr(attrs, "id"));
    return attrs;
  },
  toUrl: (attrs) => {
    const ref = tryStringAttr(attrs, "ref");
    const parts = [stringAttr(attrs, "id"), ref, revOf(attrs)];
    const path = parts.filter((part) => part !== undefined);
    return { ...NO_URL, scheme: "flake", path };
  },
};

function checkFlakeId(id: string): void {
  if (!FLAKE_ID.test(id)) throw badUrl(marked`'${id}' is not a valid flake ID`);
}

const pathScheme: InputScheme = {
  name: "path",
  needsFlakes: true,
  allowedAttrs: ["path", "rev", "revCount", "lastModified", "narHash"],
  attrsOfUrl: (url) => {
    if (url.scheme !== "path") return undefined;
    const shown = formatUrl(url);
    if (url.authority !== undefined && url.authority.host !== "") {
      const message = marked`path URL '${shown}' should not have an authority ('${url.authority.host}')`;
      throw new FormatError("error", message);
    }
    const attrs = new Map<string, InputAttr>([["type", "path"]]);
    attrs.set("path", pathOfUrl(url.path) || "/");
    for (const [name, value] of [...url.query].sort(([a], [b]) => (a < b ? -1 : 1))) {
      if (name === "rev" || name === "narHash") {
        attrs.set(name, value);
        continue;
      }
      const counts = name === "revCount" || name === "lastModified";
      const integer = counts ? unsigned(value) : undefined;
      if (integer === undefined) {
        const problem = counts ? "invalid" : "unsupported";
        const message = marked`path URL '${shown}' has ${problem} parameter '${name}'`;
        throw new FormatError("error", message);
      }
      attrs.set(name, integer);
    }
    return attrs;
  },
  check: (attrs) => {
    stringAttr(attrs, "path");
    return attrs;
  },
  toUrl: (attrs) => {
    const query = new Map<string, string>();
    for (const [name, value] of attrs) {
      if (name === "path" || name === "type" || name === "__final") continue;
      query.set(name, typeof value === "boolean" ? (value ? "1" : "0") : String(value));
    }
    return { ...NO_URL, scheme: "path", path: urlPathOf(stringAttr(attrs, "path")), query };
  },
};

/** All kinds of input, in the order in which they are tried on a URL. */
const INPUT_SCHEMES: readonly InputScheme[] = [
  downloadScheme("file"),
  gitScheme,
  archiveScheme("github"),
  archiveScheme("gitlab"),
  mercurialScheme,
  indirectScheme,
  pathScheme,
  archiveScheme("sourcehut"),
  downloadScheme("tarball"),
];

/** The kind of input with a name, if there is one. */
export function inputSchemeNamed(name: string | undefined): InputScheme | undefined {
  return INPUT_SCHEMES.find((scheme) => scheme.name === name);
}

/** The kinds whose attributes are checked even if they come from a URL. */
const CHECKED_FROM_URL: ReadonlySet<string> = new Set([
  "git",
  "github",
  "gitlab",
  "hg",
  "sourcehut",
]);
