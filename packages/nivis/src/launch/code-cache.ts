/**
 * Code cache: keeps what V8 compiled of the bundle for the next start.
 *
 * V8 compiles a function when it is first called. What it made can be taken out of it at the end of
 * a run and be given back to it at the start of the next, which then neither parses nor compiles
 * what that run had used. Node has the like since version 22.8 (`module.enableCompileCache`); this
 * works on all versions, and replaces what a short run has left by what a long one leaves.
 *
 * The files lie in `nivis/code` of the user's cache directory, one for each build of Nivis and
 * version of Node. A file is used only if it belongs to the user, nobody else may write to it and it is
 * whole: V8 checks that it is for the same source, version, processor and flags, and takes the rest
 * on trust. Whatever is wrong with a file or directory, the bundle is compiled as if there were
 * none, and the file is written anew if that is possible. `NIVIS_NO_CACHE=1` turns all of it off.
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { Script } from "node:vm";

/** A script that was loaded, and what is to be kept of it. */
export interface LoadedScript {
  /** Runs it and returns its value. */
  run(): unknown;
  /**
   * Writes what is compiled by now, unless as much is kept already; before it does, it calls
   * `prepare`, which puts back the flags of V8 that were in force at the start. Never fails.
   */
  keep(prepare: () => void): void;
}

/*
 * A file is a head, what V8 made, and both once more. The second copy stands in for a checksum: to
 * compare memory costs next to nothing, while the modules of Node that have checksums take longer to
 * load than all the rest here. The head says what the file is and how long the run was that made it;
 * V8 wants its data aligned to eight bytes.
 */
const HEAD = 8;
const MAGIC = 0x4e56_4331;

/** The processor time, in microseconds, after which a run has used most of what evaluation needs. */
const LONG_RUN = 500_000;
/** How old a file may become, in milliseconds; those of other builds are never read again. */
const MAX_AGE = 30 * 24 * 3600 * 1000;

/** Loads a script, with what an earlier run kept of it if there is such a thing. */
export function loadScript(path: string): LoadedScript {
  // All characters of a bundle are ASCII, and V8 keeps such a text in half the space.
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
      const long = process.cpuUsage().user >= LONG_RUN;
      if (usable && (kept.long || !long)) return;
      prepare();
      writeCache(file, script.createCachedData(), long);
    },
  };
}

/** Where the code of a bundle is kept; `undefined` if nowhere. */
function cacheFile(bundle: string): string | undefined {
  const { NIVIS_NO_CACHE, XDG_CACHE_HOME = "", HOME = "" } = process.env;
  if ((NIVIS_NO_CACHE ?? "") !== "") return undefined;
  let base = XDG_CACHE_HOME;
  // The specification says that a relative path there is to be ignored.
  if (!base.startsWith("/")) {
    // A home that is not there is somebody's way to say that there is none, and that of somebody else,
    // which `sudo` leaves in the environment, is not to be written into.
    if (!HOME.startsWith("/") || !isOwn(HOME)) return undefined;
    base = join(HOME, ".cache");
  }
  const name = [basename(bundle, ".js"), process.version, process.arch].join("-");
  return join(base, "nivis", "code", name);
}

/** Whether a file or directory is there and belongs to the user. */
function isOwn(path: string): boolean {
  try {
    const { uid } = statSync(path);
    return uid === (process.geteuid?.() ?? uid);
  } catch {
    return false;
  }
}

interface Kept {
  readonly data: Uint8Array;
  readonly long: boolean;
}

function readCache(file: string): Kept | undefined {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return undefined;
  }
  try {
    const { size, uid, mode } = fstatSync(descriptor);
    if (uid !== (process.getuid?.() ?? uid) || (mode & 0o022) !== 0) return undefined;
    const bytes = Buffer.allocUnsafeSlow(size);
    if (readSync(descriptor, bytes) !== size || size % 2 !== 0) return undefined;
    const half = bytes.subarray(0, size / 2);
    if (half.length < HEAD || half.readUInt32LE(0) !== MAGIC) return undefined;
    if (half.compare(bytes, half.length) !== 0) return undefined;
    return { data: half.subarray(HEAD), long: half.readUInt32LE(4) === 1 };
  } catch {
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

function writeCache(file: string, data: Uint8Array, long: boolean): void {
  const head = Buffer.alloc(HEAD);
  head.writeUInt32LE(MAGIC, 0);
  head.writeUInt32LE(long ? 1 : 0, 4);
  const folder = dirname(file);
  // A name of our own first: another process may be reading or writing the same file.
  const draft = `${file}.${process.pid}`;
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    removeOld(folder);
    writeFileSync(draft, Buffer.concat([head, data, head, data]), { flag: "wx", mode: 0o600 });
    renameSync(draft, file);
  } catch {
    unlinkIfThere(draft);
  }
}

function unlinkIfThere(file: string): void {
  try {
    unlinkSync(file);
  } catch {
    // It was never written, or another process was quicker.
  }
}

function removeOld(folder: string): void {
  const oldest = Date.now() - MAX_AGE;
  for (const entry of readdirSync(folder)) {
    const path = join(folder, entry);
    const { mtimeMs } = statSync(path, { throwIfNoEntry: false }) ?? { mtimeMs: oldest };
    if (mtimeMs < oldest) unlinkIfThere(path);
  }
}
