/**
 * Undoing the compression of Git's objects in JavaScript, which for small ones is faster than a call of
 * Node's zlib. Loaded on demand: the tables of the library take as long to make as the rest of a start.
 */
import { Unzlib, unzlibSync } from "fflate/browser";

/** Returns the `size` bytes that some bytes in the format of zlib stand for. Throws if they are damaged. */
export function inflateWhole(bytes: Uint8Array, size: number): Uint8Array {
  return unzlibSync(bytes, { out: new Uint8Array(size) });
}

/** Passes on the first `length` bytes, or some more, in pieces. */
export function inflateHead(
  bytes: Uint8Array,
  length: number,
  take: (piece: Uint8Array) => void,
): void {
  let taken = 0;
  const stream = new Unzlib((piece) => {
    taken += piece.length;
    take(piece);
  });
  // A few bytes at a time: the header is short, the object may be long.
  for (let at = 0; at < bytes.length && taken < length; at += length) {
    stream.push(bytes.subarray(at, at + length), false);
  }
}
