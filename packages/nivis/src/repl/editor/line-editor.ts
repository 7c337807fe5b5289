/**
 * LineEditor: keys to changes of the input. It is pure: it takes keys and a history, and knows what
 * is to be shown; `terminal-lines.ts` reads the keys and draws. The keys are those of readline.
 */
import { EditedLine } from "./edited-line.ts";
import type { History } from "./history.ts";
import type { Key } from "./keys.ts";
import { ViKeys } from "./vi-keys.ts";

/** What a key asks of the one who drives the editor. */
export type Request = "submit" | "end" | "interrupt" | "complete" | "clear" | "suspend" | "edit";

/** How the editor is set up. */
export interface LineEditorOptions {
  readonly history: History;
  readonly keys: "emacs" | "vi";
  /** Whether Enter begins a new line instead of submitting the text. */
  readonly isIncomplete: (text: string) => boolean;
}

/** A search through the history. */
interface Search {
  readonly query: string;
  /** The index of the entry that was found; -1 if none was. */
  readonly found: number;
  /** The text before the search. */
  readonly before: string;
  /** Whether Enter only ends the search, as in vi. */
  readonly staysAtEnter: boolean;
}

/** The input while it is typed. */
export class LineEditor {
  readonly line = new EditedLine();
  readonly history: History;
  readonly #isIncomplete: (text: string) => boolean;
  readonly #vi: ViKeys | undefined;
  /** The index of the entry that is shown; that of the new input at the end. */
  #at = 0;
  /** What was typed before an entry of the history was looked at. */
  #typed = "";
  #search: Search | undefined;
  /** What was searched for last. */
  #query = "";

  constructor({ history, keys, isIncomplete }: LineEditorOptions) {
    this.history = history;
    this.#isIncomplete = isIncomplete;
    this.#vi = keys === "vi" ? new ViKeys(this) : undefined;
    this.begin();
  }

  /** Begins a new input. */
  begin(): void {
    this.line.reset("");
    this.#at = this.history.entries.length;
    this.#typed = "";
    this.#search = undefined;
    this.#vi?.begin();
  }

