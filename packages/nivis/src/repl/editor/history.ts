/**
 * History: the inputs of this session and of earlier ones, shared with C++ Nix's REPL, whose file
 * has one line per physical line. Entries are appended when they are made, so that sessions side by
 * side lose nothing.
 */
import { appendFileSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { makeDirectories } from "@nivis/node";

/** The lines that are kept; as in C++ Nix. */
const MAX_LINES = 1000;
/** The lines that one entry may have when they are put together again. */
const MAX_ENTRY_LINES = 100;

/** Earlier inputs; texts. */
export class History {
  readonly #path: string | undefined;
  readonly #entries: string[];

  private constructor(path: string | undefined, entries: string[]) {
    this.#path = path;
    this.#entries = entries;
  }

  /**
   * Reads the file of the history; one that does not exist is empty. `isIncomplete` says whether a
   * text needs more lines; `warn` is told why a file cannot be used.
   */
  static open(
    path: string | undefined,
    isIncomplete: (text: string) => boolean,
    warn: (message: string) => void,
  ): History {
    if (path === undefined) return new History(undefined, []);
    try {
      const lines = readFileSync(path, "utf8").split("\n");
      if (lines.at(-1) === "") lines.pop();
      if (lines.length > 2 * MAX_LINES) shorten(path, lines);
      return new History(path, joined(lines.slice(-MAX_LINES), isIncomplete));
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code === "ENOENT") return new History(path, []);
      warn(`the history '${path}' cannot be read (${code}), and is left alone`);
      return new History(undefined, []);
    }
  }

  get entries(): readonly string[] {
    return this.#entries;
  }

  /** Adds an entry, unless it is the last one already. */
  add(entry: string): void {
    if (entry.trim() === "" || entry === this.#entries.at(-1)) return;
    this.#entries.push(entry);
    if (this.#path === undefined) return;
    try {
      makeDirectories(dirname(this.#path), 0o700);
      appendFileSync(this.#path, `${entry}\n`, { mode: 0o600 });
    } catch {
      // The session works without a file.
    }
  }
}

/** Replaces a file that has grown long by its last lines. */
function shorten(path: string, lines: readonly string[]): void {
  const temporary = `${path}.${process.pid}`;
  try {
    writeFileSync(temporary, `${lines.slice(-MAX_LINES).join("\n")}\n`, { mode: 0o600 });
    renameSync(temporary, path);
  } catch {
    // It is shortened another time.
  }
}

/** Puts the lines of inputs with several lines together. */
function joined(lines: readonly string[], isIncomplete: (text: string) => boolean): string[] {
  const entries: string[] = [];
  for (let at = 0; at < lines.length; ) {
    let text = lines[at] as string;
    let end = at + 1;
    if (mayContinue(text)) {
      const limit = Math.min(lines.length, at + MAX_ENTRY_LINES);
      let whole = text;
      while (end < limit && isIncomplete(whole)) whole += `\n${lines[end++]}`;
      if (isIncomplete(whole)) end = at + 1;
      else text = whole;
    }
    entries.push(text);
    at = end;
  }
  return entries;
}

/** Whether a line opens something; parsing every line of a long history would take too long. */
function mayContinue(line: string): boolean {
  return /[([{"'=+:,]|\b(let|in|if|then|else|with)\b/.test(line);
}
