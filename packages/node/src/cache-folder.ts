/**
 * Cache folder: files in a few shards that are removed when they were not used for a long time.
 *
 *     <directory>/<first digit of the name>/<the other digits>
 *
 * There is no index. Writers make a file under a temporary name and rename it, so that any number of
 * processes may read and write at once. The time of use is the access time, or the modification time
 * where the file system does not record the former. Whatever fails here leaves a file where it is.
 */
import { readdirSync, rmSync, statSync, unlinkSync } from "node:fs";
import { join } from "node:path";
import { errnoCode } from "./errno.ts";

/** A summary of a cache, for `nivis cache`. */
export interface CacheContents {
  readonly files: number;
  readonly bytes: number;
}

/** What was removed from a cache. */
export interface RemovedContents extends CacheContents {
  /** Why something that should be removed is still there; `undefined` if nothing is. */
  readonly failure?: RemovalFailure | undefined;
}

/** Why a file or folder could not be removed. */
export interface RemovalFailure {
  readonly path: string;
  /** Such as `EROFS`. */
  readonly code: string;
}

/** The limits for {@link CacheFolder.trim}. */
export interface TrimLimits {
  /** The bytes to keep. Defaults to no limit. */
  readonly maxBytes?: number;
  /** The maximum time since the last use, in milliseconds. Defaults to no limit. */
  readonly maxAge?: number;
}

/** Unfinished files older than this belong to killed processes; milliseconds. */
const UNFINISHED_AGE = 60 * 60 * 1000;
const FINISHED_NAME = /^[0-9a-f]+$/;
const UNFINISHED_NAME = /^[0-9a-f]+\.[0-9a-z.]+\.tmp$/;

interface Entry {
  readonly path: string;
  readonly bytes: number;
  /** The time of the last use, in milliseconds since 1970. */
  readonly used: number;
}

/** A folder with files in shards. */
export class CacheFolder {
  constructor(readonly directory: string) {}

  /** Counts the files. */
  contents(): CacheContents {
    const entries = this.#entries();
    return { files: entries.length, bytes: entries.reduce((sum, entry) => sum + entry.bytes, 0) };
  }

  /** Removes the least recently used files and returns a summary of them. */
  trim(limits: TrimLimits): RemovedContents {
    return trimEntries(this.#entries(), limits);
  }

  /** Removes all files and returns a summary of them. */
  clear(): RemovedContents {
    const { files, bytes } = this.contents();
    let failure: RemovalFailure | undefined;
    for (const shard of this.#shards()) {
      try {
        rmSync(shard, { recursive: true, force: true });
      } catch (error) {
        failure ??= { path: shard, code: errnoCode(error) };
      }
    }
    if (failure === undefined) return { files, bytes };
    const left = this.contents();
    return { files: files - left.files, bytes: bytes - left.bytes, failure };
  }

  #shards(): string[] {
    return namesIn(this.directory)
      .filter((name) => /^[0-9a-f]$/.test(name))
      .map((name) => join(this.directory, name));
  }

  #entries(): Entry[] {
    return this.#shards().flatMap(entriesIn);
  }
}

/** Removes the least recently used files of one shard. */
export function trimShard(shard: string, limits: TrimLimits): void {
  trimEntries(entriesIn(shard), limits);
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
      // Another process removed it first.
    }
  }
  return entries;
}

function trimEntries(entries: readonly Entry[], { maxBytes, maxAge }: TrimLimits): RemovedContents {
  let left = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  let files = 0;
  let bytes = 0;
  let failure: RemovalFailure | undefined;
  const now = Date.now();
  for (const { path, bytes: size, used } of [...entries].sort((a, b) => a.used - b.used)) {
    const tooOld = maxAge !== undefined && now - used > maxAge;
    const tooMuch = maxBytes !== undefined && left > maxBytes;
    if (!tooOld && !tooMuch) break;
    const code = remove(path);
    if (code !== undefined) {
      failure ??= { path, code };
      continue;
    }
    left -= size;
    bytes += size;
    files++;
  }
  return { files, bytes, failure };
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Removes a file; returns whether it is gone. Never fails. */
export function removeQuietly(path: string): boolean {
  return remove(path) === undefined;
}

/** Removes a file; returns the code of the error if it is still there. */
function remove(path: string): string | undefined {
  try {
    unlinkSync(path);
    return undefined;
  } catch (error) {
    const code = errnoCode(error);
    return code === "ENOENT" ? undefined : code;
  }
}
