/**
 * What C++ Nix says about a text that is not TOML.
 *
 * Its library (toml11 4.4) goes on after a mistake and reports all that it finds, follow-up mistakes
 * included. This parser does the same and keeps of the text only what decides about further mistakes;
 * `toml.ts` calls it for texts that it has rejected. Each method is a step of that library that can
 * fail: it either moves the cursor, or throws a {@link Mistake} and leaves the cursor where recovery
 * starts. Titles, remarks and hints are the library's.
 */

import * as syntax from "./toml-syntax.ts";
import { Cursor, type Scanner, showByte } from "./toml-syntax.ts";
import { encodeCodePoint } from "./utf8.ts";

/** A part of a text, from `first` up to `last`. */
interface Region {
  readonly text: string;
  readonly first: number;
  readonly last: number;
  /** The offset whose line is the last one of the region. */
  readonly lineEnd: number;
}

/** A mistake: what is wrong, and remarks on places in the text. */
class Mistake {
  constructor(
    readonly title: string,
    readonly places: readonly (readonly [region: Region, remark: string])[],
    readonly hint = "",
  ) {}
}

/** How a table or an array came to be, which decides what may be added to it. */
type Form = "header" | "implicit" | "dotted" | "inline" | "tables";

/** What later keys have to know about a value. */
interface Node {
  readonly kind: "table" | "array" | "scalar";
  form: Form;
  region: Region;
  readonly entries: Map<string, Node>;
  readonly items: Node[];
}

type Insertion = "dotted" | "table" | "array";

interface ReadKey {
  readonly parts: readonly string[];
  readonly region: Region;
}

const INTEGER_HINT =
  "Hint: valid  : -42, 1_000, 1_2_3_4_5, 0xC0FFEE, 0b0010, 0o755\nHint: invalid: _42, 1__000, 0123\n";
const FLOAT_HINT =
  "Hint: valid  : +1.0, -2e-2, 3.141_592_653_589, inf, nan\nHint: invalid: .0, 1., _1.0, 1.0_, 1_.0, 1.0__0\n";
const TIME_HINT =
  "Hint: valid  : 1979-05-27T07:32:00, 1979-05-27 07:32:00.999999\nHint: invalid: 1979-05-27T7:32:00, 1979-05-27 17:32\n";
const DATE_TIME_HINT =
  "Hint: valid  : 1979-05-27T07:32:00-07:00, 1979-05-27 07:32:00.999999Z\nHint: invalid: 1979-05-27T7:32:00-7:00, 1979-05-27 7:32-00:30";
const OFFSET_HINT = "Hint: valid  : +09:00, -05:30\nHint: invalid: +9:00,  -5:30\n";
const KEY_HINT = "Hint: non-ASCII scripts are allowed in toml v1.1.0, but not in v1.0.0.\n";
const COMMENT_HINT = "Hint: most of the control characters are not allowed in comments";

const MAX_INT64 = 2n ** 63n - 1n;

const PREFIXES = {
  b: {
    scanner: syntax.binary,
    name: "bin",
    example: "0b0101, 0b1111_0000",
  },
  o: { scanner: syntax.octal, name: "oct", example: "0o775, 0o04_44" },
  x: { scanner: syntax.hexadecimal, name: "hex", example: "0xC0FFEE, 0xdead_beef" },
} as const;

