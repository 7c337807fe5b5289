/** A binary cache in a directory: `file://`. Files appear complete or not at all. */

import { dirname } from "node:path";
import { marked, uncolored } from "@nivis/formats";
import { type CacheTransport, StoreError } from "@nivis/store";
import { textOfBytes, toNodePath } from "../byte-path.ts";
import { errnoCode, errnoMessage } from "../errno.ts";
import { makeDirectories } from "../make-directories.ts";

/** Loaded when it is used; see the invariants of the architecture. */
function disk(): typeof import("node:fs/promises") {
  return process.getBuiltinModule("node:fs/promises");
}

const PIECE = 256 * 1024;

/** The cache in a directory, given by its absolute path as bytes. */
export function fileCache(directory: string): CacheTransport {
  let temporaries = 0;
  const locate = (key: string): string => {
    // What a narinfo names must lie in the cache.
    if (key.split("/").includes("..")) {
      throw new StoreError("corrupt", marked`binary cache file '${key}' is outside of the cache`);
    }
    return `${directory}/${key}`;
  };
  const failed = (what: string, path: string, error: unknown): StoreError =>
    new StoreError("io", marked`${uncolored(what)} '${path}': ${errnoMessage(errnoCode(error))}`);
  return {
    uri: `file://${directory}`,
    async fetch(key, { offset = 0, length = Number.MAX_SAFE_INTEGER } = {}) {
      const path = locate(key);
      let file: Awaited<ReturnType<ReturnType<typeof disk>["open"]>>;
      try {
        file = await disk().open(toNodePath(path), "r");
      } catch (error) {
        if (errnoCode(error) === "ENOENT") return undefined;
        throw failed("opening file", path, error);
      }
      return (async function* () {
        try {
          for (let at = offset, end = offset + length; at < end; ) {
            const size = Math.min(PIECE, end - at);
            const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(size), 0, size, at);
            if (bytesRead === 0) return;
            at += bytesRead;
            yield buffer.subarray(0, bytesRead);
          }
        } finally {
          await file.close();
        }
      })();
    },
    async exists(key) {
      const path = locate(key);
      try {
        await disk().stat(toNodePath(path));
        return true;
      } catch (error) {
        if (errnoCode(error) === "ENOENT" || errnoCode(error) === "ENOTDIR") return false;
        throw failed("getting status of", path, error);
      }
    },
    async prepare(folders) {
      for (const folder of folders) {
        try {
          makeDirectories(toNodePath(`${directory}/${folder}`));
        } catch {
          // A cache that cannot be written can be read all the same.
          return;
        }
      }
    },
    async put(key, upload) {
      const path = locate(key);
      const temporary = `${path}.tmp.${process.pid}.${temporaries++}`;
      try {
        makeDirectories(dirname(textOfBytes(path)));
        const file = await disk().open(toNodePath(temporary), "wx");
        try {
          for await (const piece of upload.read()) await file.appendFile(piece);
        } finally {
          await file.close();
        }
        await disk().rename(toNodePath(temporary), toNodePath(path));
      } catch (error) {
        await disk().rm(toNodePath(temporary), { force: true });
        if (error instanceof StoreError) throw error;
        throw failed("writing file", path, error);
      }
    },
    async list() {
      try {
        return await disk().readdir(toNodePath(directory), { encoding: "latin1" });
      } catch (error) {
        if (errnoCode(error) === "ENOENT") return [];
        throw failed("reading directory", directory, error);
      }
    },
    async close() {},
  };
}
