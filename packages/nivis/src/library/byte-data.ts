/** Bytes and texts of the host as the byte strings of the packages below. */
import { bytesToByteString, encodeUtf8 } from "@nivis/formats";

/** Bytes, or a text in UTF-8, as a byte string. */
export function dataOf(data: string | Uint8Array): string {
  return typeof data === "string" ? encodeUtf8(data) : bytesToByteString(data);
}
