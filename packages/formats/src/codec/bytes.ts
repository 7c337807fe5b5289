/**
 * Conversions between byte strings (one char is one byte) and `Uint8Array`.
 *
 * No encoding is involved: the char code is the byte. UTF-8 lives in utf8.ts.
 */

/**
 * The bytes of a byte string. Chars above 0xff are a caller's bug and are cut to their low byte.
 */
export function byteStringToBytes(text: string): Uint8Array {
  const length = text.length;
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The longest argument list passed to `fromCharCode`; engines allow about 65,000 arguments. */
const CHUNK = 8192;

/** What Node's buffers have besides: decoding in one step. */
interface DecodingBytes {
  readonly latin1Slice?: () => string;
}

/** The byte string of `bytes`. */
export function bytesToByteString(bytes: Uint8Array): string {
  const whole = (bytes as DecodingBytes).latin1Slice?.();
  if (whole !== undefined) return whole;
  if (bytes.length <= CHUNK) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += CHUNK) {
    parts.push(
      String.fromCharCode.apply(null, bytes.subarray(i, i + CHUNK) as unknown as number[]),
    );
  }
  return parts.join("");
}

/** Returns `data` as bytes; converts it only if it is a byte string. */
export function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? byteStringToBytes(data) : data;
}
