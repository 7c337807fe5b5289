/** What may stand in a NAR: upstream's bounds on words, names and targets, for both readers. */
import { FormatError } from "../format-error.ts";

/** Longer than every word of the format; upstream's bound. */
export const MAX_TAG = 32;
/** The longest file name. */
export const MAX_NAME = 255;
/** The longest link target. */
export const MAX_TARGET = 4095;

/** Makes the error of an archive that breaks the rules. */
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
    throw badArchive(`NAR contains invalid file name '${entry}'`);
  }
  if (entry <= previous) throw badArchive("NAR directory is not sorted");
}

/** Throws unless a link may point to `target`. */
export function checkLinkTarget(target: string): void {
  if (target === "" || target.includes("\0")) {
    throw badArchive("NAR contains invalid symlink target");
  }
}
