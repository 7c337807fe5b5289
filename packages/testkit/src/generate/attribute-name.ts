/** Writes attribute names: as identifiers, strings or interpolations. */
import { isPlainName } from "./program-type.ts";
import type { Random } from "./random.ts";

/** An attribute name in a random form. */
export function attributeName(name: string, random: Random): string {
  if (!isPlainName(name)) return random.chance(0.3) ? `\${${quoted(name)}}` : quoted(name);
  if (random.chance(0.05)) return quoted(name);
  return name;
}

/** An attribute name where interpolation is not allowed. */
export function staticName(name: string): string {
  return isPlainName(name) ? name : quoted(name);
}

/** A name as a string literal. */
export function quoted(name: string): string {
  return `"${name.replace(/["\\]/g, "\\$&").replaceAll("${", "\\${")}"`;
}
