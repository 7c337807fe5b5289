/**
 * Base 16 as C++ Nix reads and writes it: writes lower case, reads either case.
 */
import { FormatError } from "../format-error.ts";

const digits = "0123456789abcdef";
const pairs: readonly string[] = Array.from(
  { length: 256 },
  (_, i) => digits.charAt(i >> 4) + digits.charAt(i & 15),
);

/** The lower-case hexadecimal text of `bytes`. */
export function encodeBase16(bytes: Uint8Array): string {
  let text = "";
  for (let i = 0; i < bytes.length; i++) text += pairs[bytes[i] as number] as string;
  return text;
}

/** The number of digits that encode `length` bytes. */
export function base16Length(length: number): number {
  return length * 2;
}

function digitValue(text: string, index: number): number {
  const c = text.charCodeAt(index);
  if (c >= 0x30 && c <= 0x39) return c - 0x30;
  if (c >= 0x41 && c <= 0x46) return c - 0x41 + 10;
  if (c >= 0x61 && c <= 0x66) return c - 0x61 + 10;
  throw new FormatError("format", `invalid character in Base16 string: '${text.charAt(index)}'`);
}

/**
 * The bytes that `text` encodes. An odd last digit is ignored, so callers check the length first.
 */
export function decodeBase16(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length >> 1);
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = (digitValue(text, 2 * i) << 4) | digitValue(text, 2 * i + 1);
  }
  return bytes;
}
