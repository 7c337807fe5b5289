/**
 * Texts whose chars are the bytes of UTF-8: their width in columns, and their blanks.
 *
 * A column is a code point, as nixfmt counts; wide characters count one. Blanks at the ends of comments
 * are those of Unicode (a no-break space is one), which take two or three bytes.
 */

const NON_ASCII = /[\x80-\xff]/;
const BLANK =
  "(?:[ \\t\\n\\v\\f\\r]|\\xc2\\xa0|\\xe1\\x9a\\x80|\\xe2\\x80[\\x80-\\x8a\\xaf]|\\xe2\\x81\\x9f|\\xe3\\x80\\x80)";
const BLANKS_AT_START = new RegExp(`^${BLANK}+`);
const BLANKS_AT_END = new RegExp(`${BLANK}+$`);
const ONLY_SPACES = /^ *$/;

/** The number of code points. */
export function columns(text: string): number {
  if (!NON_ASCII.test(text)) return text.length;
  let count = 0;
  for (let i = 0; i < text.length; i += 1) if ((text.charCodeAt(i) & 0xc0) !== 0x80) count += 1;
  return count;
}

export function stripStart(text: string): string {
  const code = text.charCodeAt(0);
  return code <= 32 || code >= 128 ? text.replace(BLANKS_AT_START, "") : text;
}

export function stripEnd(text: string): string {
  let end = text.length;
  while (end > 0 && text.charCodeAt(end - 1) === 32) end -= 1;
  const code = end === 0 ? 65 : text.charCodeAt(end - 1);
  if (code > 32 && code < 128) return text.slice(0, end);
  return stripEndSlowly(text.slice(0, end));
}

/** From the end back, since a regular expression would begin at every blank of the text. */
function stripEndSlowly(text: string): string {
  let end = text.length;
  for (;;) {
    const tail = text.slice(Math.max(0, end - 3), end);
    const blank = BLANKS_AT_END.exec(tail);
    if (blank === null) return text.slice(0, end);
    end -= blank[0].length;
  }
}

export function strip(text: string): string {
  return stripStart(stripEnd(text));
}

/** Whether there is nothing but U+0020; true for no text at all. */
export function isSpaces(text: string): boolean {
  return ONLY_SPACES.test(text);
}

/** The blanks before the first other char. */
export function leadingBlanks(text: string): string {
  return text.slice(0, text.length - stripStart(text).length);
}

/** The number of U+0020 before the first other char. */
export function leadingSpaces(text: string): number {
  let count = 0;
  while (text.charCodeAt(count) === 32) count += 1;
  return count;
}
