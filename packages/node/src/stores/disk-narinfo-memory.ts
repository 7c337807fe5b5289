/**
 * Narinfos between processes: an append-only file per binary cache, one line a narinfo, found or
 * missing. C++ Nix keeps the same in SQLite, which Node cannot share with it.
 *
 * Lines are JSON: hash part, seconds since 1970, text or null; later lines count. The file is written
 * anew when most of its lines are out of date.
 */
import { join } from "node:path";
import type { NarInfoMemory } from "@nivis/store";
import { errnoCode } from "../errno.ts";
import { makeDirectories } from "../make-directories.ts";

/** Loaded when it is used; see the invariants of the architecture. */
function disk(): typeof import("node:fs/promises") {
  return process.getBuiltinModule("node:fs/promises");
}

/** How long what was found, and what was missing, is believed: C++ Nix's defaults, in seconds. */
export interface NarInfoLifetimes {
  readonly positive: number;
  readonly negative: number;
}

const DAY = 24 * 3600;
const DEFAULT_LIFETIMES: NarInfoLifetimes = { positive: 30 * DAY, negative: 3600 };
/** A file with fewer lines is never written anew. */
const FEW_LINES = 1000;

interface Line {
  readonly time: number;
  readonly text: string | null;
}

/** See the head of this file. */
export class DiskNarInfoMemory implements NarInfoMemory {
  readonly #directory: string;
  readonly #lifetimes: NarInfoLifetimes;
  readonly #now: () => number;
  readonly #caches = new Map<string, Promise<Map<string, Line>>>();

  /** `now` gives seconds since 1970. */
  constructor(
    directory: string,
    lifetimes: NarInfoLifetimes = DEFAULT_LIFETIMES,
    now: () => number = () => Math.floor(Date.now() / 1000),
  ) {
    this.#directory = directory;
    this.#lifetimes = lifetimes;
    this.#now = now;
  }

  #file(cache: string): string {
    const { createHash } = process.getBuiltinModule("node:crypto");
    const name = createHash("sha256").update(cache).digest("hex").slice(0, 32);
    return join(this.#directory, `${name}.narinfos`);
  }

  #lines(cache: string): Promise<Map<string, Line>> {
    let lines = this.#caches.get(cache);
    if (lines === undefined) {
      lines = this.#read(this.#file(cache));
      this.#caches.set(cache, lines);
    }
    return lines;
  }

  async #read(file: string): Promise<Map<string, Line>> {
    const lines = new Map<string, Line>();
    let text: string;
    try {
      text = await disk().readFile(file, "utf8");
    } catch (error) {
      if (errnoCode(error) !== "ENOENT") throw error;
      return lines;
    }
    let count = 0;
    for (const line of text.split("\n")) {
      if (line === "") continue;
      count++;
      try {
        const [hashPart, time, found] = JSON.parse(line) as [string, number, string | null];
        lines.set(hashPart, { time, text: found });
      } catch {
        // A line that two processes wrote at once, or that a crash cut off.
      }
    }
    for (const [hashPart, line] of lines) if (!this.#isGood(line)) lines.delete(hashPart);
    if (count > FEW_LINES && count > 2 * lines.size) await this.#compact(file, lines);
    return lines;
  }

  async #compact(file: string, lines: ReadonlyMap<string, Line>): Promise<void> {
    const temporary = `${file}.${process.pid}`;
    const text = [...lines].map(([hashPart, line]) => entry(hashPart, line)).join("");
    await disk().writeFile(temporary, text);
    await disk().rename(temporary, file);
  }

  #isGood({ time, text }: Line): boolean {
    const lifetime = text === null ? this.#lifetimes.negative : this.#lifetimes.positive;
    return time + lifetime > this.#now();
  }

  async lookUp(cache: string, hashPart: string): Promise<string | null | undefined> {
    const line = (await this.#lines(cache)).get(hashPart);
    return line !== undefined && this.#isGood(line) ? line.text : undefined;
  }

  async remember(cache: string, hashPart: string, text: string | null): Promise<void> {
    const line = { time: this.#now(), text };
    (await this.#lines(cache)).set(hashPart, line);
    makeDirectories(this.#directory);
    // One write in append mode: processes do not mix their lines.
    await disk().appendFile(this.#file(cache), entry(hashPart, line));
  }
}

function entry(hashPart: string, { time, text }: Line): string {
  return `${JSON.stringify([hashPart, time, text])}\n`;
}
