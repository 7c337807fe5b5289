/**
 * JSON as C++ Nix reads and writes it, that is, as nlohmann/json does.
 *
 * The reader calls a visitor and keeps its own stack, so nesting costs only memory. It accepts
 * what nlohmann accepts (a byte order mark, a NUL as the end), and its errors have nlohmann's
 * texts, with line, column and the bytes last read. The writer side has the two parts that
 * are not obvious: strings and floats.
 */

import { CharCode, hexDigitValue, isDigit } from "../char-code.ts";
import { FormatError } from "../format-error.ts";
import { colored } from "../marked-text.ts";
import { grisuDigits } from "./grisu.ts";
import { encodeCodePoint, findUtf8Error } from "./utf8.ts";

/** The events of the reader, in the order of the text. Strings are byte strings of valid UTF-8. */
export interface JsonVisitor {
  null(): void;
  boolean(value: boolean): void;
  /** A signed 64-bit integer; a bigint beyond 2^53. */
  integer(value: number | bigint): void;
  /** An integer from 2^63 to 2^64-1. Larger ones are floats. */
  unsigned(value: bigint): void;
  float(value: number): void;
  string(value: string): void;
  startObject(): void;
  key(name: string): void;
  endObject(): void;
  startArray(): void;
  endArray(): void;
}

const enum Token {
  True,
  False,
  Null,
  String,
  Integer,
  Unsigned,
  Float,
  BeginArray,
  BeginObject,
  EndArray,
  EndObject,
  Colon,
  Comma,
  Error,
  End,
  /** Never read; messages use it for the start of a value. */
  Value,
  /** Never read; messages omit it. */
  None,
}

const TOKEN_NAMES: Readonly<Record<Token, string>> = {
  [Token.True]: "true literal",
  [Token.False]: "false literal",
  [Token.Null]: "null literal",
  [Token.String]: "string literal",
  [Token.Integer]: "number literal",
  [Token.Unsigned]: "number literal",
  [Token.Float]: "number literal",
  [Token.BeginArray]: "'['",
  [Token.BeginObject]: "'{'",
  [Token.EndArray]: "']'",
  [Token.EndObject]: "'}'",
  [Token.Colon]: "':'",
  [Token.Comma]: "','",
  [Token.Error]: "<parse error>",
  [Token.End]: "end of input",
  [Token.Value]: "'[', '{', or a literal",
  [Token.None]: "<uninitialized>",
};

const CONTROL_NAMES = (
  "NUL SOH STX ETX EOT ENQ ACK BEL BS HT LF VT FF CR SO SI " +
  "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC FS GS RS US"
).split(" ");
const SHORT_ESCAPES: Readonly<Record<number, string>> = {
  8: "b",
  9: "t",
  10: "n",
  12: "f",
  13: "r",
};

function controlMessage(code: number): string {
  const hex = code.toString(16).toUpperCase().padStart(4, "0");
  const short = SHORT_ESCAPES[code];
  const alternative = short === undefined ? "" : ` or \\${short}`;
  return `invalid string: control character U+${hex} (${CONTROL_NAMES[code] as string}) must be escaped to \\u${hex}${alternative}`;
}

const MAX_INT64 = 2n ** 63n - 1n;
const MIN_INT64 = -(2n ** 63n);
const MAX_UINT64 = 2n ** 64n - 1n;

/** The bit that distinguishes a lower-case ASCII letter from its upper-case form. */
const TO_LOWER = 0x20;

/** A number with at most this many decimal digits is a safe integer. */
const SAFE_DIGITS = 15;

class JsonReader {
  readonly #text: string;
  readonly #visitor: JsonVisitor;
  /** The number of bytes read; the end of the text counts as one once it has been reached. */
  #read = 0;
  /**
   * The start of the bytes that an error shows. Nix: nlohmann resets it only at strings and
   * numbers, so the bytes before other tokens are shown too.
   */
  #shownFrom = 0;
  /** Whether a newline follows the last number; nlohmann then reports column 0. */
  #newlineReturned = false;
  #message = "";
  #string = "";
  #integer: number | bigint = 0;
  #float = 0;
  #token: Token = Token.None;

  constructor(text: string, visitor: JsonVisitor) {
    this.#text = text;
    this.#visitor = visitor;
  }

