/**
 * UTF-8: conversions between text and byte strings, and the check that bytes are well-formed.
 *
 * The rest of the package never decodes: hosts decode at their boundaries, and messages about bad
 * bytes need a position.
 */
import { byteStringToBytes, bytesToByteString } from "./bytes.ts";

// Every host has these two globals; the package's type library does not declare any host.
declare class TextEncoder {
  encode(text: string): Uint8Array;
}
declare class TextDecoder {
  constructor(label: string, options: { fatal?: boolean; ignoreBOM?: boolean });
  decode(bytes: Uint8Array): string;
}

/**
 * A byte string: a string in which each char is one byte (0 to 255), like Nix strings and source
 * texts. The type checks nothing; {@link isBytes} does.
 */
export type Bytes = string;

const BYTE_CHARS = /^[\x00-\xff]*$/;

/** Whether each char of a string is a byte, which need not hold for ordinary text. */
export function isBytes(text: string): text is Bytes {
  return BYTE_CHARS.test(text);
}

const ASCII = /^[\x00-\x7f]*$/;

/** The UTF-8 bytes of `text`, as a byte string. Lone surrogates become U+FFFD. */
export function encodeUtf8(text: string): Bytes {
  return ASCII.test(text) ? text : bytesToByteString(new TextEncoder().encode(text));
}

/**
 * The text whose UTF-8 bytes are `bytes`. Ill-formed sequences become U+FFFD; a byte order mark is
 * kept.
 */
export function decodeUtf8(bytes: Bytes): string {
  if (ASCII.test(bytes)) return bytes;
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(byteStringToBytes(bytes));
}

/** Where and how a byte string fails to be UTF-8. */
export interface Utf8Error {
  /**
   * `invalid`: the byte at `offset` is not allowed. `incomplete`: the text ends inside a sequence.
   */
  readonly kind: "invalid" | "incomplete";
  /** The offset of the invalid byte, or of the last byte. */
  readonly offset: number;
  readonly byte: number;
}

/**
 * The number of continuation bytes of a lead byte, or -1, and the range of the first of them
 * (Unicode, table 3-7).
 */
function sequence(lead: number): readonly [more: number, low: number, high: number] {
  if (lead < 0x80) return [0, 0, 0];
  if (lead < 0xc2) return [-1, 0, 0];
  if (lead < 0xe0) return [1, 0x80, 0xbf];
  if (lead === 0xe0) return [2, 0xa0, 0xbf];
  if (lead === 0xed) return [2, 0x80, 0x9f];
  if (lead < 0xf0) return [2, 0x80, 0xbf];
  if (lead === 0xf0) return [3, 0x90, 0xbf];
  if (lead < 0xf4) return [3, 0x80, 0xbf];
  if (lead === 0xf4) return [3, 0x80, 0x8f];
  return [-1, 0, 0];
}

/** The first error in `bytes` from `start` on, or undefined if they are well-formed UTF-8. */
export function findUtf8Error(bytes: Bytes, start = 0): Utf8Error | undefined {
  if (start === 0 && ASCII.test(bytes)) return undefined;
  const length = bytes.length;
  for (let i = start; i < length; i++) {
    const lead = bytes.charCodeAt(i);
    if (lead < 0x80) continue;
    const [more, low, high] = sequence(lead);
    if (more < 0) return { kind: "invalid", offset: i, byte: lead };
    for (let n = 0; n < more; n++) {
      i++;
      if (i >= length)
        return { kind: "incomplete", offset: length - 1, byte: bytes.charCodeAt(length - 1) };
      const byte = bytes.charCodeAt(i);
      if (byte < (n === 0 ? low : 0x80) || byte > (n === 0 ? high : 0xbf)) {
        return { kind: "invalid", offset: i, byte };
      }
    }
  }
  return undefined;
}

/** Whether `bytes` are well-formed UTF-8. */
export function isUtf8(bytes: string): boolean {
  return findUtf8Error(bytes) === undefined;
}

/** The UTF-8 bytes of one code point, as a byte string. */
export function encodeCodePoint(codePoint: number): string {
  if (codePoint < 0x80) return String.fromCharCode(codePoint);
  if (codePoint < 0x800)
    return String.fromCharCode(0xc0 | (codePoint >> 6), 0x80 | (codePoint & 0x3f));
  if (codePoint < 0x10000) {
    return String.fromCharCode(
      0xe0 | (codePoint >> 12),
      0x80 | ((codePoint >> 6) & 0x3f),
      0x80 | (codePoint & 0x3f),
    );
  }
  return String.fromCharCode(
    0xf0 | (codePoint >> 18),
    0x80 | ((codePoint >> 12) & 0x3f),
    0x80 | ((codePoint >> 6) & 0x3f),
    0x80 | (codePoint & 0x3f),
  );
}
