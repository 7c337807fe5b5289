/**
 * EditedLine: a text with a cursor, and everything that keys can do to it: moving, deleting, yanking,
 * undoing. It knows neither terminals nor history. Positions are UTF-16 offsets at the borders of what
 * users see as one character.
 */

const segmenter = (): Intl.Segmenter => new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The number of steps that can be undone. */
const MAX_UNDO = 500;

interface Snapshot {
  readonly text: string;
  readonly cursor: number;
}

/** A text that is being edited. */
export class EditedLine {
  #text = "";
  #cursor = 0;
  readonly #undo: Snapshot[] = [];
  readonly #redo: Snapshot[] = [];
  /** The texts that were deleted, the last one at the end. */
  readonly #kills: string[] = [];
  /** The stretch that was yanked last, while the next key may replace it. */
  #yank: { start: number; end: number; index: number } | undefined;
  #segmenter: Intl.Segmenter | undefined;
  /** Whether the last change only inserted, so that the next one joins it. */
  #isTyping = false;
  /** Whether changes are one step of undoing: none, the next one begins it, or it has begun. */
  #step: "none" | "begins" | "open" = "none";

  get text(): string {
    return this.#text;
  }

  get cursor(): number {
    return this.#cursor;
  }

  /** Replaces everything; it cannot be undone. */
  reset(text: string, cursor = text.length): void {
    this.#text = text;
    this.#cursor = cursor;
    this.#undo.length = 0;
    this.#redo.length = 0;
    this.#yank = undefined;
    this.#isTyping = false;
  }

  /** Replaces a stretch and puts the cursor behind the new text. */
  replace(start: number, end: number, by: string): void {
    this.#save(false);
    this.#text = this.#text.slice(0, start) + by + this.#text.slice(end);
    this.#cursor = start + by.length;
  }

