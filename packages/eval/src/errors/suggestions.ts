/**
 * Suggestions: known names that were probably meant.
 *
 * Used for missing attributes and arguments, and by the command line for unknown flags. The rules
 * are those of C++ Nix (libutil/suggestions.cc): Levenshtein distance on bytes, nearest first, then
 * by name.
 */

/** The maximum number of suggested names. */
const MAX_SUGGESTIONS = 5;
/** The maximum distance of a suggested name. */
const MAX_DISTANCE = 2;

/**
 * Returns the number of bytes to insert, delete or replace to turn `a` into `b`; any number above
 * `limit` means "more than `limit`".
 */
export function levenshteinDistance(
  a: string,
  b: string,
  limit = Number.POSITIVE_INFINITY,
): number {
  if (Math.abs(a.length - b.length) > limit) return limit + 1;
  let previous = new Uint32Array(b.length + 1);
  let current = new Uint32Array(b.length + 1);
  for (let j = 0; j <= b.length; j++) previous[j] = j;
  for (let i = 0; i < a.length; i++) {
    current[0] = i + 1;
    let smallest = i + 1;
    for (let j = 0; j < b.length; j++) {
      const deletion = (previous[j + 1] as number) + 1;
      const insertion = (current[j] as number) + 1;
      const replacement = (previous[j] as number) + (a.charCodeAt(i) === b.charCodeAt(j) ? 0 : 1);
      const cost = Math.min(deletion, insertion, replacement);
      current[j + 1] = cost;
      if (cost < smallest) smallest = cost;
    }
    // The numbers of later rows are not smaller than the smallest of this one.
    if (smallest > limit) return limit + 1;
    [previous, current] = [current, previous];
  }
  return previous[b.length] as number;
}

/** Returns the names among `candidates` that are close to `name`: at most five, best first. */
export function bestMatches(candidates: Iterable<string>, name: string): string[] {
  return bestMatchesOf([[name, candidates]]);
}

/** The same for several names, each with its candidates: at most five in all, best first. */
export function bestMatchesOf(
  names: Iterable<readonly [name: string, candidates: Iterable<string>]>,
): string[] {
  const distances = new Map<string, number>();
  for (const [name, candidates] of names) {
    for (const candidate of candidates) {
      const distance = levenshteinDistance(name, candidate, MAX_DISTANCE);
      if (distance <= Math.min(MAX_DISTANCE, distances.get(candidate) ?? MAX_DISTANCE)) {
        distances.set(candidate, distance);
      }
    }
  }
  return [...distances]
    .sort(([a, from], [b, to]) => from - to || (a < b ? -1 : 1))
    .slice(0, MAX_SUGGESTIONS)
    .map(([name]) => name);
}

/** Returns `one of a, b or c`, or just a single name; `decorate` adds colours to each. */
export function listSuggestions(
  names: readonly string[],
  decorate: (name: string) => string = (name) => name,
): string {
  const shown = names.map(decorate);
  const last = shown.pop();
  if (last === undefined) return "";
  return shown.length === 0 ? last : `one of ${shown.join(", ")} or ${last}`;
}
