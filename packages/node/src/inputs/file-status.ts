/**
 * File status: what the system says of a file without opening it, as numbers that are quick to
 * compare with those of an earlier run.
 *
 * A *stamp* is the device, inode, size, modification time and change time of a file, both times in
 * nanoseconds. Two equal stamps mean equal contents only if the change time cannot be set by
 * programs and is fine enough; {@link isSettled} and {@link StampTrust} say when that is so.
 * docs/design/012-remembered-results.md has the argument and the measurements.
 *
 * Thousands of files are looked at when a command starts, before V8 has optimised anything, and most
 * of the time of `lstatSync` goes into objects that nobody reads. {@link StatusReader} therefore
 * calls the function below it if this version of Node has the one it knows, compares the first result
 * with that of `lstatSync`, and falls back to that.
 */
import { type BigIntStats, lstatSync, statfsSync, statSync } from "node:fs";
import { hasExecutableBit } from "../host-path.ts";

/** The number of 32-bit words of a stamp. */
export const STAMP_WORDS = 12;
/** Where the times begin in a stamp: two words of seconds, low and high, and one of nanoseconds. */
const MODIFICATION_TIME = 6;
const CHANGE_TIME = 9;

/** The bits of a mode that hold the type of a file, and their values. */
const TYPE_BITS = 0o170000;
const REGULAR = 0o100000;
const DIRECTORY = 0o040000;
const SYMLINK = 0o120000;

/** What is at a path, as recorded inputs store it. */
export const enum Kind {
  /** The question was not asked. */
  Unasked = 0,
  Missing = 1,
  Regular = 2,
  Directory = 3,
  Symlink = 4,
  Other = 5,
  /** The question failed; never recorded. */
  Failed = 6,
}

/** Returns the kind of a file from its mode. */
export function kindOfMode(mode: number): Kind {
  switch (mode & TYPE_BITS) {
    case REGULAR:
      return Kind.Regular;
    case DIRECTORY:
      return Kind.Directory;
    case SYMLINK:
      return Kind.Symlink;
    default:
      return Kind.Other;
  }
}

/** Whether the owner may execute a regular file of this mode. */
export function isExecutableMode(mode: number): boolean {
  return (mode & TYPE_BITS) === REGULAR && hasExecutableBit(mode);
}

/** Nanoseconds of a second, in `BigInt`. */
const SECOND = 1_000_000_000n;
const LOW_WORD = 0xffff_ffffn;

/** Writes a stamp to `words`. */
export function writeStamp(stats: BigIntStats, words: Int32Array, at = 0): void {
  const { dev, ino, size, mtimeNs, ctimeNs } = stats;
  let next = at;
  const put = (value: bigint): void => {
    words[next++] = Number(BigInt.asIntN(32, value & LOW_WORD));
    words[next++] = Number(BigInt.asIntN(32, value >> 32n));
  };
  put(dev);
  put(ino);
  put(size);
  for (const time of [mtimeNs, ctimeNs]) {
    put(time / SECOND);
    words[next++] = Number(time % SECOND);
  }
}

/**
 * The number of milliseconds by which a file must be older than the look at it. Times of files
 * advance by the ticks of the system, at most 10 ms apart, so a file that was changed in the tick of
 * its last change looks unchanged.
 */
const SETTLING_TIME = 100;

/**
 * Whether a stamp that was taken at `now`, in milliseconds since 1970, changes with the contents from
 * then on: both times lie in the past by more than the clock's grain, and the change time is finer
 * than a millisecond. File systems that keep coarser times, or that set them when an image is made,
 * do not pass.
 */
export function isSettled(stats: BigIntStats, now: number, settlingTime = SETTLING_TIME): boolean {
  const { mtimeNs, ctimeNs } = stats;
  const limit = BigInt(Math.floor(now) - settlingTime) * 1_000_000n;
  return mtimeNs < limit && ctimeNs < limit && ctimeNs % 1_000_000n !== 0n;
}

/** {@link isSettled} for a stamp of `words` that starts at `at`. */
export function isSettledStamp(
  words: Int32Array,
  at: number,
  now: number,
  settlingTime = SETTLING_TIME,
): boolean {
  const limit = now - settlingTime;
  const nanoseconds = words[at + CHANGE_TIME + 2] as number;
  const isPast = (time: number): boolean => millisecondsOf(words, at + time) < limit;
  return isPast(MODIFICATION_TIME) && isPast(CHANGE_TIME) && nanoseconds % 1_000_000 !== 0;
}

/** A time in a stamp, in milliseconds since 1970. */
function millisecondsOf(words: Int32Array, at: number): number {
  const [low, high, nanoseconds] = [words[at], words[at + 1], words[at + 2]] as number[] as [
    number,
    number,
    number,
  ];
  return (high * 2 ** 32 + (low >>> 0)) * 1000 + nanoseconds / 1e6;
}

/**
 * The types of file systems of Linux (statfs(2)) on which the kernel of this machine sets the change
 * time itself, and that no other machine changes: btrfs, ext, f2fs, overlayfs, bcachefs, tmpfs, XFS
 * and ZFS.
 */
const TRUSTED_TYPES: ReadonlySet<number> = new Set([
  0x9123683e, 0xef53, 0xf2f52010, 0x794c7630, 0xca451a4e, 0x01021994, 0x58465342, 0x2fc12fc1,
]);

