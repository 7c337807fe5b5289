/**
 * Char codes by name, and the classes of chars that several formats share.
 *
 * Texts are byte strings, so a char code is a byte. The bundler replaces the members by their
 * numbers.
 */

/** The codes of the chars that the formats of this package give a meaning, in their order. */
export const enum CharCode {
  Tab = 0x09,
  LineFeed = 0x0a,
  CarriageReturn = 0x0d,
  Space = 0x20,
  DoubleQuote = 0x22,
  Hash = 0x23,
  SingleQuote = 0x27,
  Plus = 0x2b,
  Comma = 0x2c,
  Minus = 0x2d,
  Dot = 0x2e,
  Slash = 0x2f,
  Digit0 = 0x30,
  Digit9 = 0x39,
  Colon = 0x3a,
  Equals = 0x3d,
  UpperA = 0x41,
  UpperF = 0x46,
  UpperZ = 0x5a,
  OpenBracket = 0x5b,
  Backslash = 0x5c,
  CloseBracket = 0x5d,
  Underscore = 0x5f,
  LowerA = 0x61,
  LowerB = 0x62,
  LowerE = 0x65,
  LowerF = 0x66,
  LowerN = 0x6e,
  LowerR = 0x72,
  LowerT = 0x74,
  LowerU = 0x75,
  LowerZ = 0x7a,
  OpenBrace = 0x7b,
  CloseBrace = 0x7d,
  Delete = 0x7f,
}

/** Whether `code` is a decimal digit. */
export function isDigit(code: number): boolean {
  return code >= CharCode.Digit0 && code <= CharCode.Digit9;
}

/** Whether `code` is an ASCII letter. */
export function isLetter(code: number): boolean {
  return (
    (code >= CharCode.UpperA && code <= CharCode.UpperZ) ||
    (code >= CharCode.LowerA && code <= CharCode.LowerZ)
  );
}

/** The value of a hexadecimal digit in either case, or -1 for other chars. */
export function hexDigitValue(code: number): number {
  if (isDigit(code)) return code - CharCode.Digit0;
  if (code >= CharCode.UpperA && code <= CharCode.UpperF) return code - CharCode.UpperA + 10;
  if (code >= CharCode.LowerA && code <= CharCode.LowerF) return code - CharCode.LowerA + 10;
  return -1;
}
