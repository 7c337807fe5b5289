/**
 * Code cache: keeps V8's compiled code of the bundle for the next start.
 *
 * V8 compiles a function on its first call. At the end of a run its compiled code can be extracted,
 * and at the start of the next run be given back, which saves parsing and compiling everything that
 * the first run used. Node offers the same since version 22.8 (`module.enableCompileCache`); this
 * module works on all versions, and replaces the code of a short run by that of a long one.
 *
 * The files are in `nivis/code` of the user's cache directory, one for each build of Nivis and
 * version of Node. A file is used only if it is complete and only the user may write to it
 * (`private-file.ts` of `@nivis/node`): V8 checks source, version, processor and flags, and trusts the rest. If anything is
 * wrong with a file or directory, the bundle is compiled as if there were no file, and the file is
 * replaced if possible. `NIVIS_NO_CACHE=1` disables the cache.
 */
import { readdirSync, readFileSync, statSync, unlinkSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { Script } from "node:vm";
import { readPrivateFile, writePrivateFile } from "@nivis/node";
import { cacheBase } from "./cache-base.ts";

/** A loaded script and the cache entry for it. */
export interface LoadedScript {
  /** Runs it and returns its value. */
  run(): unknown;
  /**
   * Writes the code compiled so far, unless the file holds as much already. Before that it calls
   * `prepare`, which restores the flags of V8 that were in force at the start. Never fails.
   */
  keep(prepare: () => void): void;
}

/*
 * A file consists of a head and V8's data, followed by both once more. The second copy serves as a
 * checksum: comparing memory is nearly free, while Node's modules with checksums take longer to load
 * than everything else here. The head identifies the file and says how long the run was that made it.
 * V8 requires its data to be aligned to eight bytes.
 */
const HEAD = 8;
const MAGIC = 0x4e56_4331;

/**
 * The processor time, in microseconds, after which a run has used most of what evaluation needs.
 */
const LONG_RUN = 500_000;
/**
 * The time since the start, in seconds, in which no run has used {@link LONG_RUN}. Reading the clock is
 * nearly free, while some systems take a millisecond to tell the processor time.
 */
const SHORT_RUN = 0.2;
/** The maximum size of a file, in bytes. */
const MAX_SIZE = 1 << 28;
/** The maximum age of a file, in milliseconds; files of other builds are never read again. */
const MAX_AGE = 30 * 24 * 3600 * 1000;

/** Loads a script, with the cached code of an earlier run if there is one. */
export function loadScript(path: string): LoadedScript {
  // A bundle is ASCII, and V8 stores Latin-1 text in half the space.
  const source = readFileSync(path, "latin1");
  const file = cacheFile(path);
  const kept = file === undefined ? undefined : readCache(file);
  const script = new Script(source, {
    filename: path,
    ...(kept === undefined ? {} : { cachedData: kept.data }),
  });
  const usable = kept !== undefined && script.cachedDataRejected === false;
  return {
    run: () => script.runInThisContext(),
    keep: (prepare) => {
      if (file === undefined) return;
      if (usable && (kept.long || process.uptime() < SHORT_RUN)) return;
      const long = process.cpuUsage().user >= LONG_RUN;
      if (usable && !long) return;
      prepare();
      writeCache(file, script.createCachedData(), long);
    },
  };
}

/** Returns the path of the cache file of a bundle, or `undefined` if there is no cache. */
function cacheFile(bundle: string): string | undefined {
  const base = cacheBase();
  const name = [basename(bundle, ".js"), process.version, process.arch].join("-");
  return base === undefined ? undefined : join(base, "code", name);
}

interface Kept {
  readonly data: Uint8Array;
  readonly long: boolean;
}

function readCache(file: string): Kept | undefined {
  const bytes = readPrivateFile(file, MAX_SIZE);
  if (bytes === undefined || bytes.length % 2 !== 0) return undefined;
  const half = bytes.subarray(0, bytes.length / 2);
  if (half.length < HEAD || half.readUInt32LE(0) !== MAGIC) return undefined;
  if (half.compare(bytes, half.length) !== 0) return undefined;
  return { data: half.subarray(HEAD), long: half.readUInt32LE(4) === 1 };
}

function writeCache(file: string, data: Uint8Array, long: boolean): void {
  const isWritten = writePrivateFile(file, () => {
    const head = Buffer.alloc(HEAD);
    head.writeUInt32LE(MAGIC, 0);
    head.writeUInt32LE(long ? 1 : 0, 4);
    return Buffer.concat([head, data, head, data]);
  });
  if (isWritten) removeOld(dirname(file));
}

function removeOld(folder: string): void {
  const oldest = Date.now() - MAX_AGE;
  try {
    for (const entry of readdirSync(folder)) {
      const path = join(folder, entry);
      const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: oldest };
      if (mtimeMs < oldest) unlinkSync(path);
    }
  } catch {
    // Another process was faster, and removes the others, too.
  }
}
