/**
 * What `nix flake metadata` shows about a locked flake, as data and in its two printed forms (C++ Nix:
 * `CmdFlakeMetadata` in nix/flake.cc, `LockedFlake::getFingerprint` in libflake/flake.cc).
 */
import {
  encodeBase16,
  encodeUtf8,
  type FlakeRef,
  flakeRefAttrs,
  formatFlakeRef,
  type HashFunctions,
  type InputAttrs,
  isLockedInput,
  type LockPolicy,
  revOf,
  tryStringAttr,
} from "@nivis/formats";
import { withLazyAttrs } from "./flake.ts";
import { formatInputPath } from "./input-path.ts";
import { formatJsonTree, type JsonTree } from "./json-tree.ts";
import { utcTime } from "./lock-diff.ts";
import { isLockedNode, type LockEdge, type LockFile, type LockNode } from "./lock-file.ts";
import type { LockedFlake } from "./lock-flake.ts";

/** The facts about a flake. */
export interface FlakeMetadata {
  readonly description: string | undefined;
  readonly original: FlakeRef;
  readonly resolved: FlakeRef;
  readonly locked: FlakeRef;
  readonly revision: string | undefined;
  readonly dirtyRevision: string | undefined;
  readonly revCount: number | bigint | undefined;
  /** Seconds since 1970. */
  readonly lastModified: number | bigint | undefined;
  /** The path that the source has in a store. */
  readonly path: string;
  readonly locks: LockFile;
  /** The key under which evaluations of the flake may be cached, in base 16. */
  readonly fingerprint: string | undefined;
  /** Whether `locked` names its contents for all time. */
  readonly isLocked: boolean;
}

/** What a fingerprint is computed with. */
export interface FingerprintOptions extends LockPolicy {
  readonly hashes: HashFunctions;
  readonly allowDirtyLocks?: boolean;
  /** What the input of the flake depends on, such as `git:COMMIT`; `undefined` if that is not known. */
  readonly inputFingerprint: string | undefined;
}

/** What the facts are found out with. */
export interface MetadataOptions extends FingerprintOptions {
  /** The path that the source has in a store. */
  readonly storePath: string;
}

/** Gathers the facts about a locked flake. */
export async function flakeMetadata(
  { flake, lockFile }: LockedFlake,
  options: MetadataOptions,
): Promise<FlakeMetadata> {
  const lazy = flake.lazyAttrs;
  const locked = await withLazyAttrs(flake.lockedRef, lazy);
  const { attrs } = locked.input;
  return {
    description: flake.description,
    original: flake.originalRef,
    resolved: flake.resolvedRef,
    locked,
    revision: revOf(attrs),
    dirtyRevision: tryStringAttr(attrs, "dirtyRev"),
    revCount: integerAttr(attrs, "revCount"),
    lastModified: integerAttr(attrs, "lastModified"),
    path: options.storePath,
    locks: lockFile,
    fingerprint: flakeFingerprint({ flake, lockFile }, options),
    isLocked: isLockedInput(locked.input, options),
  };
}

function integerAttr(attrs: InputAttrs, name: string): number | bigint | undefined {
  const value = attrs.get(name);
  return typeof value === "number" || typeof value === "bigint" ? value : undefined;
}

/**
 * What the outputs of a locked flake depend on, as 64 digits; `undefined` if that is not known or if an
 * input may change.
 */
export function flakeFingerprint(
  { flake, lockFile }: Pick<LockedFlake, "flake" | "lockFile">,
  options: FingerprintOptions,
): string | undefined {
  const { input, directory } = flake.lockedRef;
  const hasLazyRevCount = flake.lazyAttrs.has("revCount");
  if (options.inputFingerprint === undefined) return undefined;
  if (lockFile.firstUnlocked(options) !== undefined) return undefined;
  let text = `${options.inputFingerprint};${directory};${lockFile.format()}`;
  const revCount = integerAttr(input.attrs, "revCount");
  if (hasLazyRevCount) text += ";hasRevCount";
  else if (revCount !== undefined) text += `;revCount=${revCount}`;
  const lastModified = integerAttr(input.attrs, "lastModified");
  if (lastModified !== undefined) text += `;lastModified=${lastModified}`;
  return encodeBase16(options.hashes.hash("sha256", text));
}

