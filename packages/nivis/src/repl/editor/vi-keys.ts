/**
 * ViKeys: the keys of vi. In insert mode only Escape differs from the other keys; in command mode
 * motions move, `d`, `c` and `y` take a motion, and numbers repeat.
 */
import type { Key } from "./keys.ts";
import type { LineEditor, Request } from "./line-editor.ts";

/** The motions, by their key. */
type Motion = (editor: LineEditor, offset: number) => number;

const MOTIONS: Readonly<Record<string, Motion>> = {
  h: ({ line }, at) => Math.max(line.leftOf(at), line.lineStart(at)),
  l: ({ line }, at) => Math.min(line.rightOf(at), line.lineEnd(at)),
  " ": ({ line }, at) => line.rightOf(at),
  w: ({ line }, at) => line.nextWord(at),
  W: ({ line }, at) => line.nextWord(at, true),
  b: ({ line }, at) => line.wordStart(at),
  B: ({ line }, at) => line.wordStart(at, true),
  e: ({ line }, at) => line.leftOf(line.wordEnd(line.rightOf(at))),
  E: ({ line }, at) => line.leftOf(line.wordEnd(line.rightOf(at), true)),
  "0": ({ line }, at) => line.lineStart(at),
  "^": ({ line }, at) => {
    const start = line.lineStart(at);
    return start + (/^[ \t]*/.exec(line.text.slice(start))?.[0].length ?? 0);
  },
  $: ({ line }, at) => line.lineEnd(at),
  "%": ({ line }, at) => line.matchingBracket(at) ?? at,
};
/** Motions whose last character belongs to what an operator takes. */
const INCLUSIVE = new Set(["e", "E", "%"]);

/** The state of the keys of vi. */
export class ViKeys {
  readonly #editor: LineEditor;
  isCommandMode = false;
  #count = "";
  /** `d`, `c`, `y` while they wait for a motion; `r`, `f`, `F`, `t`, `T` for a character. */
  #waiting = "";

  constructor(editor: LineEditor) {
    this.#editor = editor;
  }

  begin(): void {
    this.isCommandMode = false;
    this.#count = "";
    this.#waiting = "";
  }

  /** Whether these keys decide about a key. */
  takes({ name }: Key): boolean {
    return name === "<Escape>" || (this.isCommandMode && !/^<(?!C-r)/.test(name)) || name === "<";
  }

  press(key: Key): Request | undefined {
    const request = this.#press(key);
    const { line } = this.#editor;
    const end = line.lineEnd();
    // In command mode the cursor is on a character, not behind the last one.
    if (this.isCommandMode && line.cursor === end && end > line.lineStart()) {
      line.moveTo(line.leftOf(end));
    }
    return request;
  }

  #press({ name }: Key): Request | undefined {
    const { line } = this.#editor;
    if (name === "<Escape>") {
      if (!this.isCommandMode) {
        this.isCommandMode = true;
        line.moveTo(Math.max(line.leftOf(line.cursor), line.lineStart()));
      }
      this.#count = "";
      this.#waiting = "";
      return undefined;
    }
    if (!this.isCommandMode) return this.#editor.pressEmacs({ name });
    if (/^[1-9]$/.test(name) || (name === "0" && this.#count !== "")) {
      this.#count += name;
      return undefined;
    }
    if (this.#waiting !== "") return this.#finish(name);
    return this.#command(name);
  }

  #times(): number {
    // A larger number is a mistake.
    const times = Math.min(Number(this.#count || "1"), 1000);
    this.#count = "";
    return times;
  }

  #finish(name: string): undefined {
    const { line } = this.#editor;
    const waiting = this.#waiting;
    this.#waiting = "";
    const times = this.#times();
    const { cursor, text } = line;
    if (waiting === "r") {
      const end = line.rightOf(cursor);
      if (end > cursor) line.replace(cursor, end, name);
      line.moveTo(cursor);
      return undefined;
    }
    if (waiting === "g") {
      if (name === "g") line.moveTo(0);
      return undefined;
    }
    if ("fFtT".includes(waiting)) {
      const backward = waiting === "F" || waiting === "T";
      const found = backward ? text.lastIndexOf(name, cursor - 1) : text.indexOf(name, cursor + 1);
      if (found < 0) return undefined;
      const short = waiting === "t" ? -1 : waiting === "T" ? 1 : 0;
      line.moveTo(found + short);
      return undefined;
    }
    this.#operate(waiting, name, times);
    return undefined;
  }

  /** Deletes, changes or copies what a motion passes over. */
  #operate(operator: string, name: string, times: number): void {
    const { line } = this.#editor;
    const { cursor } = line;
    let start = cursor;
    let end = cursor;
    if (name === operator) {
      start = line.lineStart();
      end = line.lineEnd();
      if (operator === "d" && end < line.text.length) end++;
    } else {
      // Nix users know it from vi: `cw` does not take the blanks behind the word.
      const motion = MOTIONS[operator === "c" && name === "w" ? "e" : name];
      if (motion === undefined) return;
      for (let i = 0; i < times; i++) end = motion(this.#editor, end);
      const isInclusive = INCLUSIVE.has(name) || (operator === "c" && name === "w");
      if (isInclusive && end >= start) end = line.rightOf(end);
      [start, end] = [Math.min(start, end), Math.max(start, end)];
    }
    if (operator === "y") line.copy(line.text.slice(start, end));
    else line.delete(start, end, true);
    line.moveTo(start);
    if (operator === "c") this.isCommandMode = false;
  }

  #insertAt(offset: number): undefined {
    this.#editor.line.moveTo(offset);
    this.isCommandMode = false;
    this.#count = "";
    return undefined;
  }

