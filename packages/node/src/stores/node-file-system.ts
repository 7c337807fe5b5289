/**
 * The real file system below a store in a directory. Paths are byte strings.
 *
 * What takes microseconds is asked synchronously: a turn through Node's thread pool takes ten times as long, and a NAR of
 * nixpkgs needs 200,000 of them. Files that do not fit into one piece are read and written asynchronously.
 */

import {
  closeSync,
  fstatSync,
  lstatSync,
  openSync,
  read,
  readdirSync,
  readlinkSync,
  readSync,
  type Stats,
} from "node:fs";
import { marked, uncolored } from "@nivis/formats";
import { type FileStatus, type FileSystem, StoreError } from "@nivis/store";
import { toNodePath } from "../byte-path.ts";
import { errnoCode, errnoMessage } from "../errno.ts";
import { hasExecutableBit } from "../host-path.ts";
import { makeDirectories } from "../make-directories.ts";

/** Loaded when it is used; see the invariants of the architecture. */
function disk(): typeof import("node:fs/promises") {
  return process.getBuiltinModule("node:fs/promises");
}

const READ_ONLY = 0o444;
const READ_ONLY_EXECUTABLE = 0o555;
const WRITABLE_DIRECTORY = 0o755;
/** The modification time of everything in a store, in seconds. */
const STORE_TIME = 1;
const PIECE = 256 * 1024;

/** Runs an operation and says what failed in C++ Nix's manner. */
async function checked<T>(what: string, path: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (error) {
    const code = errnoCode(error);
    throw new StoreError("io", marked`${uncolored(what)} "${path}": ${errnoMessage(code)}`);
  }
}

async function status(path: string): Promise<FileStatus | undefined> {
  let found: Stats;
  try {
    found = lstatSync(toNodePath(path));
  } catch (error) {
    const code = errnoCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new StoreError("io", marked`getting status of "${path}": ${errnoMessage(code)}`);
  }
  const type = found.isFile()
    ? "regular"
    : found.isDirectory()
      ? "directory"
      : found.isSymbolicLink()
        ? "symlink"
        : "other";
  return { type, size: found.size, executable: hasExecutableBit(found.mode) };
}

/** Makes directories writable so that what is in them can be removed. */
async function unseal(path: string): Promise<void> {
  const found = await status(path);
  if (found?.type !== "directory") return;
  await disk().chmod(toNodePath(path), WRITABLE_DIRECTORY);
  const names = await disk().readdir(toNodePath(path), { encoding: "latin1", withFileTypes: true });
  for (const entry of names) if (entry.isDirectory()) await unseal(`${path}/${entry.name}`);
}

/** Says what failed while a file is read. The message of C++ Nix names the length of its own buffer and no file. */
function readError(error: unknown): StoreError {
  return new StoreError("io", marked`read of ${65536} bytes: ${errnoMessage(errnoCode(error))}`);
}

/** Reads the first piece of a file; `isAll`: the file has ended. */
function readFirst(
  file: number,
  size = fstatSync(file).size,
): { readonly piece: Buffer; readonly isAll: boolean } {
  try {
    const buffer = Buffer.allocUnsafe(Math.min(size + 1, PIECE));
    const length = readSync(file, buffer, 0, buffer.length, null);
    return { piece: buffer.subarray(0, length), isAll: length < buffer.length };
  } catch (error) {
    throw readError(error);
  }
}

/** Reads the next piece. */
function readNext(file: number): Promise<Buffer> {
  // A piece of its own each time: who reads may keep it while the next one is on its way.
  const buffer = Buffer.allocUnsafe(PIECE);
  return new Promise((resolve, reject) => {
    read(file, buffer, 0, PIECE, null, (error, length) => {
      if (error === null) resolve(buffer.subarray(0, length));
      else reject(readError(error));
    });
  });
}

/** See the head of this file. */
export const nodeFileSystem: FileSystem = {
  status,
  async *read(path, size) {
    const file = await checked("opening file", path, async () => openSync(toNodePath(path), "r"));
    try {
      const first = readFirst(file, size);
      if (first.piece.length > 0) yield first.piece;
      if (first.isAll) return;
      for (;;) {
        const piece = await readNext(file);
        if (piece.length === 0) return;
        yield piece;
      }
    } finally {
      closeSync(file);
    }
  },
  readDirectory: (path) =>
    checked("reading directory", path, async () =>
      readdirSync(toNodePath(path), { encoding: "latin1" }),
    ),
  readLink: (path) =>
    checked("reading symbolic link", path, async () =>
      readlinkSync(toNodePath(path), { encoding: "buffer" }).toString("latin1"),
    ),
  create: (path) =>
    checked("creating file", path, async () => {
      const file = await disk().open(toNodePath(path), "wx", 0o600);
      return {
        write: (bytes) => checked("writing to file", path, () => writeAll(file, bytes)),
        close: () => file.close(),
      };
    }),
  makeDirectory: async (path) => {
    await checked("creating directory", path, async () => makeDirectories(toNodePath(path)));
  },
  symlink: (target, path) =>
    checked("creating symlink", path, () => disk().symlink(toNodePath(target), toNodePath(path))),
  rename: (from, to) =>
    checked("renaming to", to, async () => {
      try {
        await disk().rename(toNodePath(from), toNodePath(to));
      } catch (error) {
        const code = errnoCode(error);
        if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
        // Somebody else was faster; what is there has the same content.
        await nodeFileSystem.remove(from);
      }
    }),
  remove: (path) =>
    checked("removing", path, async () => {
      await unseal(path);
      await disk().rm(toNodePath(path), { recursive: true, force: true });
    }),
  append: (path, bytes) =>
    checked("writing to file", path, () => disk().appendFile(toNodePath(path), bytes)),
  seal: (path, { type, executable }) =>
    checked("changing the mode of", path, async () => {
      const location = toNodePath(path);
      if (type === "symlink") {
        await disk().lutimes(location, STORE_TIME, STORE_TIME);
        return;
      }
      const mode = type === "directory" || executable ? READ_ONLY_EXECUTABLE : READ_ONLY;
      await disk().chmod(location, mode);
      await disk().utimes(location, STORE_TIME, STORE_TIME);
    }),
};

async function writeAll(
  file: Awaited<ReturnType<ReturnType<typeof disk>["open"]>>,
  bytes: Uint8Array,
): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}