const ESCAPES: Readonly<Record<string, string>> = {
  "\\": "\\",
  '"': '"',
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** The byte at a cursor as a region; at the end of the text, the last byte. */
function here({ text, at }: Cursor): Region {
  // A newline ends in its own line, but at the end of the text the next line counts, too.
  if (at < text.length) return { text, first: at, last: at + 1, lineEnd: at };
  return { text, first: Math.max(at - 1, 0), last: at, lineEnd: at };
}

function mistakeAt(cursor: Cursor, title: string, remark: string, hint = ""): Mistake {
  return new Mistake(title, [[here(cursor), remark]], hint);
}

/** The mistake of a rule that does not match, at the place where it stops to match. */
function mismatch(cursor: Cursor, title: string, wanted: Scanner, hint = ""): Mistake {
  const place = new Cursor(cursor.text, cursor.at);
  const expected = wanted.expected(place);
  return mistakeAt(place, title, `expected ${expected}`, hint);
}

class MistakeFinder {
  readonly #cursor: Cursor;
  readonly #mistakes: Mistake[] = [];

  constructor(text: string) {
    this.#cursor = new Cursor(/[\n\r]$/.test(text) ? text : `${text}\n`);
    if (text.startsWith("\xef\xbb\xbf")) this.#cursor.at = 3;
  }

  /** The text that the places of mistakes refer to. */
  get text(): string {
    return this.#cursor.text;
  }

  find(): readonly Mistake[] {
    const cursor = this.#cursor;
    const root = this.#table("header", here(cursor));
    this.#leadingComments();
    this.#report(() => this.#entries(root), true);
    while (!cursor.atEnd) this.#header(root);
    return this.#mistakes;
  }

  /** Runs a step and keeps its mistake; returns whether it succeeded. */
  #report(step: () => void, skipsToHeader = false): boolean {
    const mistake = this.#attempt(step);
    if (mistake === undefined) return true;
    this.#mistakes.push(mistake);
    if (skipsToHeader) this.#skipToHeader();
    return false;
  }

  #attempt(step: () => void): Mistake | undefined {
    try {
      step();
      return undefined;
    } catch (error) {
      if (error instanceof Mistake) return error;
      throw error;
    }
  }

  #table(form: Form, region: Region): Node {
    return { kind: "table", form, region, entries: new Map(), items: [] };
  }

  #since(first: number): Region {
    const { text, at } = this.#cursor;
    return { text, first, last: at, lineEnd: at };
  }

  // Tables

  #leadingComments(): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    for (let found = true; found && !cursor.atEnd; ) {
      const isRead = this.#report(() => {
        found = this.#comment();
      });
      if (!isRead) this.#skipComments();
    }
    if (!cursor.atEnd && !syntax.blankLine.scan(cursor)) cursor.at = start;
  }

  /** A header and the entries below it. */
  #header(root: Node): void {
    const cursor = this.#cursor;
    this.#spacer();
    for (const kind of ["array", "table"] as const) {
      const start = cursor.at;
      const scanner = kind === "array" ? syntax.arrayHeader : syntax.tableHeader;
      if (!scanner.scan(cursor)) continue;
      const region = this.#since(start);
      const end = cursor.at;
      cursor.at = start + (kind === "array" ? 2 : 1);
      syntax.blanks.scan(cursor);
      let key: ReadKey | undefined;
      const mistake = this.#attempt(() => {
        key = this.#key();
      });
      // An escape in the key is not a character. Nix: this mistake is lost.
      if (mistake !== undefined || key === undefined) continue;
      cursor.at = end;
      this.#tableBody(root, kind, { parts: key.parts, region });
      return;
    }
    const isArray = cursor.startsWith("[[");
    this.#mistakes.push(
      mismatch(
        cursor,
        `toml::parse_file: invalid ${isArray ? "array-table" : "table"} key`,
        isArray ? syntax.arrayHeader : syntax.tableHeader,
      ),
    );
    this.#skipToHeader();
  }

  #tableBody(root: Node, kind: "array" | "table", key: ReadKey): void {
    const cursor = this.#cursor;
    const isEnded = this.#report(() => {
      if (this.#comment()) return;
      syntax.blanks.scan(cursor);
      if (cursor.atEnd || syntax.newline.scan(cursor)) return;
      throw mismatch(cursor, "toml::parse_file: newline (or EOF) expected", syntax.newline);
    }, true);
    if (!isEnded) return;
    let table = this.#table("header", key.region);
    const isInserted = this.#report(() => {
      table = this.#insert(kind, root, key, table);
    });
    this.#report(() => this.#entries(isInserted ? table : this.#table("header", key.region)), true);
  }

  /** The pairs below a header, up to the next one. */
  #entries(table: Node): void {
    const cursor = this.#cursor;
    const before = this.#mistakes.length;
    let isOnNewLine = true;
    while (!cursor.atEnd) {
      const start = cursor.at;
      const hasNewline = this.#spacer();
      if (cursor.atEnd) break;
      if (syntax.bracket.scan(cursor)) {
        cursor.at = start;
        break;
      }
      if (!isOnNewLine && !hasNewline) {
        throw mistakeAt(
          cursor,
          "toml::parse_table: newline (LF / CRLF) or EOF is expected",
          "here",
        );
      }
      isOnNewLine = false;
      let pair: readonly [ReadKey, Node] | undefined;
      const isRead = this.#report(() => {
        pair = this.#pair();
      });
      if (!isRead || pair === undefined) {
        this.#skipPair();
        continue;
      }
      const [key, value] = pair;
      this.#report(() => {
        if (this.#comment()) isOnNewLine = true;
      });
      this.#report(() => this.#insert("dotted", table, key, value));
    }
    this.#throwLast(before);
  }

  /** Throws the last of the mistakes that were added since there were `before`. */
  #throwLast(before: number): void {
    if (this.#mistakes.length > before) throw this.#mistakes.pop();
  }

  #insert(how: Insertion, root: Node, { parts, region }: ReadKey, value: Node): Node {
    const refuse = (title: string, remark: string, found: Node, about: string): Mistake =>
      new Mistake(`toml::insert_value:${title}`, [
        [region, remark],
        [found.region, about],
      ]);
    let table = root;
    for (const part of parts.slice(0, -1)) {
      const found = table.entries.get(part);
      if (found === undefined) {
        const inner = this.#table(how === "dotted" ? "dotted" : "implicit", region);
        table.entries.set(part, inner);
        table = inner;
      } else if (found.kind === "table") {
        if (found.form === "inline") {
          throw refuse(
            " failed to insert a value: inline table is immutable",
            "inserting this",
            found,
            "to this table",
          );
        }
        if (how === "dotted" && found.form !== "dotted") {
          throw refuse(
            " reopening a table using dotted keys",
            "dotted key cannot reopen a table",
            found,
            "this table is already closed",
          );
        }
        table = found;
      } else if (isArrayOfTables(found)) {
        if (found.form !== "tables") {
          throw refuse(
            "inline array of tables are immutable",
            "inserting this",
            found,
            "inline array of tables",
          );
        }
        if (how === "dotted") {
          throw refuse(
            "dotted key cannot reopen an array-of-tables",
            "inserting this",
            found,
            "to this array-of-tables.",
          );
        }
        table = found.items.at(-1) as Node;
      } else {
        throw refuse(
          " failed to insert a value, value already exists",
          "while inserting this",
          found,
          "non-table value already exists",
        );
      }
    }
    const last = parts.at(-1) as string;
    const found = table.entries.get(last);
    if (how === "dotted") {
      if (found !== undefined) {
        throw refuse(
          " failed to insert a value, value already exists",
          "inserting this",
          found,
          "but value already exists",
        );
      }
      table.entries.set(last, value);
      return value;
    }
    if (how === "table") {
      if (found === undefined) {
        table.entries.set(last, value);
        return value;
      }
      if (found.kind !== "table" || found.form !== "implicit") {
        throw refuse(
          " failed to insert a table, table already defined",
          "inserting this",
          found,
          "this table is explicitly defined",
        );
      }
      found.form = "header";
      found.region = value.region;
      return found;
    }
    if (found === undefined) {
      const items = [value];
      table.entries.set(last, { kind: "array", form: "tables", region, entries: new Map(), items });
      return value;
    }
    if (!isArrayOfTables(found)) {
      throw refuse(
        " failed to insert an array of tables, value already exists",
        "while inserting this",
        found,
        "non-table value already exists",
      );
    }
    if (found.form !== "tables") {
      throw refuse(
        " failed to insert a table, inline array of tables is immutable",
        "while inserting this",
        found,
        "this is inline array-of-tables",
      );
    }
    found.items.push(value);
    return value;
  }

  // Keys, blanks and comments

  #pair(): readonly [ReadKey, Node] {
    const cursor = this.#cursor;
    const start = cursor.at;
    let key: ReadKey;
    try {
      key = this.#key();
      if (!syntax.equals.scan(cursor)) {
        const title = "toml::parse_key_value_pair: invalid key value separator `=`";
        throw mismatch(cursor, title, syntax.equals);
      }
    } catch (error) {
      cursor.at = start;
      throw error;
    }
    return [key, this.#value()];
  }

  #key(): ReadKey {
    const cursor = this.#cursor;
    const start = cursor.at;
    const parts: string[] = [];
    while (!cursor.atEnd) {
      parts.push(this.#simpleKey());
      if (!syntax.dot.scan(cursor)) break;
    }
    if (parts.length === 0) {
      const title = "toml::parse_key: expected a new key, but got nothing";
      throw mistakeAt(cursor, title, "reached EOF");
    }
    return { parts, region: this.#since(start) };
  }

  #simpleKey(): string {
    const cursor = this.#cursor;
    const start = cursor.at;
    if (cursor.current === '"') return this.#basicString();
    if (cursor.current === "'") return this.#literalString();
    if (syntax.bareKey.scan(cursor)) return cursor.text.slice(start, cursor.at);
    throw mismatch(
      cursor,
      "toml::parse_simple_key: invalid key: key must be \"quoted\", 'quoted-literal', or bare key.",
      syntax.bareKey,
      KEY_HINT,
    );
  }

  /** Blanks, newlines and comments; returns whether a line ended. */
  #spacer(): boolean {
    const cursor = this.#cursor;
    let hasNewline = false;
    while (!cursor.atEnd) {
      const start = cursor.at;
      if (syntax.commentLine.scan(cursor) || syntax.newline.scan(cursor)) hasNewline = true;
      else {
        syntax.blanks.scan(cursor);
        if (cursor.at === start) break;
      }
    }
    return hasNewline;
  }

  /** A comment and the end of its line; returns whether there is one. */
  #comment(): boolean {
    const cursor = this.#cursor;
    const start = cursor.at;
    syntax.blanks.scan(cursor);
    if (!syntax.comment.scan(cursor)) {
      cursor.at = start;
      return false;
    }
    if (cursor.atEnd || syntax.newline.scan(cursor)) return true;
    while (!cursor.atEnd) {
      cursor.advance();
      if (cursor.current === "\n") {
        cursor.advance();
        break;
      }
    }
    const title = "toml::parse_comment_line: newline (LF / CRLF) or EOF is expected";
    throw mistakeAt(cursor, title, "but got this", COMMENT_HINT);
  }

  // Values

  #value(): Node {
    const cursor = this.#cursor;
    const start = cursor.at;
    const read = this.#valueKind();
    const node = read();
    return node ?? this.#scalar(start);
  }

  #scalar(start: number): Node {
    const region = this.#since(start);
    return { kind: "scalar", form: "inline", region, entries: new Map(), items: [] };
  }

  /** The reader of the value at the cursor, chosen by its first bytes. Nodes are returned for containers. */
  // biome-ignore lint/suspicious/noConfusingVoidType: readers of scalars return nothing
  #valueKind(): () => Node | void {
    const cursor = this.#cursor;
    const place = new Cursor(cursor.text, cursor.at);
    const lowercase = (word: string, wanted: Scanner): Mistake =>
      mismatch(
        place,
        `toml::parse_value: \`${word}\` must be in lowercase. A string must be surrounded by quotes.`,
        wanted,
      );
    switch (cursor.current) {
      case '"':
      case "'":
        return () => this.#string();
      case "[":
        return () => this.#array();
      case "{":
        return () => this.#inlineTable();
      case "t":
      case "f":
        return () => this.#boolean();
      case "T":
        throw lowercase("true", syntax.boolean);
      case "F":
        throw lowercase("false", syntax.boolean);
      case "i":
      case "I":
        if (cursor.startsWith("inf")) return () => this.#float();
        throw lowercase("inf", syntax.float);
      case "n":
      case "N":
        if (cursor.startsWith("nan")) return () => this.#float();
        throw lowercase("nan", syntax.float);
      default:
        return this.#numberKind(place);
    }
  }

  /** Like {@link #valueKind}, for numbers, dates and times; `place` is moved. */
  #numberKind(place: Cursor): () => void {
    const start = place.at;
    const isDigit = (byte: string): boolean => byte >= "0" && byte <= "9";
    if (syntax.offsetDateTime.scan(place)) return () => this.#dateTime(true);
    if (syntax.localDateTime.scan(place)) {
      if (!/[+-]/.test(place.current)) return () => this.#dateTime(false);
      throw mismatch(place, "bad offset: must be [+-]HH:MM or Z", syntax.timeOffset, OFFSET_HINT);
    }
    if (syntax.localDate.scan(place)) {
      const after = place.current;
      const isTime = /[Tt ]/.test(after) && !place.atEnd;
      if (isTime) place.advance();
      if (isTime && (after !== " " || isDigit(place.current))) {
        const title = "bad time: must be HH:MM:SS.subsec";
        throw mismatch(place, title, syntax.localTime, TIME_HINT);
      }
      if (isDigit(after)) {
        const title = "bad datetime: missing T or space";
        throw mismatch(place, title, syntax.timeDelimiter, TIME_HINT);
      }
      return () => this.#date();
    }
    if (syntax.localTime.scan(place)) return () => this.#time();
    if (syntax.float.scan(place)) {
      if (place.current !== "_") return () => this.#float();
      const title = "bad float: `_` must be surrounded by digits";
      throw mistakeAt(place, title, "invalid underscore", FLOAT_HINT);
    }
    if (syntax.integer.scan(place)) {
      this.#checkAfterInteger(place, start);
      return () => this.#integer();
    }
    if (place.current === ".") {
      const title = "bad float: integer part is required before decimal point";
      throw mistakeAt(place, title, "missing integer part", FLOAT_HINT);
    }
    if (place.current === "_") {
      const title = "bad number: `_` must be surrounded by digits";
      throw mistakeAt(place, title, "digits required before `_`", INTEGER_HINT);
    }
    throw mistakeAt(place, "bad format: unknown value appeared", "here");
  }

  #checkAfterInteger(place: Cursor, start: number): void {
    const after = place.current;
    if (after === "_") {
      const isZero = /^[+-]?0$/.test(place.text.slice(start, place.at));
      throw isZero
        ? mistakeAt(
            place,
            "bad integer: leading zero is not allowed in decimal int",
            "leading zero",
            INTEGER_HINT,
          )
        : mistakeAt(
            place,
            "bad integer: `_` must be surrounded by digits",
            "invalid underscore",
            INTEGER_HINT,
          );
    }
    if (after === "0") {
      place.at--;
      const title = "bad integer: leading zero";
      throw mistakeAt(place, title, "leading zero is not allowed", INTEGER_HINT);
    }
    if (after >= "1" && after <= "9") {
      const title = "bad integer: invalid digit after an integer";
      throw mistakeAt(place, title, "this digit is not allowed", INTEGER_HINT);
    }
    if (after === ":" || after === "-") {
      throw mistakeAt(place, "bad datetime: invalid format", "here", DATE_TIME_HINT);
    }
    if (/[.eE]/.test(after)) {
      throw mistakeAt(place, "bad float: invalid format", "here", FLOAT_HINT);
    }
  }

  #boolean(): void {
    if (syntax.boolean.scan(this.#cursor)) return;
    throw mismatch(
      this.#cursor,
      'toml::parse_boolean: invalid boolean: boolean must be `true` or `false`, in lowercase. string must be surrounded by `"`',
      syntax.boolean,
    );
  }

  #integer(): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    const letter = /^[+-]?0([box])/.exec(cursor.text.slice(start, start + 3))?.[1];
    const prefix = letter === undefined ? undefined : PREFIXES[letter as keyof typeof PREFIXES];
    const scanner = prefix?.scanner ?? syntax.decimal;
    if (!scanner.scan(cursor)) {
      const { name, example } = prefix ?? { name: "dec", example: "42, 123_456_789" };
      throw mismatch(
        cursor,
        `toml::parse_${name}_integer: invalid integer: ${name}_int must be like: ${example}`,
        scanner,
      );
    }
    const text = cursor.text.slice(start, cursor.at).replaceAll("_", "");
    const magnitude = BigInt(text.replace(/^[+-]/, ""));
    const limit = text.startsWith("-") ? MAX_INT64 + 1n : MAX_INT64;
    if (magnitude <= limit) return;
    const title = `toml::parse_${prefix?.name ?? "dec"}_integer: too large integer: current max ${prefix === undefined ? "digits" : "value"} = 2^63`;
    const mistake = mistakeAt(cursor, title, "must be < 2^63");
    cursor.at = start;
    throw mistake;
  }

  #float(): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    if (!syntax.float.scan(cursor)) {
      throw mismatch(
        cursor,
        "toml::parse_floating: invalid floating: float must be like: -3.14159_26535, 6.022e+23, inf, or nan (lowercase).",
        syntax.float,
      );
    }
    const text = cursor.text.slice(start, cursor.at).replaceAll("_", "");
    if (/[fn]/.test(text) || Number.isFinite(Number(text))) return;
    throw mistakeAt(
      cursor,
      "toml::parse_floating: failed to read floating point value from stream",
      "here",
    );
  }

  #date(): void {
    const cursor = this.#cursor;
    const start = new Cursor(cursor.text, cursor.at);
    syntax.localDate.scan(cursor);
    const [year, month, day] = cursor.text.slice(start.at, cursor.at).split("-").map(Number) as [
      number,
      number,
      number,
    ];
    const isLeap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
    const days = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1];
    if (days !== undefined && day >= 1 && day <= days) return;
    throw mistakeAt(
      start,
      "toml::parse_local_date: invalid date.",
      "month must be 01-12, day must be any of 01-28,29,30,31 depending on the month/year.",
    );
  }

  #time(): void {
    const cursor = this.#cursor;
    const start = new Cursor(cursor.text, cursor.at);
    syntax.localTime.scan(cursor);
    const [hour, minute, second] = cursor.text
      .slice(start.at, start.at + 8)
      .split(":")
      .map(Number) as [number, number, number];
    const title = "toml::parse_local_time: invalid time.";
    if (hour > 23 || minute > 59) {
      throw mistakeAt(start, title, "hour must be 00-23, minute must be 00-59.");
    }
    if (second > 60) throw mistakeAt(start, title, "second must be 00-60.");
  }

  #dateTime(hasOffset: boolean): void {
    const cursor = this.#cursor;
    const start = cursor.at;
    this.#date();
    cursor.advance();
    this.#time();
    if (!hasOffset) return;
    const from = cursor.at;
    syntax.timeOffset.scan(cursor);
    const [hour = 0, minute = 0] = cursor.text
      .slice(from + 1, cursor.at)
      .split(":")
      .map(Number);
    if (hour <= 24 && minute <= 60) return;
    const title = "toml::parse_offset_datetime: too large offset: |hour| <= 24, |minute| <= 60";
    throw new Mistake(title, [[this.#since(start), "here"]]);
  }

  #string(): void {
    const cursor = this.#cursor;
    if (cursor.startsWith('"""')) {
      const text = this.#quoted("ml_basic_string", syntax.multiLineBasicString, 3);
      this.#unescape(text.replace(/^\r?\n/, ""), true);
    } else if (cursor.startsWith("'''")) {
      this.#quoted("ml_literal_string", syntax.multiLineLiteralString, 3);
    } else if (cursor.current === '"') this.#basicString();
    else this.#literalString();
  }

  #basicString(): string {
    return this.#unescape(this.#quoted("basic_string", syntax.basicString, 1), false);
  }

  #literalString(): string {
    return this.#quoted("literal_string", syntax.literalString, 1);
  }

  /** What stands between quotes. */
  #quoted(name: string, scanner: Scanner, quotes: number): string {
    const cursor = this.#cursor;
    const start = cursor.at;
    if (!scanner.scan(cursor)) {
      throw mismatch(cursor, `toml::parse_${name}: invalid string format`, scanner);
    }
    return cursor.text.slice(start + quotes, cursor.at - quotes);
  }

  /** Replaces escapes; their mistakes are reported in the rest of the string, not in the whole text. */
  #unescape(text: string, isMultiLine: boolean): string {
    const cursor = new Cursor(text);
    let result = "";
    for (;;) {
      const next = text.indexOf("\\", cursor.at);
      result += text.slice(cursor.at, next < 0 ? text.length : next);
      if (next < 0) return result;
      cursor.at = next;
      if (isMultiLine && syntax.escapedNewline.scan(cursor)) continue;
      const letter = text[next + 1] ?? "";
      const simple = ESCAPES[letter];
      const length = simple !== undefined ? 2 : letter === "u" ? 6 : 10;
      cursor.at = next + length;
      result += simple ?? codePoint(text.slice(next), length);
    }
  }

  #array(): Node {
    const cursor = this.#cursor;
    const start = cursor.at;
    const before = this.#mistakes.length;
    const items: Node[] = [];
    cursor.advance();
    this.#spacer();
    let hasComma = true;
    while (!cursor.atEnd && cursor.current !== "]") {
      if (!hasComma) {
        const title = "toml::parse_array: expected value-separator `,` or closing `]`";
        throw mistakeAt(cursor, title, "here");
      }
      const isRead = this.#report(() => items.push(this.#value()));
      if (!isRead) {
        const at = cursor.at;
        this.#skipValue();
        if (cursor.at === at) break;
        continue;
      }
      this.#spacer();
      hasComma = cursor.current === ",";
      if (hasComma) cursor.advance();
      this.#report(() => this.#comment());
      if (hasComma) this.#spacer();
    }
    if (cursor.current !== "]") {
      const title = "toml::parse_array: missing closing bracket `]`";
      throw mistakeAt(cursor, title, "expected `]`, reached EOF");
    }
    cursor.advance();
    const last = this.#mistakes.at(-1);
    if (this.#mistakes.length !== before && last !== undefined) throw last;
    return { kind: "array", form: "inline", region: this.#since(start), entries: new Map(), items };
  }

  #inlineTable(): Node {
    const cursor = this.#cursor;
    const start = cursor.at;
    const before = this.#mistakes.length;
    const table = this.#table("inline", here(cursor));
    cursor.advance();
    syntax.blanks.scan(cursor);
    let isEmpty = true;
    let hasComma = false;
    while (!cursor.atEnd) {
      if (cursor.current === "}") {
        if (!hasComma) break;
        const title = "toml::parse_inline_table: trailing comma is not allowed in TOML-v1.0.0)";
        throw mistakeAt(cursor, title, "here");
      }
      if (!hasComma && !isEmpty) {
        const title = "toml::parse_inline_table: expected value-separator `,` or closing `}`";
        throw mistakeAt(cursor, title, "here");
      }
      isEmpty = false;
      let pair: readonly [ReadKey, Node] | undefined;
      const isRead = this.#report(() => {
        pair = this.#pair();
      });
      if (!isRead || pair === undefined) {
        while (!cursor.atEnd && !/[}\n]/.test(cursor.current)) cursor.advance();
        break;
      }
      const [key, value] = pair;
      if (!this.#report(() => this.#insert("dotted", table, key, value))) {
        while (!cursor.atEnd && !/[,}\n]/.test(cursor.current)) cursor.advance();
        if (!cursor.atEnd) hasComma = cursor.current === ",";
        continue;
      }
      syntax.blanks.scan(cursor);
      hasComma = cursor.current === ",";
      if (hasComma) cursor.advance();
      syntax.blanks.scan(cursor);
    }
    if (cursor.current !== "}") {
      const title = "toml::parse_inline_table: missing closing bracket `}`";
      throw mistakeAt(cursor, title, "expected `}`, reached line end");
    }
    cursor.advance();
    this.#throwLast(before);
    table.region = this.#since(start);
    return table;
  }

  // Recovery

  #skipComments(): void {
    const cursor = this.#cursor;
    while (!cursor.atEnd) {
      syntax.blanks.scan(cursor);
      // The library stops here for good; what follows is read as if it had left the comment out.
      if (cursor.current === "#") this.#skipLine();
      else if (!syntax.newline.scan(cursor)) return;
    }
  }

  #skipLine(): void {
    const end = this.#cursor.text.indexOf("\n", this.#cursor.at);
    this.#cursor.at = end < 0 ? this.#cursor.text.length : end + 1;
  }

  #skipPair(): void {
    const cursor = this.#cursor;
    for (; !cursor.atEnd && cursor.current !== "\n"; cursor.advance()) {
      if (cursor.current !== "=") continue;
      this.#skipValue();
      return;
    }
  }

  #skipValue(): void {
    const cursor = this.#cursor;
    if (/["']/.test(cursor.current)) this.#skipString();
    else if (cursor.current === "[") this.#skipArray();
    else if (cursor.current === "{") this.#skipInlineTable();
    else while (!cursor.atEnd && !/[\n,\]}]/.test(cursor.current)) cursor.advance();
  }

  #skipString(): void {
    const cursor = this.#cursor;
    const quote = cursor.current;
    const quotes = quote.repeat(3);
    if (cursor.startsWith(quotes)) {
      const end = cursor.text.indexOf(quotes, cursor.at + 3);
      cursor.at = end < 0 ? cursor.text.length : end + 3;
      return;
    }
    while (!cursor.atEnd) {
      cursor.advance();
      if (cursor.current !== quote && cursor.current !== "\n") continue;
      cursor.advance();
      return;
    }
  }

  /** Whether a header starts at the cursor, which does not move. */
  #isAtHeader(): boolean {
    const place = new Cursor(this.#cursor.text, this.#cursor.at);
    return syntax.tableHeader.scan(place) || syntax.arrayHeader.scan(place);
  }

  #skipArray(): void {
    const cursor = this.#cursor;
    cursor.advance();
    while (!cursor.atEnd && cursor.current !== "]") {
      if (/["']/.test(cursor.current)) this.#skipString();
      else if (cursor.current === "#") this.#skipComments();
      else if (cursor.current === "{") this.#skipInlineTable();
      else if (cursor.current === "[") {
        if (this.#isAtHeader()) return;
        this.#skipArray();
      } else if (cursor.current === "=") {
        // A pair: the array probably lacks its bracket.
        cursor.at = cursor.text.lastIndexOf("\n", cursor.at - 1) + 1;
        return;
      } else cursor.advance();
    }
  }

  #skipInlineTable(): void {
    const cursor = this.#cursor;
    cursor.advance();
    while (!cursor.atEnd && !/[}\n]/.test(cursor.current)) {
      if (/["']/.test(cursor.current)) this.#skipString();
      else if (cursor.current === "#") {
        this.#skipComments();
        return;
      } else if (cursor.current === "[") {
        if (this.#isAtHeader()) return;
        this.#skipArray();
      } else if (cursor.current === "{") this.#skipInlineTable();
      else cursor.advance();
    }
  }

  #skipToHeader(): void {
    const cursor = this.#cursor;
    while (!cursor.atEnd) {
      if (cursor.current === "\n") {
        cursor.advance();
        const start = cursor.at;
        syntax.blanks.scan(cursor);
        if (this.#isAtHeader()) {
          cursor.at = start;
          return;
        }
      }
      cursor.advance();
    }
  }
}

/** Nix: arrays written in brackets count, too, if they have only tables. */
function isArrayOfTables({ kind, items }: Node): boolean {
  return kind === "array" && items.length > 0 && items.every((item) => item.kind === "table");
}

/** The char of `\uhhhh` or `\Uhhhhhhhh` at the start of a text. */
function codePoint(text: string, length: number): string {
  const code = Number.parseInt(text.slice(2, length), 16);
  const region = { text, first: 1, last: length, lineEnd: length };
  if (code >= 0xd800 && code <= 0xdfff) {
    const title = "toml::parse_utf8_codepoint: [0xD800, 0xDFFF] is not a valid UTF-8";
    throw new Mistake(title, [[region, "here"]]);
  }
  if (code > 0x10ffff) {
    const title = "toml::parse_utf8_codepoint: input codepoint is too large.";
    throw new Mistake(title, [[region, "must be in range [0x00, 0x10FFFF]"]]);
  }
  return encodeCodePoint(code);
}

// Layout

/** The bytes of a line that are shown on each side of a region. */
const CONTEXT = 30;

/** A line as it is shown, and the number of bytes before the region in it. */
interface ShownLine {
  readonly text: string;
  readonly offset: number;
}

/** The line around a part of a text, cut to its neighbourhood. */
function lineAround(text: string, begin: number, end: number): ShownLine {
  const from = Math.max(begin - CONTEXT, 0);
  const to = Math.min(end + CONTEXT, text.length);
  const before = begin === 0 ? -1 : text.lastIndexOf("\n", begin - 1);
  const start = before >= from ? before + 1 : from;
  const after = text.indexOf("\n", end);
  const stop = after >= 0 && after < to ? after : to;
  const isCutBefore = start > 0 && text[start - 1] !== "\n";
  const isCutAfter = stop < text.length && text[stop] !== "\n";
  return {
    text: `${isCutBefore ? "... " : ""}${text.slice(start, stop)}${isCutAfter ? " ..." : ""}`,
    offset: begin - start + (isCutBefore ? 4 : 0),
  };
}

class Layout {
  readonly #text: string;
  readonly #lineStarts: number[] = [0];

  constructor(text: string) {
    this.#text = text;
    for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) {
      this.#lineStarts.push(at + 1);
    }
  }

  /** The number of the line of an offset, from 1. */
  lineOf(at: number): number {
    const starts = this.#lineStarts;
    let low = 0;
    let high = starts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= at) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** The first and the last line of a region, and the number of lines. */
  lines(region: Region): { first: ShownLine; last: ShownLine; count: number } {
    const text = this.#text;
    const { first } = region;
    const end = region.last - 1;
    const count = this.lineOf(region.lineEnd) - this.lineOf(first) + 1;
    if (count === 1) {
      const line = lineAround(text, first, end);
      return { first: line, last: line, count };
    }
    const limit = text.length - first > 60 ? first + 50 : text.length;
    const newline = text.indexOf("\n", first);
    const firstEnd = newline >= 0 && newline < limit ? newline : limit;
    const from = end > 60 ? end - 50 : 0;
    const found = text.indexOf("\n", from);
    const lastBegin = found >= 0 && found < end ? found : end;
    return {
      first: lineAround(text, first, firstEnd),
      last: lineAround(text, lastBegin, end),
      count,
    };
  }
}

