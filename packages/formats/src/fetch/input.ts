/**
 * Properties of an input that need no fetching: equality, whether it is locked, whether it is a
 * relative path, and the input with another branch or commit (C++ Nix: libfetchers/fetchers.cc and
 * the schemes beside it).
 */

import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";
import {
  type FetcherInput,
  type FlakeRef,
  flakeRefAttrs,
  formatFlakeRef,
  narHashOf,
  revOf,
} from "./flake-ref.ts";
import { type InputAttr, type InputAttrs, inputAttrsToJson, tryStringAttr } from "./input-attrs.ts";
import { formatUrl, parseUrl } from "./url.ts";

/** Whether two sets of attributes have the same names and values. */
export function equalInputAttrs(a: InputAttrs, b: InputAttrs): boolean {
  if (a.size !== b.size) return false;
  for (const [name, value] of a) {
    const other = b.get(name);
    if (other !== value && !(isInteger(value) && isInteger(other) && sameInteger(value, other))) {
      return false;
    }
  }
  return true;
}

function isInteger(value: InputAttr | undefined): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** The same integer may be a number or a bigint. */
function sameInteger(a: number | bigint, b: number | bigint): boolean {
  return BigInt(a) === BigInt(b);
}

/** Whether two flake references are the same. */
export function equalFlakeRefs(a: FlakeRef, b: FlakeRef): boolean {
  return a.directory === b.directory && equalInputAttrs(a.input.attrs, b.input.attrs);
}

/** Whether an input equals `pattern`, possibly after removing its `ref` and `rev`. */
export function matchesInput(pattern: FetcherInput, input: FetcherInput): boolean {
  if (equalInputAttrs(pattern.attrs, input.attrs)) return true;
  const bare = new Map(input.attrs);
  bare.delete("ref");
  bare.delete("rev");
  return equalInputAttrs(pattern.attrs, bare);
}

/** Whether an input needs no registry. */
export function isDirectInput({ scheme }: FetcherInput): boolean {
  return scheme?.indirect !== true;
}

/** The path of a relative `path:` input; `undefined` for other inputs. */
export function relativeInputPath({ scheme, attrs }: FetcherInput): string | undefined {
  if (scheme?.name !== "path") return undefined;
  const path = tryStringAttr(attrs, "path");
  return path === undefined || path.startsWith("/") ? undefined : path;
}

/**
 * Whether an input is the result of a fetch or an entry of a lock file, so its attributes are
 * complete.
 */
export function isFinalInput({ attrs }: FetcherInput): boolean {
  return attrs.get("__final") === true;
}

/** Settings that decide whether an input counts as locked. */
export interface LockPolicy {
  /** The setting `trust-tarballs-from-git-forges`: a commit alone locks an archive of a forge. */
  readonly trustForges?: boolean;
}

const NO_COMMIT = /^0+$/;

/** Whether an input identifies immutable contents. */
export function isLockedInput(input: FetcherInput, policy: LockPolicy = {}): boolean {
  const { scheme, attrs } = input;
  switch (scheme?.name) {
    case "git": {
      const rev = revOf(attrs);
      return rev !== undefined && !NO_COMMIT.test(rev);
    }
    case "hg":
      return revOf(attrs) !== undefined;
    case "github":
    case "gitlab":
    case "sourcehut":
      return (
        revOf(attrs) !== undefined &&
        ((policy.trustForges ?? true) || narHashOf(attrs) !== undefined)
      );
    case "path":
    case "tarball":
    case "file":
      return narHashOf(attrs) !== undefined;
    default:
      return false;
  }
}

/** An input with changed attributes; `undefined` removes one. */
export function withInputAttrs(
  input: FetcherInput,
  changes: Readonly<Record<string, InputAttr | undefined>>,
): FetcherInput {
  const attrs = new Map(input.attrs);
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) attrs.delete(name);
    else attrs.set(name, value);
  }
  return { scheme: input.scheme, attrs };
}

/**
 * An input with another branch, tag or commit. The scheme decides which combinations are valid;
 * others throw.
 */
export function overrideInput(
  input: FetcherInput,
  ref: string | undefined,
  rev: string | undefined,
): FetcherInput {
  const shown = (one: FetcherInput): string => formatFlakeRef({ input: one, directory: "" });
  switch (input.scheme?.name) {
    case undefined:
      return input;
    case "github":
    case "gitlab":
    case "sourcehut":
      if (rev !== undefined && ref !== undefined) {
        const both = `a commit hash (${rev}) and a branch/tag name ('${ref}')`;
        throw new FormatError(
          "bad-url",
          marked`cannot apply both ${both} to input '${shown(input)}'`,
        );
      }
      if (rev !== undefined) return withInputAttrs(input, { rev, ref: undefined });
      if (ref !== undefined) return withInputAttrs(input, { ref, rev: undefined });
      return input;
    case "git": {
      const result = withRefAndRev(input, ref, rev);
      if (!result.attrs.has("ref") && result.attrs.has("rev")) {
        const message = marked`Git input '${shown(result)}' has a commit hash but no branch/tag name`;
        throw new FormatError("error", message);
      }
      return result;
    }
    case "hg":
    case "indirect":
      return withRefAndRev(input, ref, rev);
    default:
      if (ref !== undefined) {
        const message = marked`don't know how to set branch/tag name of input '${shown(input)}' to '${ref}'`;
        throw new FormatError("error", message);
      }
      if (rev !== undefined) {
        const message = marked`don't know how to set revision of input '${shown(input)}' to '${rev}'`;
        throw new FormatError("error", message);
      }
      return input;
  }
}

function withRefAndRev(
  input: FetcherInput,
  ref: string | undefined,
  rev: string | undefined,
): FetcherInput {
  return withInputAttrs(input, {
    ...(rev === undefined ? {} : { rev }),
    ...(ref === undefined ? {} : { ref }),
  });
}

/**
 * A flake reference in the form used for comparison: older versions of Nix left `?dir=` in the URL
 * of a Git input, newer ones remove it.
 */
export function canonicalFlakeRef(ref: FlakeRef): FlakeRef {
  const text = tryStringAttr(ref.input.attrs, "url");
  if (text === undefined) return ref;
  try {
    const url = parseUrl(text, true);
    const query = new Map(url.query);
    if (ref.directory !== "" && query.get("dir") === ref.directory) query.delete("dir");
    return { ...ref, input: withInputAttrs(ref.input, { url: formatUrl({ ...url, query }) }) };
  } catch (error) {
    if (error instanceof FormatError && error.kind === "bad-url") return ref;
    throw error;
  }
}

/** An input as messages show it: its URL, or its attributes if it has no URL. */
export function describeInput(input: FetcherInput): string {
  return input.scheme === undefined
    ? inputAttrsToJson(input.attrs)
    : formatFlakeRef({ input, directory: "" });
}

/** The attributes of a flake reference without `__final`. */
export function lockFileAttrs(ref: FlakeRef): InputAttrs {
  const attrs = new Map(flakeRefAttrs(ref));
  attrs.delete("__final");
  return attrs;
}
