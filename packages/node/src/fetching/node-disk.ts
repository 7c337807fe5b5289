/** NodeDisk: the disk of this machine, as fetchers use it. Errors are `InputError`s in the words of C. */
import {
  chmodSync,
  closeSync,
  fstatSync,
  lstatSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  readSync,
  renameSync,
  rmSync,
  type Stats,
  symlinkSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { join } from "node:path";
import type { DirectoryEntry, Disk, DiskStat, FileType, NewFile, OpenFile } from "@nivis/fetch";
import { InputError, marked, uncolored } from "@nivis/formats";
import { bytesOfText, textOfBytes, toNodePath } from "../byte-path.ts";
import { errnoCode, errnoMessage } from "../errno.ts";
import { hasExecutableBit } from "../host-path.ts";
import { makeDirectories } from "../make-directories.ts";
import { ProcessLocks } from "./process-lock.ts";

/** Files that are not complete yet. */
const DRAFT = /^\.draft-(\d+)-/;
/** Drafts of processes that are gone are removed when they are older than this, in milliseconds. */
const DRAFT_AGE = 60 * 60 * 1000;
/** How much is written at once. */
const BUFFER = 1 << 20;

/** The status of a file; nothing if it does not exist, which it does not below a file either. */
function statusOf(path: string): Stats | undefined {
  try {
    return lstatSync(toNodePath(path), { throwIfNoEntry: false });
  } catch (error) {
    if (errnoCode(error) === "ENOTDIR") return undefined;
    throw error;
  }
}

/** See the head of this file. */
export class NodeDisk implements Disk {
  readonly #locks = new ProcessLocks();
  readonly #tidied = new Set<string>();
  #drafts = 0;

  stat(path: string): DiskStat | undefined {
    const stats = attempt("getting status of", path, () => statusOf(path));
    if (stats === undefined) return undefined;
    return {
      type: typeOf(stats),
      isExecutable: hasExecutableBit(stats.mode),
      size: stats.size,
      modified: Math.floor(stats.mtimeMs / 1000),
    };
  }

  readFile(path: string): Uint8Array {
    return attempt("opening file", path, () => readFileSync(toNodePath(path)));
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    const entries = attempt("reading directory", path, () =>
      readdirSync(toNodePath(path), { withFileTypes: true, encoding: "buffer" }),
    );
    return entries.map((entry) => ({ name: entry.name.toString("latin1"), type: typeOf(entry) }));
  }

  readLink(path: string): string {
    return attempt("reading symbolic link", path, () =>
      readlinkSync(toNodePath(path), { encoding: "buffer" }).toString("latin1"),
    );
  }

  open(path: string): OpenFile {
    const descriptor = attempt("opening file", path, () => openSync(toNodePath(path), "r"));
    const { size } = fstatSync(descriptor);
    return {
      size,
      read: (offset, length) =>
        attempt("reading from file", path, () => readPart(descriptor, offset, length)),
      close: () => closeSync(descriptor),
    };
  }

  makeDirectory(path: string): void {
    attempt("creating directory", path, () => makeDirectories(toNodePath(path)));
  }

  newFile(directory: string): NewFile {
    this.#tidy(directory);
    const path = `${directory}/.draft-${process.pid}-${this.#drafts++}`;
    return attempt("creating file", path, () => new Draft(path));
  }

  /** Removes what processes that were killed have left in a directory. */
  #tidy(directory: string): void {
    if (this.#tidied.has(directory)) return;
    this.#tidied.add(directory);
    for (const { name } of this.readDirectory(directory)) {
      const pid = DRAFT.exec(name)?.[1];
      if (pid === undefined || Number(pid) === process.pid || isRunning(Number(pid))) continue;
      const path = `${directory}/${name}`;
      const stat = this.stat(path);
      if (stat !== undefined && Date.now() - stat.modified * 1000 > DRAFT_AGE) this.remove(path);
    }
  }

  writeFile(path: string, contents: string): void {
    const stats = attempt("getting status of", path, () => statusOf(path));
    const bytes = Buffer.from(contents, "latin1");
    if (stats !== undefined && !stats.isFile()) {
      // What a link leads to, or a pipe, is written where it is.
      attempt("writing file", path, () => writeFileSync(toNodePath(path), bytes));
      return;
    }
    const draft = `${path}.${process.pid}.new`;
    attempt("writing file", path, () => {
      try {
        writeFileSync(toNodePath(draft), bytes);
        if (stats !== undefined) chmodSync(toNodePath(draft), stats.mode);
        renameSync(toNodePath(draft), toNodePath(path));
      } finally {
        rmSync(toNodePath(draft), { force: true });
      }
    });
  }

  /** Lets everybody execute a file who may read it. */
  makeExecutable(path: string): void {
    attempt("setting permissions of", path, () => {
      const { mode } = lstatSync(toNodePath(path));
      chmodSync(toNodePath(path), mode | ((mode & 0o444) >> 2));
    });
  }

  /** Makes a symlink. */
  makeSymlink(target: string, path: string): void {
    attempt("creating symlink", path, () => symlinkSync(toNodePath(target), toNodePath(path)));
  }

  touch(path: string): void {
    const now = new Date();
    try {
      utimesSync(toNodePath(path), now, now);
    } catch (error) {
      if (errnoCode(error) !== "ENOENT") throw systemError("setting time of", path, error);
    }
  }

  remove(path: string): void {
    attempt("removing", path, () => rmSync(toNodePath(path), { force: true }));
  }

  temporaryDirectory(): string {
    const { tmpdir } = process.getBuiltinModule("node:os");
    return bytesOfText(mkdtempSync(join(tmpdir(), "nivis-")));
  }

  removeTree(path: string): void {
    attempt("removing", path, () =>
      rmSync(textOfBytes(path), { recursive: true, force: true, maxRetries: 3 }),
    );
  }

  lock(path: string, waiting: () => void): Promise<() => void> {
    return this.#locks.take(textOfBytes(path), waiting);
  }
}

class Draft implements NewFile {
  readonly #path: string;
  #descriptor: number | undefined;
  #pieces: Uint8Array[] = [];
  #waiting = 0;

  constructor(path: string) {
    this.#path = path;
    this.#descriptor = openSync(toNodePath(path), "wx+");
  }

  write(chunk: Uint8Array | string): void {
    if (chunk.length === 0) return;
    // What is given may be changed by its owner.
    this.#pieces.push(typeof chunk === "string" ? Buffer.from(chunk, "latin1") : chunk.slice());
    this.#waiting += chunk.length;
    if (this.#waiting >= BUFFER) this.#flush();
  }

  #flush(): void {
    const descriptor = this.#descriptor;
    if (descriptor === undefined || this.#waiting === 0) return;
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#waiting = 0;
    attempt("writing to file", this.#path, () => {
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at);
    });
  }

  read(offset: number, length: number): Uint8Array {
    this.#flush();
    const descriptor = this.#descriptor as number;
    return attempt("reading from file", this.#path, () => readPart(descriptor, offset, length));
  }

  #close(): void {
    if (this.#descriptor !== undefined) closeSync(this.#descriptor);
    this.#descriptor = undefined;
  }

  moveTo(path: string): void {
    this.#flush();
    this.#close();
    attempt("renaming", this.#path, () => renameSync(toNodePath(this.#path), toNodePath(path)));
  }

  discard(): void {
    if (this.#descriptor === undefined) return;
    this.#close();
    attempt("removing", this.#path, () => unlinkSync(toNodePath(this.#path)));
  }
}

function readPart(descriptor: number, offset: number, length: number): Uint8Array {
  const bytes = Buffer.allocUnsafeSlow(length);
  let filled = 0;
  while (filled < length) {
    const count = readSync(descriptor, bytes, filled, length - filled, offset + filled);
    if (count === 0) break;
    filled += count;
  }
  return filled === length ? bytes : bytes.subarray(0, filled);
}

function typeOf(entry: Pick<Stats, "isFile" | "isDirectory" | "isSymbolicLink">): FileType {
  if (entry.isFile()) return "regular";
  if (entry.isDirectory()) return "directory";
  return entry.isSymbolicLink() ? "symlink" : "unknown";
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errnoCode(error) !== "ESRCH";
  }
}

function attempt<Result>(what: string, path: string, work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    throw systemError(what, path, error);
  }
}

function systemError(what: string, path: string, error: unknown): InputError {
  return new InputError(marked`${uncolored(what)} "${path}": ${errnoMessage(errnoCode(error))}`);
}
