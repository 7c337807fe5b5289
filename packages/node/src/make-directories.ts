/**
 * Making a directory and those above it. Node's `recursive` makes the directories above again and again while
 * the system says that one is missing, and some file systems say so of a directory in which nothing can be made.
 *
 * The launcher uses this too, so it imports only files and paths.
 */
import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a directory and those above it, unless they exist. `path` is an argument for `node:fs`, and `mode` that
 * of new directories. Throws the error of Node if that is impossible.
 */
export function makeDirectories(path: string | Buffer, mode = 0o777): void {
  if (isDirectory(path)) return;
  const parent = parentOf(path);
  if (parent.length < path.length) makeDirectories(parent, mode);
  try {
    mkdirSync(path, { mode });
  } catch (error) {
    // Another process may have been faster.
    if (!isDirectory(path)) throw error;
  }
}

function isDirectory(path: string | Buffer): boolean {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
}

function parentOf(path: string | Buffer): string | Buffer {
  if (typeof path === "string") return dirname(path);
  // Bytes that are no text are paths of systems with slashes.
  return Buffer.from(dirname(path.toString("latin1")), "latin1");
}
