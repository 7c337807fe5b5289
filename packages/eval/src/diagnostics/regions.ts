/**
 * Regions: the parts of the code that are not the user's own.
 *
 * People look for a mistake in their own code. Code in a store, in the library and the machinery of
 * nixpkgs, or inside of the evaluator belongs to a named region and is folded.
 */
import type { SourceFile } from "@nivis/syntax";

/** Folders of nixpkgs with machinery, as opposed to packages and modules. */
const NIXPKGS = /\/nixpkgs[^/]*\/(lib|pkgs\/stdenv|pkgs\/build-support|pkgs\/top-level)(?:\/|$)/;
/** All of nixpkgs, for users who work on something else. */
const ANY_NIXPKGS =
  /\/nixpkgs[^/]*\/(lib|nixos|pkgs(?:\/(?:stdenv|build-support|top-level))?)(?:\/|$)/;
/** The same folders in a tree without a known name: in a store, a tree is named `source`. */
const TREE = /^\/(lib|pkgs\/stdenv|pkgs\/build-support|pkgs\/top-level)\//;

/** Whether a text belongs to a tree of nixpkgs. */
export function isInNixpkgs({ origin }: SourceFile): boolean {
  return origin.kind === "file" && ANY_NIXPKGS.test(origin.path);
}

/**
 * Returns the name of a text's region, or `undefined` if the user wrote it. `outside` says that the
 * user works on something outside of nixpkgs.
 */
export function regionOf(
  source: SourceFile,
  storeDir: string,
  outside = false,
): string | undefined {
  const { origin } = source;
  if (origin.kind === "internal") return "Nix itself";
  if (origin.kind !== "file") return undefined;
  const { path } = origin;
  const part = (outside ? ANY_NIXPKGS : NIXPKGS).exec(path)?.[1];
  if (part !== undefined) return `nixpkgs/${part}`;
  if (!path.startsWith(`${storeDir}/`)) return undefined;
  const base = path.slice(storeDir.length + 1);
  const slash = base.indexOf("/");
  const name = (slash < 0 ? base : base.slice(0, slash)).replace(/^[0-9a-z]{32}-/, "");
  const inTree = slash < 0 ? undefined : TREE.exec(base.slice(slash))?.[1];
  return inTree === undefined ? name : `${name}/${inTree}`;
}
