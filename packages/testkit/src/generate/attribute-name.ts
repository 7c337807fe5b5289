/** Attribute names in the ways in which they can be written. */
import { isPlainName } from "./program-type.ts";
import type { Random } from "./random.ts";

/** An attribute name in one of the ways in which it can be written. */
export function attributeName(name: string, random: Random): string {
  if (!isPlainName(name)) return random.chance(0.3) ? `\${${quoted(name)}}` : quoted(name);
  if (random.chance(0.05)) return quoted(name);
  return name;
}

/** An attribute name where no interpolation may stand. */
export function staticName(name: string): string {
  return isPlainName(name) ? name : quoted(name);
}

/** A name as a string literal. */
export function quoted(name: string): string {
  return `"${name.replace(/["\\]/g, "\\$&").replaceAll("${", "\\${")}"`;
}
