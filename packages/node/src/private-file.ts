/**
 * Files of caches that only the user may write to: one is used only if it and the two directories above it
 * belong to the user and nobody else may write to them. It appears by renaming a complete file. Any error
 * of the disk only means that there is no file.
 *
 * The launcher reads remembered results with this, so it imports only files and paths.
 */
import {
  closeSync,
  constants,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { removeQuietly } from "./cache-folder.ts";

/** Windows has no such flag. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/**
 * Reads a file; `undefined` if there is none that can be trusted or it has more than `maxBytes` bytes.
 * The bytes begin at the start of a buffer of their own.
 */
export function readPrivateFile(path: string, maxBytes: number): Buffer | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | NO_FOLLOW);
  } catch {
    return undefined;
  }
  try {
    const { size, uid, mode } = fstatSync(descriptor);
    if (!isPrivate(uid, mode) || size > maxBytes || !hasPrivateFolders(path)) return undefined;
    const bytes = Buffer.allocUnsafeSlow(size);
    for (let at = 0; at < size; ) {
      const count = readSync(descriptor, bytes, at, size - at, at);
      if (count === 0) return undefined;
      at += count;
    }
    return bytes;
  } catch {
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

/**
 * Writes a file with the bytes that `make` returns; returns whether it did. Never fails, and writes nothing
 * if `make` returns `undefined` or throws.
 */
export function writePrivateFile(path: string, make: () => Uint8Array | undefined): boolean {
  const unfinished = `${path}.${process.pid}${Math.random().toString(36).slice(1)}.tmp`;
  try {
    const bytes = make();
    if (bytes === undefined) return false;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    if (!hasPrivateFolders(path)) return false;
    writeFileSync(unfinished, bytes, { flag: "wx", mode: 0o600 });
    renameSync(unfinished, path);
    return true;
  } catch {
    removeQuietly(unfinished);
    return false;
  }
}

function hasPrivateFolders(path: string): boolean {
  const folder = dirname(path);
  return [folder, dirname(folder)].every((one) => {
    const { uid, mode } = statSync(one);
    return isPrivate(uid, mode);
  });
}

/** Whether only the user may write to something with this owner and mode. */
function isPrivate(uid: number, mode: number): boolean {
  const user = process.geteuid?.();
  return user === undefined || (uid === user && (mode & 0o022) === 0);
}
