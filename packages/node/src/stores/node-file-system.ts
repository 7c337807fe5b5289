/** The real file system below a store in a directory. Paths are byte strings. */
import {
  appendFile,
  chmod,
  lstat,
  lutimes,
  mkdir,
  open,
  readdir,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
} from "node:fs/promises";
import { type FileStatus, type FileSystem, StoreError } from "@nivis/store";
import { toNodePath } from "../byte-path.ts";
import { errnoCode, errnoMessage } from "../errno.ts";

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
    throw new StoreError("io", `${what} '${path}': ${errnoMessage(code)}`);
  }
}

async function status(path: string): Promise<FileStatus | undefined> {
  let found: Awaited<ReturnType<typeof lstat>>;
  try {
    found = await lstat(toNodePath(path));
  } catch (error) {
    const code = errnoCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new StoreError("io", `getting status of '${path}': ${errnoMessage(code)}`);
  }
  const type = found.isFile()
    ? "regular"
    : found.isDirectory()
      ? "directory"
      : found.isSymbolicLink()
        ? "symlink"
        : "other";
  return { type, size: found.size, executable: (found.mode & 0o100) !== 0 };
}

/** Makes directories writable so that what is in them can be removed. */
async function unseal(path: string): Promise<void> {
  const found = await status(path);
  if (found?.type !== "directory") return;
  await chmod(toNodePath(path), WRITABLE_DIRECTORY);
  const names = await readdir(toNodePath(path), { encoding: "latin1", withFileTypes: true });
  for (const entry of names) if (entry.isDirectory()) await unseal(`${path}/${entry.name}`);
}

/** See the head of this file. */
export const nodeFileSystem: FileSystem = {
  status,
  async *read(path) {
    const file = await checked("opening file", path, () => open(toNodePath(path), "r"));
    try {
      for (;;) {
        // A piece of its own each time: who reads may keep it while the next one is on its way.
        const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(PIECE), 0, PIECE, null);
        if (bytesRead === 0) return;
        yield buffer.subarray(0, bytesRead);
      }
    } finally {
      await file.close();
    }
  },
  readDirectory: (path) =>
    checked("reading directory", path, () => readdir(toNodePath(path), { encoding: "latin1" })),
  readLink: (path) =>
    checked("reading symbolic link", path, async () =>
      (await readlink(toNodePath(path), { encoding: "buffer" })).toString("latin1"),
    ),
  create: (path) =>
    checked("creating file", path, async () => {
      const file = await open(toNodePath(path), "wx", 0o600);
      return {
        write: (bytes) => checked("writing to file", path, () => writeAll(file, bytes)),
        close: () => file.close(),
      };
    }),
  makeDirectory: async (path) => {
    await checked("creating directory", path, () => mkdir(toNodePath(path), { recursive: true }));
  },
  symlink: (target, path) =>
    checked("creating symlink", path, () => symlink(toNodePath(target), toNodePath(path))),
  rename: (from, to) =>
    checked("renaming to", to, async () => {
      try {
        await rename(toNodePath(from), toNodePath(to));
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
      await rm(toNodePath(path), { recursive: true, force: true });
    }),
  append: (path, bytes) =>
    checked("writing to file", path, () => appendFile(toNodePath(path), bytes)),
  seal: (path, { type, executable }) =>
    checked("changing the mode of", path, async () => {
      const location = toNodePath(path);
      if (type === "symlink") {
        await lutimes(location, STORE_TIME, STORE_TIME);
        return;
      }
      const mode = type === "directory" || executable ? READ_ONLY_EXECUTABLE : READ_ONLY;
      await chmod(location, mode);
      await utimes(location, STORE_TIME, STORE_TIME);
    }),
};

async function writeAll(file: Awaited<ReturnType<typeof open>>, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length; ) {
    at += (await file.write(bytes, at, bytes.length - at)).bytesWritten;
  }
}
