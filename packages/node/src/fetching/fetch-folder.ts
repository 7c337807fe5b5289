/**
 * FetchFolder: what fetchers keep below the cache directory, for `nivis cache`: unpacked archives, files,
 * and clones of repositories.
 *
 * Each archive, file or clone is removed as a whole. A fetch that finds nothing fetches again, so
 * removing is always safe; a process that is just using a clone may fail, and can be started again.
 */
import { lstatSync, readdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import type {
  CacheContents,
  RemovalFailure,
  RemovedContents,
  TrimLimits,
} from "../cache-folder.ts";
import { errnoCode } from "../errno.ts";

/** The folders in which each entry is one thing that was fetched. */
const ENTRY_FOLDERS = ["files", "git", "hg", "git-lfs"];
/** The folder in which a thing is two files of one name. */
const TREES = "trees";
/** The folder with what is known of fetches; small. */
const FETCHES = "fetches";

interface Entry {
  readonly paths: readonly string[];
  readonly bytes: number;
  readonly files: number;
  /** The time of the last use, in milliseconds since 1970. */
  readonly used: number;
}

/** See the head of this file. */
export class FetchFolder {
  constructor(readonly directory: string) {}

  /** Counts the files. */
  contents(): CacheContents {
    return sumOf([...this.#entries(), ...this.#records()]);
  }

  /** Removes what was not used for the longest time; returns a summary. */
  trim({ maxBytes, maxAge }: TrimLimits): RemovedContents {
    const entries = this.#entries().sort((a, b) => a.used - b.used);
    let left = sumOf(entries).bytes;
    const now = Date.now();
    const removed: Entry[] = [];
    let failure: RemovalFailure | undefined;
    for (const entry of entries) {
      const isOld = maxAge !== undefined && now - entry.used > maxAge;
      if (!isOld && (maxBytes === undefined || left <= maxBytes)) break;
      const failed = removeEntry(entry);
      failure ??= failed;
      if (failed !== undefined) continue;
      left -= entry.bytes;
      removed.push(entry);
    }
    return { ...sumOf(removed), failure };
  }

  /** Removes everything; returns a summary. */
  clear(): RemovedContents {
    const removed: Entry[] = [];
    let failure: RemovalFailure | undefined;
    for (const entry of [...this.#entries(), ...this.#records()]) {
      const failed = removeEntry(entry);
      failure ??= failed;
      if (failed === undefined) removed.push(entry);
    }
    return { ...sumOf(removed), failure };
  }

  #entries(): Entry[] {
    const entries = ENTRY_FOLDERS.flatMap((folder) =>
      namesIn(join(this.directory, folder))
        .filter((name) => !name.endsWith(".lock"))
        .map((name) => entryOf([join(this.directory, folder, name)])),
    );
    const trees = join(this.directory, TREES);
    const names = new Set(namesIn(trees).map((name) => name.replace(/\.(?:nar|index)$/, "")));
    for (const name of names) {
      // The index goes first: a tree without one is not there.
      const paths = [`${name}.index`, `${name}.nar`].map((file) => join(trees, file));
      entries.push(entryOf(name.startsWith(".") ? [join(trees, name)] : paths));
    }
    return entries;
  }

  #records(): Entry[] {
    const folder = join(this.directory, FETCHES);
    return namesIn(folder).map((name) => entryOf([join(folder, name)]));
  }
}

function sumOf(entries: readonly Entry[]): CacheContents {
  let files = 0;
  let bytes = 0;
  for (const entry of entries) {
    files += entry.files;
    bytes += entry.bytes;
  }
  return { files, bytes };
}

function entryOf(paths: readonly string[]): Entry {
  let files = 0;
  let bytes = 0;
  let used = 0;
  const visit = (path: string): void => {
    try {
      const stat = lstatSync(path);
      used = Math.max(used, stat.atimeMs, stat.mtimeMs);
      if (stat.isDirectory()) for (const name of namesIn(path)) visit(join(path, name));
      else {
        files++;
        bytes += stat.size;
      }
    } catch {
      // Another process removed it first.
    }
  };
  for (const path of paths) visit(path);
  return { paths, files, bytes, used };
}

/** Removes an entry; returns why a part of it is still there. */
function removeEntry({ paths }: Entry): RemovalFailure | undefined {
  let failure: RemovalFailure | undefined;
  for (const path of paths) {
    try {
      // Nobody shall find a clone of which a part is gone.
      const doomed = `${path}.removed-${process.pid}`;
      renameSync(path, doomed);
      rmSync(doomed, { recursive: true, force: true });
    } catch (error) {
      const code = errnoCode(error);
      // Without a file, another process removed it first.
      if (code !== "ENOENT") failure ??= { path, code };
    }
  }
  return failure;
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}
