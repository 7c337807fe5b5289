/**
 * File looks: how files looked when a warm evaluation compared them last, so that it asks again only about
 * those that look different. `NodeIo` keeps one.
 *
 * A look is the stamp of a file (`file-status.ts`), of which a directory shows its entries, and a regular
 * file its contents and its mode. What a symlink leads to has another stamp, so symlinks are
 * never known. Stamps of file systems that cannot be trusted, and of files that have just been changed, are not
 * kept.
 *
 * The module is loaded by warm evaluations only, so it exports nothing but functions (`scripts/bundles.mjs`).
 */
import type { FileLook } from "@nivis/eval";
import { toNodePath } from "../byte-path.ts";
import { isSettled, isTrustedFileSystem, Kind, kindOfMode, STAMP_WORDS } from "./file-status.ts";
import { StatusReader } from "./status-reader.ts";

/** Remembers how files looked. */
export interface FileLooks {
  /** Looks at a path, a byte string; see `EvalIo.lookAgain`. */
  look(path: string): FileLook;
  /** Another look at all files begins. */
  begin(): void;
}

/** How a row of the table was left. */
const enum Row {
  /** The file must be compared. */
  Unknown = 0,
  Missing = 1,
  Stamped = 2,
}

const FIRST_ROWS = 1024;

class StampTable implements FileLooks {
  readonly #status = new StatusReader();
  /** The row of each path. */
  readonly #rows = new Map<string, number>();
  #states = new Uint8Array(FIRST_ROWS);
  #stamps = new Int32Array(FIRST_ROWS * STAMP_WORDS);
  /** Whether stamps of each device can be trusted at present. */
  readonly #trusted = new Map<number, boolean>();

  begin(): void {
    this.#trusted.clear();
  }

  look(path: string): FileLook {
    const row = this.#rowOf(path);
    const before = this.#states[row] as Row;
    this.#states[row] = Row.Unknown;
    const location = toNodePath(path);
    const mode = this.#status.look(location, false);
    if (mode === 0) {
      this.#states[row] = Row.Missing;
      return before === Row.Missing ? "missing" : undefined;
    }
    if (mode < 0) return undefined;
    const kind = kindOfMode(mode);
    if (kind !== Kind.Regular && kind !== Kind.Directory) return undefined;
    const at = row * STAMP_WORDS;
    const stamps = this.#stamps;
    const isSame = before === Row.Stamped && this.#status.isStamp(stamps, at);
    if (!isSame) stamps.set(this.#status.words, at);
    if (!this.#isTrusted(stamps, at, location)) return undefined;
    if (!isSame && !isSettled(stamps, at, Date.now())) return undefined;
    this.#states[row] = Row.Stamped;
    return isSame ? "same" : undefined;
  }

  #rowOf(path: string): number {
    let row = this.#rows.get(path);
    if (row !== undefined) return row;
    row = this.#rows.size;
    this.#rows.set(path, row);
    if (row >= this.#states.length) {
      const states = new Uint8Array(2 * row);
      states.set(this.#states);
      this.#states = states;
      const stamps = new Int32Array(2 * row * STAMP_WORDS);
      stamps.set(this.#stamps);
      this.#stamps = stamps;
    }
    return row;
  }

  #isTrusted(stamps: Int32Array, at: number, location: string | Buffer): boolean {
    const device = (stamps[at + 1] as number) * 2 ** 32 + ((stamps[at] as number) >>> 0);
    let trusted = this.#trusted.get(device);
    if (trusted === undefined) {
      trusted = isTrustedFileSystem(location);
      this.#trusted.set(device, trusted);
    }
    return trusted;
  }
}

/** Returns a memory of looks in which there are none. */
export function openFileLooks(): FileLooks {
  return new StampTable();
}
