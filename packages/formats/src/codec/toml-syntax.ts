/**
 * The grammar of TOML 1.0 as scanners that also say what they expected, for the messages of
 * toml-errors.ts. What a scanner expects depends on how far it came, and on how the grammar of C++
 * Nix's library (toml11 4.4) is put together, so this one is put together the same way.
 */

/** A place in a text. */
export class Cursor {
  constructor(
    readonly text: string,
    public at = 0,
  ) {}

  get atEnd(): boolean {
    return this.at >= this.text.length;
  }

  /** The char at the cursor; NUL at the end. */
  get current(): string {
    return this.text[this.at] ?? "\0";
  }

  advance(): void {
    if (!this.atEnd) this.at++;
  }

  startsWith(text: string): boolean {
    return this.text.startsWith(text, this.at);
  }
}

/** A rule of the grammar. */
export interface Scanner {
  /** Moves the cursor behind a match; leaves it if there is none. */
  scan(cursor: Cursor): boolean;
  /** Names what the rule wanted at a place where it does not match, to which the cursor is moved. */
  expected(cursor: Cursor): string;
}

const CHAR_NAMES: Readonly<Record<string, string>> = {
  "\0": "(NUL)",
  " ": "(SPACE)",
  "\n": "(LINE FEED)",
  "\r": "(CARRIAGE RETURN)",
  "\t": "(TAB)",
  "\v": "(VERTICAL TAB)",
  "\f": "(FORM FEED)",
  "\x1b": "(ESCAPE)",
};

/** A byte as messages show it: those that are not visible by their codes. */
export function showByte(byte: string): string {
  if (byte > " " && byte <= "~") return byte;
  return `0x${byte.charCodeAt(0).toString(16).padStart(2, "0")}${CHAR_NAMES[byte] ?? ""}`;
}

/** Joins alternatives: `a`, `a or b`, `a, b, or c`. */
function alternatives(names: readonly string[]): string {
  if (names.length <= 2) return names.join(" or ");
  return `${names.slice(0, -1).join(", ")}, or ${names.at(-1)}`;
}

/** One of some bytes, given as the inside of a character class of a regular expression. */
function byteOf(members: string, name: string): Scanner {
  const pattern = new RegExp(`^[${members}]$`);
  return {
    scan(cursor) {
      if (cursor.atEnd || !pattern.test(cursor.current)) return false;
      cursor.at++;
      return true;
    },
    expected: () => name,
  };
}

/** One of the given bytes. */
function oneOf(bytes: string): Scanner {
  const name = alternatives([...bytes].map(showByte));
  return {
    scan(cursor) {
      if (cursor.atEnd || !bytes.includes(cursor.current)) return false;
      cursor.at++;
      return true;
    },
    expected: () => name,
  };
}

function inRange(from: string, to: string): Scanner {
  return {
    scan(cursor) {
      if (cursor.atEnd || cursor.current < from || cursor.current > to) return false;
      cursor.at++;
      return true;
    },
    expected: () => `from \`${showByte(from)}\` to \`${showByte(to)}\``,
  };
}

function literal(text: string): Scanner {
  return {
    scan(cursor) {
      if (!cursor.startsWith(text)) return false;
      cursor.at += text.length;
      return true;
    },
    expected: () => text,
  };
}

function sequence(...parts: readonly Scanner[]): Scanner {
  return {
    scan(cursor) {
      const start = cursor.at;
      for (const part of parts) {
        if (part.scan(cursor)) continue;
        cursor.at = start;
        return false;
      }
      return true;
    },
    expected(cursor) {
      const failing = parts.find((part) => !part.scan(cursor));
      return failing?.expected(cursor) ?? "";
    },
  };
}

function either(...parts: readonly Scanner[]): Scanner {
  return {
    scan: (cursor) => parts.some((part) => part.scan(cursor)),
    // Each alternative looks where the one before it stopped.
    expected: (cursor) => alternatives(parts.map((part) => part.expected(cursor))),
  };
}

function maybe(part: Scanner): Scanner {
  return {
    scan(cursor) {
      part.scan(cursor);
      return true;
    },
    expected: () => "",
  };
}

/** At least `least` and at most `most` times. */
function repeat(part: Scanner, least: number, most = Number.POSITIVE_INFINITY): Scanner {
  return {
    scan(cursor) {
      const start = cursor.at;
      let count = 0;
      while (count < most && !(cursor.atEnd && count >= least)) {
        if (!part.scan(cursor)) break;
        count++;
      }
      if (count >= least) return true;
      cursor.at = start;
      return false;
    },
    expected(cursor) {
      for (let i = 0; i < least; i++) if (!part.scan(cursor)) return part.expected(cursor);
      return "";
    },
  };
}

const times = (count: number, part: Scanner): Scanner => repeat(part, count, count);
const many = (part: Scanner): Scanner => repeat(part, 0);

const digit = byteOf("0-9", "digit [0-9]");
const hexDigit = byteOf("0-9A-Fa-f", "hex [0-9a-fA-F]");
const alpha = byteOf("A-Za-z", "alpha [a-zA-Z]");
const continuation = inRange("\x80", "\xbf");

