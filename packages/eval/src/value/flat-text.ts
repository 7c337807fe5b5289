/**
 * Concatenated texts are made flat while they are short.
 *
 * To add strings, the engine makes a tree with a node for each addition, and copies the bytes together when
 * something reads them. A program that keeps many interpolated texts, as with the lines of a file until all
 * are joined, keeps their trees: several times the size of the texts, which the collection of young objects
 * copies twice. Long texts stay trees, because a text that grows bit by bit would be copied each time.
 * Interpolation (`vm/stack-ops.ts`, `tier/`) and builtins that join call this.
 */
import { InternalError } from "../errors/eval-error.ts";

/** The engine makes no trees below this length. */
const SHORTEST = 13;
/** The longest text that is made flat. */
const LONGEST = 1024;

/** The same text; if it is short, the engine has copied its bytes together. */
export function flatText(text: string): string {
  const { length } = text;
  // Reading any char makes a text flat; the result must be used, or V8 removes the read.
  if (length >= SHORTEST && length <= LONGEST && text.charCodeAt(length - 1) > 0xff) {
    throw new InternalError("a string has a char that is not a byte");
  }
  return text;
}