class Renderer {
  readonly #layouts = new Map<string, Layout>();

  constructor(private readonly text: string) {}

  render(mistake: Mistake): string {
    const { title, places, hint } = mistake;
    const width = Math.max(
      ...places.map(([region]) => `${this.#layout(region.text).lineOf(region.lineEnd)}`.length),
    );
    const margin = `${" ".repeat(width + 1)} |`;
    let result = `[error] ${title}\n`;
    places.forEach(([region, remark], i) => {
      if (i > 0) result += `${margin} ...\n${margin}\n`;
      else result += ` --> ${this.#fileName(region)}\n${margin}\n`;
      result += this.#place(region, remark, width);
    });
    return result + hint;
  }

  #fileName({ text }: Region): string {
    return text === this.text ? "fromTOML" : "internal temporary";
  }

  #layout(text: string): Layout {
    const known = this.#layouts.get(text);
    if (known !== undefined) return known;
    const layout = new Layout(text);
    this.#layouts.set(text, layout);
    return layout;
  }

  #place(region: Region, remark: string, width: number): string {
    const layout = this.#layout(region.text);
    const number = layout.lineOf(region.first);
    const { first, last, count } = layout.lines(region);
    const line = (shown: number, text: string): string =>
      ` ${String(shown).padStart(width)} | ${showText(text)}\n`;
    const marks = (offset: number, length: number, text: string): string =>
      `${" ".repeat(width + 1)} | ${" ".repeat(offset)}${"^".repeat(length)}-- ${text}\n`;
    const rest = Math.max(first.text.length - first.offset, 0);
    if (count === 1) {
      const length = Math.min(Math.max(rest, 1), region.last - region.first);
      return line(number, first.text) + marks(first.offset, length, remark);
    }
    const end = line(number + count - 1, last.text) + marks(0, last.offset + 1, remark);
    if (count === 2) return line(number, first.text) + marks(first.offset, rest, "") + end;
    return (
      line(number, first.text) +
      marks(first.offset, rest, "and") +
      line(number + 1, "...") +
      marks(0, 3, "and") +
      end
    );
  }
}

/** A line as it is shown: bytes that are not visible by their codes. */
function showText(line: string): string {
  return line.replace(/[^ -~]/g, showByte);
}

/**
 * Returns what C++ Nix says about a text that is not TOML 1.0 (bytes): all mistakes, one below the
 * other. Returns `undefined` if it finds none.
 */
export function explainTomlMistakes(text: string): string | undefined {
  const finder = new MistakeFinder(text);
  const mistakes = finder.find();
  if (mistakes.length === 0) return undefined;
  const renderer = new Renderer(finder.text);
  return mistakes.map((mistake) => renderer.render(mistake)).join("");
}