  parse(): void {
    this.#next();
    const visitor = this.#visitor;
    /** One entry per open bracket: whether it opens an array. */
    const open: boolean[] = [];
    for (;;) {
      // Invariant: the current token is the first of a value.
      switch (this.#token) {
        case Token.BeginObject:
          visitor.startObject();
          if (this.#next() === Token.EndObject) {
            visitor.endObject();
            break;
          }
          this.#key();
          open.push(false);
          continue;
        case Token.BeginArray:
          visitor.startArray();
          if (this.#next() === Token.EndArray) {
            visitor.endArray();
            break;
          }
          open.push(true);
          continue;
        case Token.Float:
          if (!Number.isFinite(this.#float)) {
            throw new FormatError(
              "json-parse",
              colored(
                "magenta",
                `[json.exception.out_of_range.406] number overflow parsing '${this.#shown()}'`,
              ),
            );
          }
          visitor.float(this.#float);
          break;
        case Token.False:
          visitor.boolean(false);
          break;
        case Token.True:
          visitor.boolean(true);
          break;
        case Token.Null:
          visitor.null();
          break;
        case Token.Integer:
          visitor.integer(this.#integer);
          break;
        case Token.Unsigned:
          visitor.unsigned(this.#integer as bigint);
          break;
        case Token.String:
          visitor.string(this.#string);
          break;
        case Token.Error:
          throw this.#unexpected(Token.None, "value");
        default:
          if (this.#token === Token.End && this.#read === 1) {
            throw this.#error(
              "attempting to parse an empty input; check that your input string or stream contains the expected JSON",
            );
          }
          throw this.#unexpected(Token.Value, "value");
      }
      if (this.#closeContainers(open)) break;
    }
    if (this.#next() !== Token.End) throw this.#unexpected(Token.End, "value");
  }

  /** Reads from the end of a value to the next one; returns true if everything is closed. */
  #closeContainers(open: boolean[]): boolean {
    while (open.length > 0) {
      const token = this.#next();
      if (open[open.length - 1]) {
        if (token === Token.Comma) {
          this.#next();
          return false;
        }
        if (token !== Token.EndArray) throw this.#unexpected(Token.EndArray, "array");
        this.#visitor.endArray();
      } else {
        if (token === Token.Comma) {
          this.#next();
          this.#key();
          return false;
        }
        if (token !== Token.EndObject) throw this.#unexpected(Token.EndObject, "object");
        this.#visitor.endObject();
      }
      open.pop();
    }
    return true;
  }

  /** Reads a key, which is the current token, its colon and the first token of the value. */
  #key(): void {
    if (this.#token !== Token.String) throw this.#unexpected(Token.String, "object key");
    this.#visitor.key(this.#string);
    if (this.#next() !== Token.Colon) throw this.#unexpected(Token.Colon, "object separator");
    this.#next();
  }

  #shown(): string {
    return this.#text
      .slice(this.#shownFrom, this.#read)
      .replace(
        /[\x00-\x1f]/g,
        (c) => `<U+${c.charCodeAt(0).toString(16).toUpperCase().padStart(4, "0")}>`,
      );
  }

  #error(message: string): FormatError {
    let line = 1;
    let lineStart = 0;
    for (;;) {
      const newline = this.#text.indexOf("\n", lineStart);
      if (newline < 0 || newline >= this.#read) break;
      line++;
      lineStart = newline + 1;
    }
    const column = this.#newlineReturned ? 0 : this.#read - lineStart;
    return new FormatError(
      "json-parse",
      colored(
        "magenta",
        `[json.exception.parse_error.101] parse error at line ${line}, column ${column}: ${message}`,
      ),
    );
  }

  #unexpected(expected: Token, context: string): FormatError {
    let message = `syntax error while parsing ${context} - `;
    if (this.#token === Token.Error) message += `${this.#message}; last read: '${this.#shown()}'`;
    else message += `unexpected ${TOKEN_NAMES[this.#token]}`;
    if (expected !== Token.None) message += `; expected ${TOKEN_NAMES[expected]}`;
    return this.#error(message);
  }

  #fail(message: string, read: number): Token {
    this.#message = message;
    this.#read = read;
    return Token.Error;
  }

  #next(): Token {
    this.#token = this.#scan();
    return this.#token;
  }

  #scan(): Token {
    const text = this.#text;
    this.#newlineReturned = false;
    let at = this.#read;
    if (at === 0 && text.charCodeAt(0) === 0xef) {
      if (text.charCodeAt(1) !== 0xbb || text.charCodeAt(2) !== 0xbf) {
        const read = text.charCodeAt(1) !== 0xbb ? 2 : 3;
        return this.#fail("invalid BOM; must be 0xEF 0xBB 0xBF if given", read);
      }
      at = 3;
    }
    let c = text.charCodeAt(at++);
    while (
      c === CharCode.Space ||
      c === CharCode.LineFeed ||
      c === CharCode.CarriageReturn ||
      c === CharCode.Tab
    )
      c = text.charCodeAt(at++);
    this.#read = at;
    switch (c) {
      case CharCode.OpenBracket:
        return Token.BeginArray;
      case CharCode.CloseBracket:
        return Token.EndArray;
      case CharCode.OpenBrace:
        return Token.BeginObject;
      case CharCode.CloseBrace:
        return Token.EndObject;
      case CharCode.Colon:
        return Token.Colon;
      case CharCode.Comma:
        return Token.Comma;
      case CharCode.LowerT:
        return this.#literal("true", Token.True);
      case CharCode.LowerF:
        return this.#literal("false", Token.False);
      case CharCode.LowerN:
        return this.#literal("null", Token.Null);
      case CharCode.DoubleQuote:
        return this.#scanString();
      case CharCode.Minus:
        return this.#scanNumber();
      case 0:
        return Token.End;
      default:
        if (isDigit(c)) return this.#scanNumber();
        if (at > text.length) return Token.End;
        return this.#fail("invalid literal", at);
    }
  }

  /** Reads the rest of a literal whose first char has been read. */
  #literal(literal: string, token: Token): Token {
    const start = this.#read - 1;
    for (let i = 1; i < literal.length; i++) {
      if (this.#text.charCodeAt(start + i) !== literal.charCodeAt(i)) {
        return this.#fail("invalid literal", start + i + 1);
      }
    }
    this.#read = start + literal.length;
    return token;
  }

  #scanNumber(): Token {
    const text = this.#text;
    const start = this.#read - 1;
    this.#shownFrom = start;
    let at = start;
    const negative = text.charCodeAt(at) === CharCode.Minus;
    if (negative) {
      at++;
      if (!isDigit(text.charCodeAt(at)))
        return this.#fail("invalid number; expected digit after '-'", at + 1);
    }
    if (text.charCodeAt(at) === CharCode.Digit0) at++;
    else while (isDigit(text.charCodeAt(at))) at++;
    const integerEnd = at;
    if (text.charCodeAt(at) === CharCode.Dot) {
      at++;
      if (!isDigit(text.charCodeAt(at)))
        return this.#fail("invalid number; expected digit after '.'", at + 1);
      while (isDigit(text.charCodeAt(at))) at++;
    }
    if ((text.charCodeAt(at) | TO_LOWER) === CharCode.LowerE) {
      at++;
      const sign = text.charCodeAt(at);
      if (sign === CharCode.Plus || sign === CharCode.Minus) {
        at++;
        if (!isDigit(text.charCodeAt(at))) {
          return this.#fail("invalid number; expected digit after exponent sign", at + 1);
        }
      } else if (!isDigit(sign)) {
        return this.#fail("invalid number; expected '+', '-', or digit after exponent", at + 1);
      }
      while (isDigit(text.charCodeAt(at))) at++;
    }
    this.#read = at;
    this.#newlineReturned = text.charCodeAt(at) === CharCode.LineFeed;
    const digits = text.slice(start, at);
    if (at === integerEnd) {
      if (digits.length <= SAFE_DIGITS) {
        // The addition turns -0 into 0: "-0" is an integer.
        this.#integer = Number(digits) + 0;
        return Token.Integer;
      }
      const value = BigInt(digits);
      if (value >= MIN_INT64 && value <= MAX_INT64) {
        const small = Number(value);
        this.#integer = Number.isSafeInteger(small) ? small : value;
        return Token.Integer;
      }
      if (!negative && value <= MAX_UINT64) {
        this.#integer = value;
        return Token.Unsigned;
      }
    }
    this.#float = Number(digits);
    return Token.Float;
  }

  #scanString(): Token {
    const text = this.#text;
    this.#shownFrom = this.#read - 1;
    let at = this.#read;
    let runStart = at;
    let value = "";
    for (;;) {
      const c = text.charCodeAt(at);
      if (c === CharCode.DoubleQuote) {
        value += text.slice(runStart, at);
        this.#string = value;
        this.#read = at + 1;
        return Token.String;
      }
      if (c === CharCode.Backslash) {
        value += text.slice(runStart, at);
        this.#read = at + 1;
        const escaped = this.#scanEscape();
        if (escaped === undefined) return Token.Error;
        value += escaped;
        at = this.#read;
        runStart = at;
      } else if (c < CharCode.Space) {
        return this.#fail(controlMessage(c), at + 1);
      } else if (c < 0x80) {
        at++;
      } else if (c >= 0x80) {
        const length = this.#sequenceLength(at);
        if (length === 0) return Token.Error;
        at += length;
      } else {
        return this.#fail("invalid string: missing closing quote", at + 1);
      }
    }
  }

