/**
 * Base 64 as C++ Nix reads and writes it.
 *
 * The writer adds padding. The reader is as lax as upstream's: newlines are skipped, the first
 * `=` ends the text whatever follows, and missing padding and stray low bits are accepted.
 */

import { CharCode } from "../char-code.ts";
import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
/** The value of each digit by char code; -1 for other chars. */
const VALUES: Int8Array = new Int8Array(256).fill(-1);
for (let i = 0; i < 64; i++) VALUES[ALPHABET.charCodeAt(i)] = i;

/** The padded base 64 text of `bytes`. */
export function encodeBase64(bytes: Uint8Array): string {
  let text = "";
  let data = 0;
  let bits = 0;
  for (let i = 0; i < bytes.length; i++) {
    data = ((data << 8) | (bytes[i] as number)) & 0xffff;
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      text += ALPHABET.charAt((data >> bits) & 0x3f);
    }
  }
  if (bits > 0) text += ALPHABET.charAt((data << (6 - bits)) & 0x3f);
  while (text.length % 4 !== 0) text += "=";
  return text;
}

/** The length of the padded text of `length` bytes. */
export function base64Length(length: number): number {
  return Math.floor((length + 2) / 3) * 4;
}

/** The bytes that `text` encodes; throws on a char outside the alphabet. */
export function decodeBase64(text: string): Uint8Array {
  const bytes = new Uint8Array((text.length >> 2) * 3 + 3);
  let length = 0;
  let data = 0;
  let bits = 0;
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i);
    if (c === CharCode.Equals) break;
    if (c === CharCode.LineFeed) continue;
    const digit = c < 256 ? (VALUES[c] as number) : -1;
    if (digit < 0)
      throw new FormatError(
        "format",
        marked`invalid character in Base64 string: '${text.charAt(i)}'`,
      );
    data = ((data << 6) | digit) & 0xffff;
    bits += 6;
    if (bits >= 8) {
      bits -= 8;
      bytes[length++] = (data >> bits) & 0xff;
    }
  }
  return bytes.slice(0, length);
}
