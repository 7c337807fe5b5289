/**
 * Whether an input is *locked*: what it names can be nothing else tomorrow. Pure evaluation fetches only
 * such inputs, and lock files hold only such. Each scheme has its own condition (C++ Nix: `isLocked` in
 * libfetchers/git.cc, mercurial.cc, github.cc, path.cc, tarball.cc; the indirect scheme has none).
 */

import { FormatError } from "../format-error.ts";
import { parseHash, parsePrefixedHash } from "../hash/nix-hash.ts";
import type { FetcherInput } from "./flake-ref.ts";
import { tryStringAttr } from "./input-attrs.ts";

/** What the condition depends on besides the input. */
export interface LockingOptions {
  /**
   * `trust-tarballs-from-git-forges`: the archive of a revision counts as locked without a hash of its
   * contents. Default: true.
   */
  readonly trustForges?: boolean;
}

/** Whether an input is locked. Throws a {@link FormatError} for a revision that is not a hash. */
export function isLockedInput(
  { scheme, attrs }: FetcherInput,
  { trustForges = true }: LockingOptions = {},
): boolean {
  const hasNarHash = attrs.has("narHash");
  const rev = tryStringAttr(attrs, "rev");
  switch (scheme?.name) {
    case "git":
      return rev !== undefined && !isNullRevision(rev);
    case "hg":
      return rev !== undefined;
    case "github":
    case "gitlab":
    case "sourcehut":
      return rev !== undefined && (trustForges || hasNarHash);
    case "path":
    case "tarball":
    case "file":
      return hasNarHash;
    default:
      return false;
  }
}

/** Whether a revision is that of a repository without commits: a SHA-1 of nothing but zeros. */
function isNullRevision(rev: string): boolean {
  const { algorithm, digest } = parseRevision(rev);
  return algorithm === "sha1" && digest.every((byte) => byte === 0);
}

/** Nix: without a prefix it is a SHA-1. */
function parseRevision(rev: string) {
  try {
    return parsePrefixedHash(rev);
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    return parseHash(rev, "sha1");
  }
}
