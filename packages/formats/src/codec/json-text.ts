/** Writes JSON like C++ Nix: compact, with keys sorted by their bytes. Texts are byte strings. */
import { escapeJsonString } from "./json.ts";

/** An object; members whose text is `undefined` are omitted. */
export function jsonObject(members: Iterable<readonly [string, string | undefined]>): string {
  const sorted = [...members].sort((a, b) => (a[0] < b[0] ? -1 : 1));
  return `{${sorted
    .flatMap(([key, value]) => (value === undefined ? [] : [`${escapeJsonString(key)}:${value}`]))
    .join(",")}}`;
}

/** An array of strings. */
export function jsonStrings(items: Iterable<string>): string {
  return `[${[...items].map(escapeJsonString).join(",")}]`;
}
