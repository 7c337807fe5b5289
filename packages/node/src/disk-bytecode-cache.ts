/**
 * A {@link BytecodeCache} on disk: one file for each compiled file, in a folder of its own.
 *
 *     <directory>/bytecode/<first digit of the key>/<the other 63>
 *
 * An entry appears by renaming a finished file, so that any number of processes may read and write at
 * once. Whatever goes wrong with the disk (no space, no permission, a folder that is a file) means
 * only that there is no entry. `@nivis/eval` checks what it gets.
 *
 * The cache keeps itself small without a list of what it has: storing certain keys, one in
 * {@link TRIM_SHARE}, looks at the folder that the key lies in and drops what was not used for longest
 * until the folder has its share of the size allowed. Reading costs nothing but the reading. The time
 * of use is the one of access, or of writing where the file system does not keep the former.
 */

import {
  closeSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  statSync,
  unlinkSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { BytecodeCache } from "@nivis/eval";
import { errnoCode } from "./errno.ts";

/** What `nivis cache` says about a cache. */
export interface CacheContents {
  readonly files: number;
  readonly bytes: number;
}

/** What {@link DiskBytecodeCache.trim} keeps. */
export interface TrimLimits {
  /** Bytes that may stay. */
  readonly maxBytes?: number;
  /** Milliseconds since the last use. */
  readonly maxAge?: number;
}

/** As much as a few versions of nixpkgs take. */
const MAX_BYTES = 256 * 1024 * 1024;
/** Folders of entries: one for each first digit of a key. */
const FOLDERS = 16;
const TRIM_SHARE = 256;
/** Unfinished files older than this are what a process left that was killed; milliseconds. */
const UNFINISHED_AGE = 60 * 60 * 1000;
/** Most entries fit and are read with one call. */
const SCRATCH_SIZE = 256 * 1024;
const FINISHED_NAME = /^[0-9a-f]{63}$/;
const UNFINISHED_NAME = /^[0-9a-f]{63}\.[0-9a-z.]+\.tmp$/;

interface Entry {
  readonly path: string;
  readonly bytes: number;
  /** When it was used last, in milliseconds since 1970. */
  readonly used: number;
}

/** See the head of this file. */
export class DiskBytecodeCache implements BytecodeCache {
  readonly #directory: string;
  #scratch: Buffer | undefined;
  /** Whether entries may be there: found out when the first is wanted. */
  #readable: boolean | undefined;
  #writable = true;
  readonly #folders = new Set<string>();

  /** The cache below a directory, which need not exist; entries lie in a folder of it. */
  constructor(directory: string) {
    this.#directory = join(directory, "bytecode");
  }

  /** The folder with the entries. */
  get directory(): string {
    return this.#directory;
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
      // Typed arrays are made over the entry, so it gets a buffer of its own.
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
        mkdirSync(folder, { recursive: true, mode: 0o700 });
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
      // Nobody is told: the next run compiles again.
      this.#writable = false;
      removeQuietly(unfinished);
    }
    if ((key[1] as number) % TRIM_SHARE === 0) {
      trimEntries(entriesIn(folder), { maxBytes: MAX_BYTES / FOLDERS });
    }
  }

  /** Counts what is there. */
  contents(): CacheContents {
    const entries = this.#entries();
    return { files: entries.length, bytes: entries.reduce((sum, entry) => sum + entry.bytes, 0) };
  }

  /** Removes what was not used for longest, and returns what was removed. */
  trim(limits: TrimLimits): CacheContents {
    return trimEntries(this.#entries(), limits);
  }

  /** Removes everything, and returns what that was. */
  clear(): CacheContents {
    const contents = this.contents();
    for (const folder of this.#shards()) rmSync(folder, { recursive: true, force: true });
    return contents;
  }

  #shards(): string[] {
    return namesIn(this.#directory)
      .filter((name) => /^[0-9a-f]$/.test(name))
      .map((name) => join(this.#directory, name));
  }

  #entries(): Entry[] {
    return this.#shards().flatMap(entriesIn);
  }

  #pathOf(key: Uint8Array): string {
    const digits = Buffer.from(key.buffer, key.byteOffset, key.length).toString("hex");
    return `${this.#directory}/${digits.slice(0, 1)}/${digits.slice(1)}`;
  }

  /** Whether the folder is there and nobody else may put code into it. */
  #isOurs(): boolean {
    try {
      const { uid, mode } = statSync(this.#directory);
      const user = process.getuid?.();
      return user === undefined || (uid === user && (mode & 0o022) === 0);
    } catch {
      return false;
    }
  }
}

function entriesIn(folder: string): Entry[] {
  const entries: Entry[] = [];
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    const unfinished = UNFINISHED_NAME.test(name);
    if (!unfinished && !FINISHED_NAME.test(name)) continue;
    try {
      const { size, atimeMs, mtimeMs } = statSync(path);
      if (!unfinished) entries.push({ path, bytes: size, used: Math.max(atimeMs, mtimeMs) });
      else if (Date.now() - mtimeMs > UNFINISHED_AGE) removeQuietly(path);
    } catch {
      // Another process was quicker.
    }
  }
  return entries;
}

function trimEntries(entries: readonly Entry[], { maxBytes, maxAge }: TrimLimits): CacheContents {
  let left = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  let files = 0;
  let bytes = 0;
  const now = Date.now();
  for (const { path, bytes: size, used } of [...entries].sort((a, b) => a.used - b.used)) {
    const tooOld = maxAge !== undefined && now - used > maxAge;
    const tooMuch = maxBytes !== undefined && left > maxBytes;
    if (!tooOld && !tooMuch) break;
    if (!removeQuietly(path)) continue;
    left -= size;
    bytes += size;
    files++;
  }
  return { files, bytes };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

function removeQuietly(path: string): boolean {
  try {
    unlinkSync(path);
    return true;
  } catch (error) {
    return errnoCode(error) === "ENOENT";
  }
}
