/**
 * Files of store objects that are not on this machine, for an evaluation: those of a binary cache or
 * of a store behind ssh. An object is fetched when it is first looked at. Messages are those of
 * remote-fs-accessor.cc and nar-accessor.cc.
 */
import { type DirectoryEntry, type FileType, IoError, type StoreFiles } from "@nivis/eval";
import { marked, type NarListing, splitStorePath, uncolored } from "@nivis/formats";
import { findInListing } from "@nivis/store";
import type { BlockingStore } from "./blocking-store.ts";

/**
 * The files of all objects of a store. `settle` is called before the store is asked for an object: it
 * may not be written yet.
 */
export function remoteFiles(
  storeDir: string,
  store: Pick<BlockingStore, "ask">,
  settle: (path: string) => void,
): StoreFiles {
  return new RemoteFiles(storeDir, store, settle);
}

class RemoteFiles implements StoreFiles {
  readonly #storeDir: string;
  readonly #store: Pick<BlockingStore, "ask">;
  readonly #settle: (path: string) => void;
  readonly #listings = new Map<string, NarListing>();

  constructor(storeDir: string, store: Pick<BlockingStore, "ask">, settle: (path: string) => void) {
    this.#storeDir = storeDir;
    this.#store = store;
    this.#settle = settle;
  }

  fileType(path: string): FileType | undefined {
    return path === this.#storeDir ? "directory" : this.#look(path)?.type;
  }

  isExecutable(path: string): boolean {
    const node = this.#find(path);
    return node.type === "regular" && node.executable;
  }

  readFile(path: string): string {
    const { object, inner } = split(path, this.#storeDir);
    if (this.#find(path).type !== "regular") throw isNot("a regular file", inner);
    return this.#store.ask({ ask: "read", path: object, file: inner });
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    const node = this.#find(path);
    if (node.type !== "directory") throw isNot("a directory", split(path, this.#storeDir).inner);
    return [...node.entries].map(([name, { type }]) => ({ name, type }));
  }

  readLink(path: string): string {
    const node = this.#find(path);
    if (node.type !== "symlink") throw isNot("a symlink", split(path, this.#storeDir).inner);
    return node.target;
  }

  #find(path: string): NarListing {
    const node = this.#look(path);
    if (node === undefined) throw new IoError("ENOENT", marked`path '${path}' does not exist`);
    return node;
  }

  #look(path: string): NarListing | undefined {
    const { object, inner } = split(path, this.#storeDir);
    let listing = this.#listings.get(object);
    if (listing === undefined) {
      this.#settle(object);
      listing = this.#store.ask({ ask: "list", path: object });
      this.#listings.set(object, listing);
    }
    return findInListing(listing, inner);
  }
}

/** The object that a path is in, and the path below it. */
function split(
  path: string,
  storeDir: string,
): { readonly object: string; readonly inner: string } {
  const { baseName, rest } = splitStorePath(path, storeDir);
  return { object: `${storeDir}/${baseName}`, inner: rest };
}

function isNot(what: string, inner: string): IoError {
  return new IoError("EINVAL", marked`path '${inner}' inside NAR file is not ${uncolored(what)}`);
}
