/**
 * ProcessLock: a file that says which process is at work somewhere. Node has no `flock`, so a lock is a
 * file that exists; a process that died without taking its file away is found out by its number and the
 * time at which it began.
 */
import { linkSync, readFileSync, renameSync, unlinkSync, writeFileSync } from "node:fs";
import { errnoCode } from "../errno.ts";

/** How long to wait before looking again, in milliseconds. */
const FIRST_PAUSE = 10;
const LONGEST_PAUSE = 250;

/** The locks that processes of this disk hold, for those that wait in the same process. */
export class ProcessLocks {
  readonly #held = new Map<string, Promise<void>>();
  #count = 0;

  /** Waits for a lock and takes it; returns what gives it back. */
  async take(path: string, waiting: () => void): Promise<() => void> {
    for (let other = this.#held.get(path); other !== undefined; other = this.#held.get(path)) {
      await other;
    }
    let finish = (): void => {};
    this.#held.set(
      path,
      new Promise((resolve) => {
        finish = () => {
          this.#held.delete(path);
          resolve();
        };
      }),
    );
    try {
      const mark = await this.#takeFile(path, waiting);
      return () => {
        releaseFile(path, mark);
        finish();
      };
    } catch (error) {
      finish();
      throw error;
    }
  }

  async #takeFile(path: string, waiting: () => void): Promise<string> {
    const mark = `${process.pid} ${startTime(process.pid)} ${this.#count++}\n`;
    const draft = `${path}.${process.pid}.${this.#count}`;
    let hasSaidSo = false;
    for (let pause = FIRST_PAUSE; ; pause = Math.min(LONGEST_PAUSE, pause * 2)) {
      if (tryLink(path, draft, mark)) return mark;
      const holder = readMark(path);
      if (holder !== undefined && !isAlive(holder)) {
        breakLock(path, holder, draft);
        continue;
      }
      if (!hasSaidSo && holder !== undefined) waiting();
      hasSaidSo = true;
      await new Promise((resolve) => setTimeout(resolve, pause));
    }
  }
}

/** Puts the mark there in one step; `false` if there is one already. */
function tryLink(path: string, draft: string, mark: string): boolean {
  writeFileSync(draft, mark);
  try {
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (errnoCode(error) !== "EEXIST") throw error;
    return false;
  } finally {
    unlinkSync(draft);
  }
}

function readMark(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (errnoCode(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Whether the process that left a mark still runs. */
function isAlive(mark: string): boolean {
  const [pid, start] = mark.split(" ");
  const number = Number(pid);
  if (!Number.isInteger(number) || number <= 0) return false;
  try {
    process.kill(number, 0);
  } catch (error) {
    if (errnoCode(error) === "ESRCH") return false;
  }
  const now = startTime(number);
  return now === "" || start === "" || now === start;
}

/** When a process began, in the units of the system; empty where that cannot be known. */
function startTime(pid: number): string {
  try {
    // The name of the program, in parentheses, may hold anything.
    const fields = readFileSync(`/proc/${pid}/stat`, "latin1")
      .replace(/^.*\) /s, "")
      .split(" ");
    return fields[19] ?? "";
  } catch (error) {
    errnoCode(error);
    return "";
  }
}

/** Takes away the lock of a process that is gone, unless somebody else was quicker. */
function breakLock(path: string, holder: string, draft: string): void {
  try {
    renameSync(path, draft);
  } catch (error) {
    if (errnoCode(error) === "ENOENT") return;
    throw error;
  }
  const taken = readMark(draft);
  if (taken !== undefined && taken !== holder) tryRestore(path, draft);
  unlinkSync(draft);
}

function tryRestore(path: string, draft: string): void {
  try {
    linkSync(draft, path);
  } catch (error) {
    if (errnoCode(error) !== "EEXIST") throw error;
  }
}

function releaseFile(path: string, mark: string): void {
  if (readMark(path) === mark) unlinkSync(path);
}
