/** Files that a command writes: they are complete, or keep their old content. */
import { closeSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";

/**
 * Writes pieces (texts as UTF-8) to a file, beside its place first. What is not a file, such as a pipe, is
 * written where it is. `path` is a text, or a `Buffer` where it may be anything. Throws the system's error.
 */
export function writeWholeFile(path: string | Buffer, pieces: Iterable<string | Uint8Array>): void {
  const isFile = statSync(path, { throwIfNoEntry: false })?.isFile() ?? true;
  const suffix = Buffer.from(`.tmp-${process.pid}`);
  const target = isFile ? Buffer.concat([Buffer.from(path as Buffer), suffix]) : path;
  try {
    const descriptor = openSync(target, "w");
    try {
      for (const piece of pieces) {
        const bytes = typeof piece === "string" ? Buffer.from(piece, "utf8") : piece;
        for (let done = 0; done < bytes.length; ) done += writeSync(descriptor, bytes, done);
      }
    } finally {
      closeSync(descriptor);
    }
    if (isFile) renameSync(target, path);
  } catch (error) {
    if (isFile) rmSync(target, { force: true });
    throw error;
  }
}
