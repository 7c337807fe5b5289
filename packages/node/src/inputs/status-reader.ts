/**
 * Status reader: looks at many files quickly.
 *
 * Thousands of files are looked at when a command starts, before V8 has optimised anything, and most
 * of the time of `lstatSync` goes into objects that nobody reads. {@link StatusReader} therefore
 * calls the function below it if this version of Node has the one it knows, compares the first result
 * with that of `lstatSync`, and falls back to that. It is a part of the launcher and of bundles on demand.
 */
import { lstatSync, statSync } from "node:fs";
import { STAMP_WORDS, writeStamp } from "./file-status.ts";

/** The function of Node below `lstatSync`: returns numbers in an array, the same one each time. */
type StatFunction = (
  path: string | Buffer,
  useBigInt: true,
  request: undefined,
  throwIfNoEntry: false,
) => BigInt64Array | undefined;

/** Where the array holds the numbers of a stamp, as 32-bit words. */
const WORDS_OF_ARRAY: readonly number[] = [0, 1, 14, 15, 16, 17, 24, 25, 26, 28, 29, 30];
const MODE_WORD = 2;

/** Looks at files, and compares stamps with the last one that it has seen. */
export class StatusReader {
  readonly #lstat: StatFunction | undefined;
  readonly #stat: StatFunction | undefined;
  readonly #slow = new Int32Array(STAMP_WORDS);
  #view: Int32Array | undefined;
  /** Whether the last stamp is in the view. */
  #isInView = false;
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
   * Returns the mode of the file at a path, 0 if there is none, -1 if the question fails. A stamp is kept if there
   * is one. With `follow`, symlinks are followed.
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
    this.#isInView = true;
    const mode = view[MODE_WORD] as number;
    if (this.#isVerified) return mode;
    const quickly = this.words;
    const slow = this.#lookSlowly(path, follow);
    this.#isVerified = true;
    this.#isTrusted = slow === mode && this.isStamp(quickly, 0);
    return slow;
  }

  /** A copy of the last stamp. */
  get words(): Int32Array {
    const view = this.#view;
    if (view === undefined || !this.#isInView) return this.#slow.slice();
    return Int32Array.from(WORDS_OF_ARRAY, (word) => view[word] as number);
  }

  /** Whether the last stamp is the one of `stamps` that starts at `at`. */
  isStamp(stamps: Int32Array, at: number): boolean {
    const view = this.#view;
    if (view === undefined || !this.#isInView) {
      return this.#slow.every((word, i) => word === stamps[at + i]);
    }
    // V8 interprets this for most files; a loop would take twice as long.
    return (
      view[28] === stamps[at + 9] &&
      view[30] === stamps[at + 11] &&
      view[24] === stamps[at + 6] &&
      view[26] === stamps[at + 8] &&
      view[14] === stamps[at + 2] &&
      view[16] === stamps[at + 4] &&
      view[0] === stamps[at] &&
      view[1] === stamps[at + 1] &&
      view[15] === stamps[at + 3] &&
      view[17] === stamps[at + 5] &&
      view[25] === stamps[at + 7] &&
      view[29] === stamps[at + 10]
    );
  }

  #lookSlowly(path: string | Buffer, follow: boolean): number {
    try {
      const options = { bigint: true, throwIfNoEntry: false } as const;
      const stats = follow ? statSync(path, options) : lstatSync(path, options);
      if (stats === undefined) return 0;
      writeStamp(stats, this.#slow);
      this.#isInView = false;
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