/** The facts as one line of JSON. */
export function formatMetadataJson(facts: FlakeMetadata): string {
  const json = new Map<string, JsonTree>();
  const add = (name: string, value: JsonTree | undefined): void => {
    if (value !== undefined) json.set(name, value);
  };
  add("description", facts.description);
  add("originalUrl", formatFlakeRef(facts.original));
  add("original", new Map(flakeRefAttrs(facts.original)));
  add("resolvedUrl", formatFlakeRef(facts.resolved));
  add("resolved", new Map(flakeRefAttrs(facts.resolved)));
  add("url", formatFlakeRef(facts.locked));
  add("locked", new Map(flakeRefAttrs(facts.locked)));
  add("revision", facts.revision);
  add("dirtyRevision", facts.dirtyRevision);
  add("revCount", facts.revCount);
  add("lastModified", facts.lastModified);
  add("path", facts.path);
  add("locks", facts.locks.toJson());
  add("fingerprint", facts.fingerprint);
  return formatJsonTree(json, "");
}

/** How the facts are printed for people. */
export interface MetadataStyle {
  /** Whether labels are bold; C++ Nix makes them so into files and pipes as well. */
  readonly bold: boolean;
  /** A time in seconds since 1970 as `YYYY-MM-DD hh:mm:ss` where the user is. */
  readonly localTime: (seconds: number) => string;
}

const LABEL_WIDTH = 15;
const TREE = {
  middle: encodeUtf8("├───"),
  last: encodeUtf8("└───"),
  line: encodeUtf8("│   "),
  blank: "    ",
};

/** The facts for people, as byte strings, one a line. */
export function formatMetadata(facts: FlakeMetadata, style: MetadataStyle): readonly string[] {
  const bold = (text: string): string => (style.bold ? `\x1b[1m${text}\x1b[0m` : text);
  const lines: string[] = [];
  const add = (label: string, value: string | undefined): void => {
    if (value === undefined) return;
    const name = `${label}:`;
    lines.push(`${bold(name)}${" ".repeat(LABEL_WIDTH - name.length)}${value}`);
  };
  add("Resolved URL", formatFlakeRef(facts.resolved));
  if (facts.isLocked) add("Locked URL", formatFlakeRef(facts.locked));
  add("Description", facts.description);
  add("Path", facts.path);
  add("Revision", facts.revision);
  add("Revision", facts.dirtyRevision);
  add("Revisions", facts.revCount === undefined ? undefined : String(facts.revCount));
  if (facts.lastModified !== undefined) {
    add("Last modified", style.localTime(Number(facts.lastModified)));
  }
  add("Fingerprint", facts.fingerprint);
  const { root } = facts.locks;
  if (root.inputs.size > 0) lines.push(bold("Inputs:"));
  lines.push(...inputTree(root, bold));
  return lines;
}

/** The inputs as a tree; a node that several inputs share is expanded once. */
function inputTree(root: LockNode, bold: (text: string) => string): readonly string[] {
  const lines: string[] = [];
  const visited = new Set<LockNode>([root]);
  const open = [{ node: root, prefix: "", names: [...root.inputNames()].reverse() }];
  for (let top = open.at(-1); top !== undefined; top = open.at(-1)) {
    const name = top.names.pop();
    if (name === undefined) {
      open.pop();
      continue;
    }
    const isLast = top.names.length === 0;
    const edge = top.node.inputs.get(name) as LockEdge;
    const head = `${top.prefix}${isLast ? TREE.last : TREE.middle}${bold(name)}`;
    if (!isLockedNode(edge)) {
      lines.push(`${head} follows input '${formatInputPath(edge)}'`);
      continue;
    }
    const modified = integerAttr(edge.locked.input.attrs, "lastModified");
    const when = modified === undefined ? "" : ` (${utcTime(Number(modified))})`;
    lines.push(`${head}: ${formatFlakeRef(edge.locked)}${when}`);
    if (visited.has(edge)) continue;
    visited.add(edge);
    const prefix = top.prefix + (isLast ? TREE.blank : TREE.line);
    open.push({ node: edge, prefix, names: [...edge.inputNames()].reverse() });
  }
  return lines;
}
