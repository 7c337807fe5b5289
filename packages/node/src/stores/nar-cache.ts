/**
 * NAR caches: a directory with the NARs of objects that were read from a binary cache, so that each
 * is fetched once. Source: remote-fs-accessor.cc of libstore, which names the files alike.
 */
import { existsSync } from "node:fs";
import { DIGEST_PART_LENGTH, storePathBaseName } from "@nivis/formats";
import { ListedFiles, type Store } from "@nivis/store";
import { toNodePath } from "../byte-path.ts";
import { nodeFileSystem } from "./node-file-system.ts";

/** The store, whose files are read by way of NARs in `directory`. */
export function cachingNars(store: Store, directory: string): Store {
  const files: Store["files"] = async (path, options) => {
    const hashPart = storePathBaseName(path).slice(0, DIGEST_PART_LENGTH);
    const file = `${directory}/${hashPart}.nar`;
    if (!existsSync(toNodePath(file))) await save(store.nar(path, options), file);
    return ListedFiles.of(path, () => nodeFileSystem.read(file));
  };
  return new Proxy(store, {
    get: (target, key) => {
      if (key === "files") return files;
      const value: unknown = Reflect.get(target, key, target);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

/** Writes a file that is whole as soon as it is there. */
async function save(nar: ReturnType<Store["nar"]>, file: string): Promise<void> {
  const { open, rename, rm } = process.getBuiltinModule("node:fs/promises");
  const temporary = `${file}.${process.pid}.tmp`;
  const handle = await open(toNodePath(temporary), "w");
  try {
    try {
      for await (const piece of nar) await handle.writeFile(piece);
    } finally {
      await handle.close();
    }
    await rename(toNodePath(temporary), toNodePath(file));
  } catch (error) {
    await rm(toNodePath(temporary), { force: true });
    throw error;
  }
}
