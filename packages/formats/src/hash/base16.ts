/**
 * Base 16 as C++ Nix reads and writes it: writes lower case, reads either case.
 */

import { hexDigitValue } from "../char-code.ts";
import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";

const DIGITS = "0123456789abcdef";
/** The two digits of each byte. */
const PAIRS: readonly string[] = Array.from(
  { length: 256 },
  (_, i) => DIGITS.charAt(i >> 4) + DIGITS.charAt(i & 15),
);

/** The lower-case hexadecimal text of `bytes`. */
export function encodeBase16(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += PAIRS[bytes[i] as number] as string;
  return text;
}

/** The number of digits that encode `length` bytes. */
export function base16Length(length: number): number {
  return length * 2;
}

function digitAt(text: string, index: number): number {
  const value = hexDigitValue(text.charCodeAt(index));
  if (value >= 0) return value;
  throw new FormatError(
    "format",
    marked`invalid character in Base16 string: '${text.charAt(index)}'`,
  );
}

/**
 * The bytes that `text` encodes. An odd last digit is ignored, so callers check the length first.
 */
export function decodeBase16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (digitAt(text, 2 * i) << 4) | digitAt(text, 2 * i + 1);
  }
  return bytes;
}