  /** What stands in front of the text instead of the prompt while the history is searched. */
  get searchPrompt(): string | undefined {
    if (this.#search === undefined) return undefined;
    const { query, found } = this.#search;
    return `(${found < 0 && query !== "" ? "failed " : ""}reverse-i-search)'${query}': `;
  }

  /** Whether keys are commands, as in vi's normal mode. */
  get isCommandMode(): boolean {
    return this.#vi?.isCommandMode === true;
  }

  /** Takes a key; returns what the driver has to do. */
  press(key: Key): Request | undefined {
    if (this.#search !== undefined) {
      const request = this.#pressInSearch(key, this.#search);
      if (request !== "again") return request;
    }
    if (key.paste !== undefined) {
      this.line.insert(key.paste);
      this.#vi?.note(key);
      return undefined;
    }
    if (this.#vi?.takes(key) === true) return this.#vi.press(key);
    this.#vi?.note(key);
    return this.pressEmacs(key);
  }

  /** Keys outside vi's normal mode. */
  pressEmacs({ name }: Key): Request | undefined {
    const { line } = this;
    if (!name.startsWith("<") || name === "<") {
      if (")]}".includes(name)) outdent(line);
      line.insert(name);
      return undefined;
    }
    const { cursor, text } = line;
    switch (name) {
      case "<Enter>":
      // Enter, if it was pressed before the terminal was told to deliver keys as they are.
      case "<C-j>":
        return this.enter();
      case "<M-Enter>":
        line.insert("\n");
        return undefined;
      case "<Tab>":
        return "complete";
      case "<C-c>":
        return "interrupt";
      case "<C-l>":
        return "clear";
      case "<C-z>":
        return "suspend";
      case "<C-d>":
        if (text === "") return "end";
        line.delete(cursor, line.rightOf(cursor));
        return undefined;
      case "<Delete>":
        line.delete(cursor, line.rightOf(cursor));
        return undefined;
      case "<Backspace>":
        line.delete(line.leftOf(cursor), cursor);
        return undefined;
      case "<Left>":
      case "<C-b>":
        line.moveTo(line.leftOf(cursor));
        return undefined;
      case "<Right>":
      case "<C-f>":
        line.moveTo(line.rightOf(cursor));
        return undefined;
      case "<M-b>":
      case "<C-Left>":
      case "<M-Left>":
        line.moveTo(line.wordStart(cursor));
        return undefined;
      case "<M-f>":
      case "<C-Right>":
      case "<M-Right>":
        line.moveTo(line.wordEnd(cursor));
        return undefined;
      case "<Home>":
      case "<C-a>":
        line.moveTo(line.lineStart());
        return undefined;
      case "<End>":
      case "<C-e>":
        line.moveTo(line.lineEnd());
        return undefined;
      case "<C-k>": {
        const end = line.lineEnd();
        line.delete(cursor, end === cursor ? end + 1 : end, true);
        return undefined;
      }
      case "<C-u>":
        line.delete(line.lineStart(), cursor, true);
        return undefined;
      case "<C-w>":
        line.delete(line.wordStart(cursor, true), cursor, true);
        return undefined;
      case "<M-Backspace>":
        line.delete(line.wordStart(cursor), cursor, true);
        return undefined;
      case "<M-d>":
        line.delete(cursor, line.wordEnd(cursor), true);
        return undefined;
      case "<C-y>":
        line.yank();
        return undefined;
      case "<M-y>":
        line.yankEarlier();
        return undefined;
      case "<C-t>":
        line.transpose();
        return undefined;
      case "<C-_>":
      case "<C-\x7f>":
        line.undo();
        return undefined;
      case "<M-_>":
        line.redo();
        return undefined;
      case "<Up>":
        if (!line.moveLine(-1)) this.showEntry(-1, text.slice(0, cursor));
        return undefined;
      case "<Down>":
        if (!line.moveLine(1)) this.showEntry(1, text.slice(0, cursor));
        return undefined;
      case "<C-p>":
        this.showEntry(-1);
        return undefined;
      case "<C-n>":
        this.showEntry(1);
        return undefined;
      case "<M-<>":
        this.#show(0);
        return undefined;
      case "<M->>":
        this.#show(this.history.entries.length);
        return undefined;
      case "<C-r>":
        this.#search = { query: "", found: -1, before: text, staysAtEnter: false };
        return undefined;
      case "<C-x>":
        return "edit";
      default:
        return undefined;
    }
  }

  /** Submits the text if it is complete, else begins a new line. */
  enter(): Request | undefined {
    const { line } = this;
    if (this.#isIncomplete(line.text)) {
      line.moveTo(line.text.length);
      line.insert(`\n${indentationOf(line.text)}`);
      return undefined;
    }
    return "submit";
  }

  /**
   * Shows the next entry in a direction; with a prefix, the next that begins with it. Source of the
   * prefix: readline's history-search-backward.
   */
  showEntry(direction: -1 | 1, prefix = ""): void {
    const { entries } = this.history;
    const isNew = this.#at === entries.length;
    // Once an entry is shown whole, its own text is not a prefix.
    const wanted = isNew || this.line.cursor < this.line.text.length ? prefix : "";
    for (let at = this.#at + direction; at >= 0 && at <= entries.length; at += direction) {
      if (at === entries.length || (entries[at] as string).startsWith(wanted)) {
        this.#show(at);
        if (wanted !== "" && at < entries.length) this.line.moveTo(wanted.length);
        return;
      }
    }
  }

  /** Begins a search of the history from which Enter returns, as vi's `/`. */
  beginSearch(): void {
    this.#search = { query: "", found: -1, before: this.line.text, staysAtEnter: true };
  }

  /** Shows the next entry in a direction that contains what was searched for last. */
  searchAgain(direction: -1 | 1): void {
    const { entries } = this.history;
    if (this.#query === "") return;
    for (let at = this.#at + direction; at >= 0 && at < entries.length; at += direction) {
      const found = (entries[at] as string).indexOf(this.#query);
      if (found < 0) continue;
      this.#show(at);
      this.line.moveTo(found);
      return;
    }
  }

  #show(at: number): void {
    const { entries } = this.history;
    if (this.#at === entries.length) this.#typed = this.line.text;
    this.#at = at;
    this.line.reset(entries[at] ?? this.#typed);
  }

  /** Keys while the history is searched; `again` if the search is over and the key is still to do. */
  #pressInSearch({ name }: Key, search: Search): Request | undefined | "again" {
    if (name === "<C-r>") {
      this.#find(
        search.query,
        search.found < 0 ? this.history.entries.length : search.found,
        search,
      );
      return undefined;
    }
    if (name === "<Backspace>") {
      this.#find(search.query.slice(0, -1), this.history.entries.length, search);
      return undefined;
    }
    if (!name.startsWith("<") || name === "<") {
      this.#find(search.query + name, this.history.entries.length, search);
      return undefined;
    }
    this.#search = undefined;
    if (name === "<Enter>" && search.staysAtEnter) return undefined;
    if (name === "<C-g>" || name === "<C-c>" || name === "<Escape>") {
      if (name !== "<Escape>") this.line.reset(search.before);
      return undefined;
    }
    return "again";
  }

  /** Shows the last entry before an index that contains a text. */
  #find(query: string, before: number, search: Search): void {
    const { entries } = this.history;
    if (query !== "") this.#query = query;
    let at = before - 1;
    while (at >= 0 && !(entries[at] as string).includes(query)) at--;
    if (query === "" || at < 0) {
      this.#search = { ...search, query, found: query === "" ? -1 : -1 };
      if (query === "") this.line.reset(search.before);
      return;
    }
    this.#search = { ...search, query, found: at };
    const entry = entries[at] as string;
    this.#at = at;
    this.line.reset(entry, entry.indexOf(query));
  }
}

/** Takes a level of indentation away if the cursor stands behind blanks alone. */
function outdent(line: EditedLine): void {
  const start = line.lineStart();
  if (start === 0 || !/^ {2,}$/.test(line.text.slice(start, line.cursor))) return;
  line.delete(line.cursor - 2, line.cursor);
}

/** The blanks that a new line begins with: two more if the last line opens something. */
function indentationOf(text: string): string {
  const last = text.slice(text.lastIndexOf("\n") + 1);
  const blanks = /^ */.exec(last)?.[0] ?? "";
  return /([([{=:]|\b(let|in|then|else)|'')\s*$/.test(last) ? `${blanks}  ` : blanks;
}