  /** The length of the UTF-8 sequence at `at`; 0 after recording an error if it is ill-formed. */
  #sequenceLength(at: number): number {
    const lead = this.#text.charCodeAt(at);
    const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    const error = findUtf8Error(this.#text.slice(at, at + length));
    if (error === undefined) return length;
    // A sequence truncated by the end of the text fails at the position of its next byte.
    const offset = error.kind === "invalid" ? at + error.offset : at + error.offset + 1;
    this.#fail("invalid string: ill-formed UTF-8 byte", offset + 1);
    return 0;
  }

  /** The bytes of an escape whose backslash has been read; undefined after an error. */
  #scanEscape(): string | undefined {
    const text = this.#text;
    const c = text.charCodeAt(this.#read++);
    switch (c) {
      case CharCode.DoubleQuote:
        return '"';
      case CharCode.Backslash:
        return "\\";
      case CharCode.Slash:
        return "/";
      case CharCode.LowerB:
        return "\b";
      case CharCode.LowerF:
        return "\f";
      case CharCode.LowerN:
        return "\n";
      case CharCode.LowerR:
        return "\r";
      case CharCode.LowerT:
        return "\t";
      case CharCode.LowerU:
        break;
      default:
        this.#fail("invalid string: forbidden character after backslash", this.#read);
        return undefined;
    }
    const first = this.#scanHex();
    if (first < 0) return undefined;
    if (first < 0xd800 || first > 0xdfff) return encodeCodePoint(first);
    if (first >= 0xdc00) {
      this.#fail("invalid string: surrogate U+DC00..U+DFFF must follow U+D800..U+DBFF", this.#read);
      return undefined;
    }
    if (
      text.charCodeAt(this.#read++) === CharCode.Backslash &&
      text.charCodeAt(this.#read++) === CharCode.LowerU
    ) {
      const second = this.#scanHex();
      if (second < 0) return undefined;
      if (second >= 0xdc00 && second <= 0xdfff) {
        return encodeCodePoint(0x10000 + ((first - 0xd800) << 10) + (second - 0xdc00));
      }
    }
    this.#fail(
      "invalid string: surrogate U+D800..U+DBFF must be followed by U+DC00..U+DFFF",
      this.#read,
    );
    return undefined;
  }

  /** Reads four hexadecimal digits; returns -1 after an error. */
  #scanHex(): number {
    let value = 0;
    for (let i = 0; i < 4; i++) {
      const c = this.#text.charCodeAt(this.#read++);
      const digit = hexDigitValue(c);
      if (digit < 0) {
        this.#fail("invalid string: '\\u' must be followed by 4 hex digits", this.#read);
        return -1;
      }
      value = value * 16 + digit;
    }
    return value;
  }
}

