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
  openSync,
  readSync,
  renameSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname } from "node:path";
import { removeQuietly } from "./cache-folder.ts";
import { makeDirectories } from "./make-directories.ts";

/** Windows has no such flag. */
const NO_FOLLOW = constants.O_NOFOLLOW ?? 0;

/** A file that only the user may write to, open for reading. */
export interface PrivateFile {
  /** In bytes. */
  readonly size: number;
  /** Fills an array with the bytes from an offset on; returns whether it could. */
  read(target: Uint8Array, offset: number): boolean;
  /** Closes the file; afterwards, nothing can be read. */
  close(): void;
}

/** Opens a file; `undefined` if there is none that can be trusted or it has more than `maxBytes` bytes. */
export function openPrivateFile(path: string, maxBytes: number): PrivateFile | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(path, constants.O_RDONLY | NO_FOLLOW);
  } catch {
    return undefined;
  }
  const close = (): void => {
    closeSync(descriptor);
    // The number may be that of another file next.
    descriptor = -1;
  };
  const read = (target: Uint8Array, offset: number): boolean => {
    try {
      for (let at = 0; at < target.length; ) {
        const count = readSync(descriptor, target, at, target.length - at, offset + at);
        if (count === 0) return false;
        at += count;
      }
      return true;
    } catch {
      return false;
    }
  };
  try {
    const stats = fstatSync(descriptor);
    const { size } = stats;
    if (isPrivate(stats) && size <= maxBytes && hasPrivateFolders(path)) {
      return { size, read, close };
    }
  } catch {
    // The file cannot be trusted.
  }
  close();
  return undefined;
}

/**
 * Reads a file; `undefined` if there is none that can be trusted or it has more than `maxBytes` bytes.
 * The bytes begin at the start of a buffer of their own.
 */
export function readPrivateFile(path: string, maxBytes: number): Buffer | undefined {
  const file = openPrivateFile(path, maxBytes);
  if (file === undefined) return undefined;
  const bytes = Buffer.allocUnsafeSlow(file.size);
  const isRead = file.read(bytes, 0);
  file.close();
  return isRead ? bytes : undefined;
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
    makeDirectories(dirname(path), 0o700);
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
  return [folder, dirname(folder)].every((one) => isPrivate(statSync(one)));
}

/** Whether only the user may write to something with this owner and mode. */
export function isPrivate({ uid, mode }: { readonly uid: number; readonly mode: number }): boolean {
  const user = process.geteuid?.();
  return user === undefined || (uid === user && (mode & 0o022) === 0);
}
