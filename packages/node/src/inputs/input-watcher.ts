/**
 * Input watcher: waits until something that an evaluation looked at is no longer as it was.
 *
 * The system reports changes of the directories around the recorded files; a report only says that it
 * is time to compare ({@link checkInputs}), so neither too many nor too few of them do harm. Where
 * directories cannot be watched, and for what no directory shows, inputs are compared now and then.
 */
import { type FSWatcher, statSync, watch } from "node:fs";
import { dirname } from "node:path";
import { toNodePath } from "../byte-path.ts";
import { Kind } from "./file-status.ts";
import { checkInputs } from "./input-check.ts";
import { Question, type RecordedInputs } from "./recorded-inputs.ts";

/** How {@link InputWatcher.change} waits. Times are in milliseconds. */
export interface WatchOptions {
  /** The environment; it does not change in a process. Defaults to that of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The time without a report after which inputs are compared. Defaults to 2000. */
  readonly interval?: number;
  /** See {@link InputWatcher.rest}. Defaults to {@link CALM}. */
  readonly calm?: number;
}

/** The time without a report that says that an editor, which writes in several steps, has done so. */
export const CALM = 15;
/** The longest time that is waited for it. */
const MAX_UNREST = 100;

/** A directory that is watched. */
interface Watched {
  readonly watcher: FSWatcher;
  /** Its device and inode. */
  readonly identity: string;
}

/** Waits for changes again and again, and goes on watching between two waits. */
export class InputWatcher {
  readonly #watched = new Map<string, Watched>();
  #reports = 0;
  #wake: () => void = () => {};

  /** How often the system has reported something. */
  get reports(): number {
    return this.#reports;
  }

  /** Watches the directories of these inputs, and no others; returns how many these are. */
  cover(inputs: RecordedInputs): number {
    const directories = directoriesOf(inputs);
    this.#watch(directories);
    return directories.size;
  }

  /** Waits until an input differs; resolves with its name. */
  async change(recorded: RecordedInputs, options: WatchOptions = {}): Promise<string> {
    const { environment, interval = 2000, calm = CALM } = options;
    let inputs = recorded;
    this.cover(inputs);
    for (;;) {
      const check = checkInputs({ inputs, ...(environment === undefined ? {} : { environment }) });
      if (!check.holds) return check.changed ?? "";
      inputs = check.renewed ?? inputs;
      if (await this.report(interval)) await this.rest(calm);
    }
  }

  /** Waits until nothing has been reported for some milliseconds, but not for long. */
  async rest(calm: number): Promise<void> {
    const started = Date.now();
    while (Date.now() - started < MAX_UNREST && (await this.report(calm)));
  }

  /**
   * Whether something is reported within a time in milliseconds, or at all. Reports that wait arrive even within
   * no time.
   */
  report(time = Number.POSITIVE_INFINITY): Promise<boolean> {
    return new Promise((resolve) => {
      const isTimed = time > 0 && time < Number.POSITIVE_INFINITY;
      const timer = isTimed ? setTimeout(() => resolve(false), time) : undefined;
      // The system is asked between timers and immediate callbacks.
      const immediate = time > 0 ? undefined : setImmediate(() => resolve(false));
      this.#wake = () => {
        clearTimeout(timer);
        clearImmediate(immediate);
        resolve(true);
      };
    });
  }

  /** Watches nothing any longer. */
  close(): void {
    for (const { watcher } of this.#watched.values()) watcher.close();
    this.#watched.clear();
  }

  /** Watches these directories and no others. */
  #watch(directories: ReadonlyMap<string, string>): void {
    for (const [directory, { watcher, identity }] of this.#watched) {
      // Another directory in its place is not watched yet.
      if (directories.get(directory) === identity) continue;
      watcher.close();
      this.#watched.delete(directory);
    }
    const report = (): void => {
      this.#reports++;
      this.#wake();
    };
    for (const [directory, identity] of directories) {
      if (this.#watched.has(directory)) continue;
      try {
        const watcher = watch(toNodePath(directory), report);
        watcher.on("error", report);
        this.#watched.set(directory, { watcher, identity });
      } catch {
        // The system has no more watches, or the directory is gone; the interval makes up for it.
      }
    }
  }
}

/** The directories whose changes can be changes of inputs, with what identifies each. */
function directoriesOf({ paths, questions }: RecordedInputs): ReadonlyMap<string, string> {
  const directories = new Map<string, string>();
  const places = new Set<string>();
  paths.forEach((path, i) => {
    const question = questions[i] as number;
    if ((question & Question.Listing) !== 0) places.add(path);
    // A directory on the way matters when it goes away, which its own directory shows.
    const isOnTheWay = question === Kind.Directory;
    if (!isOnTheWay) places.add(dirname(path));
  });
  for (const place of places) {
    const [directory, identity] = existing(place);
    directories.set(directory, identity);
  }
  return directories;
}

/** The path itself if it is a directory, or the nearest one above it; with what identifies it. */
function existing(path: string): readonly [path: string, identity: string] {
  for (let at = path; ; at = dirname(at)) {
    const stats = statSync(toNodePath(at), { throwIfNoEntry: false });
    if (at === "/" || stats?.isDirectory() === true) return [at, `${stats?.dev} ${stats?.ino}`];
  }
}
