/**
 * Reading and replacing files that people edit. Paths and texts are bytes.
 *
 * The new text is written beside the file and renamed over it, so that no reader sees half of it, and a
 * failure at any point leaves the old text. A symbolic link stays one: what it leads to is replaced.
 */
import {
  chmodSync,
  closeSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";

/** A lossless tree takes some hundred times the memory of its text. */
export const MAX_FILE_SIZE = 32 << 20;

/**
 * The text of a file. `done` is what would be done with it, such as `formatted`.
 *
 * @throws If it cannot be read, or has more than 32 MiB.
 */
export function readText(path: string, done: string): string {
  const file = Buffer.from(path, "latin1");
  const { size } = statSync(file);
  if (size > MAX_FILE_SIZE) {
    const shown = (bytes: number): string => `${Math.ceil(bytes / (1 << 20))} MiB`;
    const message = `the file has ${shown(size)}; files of more than ${shown(MAX_FILE_SIZE)} are not ${done}`;
    throw Object.assign(new Error(message), { code: "EFBIG" });
  }
  return readFileSync(file).toString("latin1");
}

/** Replaces a file. */
export function replaceFile(path: string, text: string): void {
  const file = Buffer.from(path, "latin1");
  const target = realpathSync(file, "buffer");
  const slash = target.lastIndexOf("/");
  const temporary = Buffer.concat([
    target.subarray(0, slash + 1),
    Buffer.from(`.nivis-${process.pid}-`),
    target.subarray(slash + 1),
  ]);
  const { mode } = statSync(target);
  try {
    const descriptor = openSync(temporary, "wx", mode);
    try {
      const bytes = Buffer.from(text, "latin1");
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    } finally {
      closeSync(descriptor);
    }
    // The mode of `openSync` lacks what the mask of the process takes away.
    chmodSync(temporary, mode);
    renameSync(temporary, target);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
}

/** What the system says about a failed call, without its name and the path. Other errors are thrown. */
export function reasonOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  // Node: "ENOENT: no such file or directory, open '…'"
  return /^[A-Z0-9]+: ([^,]*)/.exec(message)?.[1] ?? message;
}