/**
 * Reads a JSON text and reports it to `visitor`. Throws a `json-parse` error with nlohmann's
 * message; errors thrown by the visitor pass through.
 */
export function parseJson(text: string, visitor: JsonVisitor): void {
  new JsonReader(text, visitor).parse();
}

const PLAIN_STRING = /^[\x20\x21\x23-\x5b\x5d-\x7f]*$/;

/** A byte string as a JSON string with its quotes. Throws nlohmann's error if it is not UTF-8. */
export function escapeJsonString(text: string): string {
  if (PLAIN_STRING.test(text)) return `"${text}"`;
  const error = findUtf8Error(text);
  if (error !== undefined) {
    const hex = error.byte.toString(16).toUpperCase().padStart(2, "0");
    throw new FormatError(
      "error",
      error.kind === "invalid"
        ? `[json.exception.type_error.316] invalid UTF-8 byte at index ${error.offset}: 0x${hex}`
        : `[json.exception.type_error.316] incomplete UTF-8 string; last byte: 0x${hex}`,
    );
  }
  // The engine escapes the same chars in the same way and leaves bytes above 0x7f unchanged.
  return JSON.stringify(text);
}

/**
 * A float as nlohmann writes it: few digits that round-trip (see grisu.ts), `.0` after whole
 * numbers, an exponent of at least two digits below 1e-4 and from 1e15 on, and `null` for NaN and
 * infinities.
 */
