/** Changed files: whether files have changed since a moment of this process. */
import { lstatSync } from "node:fs";
import { toNodePath } from "../byte-path.ts";

/** Times of files are this much behind the clock at most, in milliseconds. */
const CLOCK_GRAIN = 100;

/**
 * Whether the contents or the status of a file may have changed since a time, in milliseconds since 1970.
 * Paths are byte strings; what is gone has changed.
 */
export function hasChangedSince(paths: Iterable<string>, time: number): boolean {
  for (const path of paths) {
    const stats = lstatSync(toNodePath(path), { throwIfNoEntry: false });
    if (stats === undefined || stats.ctimeMs > time - CLOCK_GRAIN) return true;
  }
  return false;
}
