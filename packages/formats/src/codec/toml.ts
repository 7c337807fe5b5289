/**
 * TOML 1.0 for `fromTOML`: reads bytes into a tree without Nix values.
 *
 * The reader is our own because upstream asks its library (toml11) for exactly version 1.0,
 * for 64-bit integers and for times to the nanosecond. It keeps its own stack for nested values.
 * It stops at the first mistake; toml-errors.ts then finds what upstream says about the text.
 *
 * Times are returned as the text of upstream's value; whether they are allowed is up to the
 * caller (`parse-toml-timestamps`).
 */
import { CharCode, isDigit, isLetter } from "../char-code.ts";
import { FormatError } from "../format-error.ts";
import { explainTomlMistakes } from "./toml-errors.ts";
import { encodeCodePoint, findUtf8Error } from "./utf8.ts";

/** A table: values by key, in the order of the text. */
export type TomlTable = Map<string, TomlValue>;

/** A TOML value. Strings and keys are byte strings of valid UTF-8. */
export type TomlValue =
  | { readonly kind: "table"; readonly entries: TomlTable }
  | { readonly kind: "array"; readonly items: TomlValue[] }
  | { readonly kind: "string"; readonly value: string }
  /** A signed 64-bit integer; a bigint beyond 2^53. */
  | { readonly kind: "integer"; readonly value: number | bigint }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "boolean"; readonly value: boolean }
  /** A date, a time or both, with or without offset, as upstream writes it. */
  | { readonly kind: "datetime"; readonly text: string };

/** How a table was created, which decides what may add to it. */
type TableForm = "explicit" | "implicit" | "dotted" | "inline";

/** A container whose closing bracket has not been read yet. */
type OpenContainer =
  | { readonly kind: "array"; readonly items: TomlValue[] }
  | { readonly kind: "table"; readonly entries: TomlTable; key: Key };

/** A dotted key and its offset. */
interface Key {
  readonly parts: readonly string[];
  readonly at: number;
}

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);

function isBareKeyChar(code: number): boolean {
  return isLetter(code) || isDigit(code) || code === CharCode.Minus || code === CharCode.Underscore;
}

/** Whether strings and comments must not contain this byte. */
function isControl(c: number): boolean {
  return (c < CharCode.Space && c !== CharCode.Tab) || c === CharCode.Delete;
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  t: "\t",
  n: "\n",
  f: "\f",
  r: "\r",
  '"': '"',
  "\\": "\\",
};

/** Thrown for a text that is not TOML. */
class Rejection {
  constructor(
    /** Where reading stopped. */
    readonly at: number,
  ) {}
}

class TomlReader {
  readonly #text: string;
  #at = 0;
  readonly #root: TomlTable = new Map();
  readonly #forms = new Map<TomlTable, TableForm>();
  /** The arrays created by `[[headers]]`, which further headers may extend. */
  readonly #tableArrays = new Set<readonly TomlValue[]>();

  readonly #dateTime =
    /(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?([Zz]|[+-]\d\d:\d\d)?/y;
  readonly #date = /(\d{4})-(\d\d)-(\d\d)/y;
  readonly #time = /(\d\d):(\d\d):(\d\d)(?:\.(\d+))?/y;
  readonly #float =
    /[+-]?(?:inf|nan|(?:0|[1-9](?:_?\d)*)(?:\.\d(?:_?\d)*(?:[eE][+-]?\d(?:_?\d)*)?|[eE][+-]?\d(?:_?\d)*))/y;
  readonly #integer =
    /0x[\dA-Fa-f](?:_?[\dA-Fa-f])*|0o[0-7](?:_?[0-7])*|0b[01](?:_?[01])*|[+-]?(?:0|[1-9](?:_?\d)*)/y;

  constructor(text: string) {
    this.#text = text === "" || text.endsWith("\n") || text.endsWith("\r") ? text : `${text}\n`;
    if (text.startsWith("\xef\xbb\xbf")) this.#at = 3;
  }

  read(): TomlTable {
    this.#forms.set(this.#root, "explicit");
    let table = this.#root;
    for (;;) {
      this.#skipSpacer();
      if (this.#atEnd()) return this.#root;
      if (this.#code() === CharCode.OpenBracket) {
        table = this.#header();
      } else {
        const key = this.#key();
        this.#keySeparator();
        const value = this.#value();
        this.#insert(table, key, value);
      }
      this.#lineEnd();
    }
  }

  #code(ahead = 0): number {
    return this.#text.charCodeAt(this.#at + ahead);
  }

  #atEnd(): boolean {
    return this.#at >= this.#text.length;
  }

