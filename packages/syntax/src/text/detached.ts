/** Parts of texts that must not hold the whole text in memory. */

/** Shorter slices are copies in V8. */
const SHORTEST_SLICE = 13;

/**
 * The same text in memory of its own. V8 makes a slice of a string a reference into the whole string, which
 * lives as long as the slice: a name that outlives its version of a document would hold that version.
 */
export function detached(text: string): string {
  // Joined strings are copied into one before they are sliced.
  return text.length < SHORTEST_SLICE ? text : ` ${text}`.slice(1);
}
