/**
 * Texts that were put together are made flat while they are short.
 *
 * To add strings, the engine makes a tree with a node for each addition, and copies the bytes together
 * when something reads them. A program that keeps many interpolated texts, as lines of a file do until
 * all are joined, keeps their trees: several times the size of the texts, which the collection of young
 * objects copies twice. Long texts stay trees, because a text that grows bit by bit would be copied
 * anew each time. Who interpolates (`vm/stack-ops.ts`, `tier/`) and who joins calls this.
 */
import { InternalError } from "../errors/eval-error.ts";

/** Below this length the engine makes no trees. */
const SHORTEST = 13;
/** Up to this length a text is made flat. */
const LONGEST = 1024;

/** The text, of which the engine has copied the bytes together if it is short. */
export function flatText(text: string): string {
  const { length } = text;
  // To read any char makes a text flat; what is read must be used, or the compiler leaves it out.
  if (length >= SHORTEST && length <= LONGEST && text.charCodeAt(length - 1) > 0xff) {
    throw new InternalError("a string has a char that is no byte");
  }
  return text;
}
