/** The files of an object, straight from the disk. Nothing in an object leads out of it. */
import { marked, type NarListing, sortedBytes } from "@nivis/formats";
import { StoreError } from "../error.ts";
import { missingFile, notRegular, partsOf } from "../object-files.ts";
import type { ObjectFiles, ObjectStat } from "../store.ts";
import type { FileSystem } from "./file-system.ts";

/** See the head of this file. */
export class DiskFiles implements ObjectFiles {
  constructor(
    private readonly fileSystem: FileSystem,
    private readonly path: string,
    private readonly real: string,
  ) {}

  /** Where a path is on disk; `undefined` if it leads through something that is no directory. */
  async #at(path: string): Promise<string | undefined> {
    const parts = partsOf(path);
    const last = parts.pop();
    let at = this.real;
    // Links on the way are not followed: they may lead out of the object.
    for (const part of parts) {
      if ((await this.fileSystem.status(at))?.type !== "directory") return undefined;
      at = `${at}/${part}`;
    }
    if (last === undefined) return at;
    if ((await this.fileSystem.status(at))?.type !== "directory") return undefined;
    return last === "." || last === ".." || parts.includes("..") ? undefined : `${at}/${last}`;
  }

  /** What is at a path, and where. */
  async #find(
    path: string,
  ): Promise<{ readonly at: string; readonly stat: ObjectStat } | undefined> {
    const at = await this.#at(path);
    const status = at === undefined ? undefined : await this.fileSystem.status(at);
    if (at === undefined || status === undefined) return undefined;
    switch (status.type) {
      case "symlink":
        return { at, stat: { type: "symlink", target: await this.fileSystem.readLink(at) } };
      case "directory":
        return { at, stat: { type: "directory" } };
      case "regular": {
        const { size, executable } = status;
        return { at, stat: { type: "regular", size, executable } };
      }
      case "other":
        throw new StoreError("io", marked`file "${at}" has an unsupported type`);
    }
  }

  async stat(path: string): Promise<ObjectStat | undefined> {
    return (await this.#find(path))?.stat;
  }

  async readDirectory(path: string): Promise<readonly string[]> {
    const found = await this.#find(path);
    if (found === undefined) throw missingFile(this.path, path);
    if (found.stat.type !== "directory") {
      throw new StoreError("io", marked`path '${this.path}${path}' is not a directory`);
    }
    return sortedBytes(await this.fileSystem.readDirectory(found.at));
  }

  async *readFile(path: string): AsyncGenerator<Uint8Array> {
    const found = await this.#find(path);
    if (found === undefined) throw missingFile(this.path, path);
    if (found.stat.type !== "regular") throw notRegular(this.path, path);
    yield* this.fileSystem.read(found.at);
  }

  async readLink(path: string): Promise<string> {
    const found = await this.#find(path);
    if (found === undefined) throw missingFile(this.path, path);
    if (found.stat.type !== "symlink") {
      throw new StoreError("io", marked`path '${this.path}${path}' is not a symlink`);
    }
    return found.stat.target;
  }

  async list(): Promise<NarListing> {
    return this.#listAt(this.real);
  }

  async #listAt(at: string): Promise<NarListing> {
    const status = await this.fileSystem.status(at);
    switch (status?.type) {
      case "symlink":
        return { type: "symlink", target: await this.fileSystem.readLink(at) };
      case "directory": {
        const entries = new Map<string, NarListing>();
        for (const name of sortedBytes(await this.fileSystem.readDirectory(at))) {
          entries.set(name, await this.#listAt(`${at}/${name}`));
        }
        return { type: "directory", entries };
      }
      case "regular": {
        const { size, executable } = status;
        // There is no NAR that the contents would be in.
        return { type: "regular", size, executable, narOffset: 0 };
      }
      default:
        throw new StoreError("io", marked`file "${at}" has an unsupported type`);
    }
  }
}
