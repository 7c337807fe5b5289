/**
 * TerminalLines: inputs that a user types. It reads keys, lets the editor change the text, and draws it
 * with colours, the matching bracket, completions and the preview.
 */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import type { LiveInput } from "../../live-input.ts";
import type { Terminal } from "../../terminal.ts";
import { editText } from "../editor-program.ts";
import { CONTINUATION_PROMPT, type LineReader, PROMPT, type ReadLine } from "../lines.ts";
import type { Repl } from "../repl.ts";
import { type Completions, complete } from "./completion.ts";
import { highlight, type Paint } from "./highlight.ts";
import type { History } from "./history.ts";
import { Keyboard } from "./keyboard.ts";
import { type Key, KeyDecoder } from "./keys.ts";
import { LineEditor } from "./line-editor.ts";
import { preview } from "./preview.ts";
import { cutAt, type Picture, Screen, widthOf } from "./screen.ts";

/** How long an escape may wait for the rest of its sequence, in milliseconds. */
const ESCAPE_WAIT = 40;
/** How long the user has to pause before a preview is computed, in milliseconds. */
const PREVIEW_WAIT = 150;
/** The lines that a list of completions may take. */
const MAX_LIST_LINES = 12;

const CTRL_C = "\x03";
const CTRL_Z = "\x1a";
const CTRL_BACKSLASH = "\x1c";

/** How inputs are edited. */
export interface TerminalLinesOptions {
  readonly history: History;
  readonly keys: "emacs" | "vi";
  /** Whether the value of what is typed is shown while it is typed. */
  readonly previews: boolean;
}

/** Inputs from a terminal. */
export class TerminalLines implements LineReader {
  readonly #input: LiveInput;
  readonly #terminal: Terminal;
  #repl: Repl;
  readonly #options: TerminalLinesOptions;
  readonly #editor: LineEditor;
  readonly #keyboard = new Keyboard();
  readonly #decoder = new KeyDecoder();
  readonly #screen: Screen;
  /** Keys that were typed while an evaluation ran. */
  readonly #keys: Key[] = [];
  /** Whether a read is under way. */
  #isReading = false;
  /** Whether the terminal is gone. */
  #ended = false;
  /** Is called when there are new keys, or none will come any more. */
  #wake: (() => void) | undefined;
  /** Is called for Ctrl-C while an evaluation runs. */
  #watcher: (() => void) | undefined;
  /** Lines below the text. */
  #below: readonly string[] = [];
  /** The completions that Tab walks through. */
  #cycle: { readonly completions: Completions; index: number; end: number } | undefined;
  #previewTimer: ReturnType<typeof setTimeout> | undefined;
  /** The preview that is being computed; nothing else is evaluated meanwhile. */
  #previewing: Promise<void> | undefined;
  /** Raised with each key, so that an older preview is not shown. */
  #generation = 0;
  #painted: { readonly text: string; readonly paints: readonly Paint[] } | undefined;