export function formatJsonFloat(value: number): string {
  if (!Number.isFinite(value)) return "null";
  if (value === 0) return Object.is(value, -0) ? "-0.0" : "0.0";
  // Multiples of 1/64 below 10^9 have at most 15 digits, all exact; both algorithms find those.
  if (Math.abs(value) < 1e9 && Number.isInteger(value * 64)) {
    return Number.isInteger(value) ? `${value}.0` : String(value);
  }
  const sign = value < 0 ? "-" : "";
  const { digits, point } = grisuDigits(Math.abs(value));
  const count = digits.length;
  if (count <= point && point <= 15) return `${sign}${digits}${"0".repeat(point - count)}.0`;
  if (point > 0 && point <= 15) return `${sign}${digits.slice(0, point)}.${digits.slice(point)}`;
  if (point > -4 && point <= 0) return `${sign}0.${"0".repeat(-point)}${digits}`;
  const exponent = point - 1;
  const exponentDigits = String(Math.abs(exponent)).padStart(2, "0");
  const fraction = count === 1 ? "" : `.${digits.slice(1)}`;
  return `${sign}${digits.charAt(0)}${fraction}e${exponent < 0 ? "-" : "+"}${exponentDigits}`;
}

/**
 * Rewrites JSON compactly with sorted keys; the last of equal keys wins. This is the result of
 * parsing and dumping with nlohmann.
 */
export function normalizeJson(text: string): string {
  const writer = new JsonNormalizer();
  parseJson(text, writer);
  return writer.result;
}

/** A container whose end has not been read; `key` is the last key read. */
type OpenContainer =
  | { readonly kind: "array"; readonly items: string[] }
  | { readonly kind: "object"; readonly members: Map<string, string>; key: string };

class JsonNormalizer implements JsonVisitor {
  result = "";
  readonly #open: OpenContainer[] = [];

  #add(text: string): void {
    const top = this.#open[this.#open.length - 1];
    if (top === undefined) this.result = text;
    else if (top.kind === "array") top.items.push(text);
    else top.members.set(top.key, text);
  }

  null(): void {
    this.#add("null");
  }

  boolean(value: boolean): void {
    this.#add(value ? "true" : "false");
  }

  integer(value: number | bigint): void {
    this.#add(String(value));
  }

  unsigned(value: bigint): void {
    this.#add(String(value));
  }

  float(value: number): void {
    this.#add(formatJsonFloat(value));
  }

  string(value: string): void {
    this.#add(escapeJsonString(value));
  }

  startObject(): void {
    this.#open.push({ kind: "object", members: new Map(), key: "" });
  }

  key(name: string): void {
    const top = this.#open[this.#open.length - 1];
    if (top?.kind === "object") top.key = name;
  }

  startArray(): void {
    this.#open.push({ kind: "array", items: [] });
  }

  endObject(): void {
    this.endArray();
  }

  endArray(): void {
    const top = this.#open.pop();
    if (top === undefined) return;
    if (top.kind === "array") {
      this.#add(`[${top.items.join(",")}]`);
      return;
    }
    const keys = [...top.members.keys()].sort();
    this.#add(
      `{${keys.map((key) => `${escapeJsonString(key)}:${top.members.get(key) as string}`).join(",")}}`,
    );
  }
}
