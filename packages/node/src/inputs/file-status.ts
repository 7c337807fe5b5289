/**
 * File status: what the system says of a file without opening it, as numbers that are quick to
 * compare with those of an earlier run.
 *
 * A *stamp* is the device, inode, size, modification time and change time of a file, both times in
 * nanoseconds. Two equal stamps mean equal contents only if the change time cannot be set by
 * programs and is fine enough; {@link isSettled} and {@link StampTrust} say when that is so.
 * docs/design/012-remembered-results.md has the argument and the measurements.
 */
import { type BigIntStats, statfsSync } from "node:fs";
import { hasExecutableBit } from "../host-path.ts";

/** The number of 32-bit words of a stamp. */
export const STAMP_WORDS = 12;

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

/** Where the times begin in a stamp: two words of seconds, low and high, and one of nanoseconds. */
const MODIFICATION_TIME = 6;
const CHANGE_TIME = 9;

/**
 * Whether a stamp in `words`, from `at` on, that was taken at `now`, in milliseconds since 1970, changes with the
 * contents from then on: both times lie in the past by more than the clock's grain, and the change time is finer
 * than a millisecond. File systems that keep coarser times, or that set them when an image is made,
 * do not pass.
 */
export function isSettled(
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
