/**
 * The filter that C++ Nix applies to every line it shows (libutil/terminal.cc,
 * `filterANSIEscapes`): it keeps or removes colour codes, removes other escape sequences, and
 * expands tabs.
 */
import { decodeUtf8 } from "@nivis/formats";

/**
 * A CSI sequence, an OSC sequence, or another escape of two bytes, followed by the special
 * characters.
 */
const SPECIAL =
  /\x1b(?:\[[\x30-\x3f]*[\x20-\x2f]*[\x40-\x7e]?|\][^\x1b\x07]*(?:\x1b\\?|\x07)?|[\x40-\x5a\x5c\x5e\x5f])?|[\t\r\x07]/g;

/**
 * Returns the width of a text in columns: 0 for control characters, 2 for wide East Asian
 * characters.
 */
export function columnsOf(bytes: string): number {
  if (/^[\x20-\x7e]*$/.test(bytes)) return bytes.length;
  let columns = 0;
  for (const char of decodeUtf8(bytes)) columns += columnsOfChar(char.codePointAt(0) as number);
  return columns;
}

function columnsOfChar(code: number): number {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 0;
  if (code >= 0x300 && code < 0x370) return 0;
  if (code < 0x1100) return 1;
  const isWide =
    code <= 0x115f ||
    (code >= 0x2e80 && code <= 0xa4cf && code !== 0x303f) ||
    (code >= 0xac00 && code <= 0xd7a3) ||
    (code >= 0xf900 && code <= 0xfaff) ||
    (code >= 0xfe30 && code <= 0xfe6f) ||
    (code >= 0xff00 && code <= 0xff60) ||
    (code >= 0xffe0 && code <= 0xffe6) ||
    (code >= 0x1f300 && code <= 0x1f64f) ||
    (code >= 0x1f900 && code <= 0x1f9ff) ||
    (code >= 0x20000 && code <= 0x3fffd);
  return isWide ? 2 : 1;
}

/**
 * Returns a byte string as it can be written to a terminal, or with `keepColors` off to a file.
 * Tabs extend to the next multiple of eight columns.
 */
export function forTerminal(text: string, keepColors: boolean): string {
  if (!/[\x1b\t\r\x07]/.test(text)) return text;
  let result = "";
  let columns = 0;
  let done = 0;
  for (const match of text.matchAll(SPECIAL)) {
    const plain = text.slice(done, match.index);
    result += plain;
    // Nix: columns are counted from the start of the text; a newline does not reset them.
    columns += columnsOf(plain);
    done = match.index + match[0].length;
    if (match[0] === "\t") {
      const blanks = 8 - (columns % 8);
      result += " ".repeat(blanks);
      columns += blanks;
    } else if (keepColors && match[0].startsWith("\x1b[") && match[0].endsWith("m")) {
      result += match[0];
    }
  }
  return result + text.slice(done);
}

/** Returns user text without escape sequences, safe to embed in a message. */
export function stripTerminalCodes(text: string): string {
  return forTerminal(text, false);
}