const nonAscii: Scanner = {
  scan: (cursor) => MULTI_BYTE.scan(cursor),
  expected: () => "non-ascii utf-8 bytes",
};
const MULTI_BYTE = either(
  sequence(inRange("\xc2", "\xdf"), continuation),
  sequence(
    either(
      sequence(literal("\xe0"), inRange("\xa0", "\xbf")),
      sequence(inRange("\xe1", "\xec"), continuation),
      sequence(literal("\xed"), inRange("\x80", "\x9f")),
      sequence(inRange("\xee", "\xef"), continuation),
    ),
    continuation,
  ),
  sequence(
    either(
      sequence(literal("\xf0"), inRange("\x90", "\xbf")),
      sequence(inRange("\xf1", "\xf3"), continuation),
      sequence(literal("\xf4"), inRange("\x80", "\x8f")),
    ),
    continuation,
    continuation,
  ),
);

const blank = oneOf(" \t");
export const blanks = many(blank);
export const newline = either(oneOf("\n"), literal("\r\n"));
export const comment = sequence(oneOf("#"), many(either(oneOf("\t"), inRange(" ", "~"), nonAscii)));
export const boolean = either(literal("true"), literal("false"));

/** A digit, or an underscore and a digit. */
const spaced = (member: Scanner): Scanner => either(member, sequence(oneOf("_"), member));
const prefixed = (prefix: string, member: Scanner): Scanner =>
  sequence(literal(prefix), member, many(spaced(member)));

export const decimal = sequence(
  maybe(oneOf("+-")),
  either(sequence(inRange("1", "9"), repeat(spaced(digit), 1)), digit),
);
export const hexadecimal = prefixed("0x", hexDigit);
export const octal = prefixed("0o", inRange("0", "7"));
export const binary = prefixed("0b", oneOf("01"));
export const integer = either(hexadecimal, octal, binary, decimal);

const digits = sequence(digit, many(spaced(digit)));
const exponent = sequence(oneOf("eE"), maybe(oneOf("+-")), digits);
export const float = either(
  sequence(decimal, either(exponent, sequence(sequence(oneOf("."), digits), maybe(exponent)))),
  sequence(maybe(oneOf("+-")), either(literal("inf"), literal("nan"))),
);

export const localDate = sequence(
  times(4, digit),
  oneOf("-"),
  times(2, digit),
  oneOf("-"),
  times(2, digit),
);
export const localTime = sequence(
  times(2, digit),
  oneOf(":"),
  times(2, digit),
  oneOf(":"),
  times(2, digit),
  maybe(sequence(oneOf("."), repeat(digit, 1))),
);
export const timeOffset = either(
  oneOf("zZ"),
  sequence(oneOf("+-"), times(2, digit), oneOf(":"), times(2, digit)),
);
export const timeDelimiter = oneOf("Tt ");
export const localDateTime = sequence(localDate, timeDelimiter, localTime);
export const offsetDateTime = sequence(localDate, timeDelimiter, sequence(localTime, timeOffset));

export const shortCodePoint = sequence(oneOf("u"), times(4, hexDigit));
export const longCodePoint = sequence(oneOf("U"), times(8, hexDigit));
const escape = sequence(oneOf("\\"), either(oneOf('"\\bfnrt'), shortCodePoint, longCodePoint));
const basicChar = either(
  either(blank, oneOf("!"), inRange("#", "["), inRange("]", "~"), nonAscii),
  escape,
);
export const basicString = sequence(oneOf('"'), many(basicChar), oneOf('"'));
export const escapedNewline = sequence(oneOf("\\"), blanks, newline, many(either(blank, newline)));
const literalChar = either(oneOf("\t"), inRange(" ", "&"), inRange("(", "~"), nonAscii);
export const literalString = sequence(oneOf("'"), many(literalChar), oneOf("'"));

function multiLine(quote: string, content: Scanner): Scanner {
  const quotes = either(literal(quote.repeat(2)), oneOf(quote));
  return sequence(
    literal(quote.repeat(3)),
    maybe(newline),
    many(content),
    many(sequence(quotes, repeat(content, 1))),
    literal(quote.repeat(3)),
    maybe(quotes),
  );
}
export const multiLineBasicString = multiLine('"', either(basicChar, newline, escapedNewline));
export const multiLineLiteralString = multiLine("'", either(literalChar, newline));

export const bareKey = repeat(either(alpha, digit, oneOf("-"), oneOf("_")), 1);
const simpleKey = either(bareKey, either(basicString, literalString));
export const dot = sequence(blanks, oneOf("."), blanks);
const dottedKey = sequence(simpleKey, repeat(sequence(dot, simpleKey), 1));
const key: Scanner = {
  scan: (cursor) => dottedKey.scan(cursor) || simpleKey.scan(cursor),
  expected: () => "basic key([a-zA-Z0-9_-]) or quoted key(\" or ')",
};
export const equals = sequence(blanks, oneOf("="), blanks);
export const tableHeader = sequence(literal("["), blanks, key, blanks, literal("]"));
export const arrayHeader = sequence(literal("[["), blanks, key, blanks, literal("]]"));
export const bracket = sequence(blanks, oneOf("["));
export const blankLine = sequence(blanks, newline);
export const commentLine = sequence(comment, newline);