  constructor(input: LiveInput, terminal: Terminal, repl: Repl, options: TerminalLinesOptions) {
    this.#input = input;
    this.#terminal = terminal;
    this.#repl = repl;
    this.#options = options;
    this.#editor = new LineEditor({
      history: options.history,
      keys: options.keys,
      isIncomplete: (text) => this.#needsMore(text),
    });
    this.#screen = new Screen(
      (text) => terminal.writeOut(encodeUtf8(text)),
      () => terminal.columns?.() ?? 80,
      terminal.outColor === true,
    );
  }

  #needsMore(text: string): boolean {
    try {
      return this.#repl.needsMore(encodeUtf8(text));
    } catch {
      return false;
    }
  }

  switchTo(repl: Repl): Repl {
    const previous = this.#repl;
    this.#repl = repl;
    return previous;
  }

  async read(): Promise<ReadLine> {
    this.#editor.begin();
    const watcher = this.#watcher;
    this.#watcher = undefined;
    // It stays so while an evaluation runs: a key that the terminal took before it was told to make
    // signals again would be lost.
    this.#input.setRaw(true);
    // Pasted text comes between marks, so that its line ends are not taken for Enter.
    this.#terminal.writeOut("\x1b[?2004h");
    const stopWatching = this.#terminal.onResize?.(() => this.#draw());
    try {
      this.#draw();
      return await this.#conversation();
    } finally {
      clearTimeout(this.#previewTimer);
      await this.#previewing;
      this.#watcher = watcher;
      stopWatching?.();
      this.#terminal.writeOut("\x1b[?2004l");
    }
  }

  watch(listener: () => void): () => void {
    const outer = this.#watcher;
    this.#watcher = listener;
    this.#readOn();
    return () => {
      this.#watcher = outer;
    };
  }

  poll(): void {
    if (this.#watcher === undefined) return;
    const bytes = this.#keyboard.read();
    if (bytes !== "") this.#takeBytes(bytes);
  }

  /** Reads from the terminal, as long as somebody watches or waits. */
  #readOn(): void {
    if (this.#isReading || this.#ended) return;
    this.#isReading = true;
    const input = this.#input;
    void input.read().then((bytes) => {
      this.#isReading = false;
      if (bytes === undefined) this.#ended = true;
      else this.#takeBytes(bytes);
      this.#wake?.();
      if (this.#watcher !== undefined) this.#readOn();
    });
  }

  #takeBytes(bytes: string): void {
    let typed = bytes;
    if (this.#watcher !== undefined) {
      const end = bytes.lastIndexOf(CTRL_C);
      // What was typed before Ctrl-C is given up with the evaluation.
      if (end >= 0) {
        this.#keys.length = 0;
        this.#watcher();
      }
      typed = bytes.slice(end + 1);
      if (typed.includes(CTRL_Z)) this.#stopProcess("SIGTSTP");
      if (typed.includes(CTRL_BACKSLASH)) this.#stopProcess("SIGQUIT");
      typed = typed.replaceAll(CTRL_Z, "");
    }
    this.#keys.push(...this.#decoder.decode(typed));
  }

  release(): void {
    this.#input.setRaw(false);
    this.#input.pause();
    // A paused read does not end; the next one is another.
    this.#isReading = false;
  }

  close(): void {
    this.#keyboard.close();
    this.#input.setRaw(false);
    this.#input.close();
  }

  async #conversation(): Promise<ReadLine> {
    for (;;) {
      const key = await this.#nextKey();
      this.#generation++;
      if (key === undefined) {
        this.#finish();
        return { kind: "end" };
      }
      const done = await this.#press(key);
      if (done !== undefined) return done;
      if (this.#keys.length === 0) this.#draw();
    }
  }

  async #nextKey(): Promise<Key | undefined> {
    for (;;) {
      const key = this.#keys.shift();
      if (key !== undefined) return key;
      if (this.#ended) return undefined;
      const arrival = new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
      this.#readOn();
      if (!this.#decoder.isUndecided) await arrival;
      else if ((await Promise.race([arrival, pause(ESCAPE_WAIT)])) === TIME_IS_UP) {
        this.#keys.push(...this.#decoder.flush());
      }
    }
  }

  async #press(key: Key): Promise<ReadLine | undefined> {
    const editor = this.#editor;
    if (key.name === "<Tab>" || key.name === "<S-Tab>") {
      await this.#complete(key.name === "<Tab>" ? 1 : -1);
      return undefined;
    }
    this.#cycle = undefined;
    this.#below = [];
    switch (editor.press(key)) {
      case "submit": {
        const { text } = editor.line;
        this.#finish();
        this.#options.history.add(text);
        return { kind: "line", text: encodeUtf8(text) };
      }
      case "end":
        this.#screen.draw(this.#picture());
        return { kind: "end" };
      case "interrupt":
        this.#finish("^C");
        return { kind: "interrupted" };
      case "clear":
        this.#screen.clear();
        return undefined;
      case "suspend":
        this.#finish();
        this.#stopProcess("SIGTSTP");
        return undefined;
      case "edit":
        await this.#editElsewhere();
        return undefined;
      default:
        this.#planPreview();
        return undefined;
    }
  }

  /** Draws the text for the last time. */
  #finish(suffix = ""): void {
    this.#below = [];
    const picture = this.#picture();
    this.#screen.leave({ ...picture, text: picture.text + suffix });
  }

  /** Stops or ends the process as the terminal itself would for Ctrl-Z and Ctrl-\\. */
  #stopProcess(signal: "SIGTSTP" | "SIGQUIT"): void {
    this.#input.setRaw(false);
    process.kill(process.pid, signal);
    this.#input.setRaw(true);
  }

  async #editElsewhere(): Promise<void> {
    const { line } = this.#editor;
    this.#finish();
    this.release();
    try {
      line.replace(0, line.text.length, await editText(this.#terminal.environment, line.text));
    } catch (error) {
      this.#below = [error instanceof Error ? decodeUtf8(error.message) : String(error)];
    } finally {
      this.#input.setRaw(true);
    }
  }

  /** Completes the word before the cursor; further presses walk through the list. */
  async #complete(direction: 1 | -1): Promise<void> {
    const { line } = this.#editor;
    if (this.#cycle !== undefined) {
      const cycle = this.#cycle;
      const { start, candidates } = cycle.completions;
      cycle.index = (cycle.index + direction + candidates.length) % candidates.length;
      const text = candidates[cycle.index]?.text ?? "";
      line.replace(start, cycle.end, text);
      cycle.end = start + text.length;
      this.#below = this.#list(cycle.completions, cycle.index);
      return;
    }
    const { cursor } = line;
    if (/^\s*$/.test(line.text.slice(line.lineStart(), cursor))) {
      line.insert("  ");
      return;
    }
    const completions = await complete(this.#repl, line.text, cursor);
    const { start, candidates, failure } = completions;
    if (failure !== undefined) this.#below = [faint(failure, this.#terminal)];
    const [first, ...more] = candidates;
    if (first === undefined) return;
    if (more.length === 0) {
      line.replace(start, cursor, first.text);
      this.#below = first.doc === undefined ? [] : [faint(first.doc, this.#terminal)];
      return;
    }
    const common = commonPrefix(candidates.map(({ text }) => text));
    const typed = line.text.slice(start, cursor);
    if (common.length > typed.length) line.replace(start, cursor, common);
    this.#below = this.#list(completions, -1);
    // A second Tab takes the first candidate.
    this.#cycle = { completions, index: -1, end: line.cursor };
  }

  /** The list of completions: with their documentation if there are few, else in columns. */
  #list({ candidates }: Completions, chosen: number): string[] {
    const columns = (this.#terminal.columns?.() ?? 80) - 1;
    const mark = (label: string, i: number): string =>
      i === chosen && this.#terminal.outColor === true ? `\x1b[7m${label}\x1b[0m` : label;
    if (candidates.length <= MAX_LIST_LINES && candidates.some(({ doc }) => doc !== undefined)) {
      const width = Math.max(...candidates.map(({ label }) => widthOf(label))) + 2;
      return candidates.map(({ label, doc = "" }, i) => {
        const blanks = " ".repeat(width - widthOf(label));
        const note = cutAt(doc, Math.max(columns - width, 0));
        return mark(label, i) + blanks + (note === "" ? "" : faint(note, this.#terminal));
      });
    }
    const width = Math.min(Math.max(...candidates.map(({ label }) => widthOf(label))) + 2, columns);
    const perLine = Math.max(Math.floor(columns / width), 1);
    const lines: string[] = [];
    for (let at = 0; at < candidates.length; at += perLine) {
      const row = candidates.slice(at, at + perLine);
      lines.push(
        row
          .map(({ label }, i) => {
            const cut = cutAt(label, width);
            return mark(cut, at + i) + " ".repeat(Math.max(width - widthOf(cut), 0));
          })
          .join("")
          .trimEnd(),
      );
    }
    if (lines.length <= MAX_LIST_LINES) return lines;
    const from = Math.max(
      0,
      Math.min(Math.floor(Math.max(chosen, 0) / perLine) - 2, lines.length - MAX_LIST_LINES),
    );
    const hidden = candidates.length - (from + MAX_LIST_LINES) * perLine;
    const shown = lines.slice(from, from + MAX_LIST_LINES);
    return hidden > 0 ? [...shown, faint(`… ${hidden} more`, this.#terminal)] : shown;
  }

  #planPreview(): void {
    clearTimeout(this.#previewTimer);
    if (!this.#options.previews) return;
    const generation = this.#generation;
    this.#previewTimer = setTimeout(() => {
      this.#previewing = this.#preview(generation);
    }, PREVIEW_WAIT);
  }

  async #preview(generation: number): Promise<void> {
    const value = await preview(this.#repl, this.#editor.line.text);
    if (value === undefined || generation !== this.#generation) return;
    this.#below = [faint(value, this.#terminal)];
    this.#draw();
  }

  #draw(): void {
    this.#screen.draw(this.#picture());
  }

  #picture(): Picture {
    const { line, searchPrompt } = this.#editor;
    const { text, cursor } = line;
    const match = this.#matchingBracket();
    return {
      prompt: searchPrompt ?? PROMPT,
      continuationPrompt: CONTINUATION_PROMPT,
      text,
      cursor,
      paints: this.#paints(text),
      marks: match,
      below: this.#below,
    };
  }

  #paints(text: string): readonly Paint[] {
    if (this.#terminal.outColor !== true) return [];
    if (this.#painted?.text !== text) {
      const { globalNames, scope } = this.#repl;
      const builtins = new Set(globalNames);
      const isBuiltin = (name: string): boolean => builtins.has(name) && !scope.has(name);
      this.#painted = { text, paints: highlight(text, isBuiltin) };
    }
    return this.#painted.paints;
  }

  /** The bracket at the cursor or before it, and its partner. */
  #matchingBracket(): readonly number[] {
    const { line } = this.#editor;
    for (const at of [line.cursor - 1, line.cursor]) {
      const match = line.matchingBracket(at);
      if (match !== undefined) return [at, match];
    }
    return [];
  }
}

const TIME_IS_UP: unique symbol = Symbol("time is up");

function pause(milliseconds: number): Promise<typeof TIME_IS_UP> {
  return new Promise((resolve) => {
    setTimeout(() => resolve(TIME_IS_UP), milliseconds);
  });
}

function faint(text: string, terminal: Terminal): string {
  return terminal.outColor === true ? `\x1b[2m${text}\x1b[0m` : text;
}

function commonPrefix(texts: readonly string[]): string {
  let prefix = texts[0] ?? "";
  for (const text of texts) {
    while (!text.startsWith(prefix)) prefix = prefix.slice(0, -1);
  }
  return prefix;
}
