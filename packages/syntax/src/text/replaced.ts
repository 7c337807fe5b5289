/** What differs between two versions of a text. */
import type { Span } from "../ast/nodes.ts";

/** A stretch of the old text and the length of what replaces it, in bytes. */
export interface Replaced extends Span {
  readonly newLength: number;
}

/** How many bytes are compared at once; slices are compared natively. */
const CHUNK = 4096;

/** The smallest stretch that differs between two texts. */
export function replacedBetween(before: string, after: string): Replaced {
  const shorter = Math.min(before.length, after.length);
  let start = 0;
  while (
    start + CHUNK <= shorter &&
    before.slice(start, start + CHUNK) === after.slice(start, start + CHUNK)
  )
    start += CHUNK;
  while (start < shorter && before.charCodeAt(start) === after.charCodeAt(start)) start += 1;
  const most = shorter - start;
  const fromEnd = (text: string, same: number): string =>
    text.slice(text.length - same - CHUNK, text.length - same);
  let same = 0;
  while (same + CHUNK <= most && fromEnd(before, same) === fromEnd(after, same)) same += CHUNK;
  while (
    same < most &&
    before.charCodeAt(before.length - 1 - same) === after.charCodeAt(after.length - 1 - same)
  )
    same += 1;
  return { start, end: before.length - same, newLength: after.length - same - start };
}
