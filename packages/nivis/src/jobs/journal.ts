/**
 * Journal: the file of `--resume`. It holds the finished lines of a sweep, so that the same command
 * continues after Ctrl-C, a crash or a restart of the machine. Lines that failed for lack of memory or
 * time, and those that an aggregate changed, are not kept.
 *
 * The first line identifies the command that the journal belongs to; what files contain is not part of
 * that: who edits the sources removes the journal.
 */
import { closeSync, openSync, readFileSync, statSync, truncateSync, writeSync } from "node:fs";
import { EvalError } from "@nivis/eval";
import { byteStringToBytes, decodeUtf8, encodeUtf8, marked } from "@nivis/formats";
import { type AttrPath, attrPathKey, joinAttrPath, type KnownJob } from "@nivis/jobs";
import { errnoMessage } from "@nivis/node";

/** A line of an earlier run. */
export interface JournalLine {
  /** The key of its path. */
  readonly key: string;
  readonly line: string;
  readonly name: string;
  readonly job: KnownJob;
}

interface JournalHead {
  readonly nivisJobs: number;
  readonly command: string;
}

const VERSION = 1;

/** See the head of this file. */
export class Journal {
  /** The lines of earlier runs. */
  readonly lines: readonly JournalLine[];
  readonly #descriptor: number;

  private constructor(descriptor: number, lines: readonly JournalLine[]) {
    this.#descriptor = descriptor;
    this.lines = lines;
  }

  /**
   * Opens a journal, or makes one. `command` is whatever distinguishes this command from others. Throws
   * an {@link EvalError} if the file is that of another command or not a journal, or cannot be made.
   */
  static open(path: string, command: string): Journal {
    const file = decodeUtf8(path);
    try {
      const text = readIfThere(path);
      // A run that was killed may have left part of a line behind.
      const end = text.lastIndexOf("\n") + 1;
      if (end < text.length) truncateSync(file, end);
      const [first, ...rest] = text.slice(0, end).split("\n").slice(0, -1);
      if (first !== undefined) checkHead(path, first, command);
      const descriptor = openSync(file, "a", 0o666);
      const journal = new Journal(
        descriptor,
        rest.map((line) => readLine(path, line)),
      );
      if (first === undefined) {
        const head: JournalHead = { nivisJobs: VERSION, command };
        journal.#write(encodeUtf8(JSON.stringify(head)));
      }
      return journal;
    } catch (error) {
      if (error instanceof EvalError) throw error;
      const { code = "" } = error as NodeJS.ErrnoException;
      throw new EvalError("io", marked`opening the journal "${path}": ${errnoMessage(code)}`);
    }
  }

  /** Keeps a finished line. */
  add(line: string): void {
    this.#write(line);
  }

  close(): void {
    closeSync(this.#descriptor);
  }

  #write(line: string): void {
    writeSync(this.#descriptor, byteStringToBytes(`${line}\n`));
  }
}

/** The text of a journal, empty if there is none. Devices and pipes may have no end, so they are not read. */
function readIfThere(path: string): string {
  const file = decodeUtf8(path);
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return "";
  if (!stat.isFile()) {
    throw new EvalError(
      "value",
      marked`the journal '${path}' is not a regular file: name one, or a file that does not exist yet`,
    );
  }
  return readFileSync(file, "latin1");
}

function checkHead(path: string, line: string, command: string): void {
  let head: Partial<JournalHead> = {};
  try {
    head = JSON.parse(decodeUtf8(line)) as Partial<JournalHead>;
  } catch {
    // Reported below.
  }
  if (head.nivisJobs !== VERSION) {
    throw new EvalError(
      "value",
      marked`'${path}' is not a journal of 'nivis jobs': name a file that does not exist yet`,
    );
  }
  if (head.command !== command) {
    throw new EvalError(
      "value",
      marked`the journal '${path}' belongs to another command (or another version of Nivis): name another file, or remove it to begin anew`,
    );
  }
}

function readLine(path: string, line: string): JournalLine {
  try {
    const { attrPath, drvPath, error } = JSON.parse(decodeUtf8(line)) as {
      readonly attrPath: readonly string[];
      readonly drvPath?: string;
      readonly error?: string;
    };
    const bytes: AttrPath = attrPath.map(encodeUtf8);
    const job: KnownJob = {
      ...(drvPath === undefined ? {} : { drvPath: encodeUtf8(drvPath) }),
      ...(error === undefined ? {} : { error: encodeUtf8(error) }),
    };
    return { key: attrPathKey(bytes), line, name: joinAttrPath(bytes), job };
  } catch {
    throw new EvalError("value", marked`the journal '${path}' is damaged: remove it to begin anew`);
  }
}
