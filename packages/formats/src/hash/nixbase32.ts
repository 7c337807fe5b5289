/**
 * Nix's variant of base 32 ("nix32").
 *
 * The 32 digits omit e, o, u and t. A text is one large little-endian number:
 * digit `i`, counted from the *end* of the text, holds bits 5i to 5i+4 of the bytes.
 */

import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";

const ALPHABET = "0123456789abcdfghijklmnpqrsvwxyz";
const DIGIT_CODES: Uint8Array = Uint8Array.from(ALPHABET, (digit) => digit.charCodeAt(0));
/** The value of each digit by char code; -1 for other chars. */
const VALUES: Int8Array = new Int8Array(256).fill(-1);
for (let i = 0; i < 32; i++) VALUES[ALPHABET.charCodeAt(i)] = i;

/** The number of digits that encode `length` bytes. */
export function nixBase32Length(length: number): number {
  return length === 0 ? 0 : Math.floor((length * 8 - 1) / 5) + 1;
}

/** The eight digits of five bytes. */
function encodeGroup(b0: number, b1: number, b2: number, b3: number, b4: number): string {
  // One call makes one flat string; appending would make a string per digit.
  return String.fromCharCode(
    DIGIT_CODES[b4 >> 3] as number,
    DIGIT_CODES[((b4 << 2) | (b3 >> 6)) & 0x1f] as number,
    DIGIT_CODES[(b3 >> 1) & 0x1f] as number,
    DIGIT_CODES[((b3 << 4) | (b2 >> 4)) & 0x1f] as number,
    DIGIT_CODES[((b2 << 1) | (b1 >> 7)) & 0x1f] as number,
    DIGIT_CODES[(b1 >> 2) & 0x1f] as number,
    DIGIT_CODES[((b1 << 3) | (b0 >> 5)) & 0x1f] as number,
    DIGIT_CODES[b0 & 0x1f] as number,
  );
}

/** The nix32 text of `bytes`. */
export function encodeNixBase32(bytes: Uint8Array): string {
  const last = bytes.length - 1;
  let text = "";
  // Five bytes are exactly eight digits; the bytes after the last group of five come first.
  const grouped = bytes.length - (bytes.length % 5);
  const firstDigit = (grouped / 5) * 8;
  for (let n = nixBase32Length(bytes.length) - 1; n >= firstDigit; n--) {
    const bit = n * 5;
    const i = bit >> 3;
    const shift = bit & 7;
    const low = (bytes[i] as number) >> shift;
    const high = i >= last ? 0 : (bytes[i + 1] as number) << (8 - shift);
    text += ALPHABET.charAt((low | high) & 0x1f);
  }
  for (let i = grouped - 5; i >= 0; i -= 5) {
    text += encodeGroup(
      bytes[i] as number,
      bytes[i + 1] as number,
      bytes[i + 2] as number,
      bytes[i + 3] as number,
      bytes[i + 4] as number,
    );
  }
  return text;
}

/** The number of bytes of a sha256 digest that are folded onto its beginning. */
const FOLDED = 12;

/** The byte at index `i` of a sha256 digest that is folded to 20 bytes. */
function foldedByte(digest: string, i: number): number {
  const byte = digest.charCodeAt(i);
  return i < FOLDED ? byte ^ digest.charCodeAt(i + 20) : byte;
}

function encodeFoldedGroup(digest: string, i: number): string {
  return encodeGroup(
    foldedByte(digest, i),
    foldedByte(digest, i + 1),
    foldedByte(digest, i + 2),
    foldedByte(digest, i + 3),
    foldedByte(digest, i + 4),
  );
}

/**
 * The nix32 text of a sha256 digest (a byte string) folded to 20 bytes: the digest
 * part of a store path. Equals encoding the result of `compressDigest`, without an array.
 */
export function encodeStoreDigest(digest: string): string {
  return (
    encodeFoldedGroup(digest, 15) +
    encodeFoldedGroup(digest, 10) +
    encodeFoldedGroup(digest, 5) +
    encodeFoldedGroup(digest, 0)
  );
}

/**
 * The bytes that `text` encodes. Bits beyond the last whole byte produce one more byte, so that
 * callers that compare lengths notice them.
 */
export function decodeNixBase32(text: string): Uint8Array {
  const bytes = new Uint8Array(Math.ceil((text.length * 5) / 8) + 1);
  let length = 0;
  for (let n = 0; n < text.length; n++) {
    const c = text.charCodeAt(text.length - n - 1);
    const digit = c < 256 ? (VALUES[c] as number) : -1;
    if (digit < 0) {
      throw new FormatError(
        "format",
        marked`invalid character in Nix32 (Nix's Base32 variation) string: '${text.charAt(text.length - n - 1)}'`,
      );
    }
    const bit = n * 5;
    const i = bit >> 3;
    const shift = bit & 7;
    length = i + 1;
    bytes[i] = (bytes[i] as number) | (digit << shift);
    const carry = digit >> (8 - shift);
    if (carry !== 0) {
      length = i + 2;
      bytes[i + 1] = (bytes[i + 1] as number) | carry;
    }
  }
  return bytes.slice(0, length);
}

/** Whether `code` is the char code of a nix32 digit. */
export function isNixBase32Digit(code: number): boolean {
  return code < 256 && (VALUES[code] as number) >= 0;
}
