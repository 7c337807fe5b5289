/**
 * What changed between two lock files, in the words of C++ Nix (`LockFile::diff`):
 *
 *     • Updated input 'nixpkgs':
 *         'github:NixOS/nixpkgs/1…?narHash=…' (2026-01-01)
 *       → 'github:NixOS/nixpkgs/2…?narHash=…' (2026-02-01)
 */
import { encodeUtf8, equalFlakeRefs, type FlakeRef, formatFlakeRef } from "@nivis/formats";
import { compareInputPaths, formatInputPath, type InputPath } from "./input-path.ts";
import { isLockedNode, type LockEdge, type LockFile } from "./lock-file.ts";

/** What happened to an input. */
export interface LockChange {
  readonly kind: "added" | "removed" | "updated";
  readonly path: InputPath;
  readonly before: LockEdge | undefined;
  readonly after: LockEdge | undefined;
}

/** The changes from one lock file to another, sorted by path. */
export function lockChanges(before: LockFile, after: LockFile): readonly LockChange[] {
  const old = before.allInputs();
  const now = after.allInputs();
  const changes: LockChange[] = [];
  for (let i = 0, j = 0; i < old.length || j < now.length; ) {
    const left = old[i];
    const right = now[j];
    const order =
      left === undefined ? 1 : right === undefined ? -1 : compareInputPaths(left[0], right[0]);
    if (order > 0) {
      const [path, edge] = right as (typeof now)[number];
      changes.push({ kind: "added", path, before: undefined, after: edge });
    } else if (order < 0) {
      const [path, edge] = left as (typeof old)[number];
      changes.push({ kind: "removed", path, before: edge, after: undefined });
    } else {
      const [path, oldEdge] = left as (typeof old)[number];
      const [, newEdge] = right as (typeof now)[number];
      if (!sameEdge(oldEdge, newEdge)) {
        changes.push({ kind: "updated", path, before: oldEdge, after: newEdge });
      }
    }
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  return changes;
}

function sameEdge(a: LockEdge, b: LockEdge): boolean {
  if (isLockedNode(a)) return isLockedNode(b) && equalFlakeRefs(a.locked, b.locked);
  return !isLockedNode(b) && compareInputPaths(a, b) === 0;
}

const NORMAL = "\x1b[0m";
const RED = "\x1b[31;1m";
const GREEN = "\x1b[32;1m";
const BOLD = "\x1b[1m";
const BULLET = encodeUtf8("•");
const ARROW = encodeUtf8("→");

/** The changes as a byte string; each ends its lines. With `color` as a terminal shows them. */
export function formatLockChanges(changes: readonly LockChange[], color = false): string {
  const paint = (code: string, text: string): string => (color ? code + text + NORMAL : text);
  return changes
    .map(({ kind, path, before, after }) => {
      const name = formatInputPath(path);
      if (kind === "removed") return `${BULLET} ${paint(RED, `Removed input '${name}'`)}\n`;
      const now = describe(after as LockEdge);
      if (kind === "added") {
        return `${BULLET} ${paint(GREEN, `Added input '${name}':`)}\n    ${now}\n`;
      }
      const head = `${BULLET} ${paint(BOLD, `Updated input '${name}':`)}`;
      return `${head}\n    ${describe(before as LockEdge)}\n  ${ARROW} ${now}\n`;
    })
    .join("");
}

/** The differences of two lock files as text. */
export function diffLockFiles(before: LockFile, after: LockFile, color = false): string {
  return formatLockChanges(lockChanges(before, after), color);
}

function describe(edge: LockEdge): string {
  return isLockedNode(edge) ? describeRef(edge.locked) : `follows '${formatInputPath(edge)}'`;
}

function describeRef(ref: FlakeRef): string {
  const date = lastModifiedDay(ref);
  return `'${formatFlakeRef(ref)}'${date === undefined ? "" : ` (${date})`}`;
}

function lastModifiedDay({ input }: FlakeRef): string | undefined {
  const seconds = input.attrs.get("lastModified");
  if (typeof seconds !== "number") return undefined;
  return utcTime(seconds).slice(0, "YYYY-MM-DD".length);
}

/** A time in seconds since 1970 as `YYYY-MM-DD hh:mm:ss` in UTC. */
export function utcTime(seconds: number): string {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return String(seconds);
  return date.toISOString().replace("T", " ").slice(0, "YYYY-MM-DD hh:mm:ss".length);
}
