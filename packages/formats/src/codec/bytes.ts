/**
 * Between byte strings (one char is one byte) and `Uint8Array`.
 *
 * Nothing here knows an encoding: char code and byte are the same number. UTF-8 lives in
 * utf8.ts.
 */

/** The bytes of a byte string; chars above 0xff are a bug of the caller and are cut to their low byte. */
export function byteStringToBytes(text: string): Uint8Array {
  const length = text.length;
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

/** The longest argument list given to `fromCharCode` at once; engines allow some 65,000 arguments. */
const CHUNK = 8192;

/** The byte string of `bytes`. */
export function bytesToByteString(bytes: Uint8Array): string {
  if (bytes.length <= CHUNK) return String.fromCharCode.apply(null, bytes as unknown as number[]);
  const parts: string[] = [];
  for (let i = 0; i < bytes.length; i += CHUNK) {
    parts.push(
      String.fromCharCode.apply(null, bytes.subarray(i, i + CHUNK) as unknown as number[]),
    );
  }
  return parts.join("");
}

/** `data` as bytes, converting only if it is a byte string. */
export function bytesOf(data: Uint8Array | string): Uint8Array {
  return typeof data === "string" ? byteStringToBytes(data) : data;
}