  #skipBlanks(): void {
    for (let c = this.#code(); c === CharCode.Space || c === CharCode.Tab; c = this.#code())
      this.#at++;
  }

  /** Skips a newline, if there is one. */
  #skipNewline(): boolean {
    if (this.#code() === CharCode.CarriageReturn && this.#code(1) === CharCode.LineFeed) this.#at++;
    else if (this.#code() !== CharCode.LineFeed) return false;
    this.#at++;
    return true;
  }

  #skipComment(): void {
    if (this.#code() !== CharCode.Hash) return;
    const start = this.#at;
    let c = this.#code();
    while (!isControl(c) && !Number.isNaN(c)) {
      this.#at++;
      c = this.#code();
    }
    this.#checkUtf8(start, this.#at);
    if (
      !this.#atEnd() &&
      c !== CharCode.LineFeed &&
      !(c === CharCode.CarriageReturn && this.#code(1) === CharCode.LineFeed)
    ) {
      throw new Rejection(this.#at);
    }
  }

  #checkUtf8(start: number, end: number): void {
    const error = findUtf8Error(this.#text.slice(start, end));
    if (error !== undefined) throw new Rejection(start + error.offset);
  }

  /** Skips blanks, newlines and comments. */
  #skipSpacer(): void {
    do {
      this.#skipBlanks();
      this.#skipComment();
    } while (this.#skipNewline());
  }

  /** Reads the end of the line, which must follow a header or a pair. */
  #lineEnd(): void {
    this.#skipBlanks();
    this.#skipComment();
    if (!this.#atEnd() && !this.#skipNewline()) {
      throw new Rejection(this.#at);
    }
  }

  #header(): TomlTable {
    const at = this.#at;
    const isArray = this.#code(1) === CharCode.OpenBracket;
    this.#at += isArray ? 2 : 1;
    this.#skipBlanks();
    const { parts } = this.#key();
    this.#skipBlanks();
    if (
      this.#code() !== CharCode.CloseBracket ||
      (isArray && this.#code(1) !== CharCode.CloseBracket)
    ) {
      throw new Rejection(at);
    }
    this.#at += isArray ? 2 : 1;
    let table = this.#root;
    for (const part of parts.slice(0, -1)) table = this.#enter(table, part, at, "implicit");
    const last = parts[parts.length - 1] as string;
    return isArray ? this.#openArrayElement(table, last, at) : this.#openTable(table, last, at);
  }

  #newTable(form: TableForm): TomlTable {
    const table: TomlTable = new Map();
    this.#forms.set(table, form);
    return table;
  }

  #openTable(parent: TomlTable, name: string, at: number): TomlTable {
    const found = parent.get(name);
    if (found === undefined) {
      const table = this.#newTable("explicit");
      parent.set(name, { kind: "table", entries: table });
      return table;
    }
    if (found.kind !== "table" || this.#forms.get(found.entries) !== "implicit") {
      throw new Rejection(at);
    }
    this.#forms.set(found.entries, "explicit");
    return found.entries;
  }

  #openArrayElement(parent: TomlTable, name: string, at: number): TomlTable {
    let array = parent.get(name);
    if (array === undefined) {
      array = { kind: "array", items: [] };
      this.#tableArrays.add(array.items);
      parent.set(name, array);
    }
    if (array.kind !== "array" || !this.#tableArrays.has(array.items)) {
      throw new Rejection(at);
    }
    const table = this.#newTable("explicit");
    array.items.push({ kind: "table", entries: table });
    return table;
  }

