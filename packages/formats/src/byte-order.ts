/**
 * The order of byte strings.
 *
 * Attribute names, environment variables, store paths and directory entries are all sorted
 * by their bytes. In a byte string one char is one byte, so `<` on JavaScript strings is
 * exactly `memcmp` with the shorter string first.
 */

/** Compares two byte strings by their bytes; usable as an argument of `sort`. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/**
 * The longest list that insertion sort handles, which saves the copies that the engine's sort
 * makes.
 */
const FEW = 24;

/** A sorted copy of `names`. */
export function sortedBytes(names: Iterable<string>): string[] {
  const sorted = [...names];
  // Without a comparator V8 compares code units, which is the same order, and faster.
  if (sorted.length > FEW) return sorted.sort();
  for (let i = 1; i < sorted.length; i++) {
    const name = sorted[i] as string;
    let place = i;
    while (place > 0 && (sorted[place - 1] as string) > name) {
      sorted[place] = sorted[place - 1] as string;
      place--;
    }
    sorted[place] = name;
  }
  return sorted;
}

/** Whether `names` are sorted by their bytes. */
export function areSorted(names: readonly string[]): boolean {
  for (let i = 1; i < names.length; i++) {
    if ((names[i - 1] as string) > (names[i] as string)) return false;
  }
  return true;
}
