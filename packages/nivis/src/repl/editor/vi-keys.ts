/**
 * ViKeys: the keys of vi. In insert mode only Escape differs from the other keys. In command mode motions
 * move, `d`, `c` and `y` take a motion or a text object, numbers repeat, and `.` repeats the last change.
 */
import type { EditedLine } from "./edited-line.ts";
import type { Key } from "./keys.ts";
import type { LineEditor, Request } from "./line-editor.ts";

/** Where a motion leads from an offset. */
type Motion = (line: EditedLine, offset: number) => number;

const MOTIONS: Readonly<Record<string, Motion>> = {
  h: (line, at) => Math.max(line.leftOf(at), line.lineStart(at)),
  l: (line, at) => Math.min(line.rightOf(at), line.lineEnd(at)),
  " ": (line, at) => line.rightOf(at),
  w: (line, at) => line.nextWord(at),
  W: (line, at) => line.nextWord(at, true),
  b: (line, at) => line.wordStart(at),
  B: (line, at) => line.wordStart(at, true),
  e: (line, at) => line.leftOf(line.wordEnd(line.rightOf(at))),
  E: (line, at) => line.leftOf(line.wordEnd(line.rightOf(at), true)),
  "0": (line, at) => line.lineStart(at),
  "^": (line, at) => {
    const start = line.lineStart(at);
    return start + (/^[ \t]*/.exec(line.text.slice(start))?.[0].length ?? 0);
  },
  $: (line, at) => line.lineEnd(at),
  "%": (line, at) => line.matchingBracket(at) ?? at,
};
/** Motions whose last character belongs to what an operator takes. */
const INCLUSIVE = new Set(["e", "E", "%", "f", "t"]);

const OPERATORS = new Set(["d", "c", "y"]);
/** Commands that wait for a character: `f`, `F`, `t`, `T` search it, `r` writes it, `gg` goes to the top. */
const WAITING = new Set(["f", "F", "t", "T", "r", "g"]);
/** Commands that `.` repeats. */
const CHANGES = new Set("dcrxXDCsSpP~JiIaAoO");

/** The brackets of text objects, by what follows `i` or `a`. */
const BRACKETS: Readonly<Record<string, string>> = {
  "(": "(",
  ")": "(",
  b: "(",
  "{": "{",
  "}": "{",
  B: "{",
  "[": "[",
  "]": "[",
};

/** A search for a character in the line. */
interface CharacterSearch {
  /** `f`, `F`, `t` or `T`. */
  readonly kind: string;
  readonly character: string;
}

/** A stretch of the text. */
type Stretch = readonly [start: number, end: number];

/** A larger number is a mistake. */
const MAX_TIMES = 1000;

/** The state of the keys of vi. */
export class ViKeys {
  readonly #editor: LineEditor;
  isCommandMode = false;
  /** The digits that have been typed. */
  #count = "";
  /** The number before the operator. */
  #factor = 1;
  /** `d`, `c` or `y` while it waits for a motion. */
  #operator = "";
  /** What waits for a character: one of {@link WAITING}, or `i` or `a` behind an operator. */
  #waiting = "";
  #search: CharacterSearch | undefined;
  /** The keys of the command that is being typed, and of what it inserts. */
  #keys: Key[] = [];
  #isChange = false;
  #lastChange: readonly Key[] = [];

  constructor(editor: LineEditor) {
    this.#editor = editor;
  }

  begin(): void {
    this.isCommandMode = false;
    this.#forget();
    this.#keys = [];
    this.#isChange = false;
    this.#editor.line.beginStep();
  }

