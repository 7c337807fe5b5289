/** What entries mean that are added to a directory of whose entries sets were made and united, as a text. */
import { type EntryType, KIND_LETTERS, type Meanings } from "./recorded-inputs.ts";

/** The types of entries, in the order of {@link meaningsText}. */
const ENTRY_TYPES = [
  "regular",
  "directory",
  "symlink",
  "unknown",
] as const satisfies readonly EntryType[];

/** The letter of a type in `listingText`. */
export function letterOf(type: EntryType): string {
  return KIND_LETTERS[type];
}

/** Returns what added entries mean as a digit for each type: that of an `EntryMeaning`. */
export function meaningsText(meanings: Meanings): string {
  return ENTRY_TYPES.map((type) => meanings[type]).join("");
}

/** Returns what an added entry means, by the letter of its type, from what {@link meaningsText} returned. */
export function meaningOfLetter(meanings: string, letter: string): number {
  return Number(meanings[ENTRY_TYPES.findIndex((type) => KIND_LETTERS[type] === letter)]);
}
