/** Pieces of printed values: strings that are cut, notes of what is left out, the quotes «». */
import { printString } from "@nivis/syntax";

/** `«` in UTF-8. */
export const LEFT = "\xc2\xab";
/** `»` in UTF-8. */
export const RIGHT = "\xc2\xbb";

/** The note for what is left out, such as `«3 items elided»`. */
export function elided(count: number, thing: string): string {
  return `${LEFT}${count} ${thing}${count === 1 ? "" : "s"} elided${RIGHT}`;
}

/** A string as a Nix literal, cut after `limit` bytes with a note of how many are missing. */
export function printStringUpTo(text: string, limit: number): string {
  if (text.length <= limit) return printString(text);
  // A `$` at the cut is escaped by what follows it in the whole string.
  const atCut = text[limit - 1] === "$" && text[limit] === "{" ? "\\$" : "";
  const shown = printString(text.slice(0, atCut === "" ? limit : limit - 1)).slice(0, -1);
  return `${shown}${atCut}" ${elided(text.length - limit, "byte")}`;
}
