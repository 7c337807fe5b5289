/** The rules of NARs that both readers share: upstream's limits on words, names and targets. */

import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";

/** Upstream's limit on the length of words; all words of the format are shorter. */
export const MAX_TAG = 32;
/** The length of the longest file name. */
export const MAX_NAME = 255;
/** The length of the longest link target. */
export const MAX_TARGET = 4095;

/** Returns the error for a malformed archive. */
export function badArchive(message: string): FormatError {
  return new FormatError("serialisation", `bad archive: ${message}`);
}

/** Throws unless `entry` may follow `previous` in a directory. */
export function checkEntryName(entry: string, previous: string): void {
  if (
    entry === "" ||
    entry === "." ||
    entry === ".." ||
    entry.includes("/") ||
    entry.includes("\0")
  ) {
    throw badArchive(marked`NAR contains invalid file name '${entry}'`);
  }
  if (entry <= previous) throw badArchive("NAR directory is not sorted");
}

/** Throws unless a link may point to `target`. */
export function checkLinkTarget(target: string): void {
  if (target === "" || target.includes("\0")) {
    throw badArchive("NAR contains invalid symlink target");
  }
}
