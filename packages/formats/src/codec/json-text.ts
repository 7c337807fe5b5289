/** JSON as C++ Nix writes it: compact, with the keys in order of their bytes. Texts are byte strings. */
import { escapeJsonString } from "./json.ts";

/** An object; members whose text is `undefined` are left out. */
export function jsonObject(members: Iterable<readonly [string, string | undefined]>): string {
  const sorted = [...members].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return `{${sorted
    .flatMap(([key, value]) => (value === undefined ? [] : [`${escapeJsonString(key)}:${value}`]))
    .join(",")}}`;
}

/** A list of texts. */
export function jsonStrings(items: Iterable<string>): string {
  return `[${[...items].map(escapeJsonString).join(",")}]`;
}