  #forget(): void {
    this.#count = "";
    this.#factor = 1;
    this.#operator = "";
    this.#waiting = "";
  }

  /** Whether these keys decide about a key. */
  takes({ name }: Key): boolean {
    return name === "<Escape>" || (this.isCommandMode && !/^<(?!C-r)/.test(name)) || name === "<";
  }

  /** Notes a key of insert mode that others have taken. */
  note(key: Key): void {
    if (!this.isCommandMode) this.#keys.push(key);
  }

  press(key: Key): Request | undefined {
    if (this.isCommandMode || key.name === "<Escape>") this.#keys.push(key);
    const request = this.#press(key);
    const { line } = this.#editor;
    const end = line.lineEnd();
    // In command mode the cursor is on a character, not behind the last one.
    if (this.isCommandMode && line.cursor === end && end > line.lineStart()) {
      line.moveTo(line.leftOf(end));
    }
    const isDone = this.#count === "" && this.#operator === "" && this.#waiting === "";
    if (this.isCommandMode && isDone) {
      if (this.#isChange) this.#lastChange = this.#keys;
      this.#keys = [];
      this.#isChange = false;
    }
    return request;
  }

  #press({ name }: Key): Request | undefined {
    const { line } = this.#editor;
    if (name === "<Escape>") {
      if (!this.isCommandMode) {
        this.isCommandMode = true;
        line.endStep();
        line.moveTo(Math.max(line.leftOf(line.cursor), line.lineStart()));
      }
      this.#forget();
      return undefined;
    }
    if (!this.isCommandMode) return this.#editor.pressEmacs({ name });
    if (this.#waiting !== "") return this.#character(name);
    if (/^[1-9]$/.test(name) || (name === "0" && this.#count !== "")) {
      this.#count += name;
      return undefined;
    }
    return this.#operator === "" ? this.#command(name) : this.#object(name);
  }

  /** How often the command is to be done; 1 unless a number was typed. */
  #times(): number {
    const times = Math.min(Number(this.#count || "1") * this.#factor, MAX_TIMES);
    this.#count = "";
    this.#factor = 1;
    return times;
  }

  /** Takes the character that a command waits for. */
  #character(name: string): undefined {
    const { line } = this.#editor;
    const waiting = this.#waiting;
    this.#waiting = "";
    if (waiting === "i" || waiting === "a") {
      const stretch = textObject(line, name, waiting === "a");
      this.#count = "";
      this.#finish(stretch);
    } else if (waiting === "r") {
      this.#overwrite(name);
    } else if (waiting === "g") {
      if (name === "g") this.#moveOr(0, "line");
      else this.#forget();
    } else {
      this.#search = { kind: waiting, character: name };
      this.#searchCharacter(this.#search, false);
    }
    return undefined;
  }

  /** Writes a character over those at the cursor. */
  #overwrite(character: string): void {
    const { line } = this.#editor;
    const times = this.#times();
    const start = line.cursor;
    let end = start;
    for (let i = 0; i < times; i++) end = Math.min(line.rightOf(end), line.lineEnd(start));
    if (line.text.slice(start, end).length < times) return;
    line.replace(start, end, character.repeat(times));
    line.moveTo(start + times - 1);
  }

  #searchCharacter({ kind, character }: CharacterSearch, isRepeated: boolean): void {
    const { line } = this.#editor;
    const isForward = kind === "f" || kind === "t";
    const isShort = kind === "t" || kind === "T";
    const step = isForward ? 1 : -1;
    const { text, cursor } = line;
    let at = cursor;
    for (let i = this.#times(); i > 0; i--) {
      // Otherwise a repeated `t` would stay before the same character.
      const from = at + step * (isShort && isRepeated && at === cursor ? 2 : 1);
      if (from < line.lineStart() || from > line.lineEnd()) {
        this.#forget();
        return;
      }
      at = isForward ? text.indexOf(character, from) : text.lastIndexOf(character, from);
      if (at < line.lineStart() || at >= line.lineEnd()) {
        this.#forget();
        return;
      }
    }
    const target = isShort ? (isForward ? line.leftOf(at) : line.rightOf(at)) : at;
    this.#moveOr(target, INCLUSIVE.has(kind) ? "inclusive" : "exclusive");
  }

  /** Moves to an offset, or applies the operator that waits to what is on the way there. */
  #moveOr(target: number, kind: "inclusive" | "exclusive" | "line"): void {
    const { line } = this.#editor;
    const { cursor } = line;
    if (this.#operator === "") {
      this.#count = "";
      line.moveTo(target);
      return;
    }
    const [first, last] = [Math.min(cursor, target), Math.max(cursor, target)];
    this.#finish(
      kind === "line"
        ? [line.lineStart(first), line.lineEnd(last)]
        : [first, kind === "inclusive" && target >= cursor ? line.rightOf(last) : last],
      kind === "line",
    );
  }

  /** What an operator takes. */
  #object(name: string): undefined {
    const { line } = this.#editor;
    const { cursor } = line;
    const operator = this.#operator;
    if (WAITING.has(name) || name === "i" || name === "a") {
      if (name === "r") this.#forget();
      else this.#waiting = name;
      return undefined;
    }
    if (name === operator || name === "j" || name === "k") {
      let target = cursor;
      const direction = name === "k" ? -1 : 1;
      for (let i = this.#times() - (name === operator ? 1 : 0); i > 0; i--) {
        target =
          direction < 0
            ? Math.max(0, line.lineStart(target) - 1)
            : Math.min(line.text.length, line.lineEnd(target) + 1);
      }
      this.#moveOr(target, "line");
      return undefined;
    }
    if (name === "G") {
      this.#moveOr(line.text.length, "line");
      return undefined;
    }
    if (name === ";" || name === ",") {
      this.#searchAgain(name === ",");
      return undefined;
    }
    if ((name === "w" || name === "W") && operator === "c" && /\S/.test(line.text[cursor] ?? "")) {
      // In vi `cw` does not take the blanks behind the word.
      let end = cursor;
      for (let i = this.#times(); i > 0; i--) end = line.wordEnd(end, name === "W");
      this.#finish([cursor, end]);
      return undefined;
    }
    const motion = MOTIONS[name];
    if (motion === undefined) {
      this.#forget();
      return undefined;
    }
    let target = cursor;
    let before = cursor;
    for (let i = this.#times(); i > 0; i--) {
      before = target;
      target = motion(line, target);
    }
    // In vi `dw` on the last word of a line does not join it with the next.
    if ((name === "w" || name === "W") && before < line.lineEnd(before)) {
      target = Math.min(target, line.lineEnd(before));
    }
    this.#moveOr(target, INCLUSIVE.has(name) ? "inclusive" : "exclusive");
    return undefined;
  }

  /** Deletes, changes or copies a stretch; without one, nothing is done. */
  #finish(stretch: Stretch | undefined, isLines = false): void {
    const operator = this.#operator;
    const { line } = this.#editor;
    this.#forget();
    if (stretch === undefined) {
      this.#isChange = false;
      return;
    }
    let [start, end] = stretch;
    if (operator === "y") {
      line.copy(line.text.slice(start, end));
      line.moveTo(isLines ? line.cursor : start);
      return;
    }
    if (operator === "c") this.#insertMode();
    else if (isLines && end < line.text.length) end++;
    else if (isLines && start > 0) start--;
    line.delete(start, end, true);
    line.moveTo(start);
    if (operator === "d" && isLines) {
      const { cursor } = line;
      line.moveTo(MOTIONS["^"]?.(line, cursor) ?? cursor);
    }
  }

  #searchAgain(isReversed: boolean): void {
    if (this.#search === undefined) {
      this.#forget();
      return;
    }
    const { kind, character } = this.#search;
    const opposite = kind === kind.toLowerCase() ? kind.toUpperCase() : kind.toLowerCase();
    this.#searchCharacter({ kind: isReversed ? opposite : kind, character }, true);
  }

  #insertMode(): void {
    this.isCommandMode = false;
    this.#editor.line.beginStep();
  }

  #insertAt(offset: number): undefined {
    this.#count = "";
    this.#editor.line.moveTo(offset);
    this.#insertMode();
    return undefined;
  }

  #command(name: string): Request | undefined {
    const editor = this.#editor;
    const { line } = editor;
    const { cursor } = line;
    if (CHANGES.has(name)) this.#isChange = true;
    const motion = MOTIONS[name];
    if (motion !== undefined) {
      let at = cursor;
      for (let i = this.#times(); i > 0; i--) at = motion(line, at);
      line.moveTo(at);
      return undefined;
    }
    if (OPERATORS.has(name)) {
      this.#operator = name;
      this.#factor = this.#times();
      return undefined;
    }
    if (WAITING.has(name)) {
      this.#waiting = name;
      return undefined;
    }
    switch (name) {
      case ";":
      case ",":
        this.#searchAgain(name === ",");
        return undefined;
      case ".":
        return this.#again();
      case "i":
        return this.#insertAt(cursor);
      case "I":
        return this.#insertAt(MOTIONS["^"]?.(line, cursor) ?? cursor);
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
        line.moveTo(line.cursor - 1);
        return undefined;
      case "x":
      case "s": {
        let end = cursor;
        for (let i = this.#times(); i > 0; i--) end = MOTIONS["l"]?.(line, end) ?? end;
        if (name === "s") this.#insertMode();
        line.delete(cursor, end, true);
        return undefined;
      }
      case "X": {
        let start = cursor;
        for (let i = this.#times(); i > 0; i--) start = MOTIONS["h"]?.(line, start) ?? start;
        line.delete(start, cursor, true);
        return undefined;
      }
      case "D":
      case "C":
        this.#count = "";
        if (name === "C") this.#insertMode();
        line.delete(cursor, line.lineEnd(), true);
        return undefined;
      case "S":
        this.#operator = "c";
        return this.#object("c");
      case "Y":
        this.#operator = "y";
        return this.#object("y");
      case "p":
      case "P":
        if (!line.canYank) return undefined;
        if (name === "p" && cursor < line.lineEnd()) line.moveTo(line.rightOf(cursor));
        for (let i = this.#times(); i > 0; i--) line.yank();
        line.moveTo(line.leftOf(line.cursor));
        return undefined;
      case "~": {
        let end = cursor;
        for (let i = this.#times(); i > 0; i--) end = MOTIONS["l"]?.(line, end) ?? end;
        if (end > cursor) line.replace(cursor, end, swapCase(line.text.slice(cursor, end)));
        return undefined;
      }
      case "J": {
        this.#count = "";
        const end = line.lineEnd();
        const blanks = /^\n[ \t]*/.exec(line.text.slice(end))?.[0].length ?? 0;
        if (blanks > 0) line.replace(end, end + blanks, " ");
        if (blanks > 0) line.moveTo(end);
        return undefined;
      }
      case "u":
        for (let i = this.#times(); i > 0; i--) line.undo();
        return undefined;
      case "<C-r>":
        for (let i = this.#times(); i > 0; i--) line.redo();
        return undefined;
      case "k":
      case "-":
        for (let i = this.#times(); i > 0; i--) if (!line.moveLine(-1)) editor.showEntry(-1);
        return undefined;
      case "j":
      case "+":
        for (let i = this.#times(); i > 0; i--) if (!line.moveLine(1)) editor.showEntry(1);
        return undefined;
      case "G":
        this.#count = "";
        line.moveTo(MOTIONS["^"]?.(line, line.text.length) ?? cursor);
        return undefined;
      case "v":
        this.#count = "";
        return "edit";
      case "/":
      case "?":
        this.#count = "";
        editor.beginSearch();
        return undefined;
      case "n":
      case "N":
        for (let i = this.#times(); i > 0; i--) editor.searchAgain(name === "n" ? -1 : 1);
        return undefined;
      default:
        this.#count = "";
        return undefined;
    }
  }

  /** Does the last change again; a number that was typed replaces that of the change. */
  #again(): undefined {
    const count = this.#count;
    this.#count = "";
    const change = this.#lastChange;
    let at = 0;
    if (count !== "") while (/^\d$/.test(change[at]?.name ?? "")) at++;
    const digits: Key[] = [...count].map((name) => ({ name }));
    this.#keys = [];
    for (const key of [...digits, ...change.slice(at)]) {
      if (key.paste !== undefined) this.#editor.line.insert(key.paste);
      else if (this.isCommandMode || key.name === "<Escape>") this.#press(key);
      else this.#editor.pressEmacs(key);
    }
    this.#isChange = false;
    return undefined;
  }
}

/** The stretch of a text object such as `iw` or `a(`; `undefined` if there is none at the cursor. */
function textObject(line: EditedLine, name: string, isAround: boolean): Stretch | undefined {
  if (name === "w" || name === "W") {
    const isBig = name === "W";
    const [start, end] = line.wordAround(line.cursor, isBig);
    if (!isAround) return [start, end];
    if (/[ \t]/.test(line.text[line.cursor] ?? "")) return [start, line.wordEnd(end, isBig)];
    const behind = /^[ \t]*/.exec(line.text.slice(end))?.[0].length ?? 0;
    if (behind > 0) return [start, end + behind];
    const before = /[ \t]*$/.exec(line.text.slice(line.lineStart(), start))?.[0].length ?? 0;
    return [start - before, end];
  }
  const found = /^["'`]$/.test(name) ? quotesAround(line, name) : bracketsAround(line, name);
  if (found === undefined) return undefined;
  const [start, end] = found;
  return isAround ? [start, end + 1] : [start + 1, end];
}

/** The quotes around the cursor or, if there are none, the next ones in the line. */
function quotesAround(line: EditedLine, quote: string): Stretch | undefined {
  const end = line.lineEnd();
  let open: number | undefined;
  for (let at = line.lineStart(); at < end; at++) {
    if (line.text[at] === "\\") at++;
    else if (line.text[at] === quote) {
      if (open === undefined) open = at;
      else if (at >= line.cursor) return [open, at];
      else open = undefined;
    }
  }
  return undefined;
}

/** The innermost brackets around the cursor or, if there are none, the next ones in the line. */
function bracketsAround(line: EditedLine, name: string): Stretch | undefined {
  const open = BRACKETS[name];
  if (open === undefined) return undefined;
  for (let at = line.cursor; at >= 0; at--) {
    if (line.text[at] !== open) continue;
    const close = line.matchingBracket(at);
    if (close !== undefined && close >= line.cursor) return [at, close];
  }
  const next = line.text.slice(0, line.lineEnd()).indexOf(open, line.cursor);
  const close = next < 0 ? undefined : line.matchingBracket(next);
  return close === undefined ? undefined : [next, close];
}

function swapCase(text: string): string {
  return Array.from(text, (one) => {
    const upper = one.toUpperCase();
    return one === upper ? one.toLowerCase() : upper;
  }).join("");
}
