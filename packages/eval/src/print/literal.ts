/** Parts of printed values: truncated strings, notes about omitted parts, the quotes «». */
import { printString } from "@nivis/syntax";

/** `«` in UTF-8. */
export const LEFT = "\xc2\xab";
/** `»` in UTF-8. */
export const RIGHT = "\xc2\xbb";

/** Returns the note for omitted parts, such as `«3 items elided»`. */
export function elided(count: number, thing: string): string {
  return `${LEFT}${count} ${thing}${count === 1 ? "" : "s"} elided${RIGHT}`;
}

/**
 * Returns a string as a Nix literal, cut after `limit` bytes with a note of how many are missing.
 */
export function printStringUpTo(text: string, limit: number): string {
  if (text.length <= limit) return printString(text);
  // A `$` at the cut is escaped depending on the next character of the whole string.
  const atCut = text[limit - 1] === "$" && text[limit] === "{" ? "\\$" : "";
  const shown = printString(text.slice(0, atCut === "" ? limit : limit - 1)).slice(0, -1);
  return `${shown}${atCut}" ${elided(text.length - limit, "byte")}`;
}
