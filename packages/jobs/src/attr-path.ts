/**
 * Attribute paths as lists of names, from the root of a sweep. nix-eval-jobs joins the names to a text
 * and parses that text again to find the attribute, which fails for names with quotes, empty names and
 * names that are numbers; here the text is only shown.
 */

/** The names from the root to an attribute; byte strings. The root is the empty list. */
export type AttrPath = readonly string[];

/** The order of nix-eval-jobs: by the bytes of the names, a set before its attributes. */
export function compareAttrPaths(a: AttrPath, b: AttrPath): number {
  const common = Math.min(a.length, b.length);
  for (let i = 0; i < common; i++) {
    const x = a[i] as string;
    const y = b[i] as string;
    if (x !== y) return x < y ? -1 : 1;
  }
  return a.length - b.length;
}

/** The path as the field `attr` shows it: names with a dot are quoted, and nothing is escaped. */
export function joinAttrPath(path: AttrPath): string {
  let joined = "";
  for (const name of path) {
    const shown = name.includes(".") ? `"${name}"` : name;
    joined = joined === "" ? shown : `${joined}.${shown}`;
  }
  return joined;
}

/** A text that identifies a path among all others. */
export function attrPathKey(path: AttrPath): string {
  return JSON.stringify(path);
}
