/**
 * Sets of bytes, the alphabet of the regular expressions.
 *
 * A set is a table of 257 flags: one for each byte and a last one, always zero, for the position
 * after the last byte, so that matchers need no bounds check. The named character classes and the
 * collating names are those of libstdc++'s `regex_traits<char>` in the C locale; bytes above 127
 * belong to no class. Ranges compare bytes as *signed* chars, as x86 does: 0x80 sorts before 0.
 */

/** A table of 257 flags, indexed by byte; the last flag is always zero. */
export type ByteSet = Uint8Array;

/** The index that represents "no byte here". */
export const END_OF_SUBJECT = 256;

/** The number of flags in a set. */
export const BYTE_SET_SIZE = 257;

/** Returns a new set of the bytes for which `contains` holds. */
export function byteSetOf(contains: (byte: number) => boolean): ByteSet {
  const set = new Uint8Array(BYTE_SET_SIZE);
  for (let byte = 0; byte < 256; byte++) if (contains(byte)) set[byte] = 1;
  return set;
}

/**
 * Adds the bytes from `first` to `last` in signed order; returns false if the range is backwards.
 */
export function addSignedRange(set: ByteSet, first: number, last: number): boolean {
  const low = (first << 24) >> 24;
  const high = (last << 24) >> 24;
  if (low > high) return false;
  for (let value = low; value <= high; value++) set[value & 255] = 1;
  return true;
}

/** Replaces `set` by its complement. */
export function complement(set: ByteSet): void {
  for (let byte = 0; byte < 256; byte++) set[byte] = set[byte] === 0 ? 1 : 0;
}

const isUpper = (c: number): boolean => c >= 65 && c <= 90;
const isLower = (c: number): boolean => c >= 97 && c <= 122;
const isDigit = (c: number): boolean => c >= 48 && c <= 57;
const isAlpha = (c: number): boolean => isUpper(c) || isLower(c);
const isAlnum = (c: number): boolean => isAlpha(c) || isDigit(c);
const isGraph = (c: number): boolean => c > 32 && c < 127;
const isSpace = (c: number): boolean => c === 32 || (c >= 9 && c <= 13);

const CLASSES: ReadonlyMap<string, (c: number) => boolean> = new Map([
  ["d", isDigit],
  ["w", (c: number): boolean => isAlnum(c) || c === 95],
  ["s", isSpace],
  ["alnum", isAlnum],
  ["alpha", isAlpha],
  ["blank", (c: number): boolean => c === 32 || c === 9],
  ["cntrl", (c: number): boolean => c < 32 || c === 127],
  ["digit", isDigit],
  ["graph", isGraph],
  ["lower", isLower],
  ["print", (c: number): boolean => c >= 32 && c < 127],
  ["punct", (c: number): boolean => isGraph(c) && !isAlnum(c)],
  ["space", isSpace],
  ["upper", isUpper],
  ["xdigit", (c: number): boolean => isDigit(c) || (c >= 65 && c <= 70) || (c >= 97 && c <= 102)],
]);

/**
 * Adds the class `name` (`alpha` of `[:alpha:]`, in any case) to `set`; returns false if there is
 * none.
 */
export function addClass(set: ByteSet, name: string): boolean {
  const contains = CLASSES.get(asciiLower(name));
  if (contains === undefined) return false;
  for (let byte = 0; byte < 256; byte++) if (contains(byte)) set[byte] = 1;
  return true;
}

/** The names of the ASCII characters that do not stand for themselves, by code. */
const CONTROL_NAMES =
  "NUL SOH STX ETX EOT ENQ ACK alert backspace tab newline vertical-tab form-feed carriage-return SO SI " +
  "DLE DC1 DC2 DC3 DC4 NAK SYN ETB CAN EM SUB ESC IS4 IS3 IS2 IS1";
const PUNCTUATION_NAMES: readonly (readonly [number, string])[] = [
  [
    32,
    "space exclamation-mark quotation-mark number-sign dollar-sign percent-sign ampersand apostrophe " +
      "left-parenthesis right-parenthesis asterisk plus-sign comma hyphen period slash " +
      "zero one two three four five six seven eight nine " +
      "colon semicolon less-than-sign equals-sign greater-than-sign question-mark commercial-at",
  ],
  [91, "left-square-bracket backslash right-square-bracket circumflex underscore grave-accent"],
  [123, "left-curly-bracket vertical-line right-curly-bracket tilde DEL"],
];

const COLLATING_NAMES: ReadonlyMap<string, number> = collatingNames();

function collatingNames(): Map<string, number> {
  const names = new Map<string, number>();
  for (const [code, name] of CONTROL_NAMES.split(" ").entries()) names.set(name, code);
  for (const [first, list] of PUNCTUATION_NAMES) {
    for (const [i, name] of list.split(" ").entries()) names.set(name, first + i);
  }
  for (let code = 0; code < 128; code++)
    if (isAlpha(code)) names.set(String.fromCharCode(code), code);
  return names;
}

/** Returns the byte of the collating symbol `[.name.]`, if there is one. */
export function collatingByte(name: string): number | undefined {
  return COLLATING_NAMES.get(name);
}

/** Adds the bytes equivalent to `byte`: letters that differ by case only, else the byte itself. */
export function addEquivalents(set: ByteSet, byte: number): void {
  set[byte] = 1;
  if (isAlpha(byte)) set[byte ^ 32] = 1;
}

function asciiLower(text: string): string {
  return text.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
}