  #command(name: string): Request | undefined {
    const editor = this.#editor;
    const { line } = editor;
    const { cursor } = line;
    const motion = MOTIONS[name];
    if (motion !== undefined) {
      let at = cursor;
      for (let i = this.#times(); i > 0; i--) at = motion(editor, at);
      line.moveTo(at);
      return undefined;
    }
    switch (name) {
      case "d":
      case "c":
      case "y":
      case "r":
      case "f":
      case "F":
      case "t":
      case "T":
      case "g":
        this.#waiting = name;
        return undefined;
      case "i":
        return this.#insertAt(cursor);
      case "I":
        return this.#insertAt(MOTIONS["^"]?.(editor, cursor) ?? cursor);
      case "a":
        return this.#insertAt(Math.min(line.rightOf(cursor), line.lineEnd()));
      case "A":
        return this.#insertAt(line.lineEnd());
      case "o":
        this.#insertAt(line.lineEnd());
        line.insert("\n");
        return undefined;
      case "O":
        this.#insertAt(line.lineStart());
        line.insert("\n");
        line.moveTo(cursor <= line.cursor ? line.cursor - 1 : line.lineStart() - 1);
        return undefined;
      case "x":
      case "X":
        for (let i = this.#times(); i > 0; i--) {
          if (name === "x") line.delete(line.cursor, line.rightOf(line.cursor), true);
          else line.delete(line.leftOf(line.cursor), line.cursor, true);
        }
        return undefined;
      case "D":
      case "C":
        line.delete(cursor, line.lineEnd(), true);
        if (name === "C") this.isCommandMode = false;
        return undefined;
      case "S":
        this.#operate("c", "c", 1);
        return undefined;
      case "s":
        line.delete(cursor, line.rightOf(cursor), true);
        this.isCommandMode = false;
        return undefined;
      case "p":
      case "P":
        if (name === "p" && cursor < line.lineEnd()) line.moveTo(line.rightOf(cursor));
        line.yank();
        line.moveTo(line.leftOf(line.cursor));
        return undefined;
      case "~": {
        const end = line.rightOf(cursor);
        const char = line.text.slice(cursor, end);
        const upper = char.toUpperCase();
        if (end > cursor) line.replace(cursor, end, char === upper ? char.toLowerCase() : upper);
        return undefined;
      }
      case "u":
        line.undo();
        return undefined;
      case "<C-r>":
        line.redo();
        return undefined;
      case "k":
      case "-":
        if (!line.moveLine(-1)) editor.showEntry(-1);
        return undefined;
      case "j":
      case "+":
        if (!line.moveLine(1)) editor.showEntry(1);
        return undefined;
      case "G":
        line.moveTo(line.text.length);
        return undefined;
      case "v":
        return "edit";
      case "/":
        return editor.pressEmacs({ name: "<C-r>" });
      default:
        this.#count = "";
        return undefined;
    }
  }
}
