/**
 * Caches on disk of what an evaluation found out, one file for each entry: compiled files, and the
 * outputs of flakes.
 *
 *     <directory>/<folder>/<first digit of the key>/<the other 63>
 *
 * An entry appears by renaming a complete file, so any number of processes may read and write at
 * once. Any error of the disk (no space, no permission, a folder that is a file) only means that
 * there is no entry. Callers verify what they read.
 *
 * The cache bounds its size without an index: storing a key, one in {@link TRIM_SHARE}, scans the
 * folder of that key and removes the least recently used entries until the folder is within its
 * share of the limit. Reading has no overhead. The time of use is the access time, or the
 * modification time where the file system does not record the former.
 */

import {
  closeSync,
  openSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { BytecodeCache } from "@nivis/eval";
import { CacheFolder, removeQuietly, trimShard } from "./cache-folder.ts";
import { makeDirectories } from "./make-directories.ts";
import { isPrivate } from "./private-file.ts";

/** The limit of each cache; enough for a few versions of nixpkgs. */
const MAX_BYTES = 256 * 1024 * 1024;
/** The number of entry folders: one for each first digit of a key. */
const FOLDERS = 16;
const TRIM_SHARE = 256;
/** Most entries fit and are read with one call. */
const SCRATCH_SIZE = 256 * 1024;

/** A cache of entries in a folder. */
export class DiskEntryCache extends CacheFolder {
  #scratch: Buffer | undefined;
  /** Whether there may be entries; determined at the first read. */
  #readable: boolean | undefined;
  #writable = true;
  readonly #folders = new Set<string>();

  /** A cache below a directory, which need not exist; entries are in a folder of it. */
  constructor(directory: string, folder: string) {
    super(join(directory, folder));
  }

  load(key: Uint8Array): Uint8Array | undefined {
    this.#readable ??= this.#isOurs();
    if (!this.#readable) return undefined;
    let descriptor: number;
    try {
      descriptor = openSync(this.#pathOf(key), "r");
    } catch {
      return undefined;
    }
    try {
      this.#scratch ??= Buffer.allocUnsafeSlow(SCRATCH_SIZE);
      const scratch = this.#scratch;
      const length = readSync(descriptor, scratch, 0, SCRATCH_SIZE, 0);
      // Typed arrays refer to the entry, so it gets a buffer of its own.
      if (length < SCRATCH_SIZE) return new Uint8Array(scratch.buffer.slice(0, length));
      return Uint8Array.from(readFileSync(descriptor));
    } catch {
      return undefined;
    } finally {
      closeSync(descriptor);
    }
  }

  store(key: Uint8Array, entry: Uint8Array): void {
    if (!this.#writable) return;
    const path = this.#pathOf(key);
    const folder = path.slice(0, path.lastIndexOf("/"));
    const unfinished = `${path}.${process.pid}${Math.random().toString(36).slice(1)}.tmp`;
    try {
      if (!this.#folders.has(folder)) {
        makeDirectories(folder, 0o700);
        if (this.#folders.size === 0 && !this.#isOurs()) {
          this.#writable = false;
          return;
        }
        this.#folders.add(folder);
      }
      const descriptor = openSync(unfinished, "wx", 0o600);
      try {
        for (let at = 0; at < entry.length; ) at += writeSync(descriptor, entry, at);
      } finally {
        closeSync(descriptor);
      }
      renameSync(unfinished, path);
    } catch {
      // The error is not reported: the next run compiles again.
      this.#writable = false;
      removeQuietly(unfinished);
    }
    if ((key[1] as number) % TRIM_SHARE === 0) {
      trimShard(folder, { maxBytes: MAX_BYTES / FOLDERS });
    }
  }

  #pathOf(key: Uint8Array): string {
    const digits = Buffer.from(key.buffer, key.byteOffset, key.length).toString("hex");
    return `${this.directory}/${digits.slice(0, 1)}/${digits.slice(1)}`;
  }

  /** Whether the folder exists and only the user can write to it. */
  #isOurs(): boolean {
    try {
      return isPrivate(statSync(this.directory));
    } catch {
      return false;
    }
  }
}

/** The cache of compiled files. */
export class DiskBytecodeCache extends DiskEntryCache implements BytecodeCache {
  constructor(directory: string) {
    super(directory, "bytecode");
  }
}

/** The cache of outputs of flakes; `nivis` gives the entries their meaning. */
export class DiskOutputCache extends DiskEntryCache {
  constructor(directory: string) {
    super(directory, "outputs");
  }
}