  #save(typing: boolean): void {
    this.#yank = undefined;
    const joins = this.#step === "open" || (typing && this.#isTyping);
    if (this.#step === "begins") this.#step = "open";
    if (!joins) {
      this.#undo.push({ text: this.#text, cursor: this.#cursor });
      if (this.#undo.length > MAX_UNDO) this.#undo.shift();
    }
    this.#redo.length = 0;
    this.#isTyping = typing;
  }

  insert(text: string): void {
    this.#save(text.length === 1 && text !== " ");
    this.#text = this.#text.slice(0, this.#cursor) + text + this.#text.slice(this.#cursor);
    this.#cursor += text.length;
  }

  /** Makes one step of undoing of all changes until {@link endStep}. */
  beginStep(): void {
    this.#step = "begins";
  }

  endStep(): void {
    this.#step = "none";
  }

  /** Goes back one step; returns whether there was one. */
  undo(): boolean {
    return this.#restore(this.#undo, this.#redo);
  }

  redo(): boolean {
    return this.#restore(this.#redo, this.#undo);
  }

  #restore(from: Snapshot[], to: Snapshot[]): boolean {
    const snapshot = from.pop();
    if (snapshot === undefined) return false;
    to.push({ text: this.#text, cursor: this.#cursor });
    this.#text = snapshot.text;
    this.#cursor = snapshot.cursor;
    this.#isTyping = false;
    if (this.#step === "open") this.#step = "begins";
    return true;
  }

  moveTo(offset: number): void {
    this.#cursor = Math.max(0, Math.min(offset, this.#text.length));
    this.#yank = undefined;
    this.#isTyping = false;
  }

  /** The offset one character to the left. */
  leftOf(offset: number): number {
    if (offset <= 0) return 0;
    // A character seldom has more than a dozen code units.
    const from = Math.max(0, offset - 64);
    let last = from;
    this.#segmenter ??= segmenter();
    for (const { index } of this.#segmenter.segment(this.#text.slice(from, offset))) {
      last = from + index;
    }
    return last;
  }

  /** The offset one character to the right. */
  rightOf(offset: number): number {
    const rest = this.#text.slice(offset, offset + 64);
    if (rest === "") return this.#text.length;
    this.#segmenter ??= segmenter();
    for (const { segment } of this.#segmenter.segment(rest)) return offset + segment.length;
    return this.#text.length;
  }

  /** The begin of the word at or before an offset; `big` words end only at blanks. */
  wordStart(offset: number, big = false): number {
    let at = offset;
    while (at > 0 && classOf(this.#text[at - 1], big) === "blank") at--;
    const kind = classOf(this.#text[at - 1], big);
    while (at > 0 && classOf(this.#text[at - 1], big) === kind) at--;
    return at;
  }

  /** The end of the word at or behind an offset. */
  wordEnd(offset: number, big = false): number {
    let at = offset;
    const { length } = this.#text;
    while (at < length && classOf(this.#text[at], big) === "blank") at++;
    const kind = classOf(this.#text[at], big);
    while (at < length && classOf(this.#text[at], big) === kind) at++;
    return at;
  }

  /** The begin of the next word, as vi's `w`. */
  nextWord(offset: number, big = false): number {
    let at = offset;
    const { length } = this.#text;
    const kind = classOf(this.#text[at], big);
    if (kind !== "blank") while (at < length && classOf(this.#text[at], big) === kind) at++;
    while (at < length && classOf(this.#text[at], big) === "blank") at++;
    return at;
  }

  /** The stretch of characters of one kind that an offset is in, within its line. */
  wordAround(offset: number, big = false): readonly [start: number, end: number] {
    const kind = classOf(this.#text[offset], big);
    let start = offset;
    while (start > this.lineStart(offset) && classOf(this.#text[start - 1], big) === kind) start--;
    let end = offset;
    while (end < this.lineEnd(offset) && classOf(this.#text[end], big) === kind) end++;
    return [start, end];
  }

  /** The begin of the line that an offset is in. */
  lineStart(offset = this.#cursor): number {
    return this.#text.lastIndexOf("\n", offset - 1) + 1;
  }

  lineEnd(offset = this.#cursor): number {
    const end = this.#text.indexOf("\n", offset);
    return end < 0 ? this.#text.length : end;
  }

  /** Moves up or down one line; returns whether there is one. */
  moveLine(direction: -1 | 1): boolean {
    const start = this.lineStart();
    const column = this.#cursor - start;
    if (direction < 0) {
      if (start === 0) return false;
      const above = this.lineStart(start - 1);
      this.moveTo(Math.min(above + column, start - 1));
    } else {
      const end = this.lineEnd();
      if (end === this.#text.length) return false;
      this.moveTo(Math.min(end + 1 + column, this.lineEnd(end + 1)));
    }
    return true;
  }

  /** Deletes a stretch; with `keep` it can be yanked. */
  delete(start: number, end: number, keep = false): void {
    if (start >= end) return;
    if (keep) this.#kills.push(this.#text.slice(start, end));
    this.replace(start, end, "");
    this.#cursor = start;
  }

  /** Remembers a text for {@link yank}. */
  copy(text: string): void {
    if (text !== "") this.#kills.push(text);
  }

  /** Whether there is something to {@link yank}. */
  get canYank(): boolean {
    return this.#kills.length > 0;
  }

  /** Inserts the text that was deleted last. */
  yank(): void {
    const index = this.#kills.length - 1;
    const text = this.#kills[index];
    if (text === undefined) return;
    const start = this.#cursor;
    this.insert(text);
    this.#yank = { start, end: start + text.length, index };
  }

  /** Replaces what was just yanked by what was deleted before it. */
  yankEarlier(): void {
    if (this.#yank === undefined) return;
    const { start, end, index } = this.#yank;
    const earlier = index === 0 ? this.#kills.length - 1 : index - 1;
    const text = this.#kills[earlier] as string;
    this.replace(start, end, text);
    this.#yank = { start, end: start + text.length, index: earlier };
  }

  /** Exchanges the characters around the cursor. */
  transpose(): void {
    const end = this.#cursor === this.#text.length ? this.#cursor : this.rightOf(this.#cursor);
    const middle = this.leftOf(end);
    const start = this.leftOf(middle);
    if (start === middle) return;
    const [a, b] = [this.#text.slice(start, middle), this.#text.slice(middle, end)];
    this.replace(start, end, b + a);
  }

  /** The bracket that belongs to the one at an offset, if any. */
  matchingBracket(offset: number): number | undefined {
    const open = "([{";
    const close = ")]}";
    const bracket = this.#text[offset];
    if (bracket === undefined) return undefined;
    const forward = open.includes(bracket);
    if (!forward && !close.includes(bracket)) return undefined;
    let depth = 0;
    for (let at = offset; at >= 0 && at < this.#text.length; at += forward ? 1 : -1) {
      const char = this.#text[at] as string;
      if (open.includes(char)) depth += forward ? 1 : -1;
      else if (close.includes(char)) depth += forward ? -1 : 1;
      if (depth === 0) return at;
    }
    return undefined;
  }
}

function classOf(char: string | undefined, big: boolean): "blank" | "word" | "sign" {
  if (char === undefined || /\s/.test(char)) return "blank";
  return big || /[\p{L}\p{N}_]/u.test(char) ? "word" : "sign";
}