  /**
   * The table called `name` in `table`, on the way to a deeper key; created with `form` if absent.
   */
  #enter(table: TomlTable, name: string, at: number, form: "implicit" | "dotted"): TomlTable {
    const found = table.get(name);
    if (found === undefined) {
      const entries = this.#newTable(form);
      table.set(name, { kind: "table", entries });
      return entries;
    }
    if (found.kind === "table") {
      const foundForm = this.#forms.get(found.entries);
      if (foundForm === "inline") {
        throw new Rejection(at);
      }
      if (form === "dotted" && foundForm !== "dotted") {
        throw new Rejection(at);
      }
      return found.entries;
    }
    if (found.kind === "array" && this.#tableArrays.has(found.items)) {
      if (form === "dotted") {
        throw new Rejection(at);
      }
      const last = found.items[found.items.length - 1];
      if (last?.kind === "table") return last.entries;
    }
    throw new Rejection(at);
  }

  #insert(table: TomlTable, key: Key, value: TomlValue): void {
    let inner = table;
    for (const part of key.parts.slice(0, -1)) inner = this.#enter(inner, part, key.at, "dotted");
    const last = key.parts[key.parts.length - 1] as string;
    if (inner.has(last)) {
      throw new Rejection(key.at);
    }
    inner.set(last, value);
  }

  #key(): Key {
    const at = this.#at;
    const parts = [this.#simpleKey()];
    for (;;) {
      const end = this.#at;
      this.#skipBlanks();
      if (this.#code() !== CharCode.Dot) {
        this.#at = end;
        return { parts, at };
      }
      this.#at++;
      this.#skipBlanks();
      parts.push(this.#simpleKey());
    }
  }

  #simpleKey(): string {
    const c = this.#code();
    if (c === CharCode.DoubleQuote) return this.#basicString();
    if (c === CharCode.SingleQuote) return this.#literalString();
    const start = this.#at;
    while (isBareKeyChar(this.#code())) this.#at++;
    if (this.#at === start) {
      throw new Rejection(start);
    }
    return this.#text.slice(start, this.#at);
  }

  #keySeparator(): void {
    this.#skipBlanks();
    if (this.#code() !== CharCode.Equals) {
      throw new Rejection(this.#at);
    }
    this.#at++;
    this.#skipBlanks();
  }

  #value(): TomlValue {
    const open: OpenContainer[] = [];
    for (;;) {
      let value = this.#scalarOrEmpty(open);
      // Closing one container makes it the value of the one around it.
      while (value !== undefined) {
        const top = open[open.length - 1];
        if (top === undefined) return value;
        value =
          top.kind === "array"
            ? this.#afterItem(open, top, value)
            : this.#afterMember(open, top, value);
      }
    }
  }

  /** Reads a scalar or an empty container; returns undefined after opening a container. */
  #scalarOrEmpty(open: OpenContainer[]): TomlValue | undefined {
    switch (this.#code()) {
      case CharCode.OpenBracket: {
        this.#at++;
        this.#skipSpacer();
        const items: TomlValue[] = [];
        if (this.#code() === CharCode.CloseBracket) {
          this.#at++;
          return { kind: "array", items };
        }
        this.#checkArrayGoesOn();
        open.push({ kind: "array", items });
        return undefined;
      }
      case CharCode.OpenBrace: {
        this.#at++;
        this.#skipBlanks();
        const entries = this.#newTable("inline");
        if (this.#code() === CharCode.CloseBrace) {
          this.#at++;
          return { kind: "table", entries };
        }
        const key = this.#key();
        this.#keySeparator();
        open.push({ kind: "table", entries, key });
        return undefined;
      }
      default:
        return this.#scalar();
    }
  }

  #checkArrayGoesOn(): void {
    if (this.#atEnd()) {
      throw new Rejection(this.#at);
    }
  }

  #afterItem(
    open: OpenContainer[],
    top: OpenContainer & { kind: "array" },
    value: TomlValue,
  ): TomlValue | undefined {
    top.items.push(value);
    this.#skipSpacer();
    if (this.#code() === CharCode.Comma) {
      this.#at++;
      this.#skipSpacer();
      if (this.#code() !== CharCode.CloseBracket) {
        this.#checkArrayGoesOn();
        return undefined;
      }
    }
    this.#checkArrayGoesOn();
    if (this.#code() !== CharCode.CloseBracket) {
      throw new Rejection(this.#at);
    }
    this.#at++;
    open.pop();
    return { kind: "array", items: top.items };
  }

  #afterMember(
    open: OpenContainer[],
    top: OpenContainer & { kind: "table" },
    value: TomlValue,
  ): TomlValue | undefined {
    this.#insert(top.entries, top.key, value);
    this.#skipBlanks();
    if (this.#code() === CharCode.Comma) {
      this.#at++;
      this.#skipBlanks();
      if (this.#code() === CharCode.CloseBrace) {
        throw new Rejection(this.#at);
      }
      top.key = this.#key();
      this.#keySeparator();
      return undefined;
    }
    if (this.#code() !== CharCode.CloseBrace) {
      throw new Rejection(this.#at);
    }
    this.#at++;
    open.pop();
    return { kind: "table", entries: top.entries };
  }

  #scalar(): TomlValue {
    const text = this.#text;
    switch (text.charAt(this.#at)) {
      case '"':
        return {
          kind: "string",
          value: text.startsWith('"""', this.#at)
            ? this.#multiLineString('"')
            : this.#basicString(),
        };
      case "'":
        return {
          kind: "string",
          value: text.startsWith("'''", this.#at)
            ? this.#multiLineString("'")
            : this.#literalString(),
        };
      case "t":
      case "f":
        for (const value of [true, false]) {
          if (text.startsWith(String(value), this.#at)) {
            this.#at += String(value).length;
            return { kind: "boolean", value };
          }
        }
        throw new Rejection(this.#at);
      default:
        return this.#number();
    }
  }

  #match(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    return match;
  }

  #number(): TomlValue {
    const start = this.#at;
    const dateTime = this.#match(this.#dateTime);
    if (dateTime !== undefined) return this.#finishDateTime(dateTime, start);
    const date = this.#match(this.#date);
    if (date !== undefined) {
      this.#checkNoTime();
      return { kind: "datetime", text: this.#formatDate(date, 1, start) };
    }
    const time = this.#match(this.#time);
    if (time !== undefined) return { kind: "datetime", text: this.#formatTime(time, 1, start) };
    const float = this.#match(this.#float);
    if (float !== undefined) return this.#finishFloat(float[0]);
    const integer = this.#match(this.#integer);
    if (integer !== undefined) return this.#finishInteger(integer[0]);
    const c = this.#text.charAt(start);
    if (c === ".") {
      throw new Rejection(start);
    }
    if (c === "_") {
      throw new Rejection(start);
    }
    throw new Rejection(start);
  }

  /** Throws if what follows a date looks like a malformed time. */
  #checkNoTime(): void {
    const c = this.#text.charAt(this.#at);
    if (c === "T" || c === "t" || (c === " " && isDigit(this.#code(1)))) {
      throw new Rejection(this.#at + 1);
    }
    if (isDigit(this.#code())) {
      throw new Rejection(this.#at);
    }
  }

  #finishDateTime(match: RegExpExecArray, start: number): TomlValue {
    const offset = match[8];
    if (
      offset === undefined &&
      (this.#code() === CharCode.Plus || this.#code() === CharCode.Minus)
    ) {
      throw new Rejection(this.#at);
    }
    const local = `${this.#formatDate(match, 1, start)}T${this.#formatTime(match, 4, start)}`;
    return {
      kind: "datetime",
      text: offset === undefined ? local : local + this.#formatOffset(offset, start),
    };
  }

  #formatOffset(offset: string, start: number): string {
    if (offset === "Z" || offset === "z" || offset.slice(1) === "00:00") return "Z";
    if (Number(offset.slice(1, 3)) > 24 || Number(offset.slice(4)) > 60) {
      throw new Rejection(start);
    }
    return offset;
  }

  #formatDate(match: RegExpExecArray, group: number, start: number): string {
    const [year, month, day] = match.slice(group, group + 3) as [string, string, string];
    const isLeap = Number(year) % 4 === 0 && (Number(year) % 100 !== 0 || Number(year) % 400 === 0);
    const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][Number(month) - 1];
    if (days === undefined || Number(day) < 1 || Number(day) > days) {
      throw new Rejection(start);
    }
    return `${year}-${month}-${day}`;
  }

  #formatTime(match: RegExpExecArray, group: number, start: number): string {
    const [hour, minute, second] = match.slice(group, group + 3) as [string, string, string];
    if (Number(hour) > 23 || Number(minute) > 59) {
      throw new Rejection(start);
    }
    if (Number(second) > 60) {
      throw new Rejection(start);
    }
    // Nix: at most nanoseconds, in groups of three digits without trailing zero groups
    // (fromTOML.cc, normalizeSubsecondPrecision).
    let fraction = (match[group + 3] ?? "").slice(0, 9).padEnd(9, "0");
    while (fraction.endsWith("000")) fraction = fraction.slice(0, -3);
    return `${hour}:${minute}:${second}${fraction === "" ? "" : `.${fraction}`}`;
  }

  #finishFloat(text: string): TomlValue {
    if (this.#code() === CharCode.Underscore) {
      throw new Rejection(this.#at);
    }
    const digits = text.replaceAll("_", "");
    const unsigned = digits.replace(/^[+-]/, "");
    let value: number;
    if (unsigned === "nan") value = Number.NaN;
    else if (unsigned === "inf") value = Number.POSITIVE_INFINITY;
    else {
      value = Number(unsigned);
      if (!Number.isFinite(value)) {
        throw new Rejection(this.#at);
      }
    }
    return { kind: "float", value: digits.startsWith("-") ? -value : value };
  }

  #finishInteger(text: string): TomlValue {
    const next = this.#text.charAt(this.#at);
    if (next === "_") {
      throw new Rejection(this.#at);
    }
    if (isDigit(this.#code())) {
      throw new Rejection(this.#at);
    }
    if (next === ":" || next === "-") {
      throw new Rejection(this.#at);
    }
    if (next === "." || next === "e" || next === "E") {
      throw new Rejection(this.#at);
    }
    const digits = text.replaceAll("_", "");
    const negative = digits.startsWith("-");
    const magnitude = BigInt(digits.replace(/^[+-]/, ""));
    const value = negative ? -magnitude : magnitude;
    if (value > MAX_INT64 || value < MIN_INT64) {
      throw new Rejection(this.#at);
    }
    const small = Number(value);
    return { kind: "integer", value: Number.isSafeInteger(small) ? small : value };
  }

  #literalString(): string {
    const start = this.#at + 1;
    let at = start;
    let c = this.#text.charCodeAt(at);
    while (c !== CharCode.SingleQuote) {
      if (isControl(c) || Number.isNaN(c)) {
        throw new Rejection(at);
      }
      c = this.#text.charCodeAt(++at);
    }
    this.#checkUtf8(start, at);
    this.#at = at + 1;
    return this.#text.slice(start, at);
  }

  #basicString(): string {
    this.#at++;
    let value = "";
    let runStart = this.#at;
    for (;;) {
      const c = this.#code();
      if (c === CharCode.DoubleQuote || c === CharCode.Backslash) {
        this.#checkUtf8(runStart, this.#at);
        value += this.#text.slice(runStart, this.#at);
        if (c === CharCode.DoubleQuote) {
          this.#at++;
          return value;
        }
        value += this.#escape();
        runStart = this.#at;
      } else if (isControl(c) || Number.isNaN(c)) {
        throw new Rejection(this.#at);
      } else {
        this.#at++;
      }
    }
  }

  /** Reads a `"""` or `'''` string. Up to two quotes before the closing three belong to it. */
  #multiLineString(quote: '"' | "'"): string {
    const quotes = quote.repeat(3);
    this.#at += 3;
    this.#skipNewline();
    let value = "";
    let runStart = this.#at;
    for (;;) {
      const c = this.#code();
      if (c === quote.charCodeAt(0) && this.#text.startsWith(quotes, this.#at)) {
        let end = this.#at;
        while (end < this.#at + 2 && this.#text.startsWith(quotes, end + 1)) end++;
        this.#checkUtf8(runStart, end);
        value += this.#text.slice(runStart, end);
        this.#at = end + 3;
        return value;
      }
      if (c === CharCode.Backslash && quote === '"') {
        this.#checkUtf8(runStart, this.#at);
        value += this.#text.slice(runStart, this.#at);
        if (!this.#skipEscapedNewline()) value += this.#escape();
        runStart = this.#at;
      } else if (!this.#skipNewline()) {
        if (isControl(c) || Number.isNaN(c)) throw new Rejection(this.#at);
        this.#at++;
      }
    }
  }

  /**
   * Skips the newline after a backslash at the end of a line, and all blanks and newlines after it.
   */
  #skipEscapedNewline(): boolean {
    const start = this.#at;
    this.#at++;
    this.#skipBlanks();
    if (!this.#skipNewline()) {
      this.#at = start;
      return false;
    }
    do this.#skipBlanks();
    while (this.#skipNewline());
    return true;
  }

  #escape(): string {
    const at = this.#at;
    const c = this.#text.charAt(at + 1);
    const simple = SIMPLE_ESCAPES[c];
    if (simple !== undefined && c !== "") {
      this.#at += 2;
      return simple;
    }
    if (c !== "u" && c !== "U") {
      throw new Rejection(at + 1);
    }
    const length = c === "u" ? 4 : 8;
    const digits = this.#text.slice(at + 2, at + 2 + length);
    if (digits.length < length || !/^[\dA-Fa-f]+$/.test(digits)) {
      throw new Rejection(at + 2);
    }
    const codePoint = Number.parseInt(digits, 16);
    if (codePoint > 0x10ffff) {
      throw new Rejection(at);
    }
    if (codePoint >= 0xd800 && codePoint <= 0xdfff) {
      throw new Rejection(at);
    }
    this.#at += 2 + length;
    return encodeCodePoint(codePoint);
  }
}

/**
 * Reads a TOML 1.0 text (bytes) into its root table. Throws a `toml-parse` error whose message
 * is what `fromTOML` shows after `while parsing TOML: `.
 */
export function parseToml(text: string): TomlTable {
  try {
    return new TomlReader(text).read();
  } catch (error) {
    if (error instanceof Rejection) throw new FormatError("toml-parse", explain(text, error.at));
    throw error;
  }
}

function explain(text: string, at: number): string {
  try {
    const explanation = explainTomlMistakes(text);
    if (explanation !== undefined) return explanation;
  } catch (error) {
    // Values nested so deeply that the explanation, unlike the reader, runs out of stack.
    if (!(error instanceof RangeError)) throw error;
  }
  const line = text.slice(0, at).split("\n").length;
  return `this is not TOML 1.0, line ${line}`;
}