/** Whether stamps of the file system at a path tell whether contents changed. */
export function isTrustedFileSystem(path: string | Buffer): boolean {
  if (process.platform !== "linux") return false;
  try {
    return TRUSTED_TYPES.has(statfsSync(path).type);
  } catch {
    return false;
  }
}

/** Remembers for each device whether its stamps can be trusted, with a path on each. */
export class StampTrust {
  readonly #devices = new Map<bigint, boolean>();
  readonly #samples: (string | Buffer)[] = [];

  /** Whether stamps of files on a device can be trusted; `path` is one of them. */
  of(device: bigint, path: string | Buffer): boolean {
    let trusted = this.#devices.get(device);
    if (trusted === undefined) {
      trusted = isTrustedFileSystem(path);
      this.#devices.set(device, trusted);
      if (trusted) this.#samples.push(path);
    }
    return trusted;
  }

  /** A path on each trusted device. */
  get samples(): readonly (string | Buffer)[] {
    return this.#samples;
  }
}

/** The function of Node below `lstatSync`: returns numbers in an array, the same one each time. */
type StatFunction = (
  path: string | Buffer,
  useBigInt: true,
  request: undefined,
  throwIfNoEntry: false,
) => BigInt64Array | undefined;

/** Where the array holds the numbers of a stamp, and how many words each takes. */
const WORDS_OF_ARRAY: readonly number[] = [0, 1, 14, 15, 16, 17, 24, 25, 26, 28, 29, 30];
const MODE_WORD = 2;

/** Looks at files; `words` has the stamp of the last one. */
export class StatusReader {
  readonly words = new Int32Array(STAMP_WORDS);
  readonly #lstat: StatFunction | undefined;
  readonly #stat: StatFunction | undefined;
  #view: Int32Array | undefined;
  #isVerified = false;
  #isTrusted = true;

  /** `useBinding` is for tests. Defaults to whether this version of Node has the known function. */
  constructor(useBinding = true) {
    const binding = useBinding ? findBinding() : undefined;
    this.#lstat = binding?.lstat;
    this.#stat = binding?.stat;
  }

  /** Whether the quick way is taken. */
  get isQuick(): boolean {
    return this.#lstat !== undefined && this.#isTrusted;
  }

  /**
   * Returns the mode of the file at a path, 0 if there is none, -1 if the question fails, and keeps
   * its stamp. With `follow`, symlinks are followed.
   */
  look(path: string | Buffer, follow: boolean): number {
    const quick = follow ? this.#stat : this.#lstat;
    if (quick === undefined || !this.#isTrusted) return this.#lookSlowly(path, follow);
    let numbers: BigInt64Array | undefined;
    try {
      numbers = quick(path, true, undefined, false);
    } catch (error) {
      return codeIsMissing(error) ? 0 : -1;
    }
    if (numbers === undefined) return 0;
    let view = this.#view;
    if (view === undefined || view.buffer !== numbers.buffer) {
      view = new Int32Array(numbers.buffer, numbers.byteOffset, numbers.length * 2);
      this.#view = view;
    }
    const { words } = this;
    for (let i = 0; i < STAMP_WORDS; i++) words[i] = view[WORDS_OF_ARRAY[i] as number] as number;
    const mode = view[MODE_WORD] as number;
    if (this.#isVerified) return mode;
    const before = words.slice();
    const slow = this.#lookSlowly(path, follow);
    this.#isVerified = true;
    this.#isTrusted = slow === mode && before.every((word, i) => word === words[i]);
    return slow;
  }

  #lookSlowly(path: string | Buffer, follow: boolean): number {
    try {
      const options = { bigint: true, throwIfNoEntry: false } as const;
      const stats = follow ? statSync(path, options) : lstatSync(path, options);
      if (stats === undefined) return 0;
      writeStamp(stats, this.words);
      return Number(stats.mode);
    } catch (error) {
      return codeIsMissing(error) ? 0 : -1;
    }
  }
}

function codeIsMissing(error: unknown): boolean {
  const code = (error as NodeJS.ErrnoException | undefined)?.code;
  return code === "ENOENT" || code === "ENOTDIR";
}

interface FileBinding {
  readonly lstat: StatFunction;
  readonly stat: StatFunction;
}

/**
 * Returns Node's own functions for files if they take the arguments that are known here; calling
 * them with others can abort the process. Node warns of their use only if it is asked to warn of all
 * that may be deprecated one day.
 */
function findBinding(): FileBinding | undefined {
  const { execArgv, env } = process;
  const options = [...execArgv, env["NODE_OPTIONS"] ?? ""].join(" ");
  const warns = options.includes("pending-deprecation") || env["NODE_PENDING_DEPRECATION"] === "1";
  if (warns || options.includes("permission") || process.platform === "win32") return undefined;
  const calls = (source: string, name: string): boolean =>
    new RegExp(
      `binding\\.${name}\\(\\s*[^;]*\\boptions\\.bigint,\\s*undefined,\\s*options\\.throwIfNoEntry,?\\s*\\)`,
    ).test(source);
  if (!calls(lstatSync.toString(), "lstat") || !calls(statSync.toString(), "stat"))
    return undefined;
  try {
    const { binding } = process as unknown as { binding?: (name: string) => Partial<FileBinding> };
    const { lstat, stat } = binding?.call(process, "fs") ?? {};
    return lstat === undefined || stat === undefined ? undefined : { lstat, stat };
  } catch {
    return undefined;
  }
}
