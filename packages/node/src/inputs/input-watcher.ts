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

/** How {@link waitForChange} waits. Times are in milliseconds. */
export interface WatchOptions {
  /** Ends the wait. */
  readonly signal?: AbortSignal;
  /** The environment; it does not change in a process. Defaults to that of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The time without a report after which inputs are compared. Defaults to 2000. */
  readonly interval?: number;
}

/** The time without a report that says that an editor, which writes in several steps, has done so. */
const CALM = 15;
/** The longest time that is waited for it. */
const MAX_UNREST = 100;

/**
 * Waits until an input differs; resolves with its name, or with `undefined` once the signal is
 * aborted.
 */
export async function waitForChange(
  recorded: RecordedInputs,
  options: WatchOptions = {},
): Promise<string | undefined> {
  const { signal, environment, interval = 2000 } = options;
  let inputs = recorded;
  let wake: () => void = () => {};
  const watchers = watchDirectories(directoriesOf(inputs), () => wake());
  const stop = (): void => wake();
  signal?.addEventListener("abort", stop);
  /** Whether something is reported within a time. */
  const waitForReport = (time: number): Promise<boolean> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => resolve(false), time);
      wake = () => {
        clearTimeout(timer);
        resolve(true);
      };
    });
  try {
    while (signal?.aborted !== true) {
      const check = checkInputs({ inputs, ...(environment === undefined ? {} : { environment }) });
      if (!check.holds) return check.changed;
      inputs = check.renewed ?? inputs;
      if (!(await waitForReport(interval))) continue;
      const started = Date.now();
      while (Date.now() - started < MAX_UNREST && (await waitForReport(CALM)));
    }
    return undefined;
  } finally {
    signal?.removeEventListener("abort", stop);
    for (const watcher of watchers) watcher.close();
  }
}

/** The directories whose changes can be changes of inputs. */
function directoriesOf({ paths, questions }: RecordedInputs): ReadonlySet<string> {
  const directories = new Set<string>();
  paths.forEach((path, i) => {
    const question = questions[i] as number;
    if ((question & Question.Listing) !== 0) directories.add(path);
    // A directory on the way matters when it goes away, which its own directory shows.
    const isOnTheWay = question === Kind.Directory;
    if (!isOnTheWay) directories.add(existing(dirname(path)));
  });
  return directories;
}

/** The path itself if it is a directory, or the nearest one above it. */
function existing(path: string): string {
  for (let at = path; ; at = dirname(at)) {
    const stats = statSync(toNodePath(at), { throwIfNoEntry: false });
    if (at === "/" || stats?.isDirectory() === true) return at;
  }
}

function watchDirectories(directories: ReadonlySet<string>, report: () => void): FSWatcher[] {
  const watchers: FSWatcher[] = [];
  for (const directory of directories) {
    try {
      const watcher = watch(toNodePath(directory), report);
      watcher.on("error", report);
      watchers.push(watcher);
    } catch {
      // The system has no more watches, or the directory is gone; the interval makes up for it.
    }
  }
  return watchers;
}
