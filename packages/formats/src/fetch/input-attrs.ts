/**
 * The attributes of a fetcher input: strings, unsigned integers and Booleans by name (C++ Nix:
 * libfetchers/attrs.cc).
 */

import { compareBytes } from "../byte-order.ts";
import { escapeJsonString } from "../codec/json.ts";
import { FormatError } from "../format-error.ts";
import { marked } from "../marked-text.ts";

/** The value of one attribute. */
export type InputAttr = string | number | bigint | boolean;

/** The attributes of a fetcher input, by name. */
export type InputAttrs = ReadonlyMap<string, InputAttr>;

/** The attributes as JSON, as messages show them. */
export function inputAttrsToJson(attrs: InputAttrs): string {
  const members = [...attrs]
    .sort(([a], [b]) => compareBytes(a, b))
    .map(([name, value]) => {
      const text = typeof value === "string" ? escapeJsonString(value) : String(value);
      return `${escapeJsonString(name)}:${text}`;
    });
  return `{${members.join(",")}}`;
}

/** A string attribute, or `undefined` if it is absent. Throws for other types. */
export function tryStringAttr(attrs: InputAttrs, name: string): string | undefined {
  const value = attrs.get(name);
  if (value === undefined || typeof value === "string") return value;
  throw new FormatError(
    "error",
    marked`input attribute '${name}' is not a string ${inputAttrsToJson(attrs)}`,
  );
}

/** A string attribute. Throws if it is absent or has another type. */
export function stringAttr(attrs: InputAttrs, name: string): string {
  const value = tryStringAttr(attrs, name);
  if (value === undefined)
    throw new FormatError("error", marked`input attribute '${name}' is missing`);
  return value;
}

/** Throws if an attribute is present and not an integer. */
export function checkIntAttr(attrs: InputAttrs, name: string): void {
  const value = attrs.get(name);
  if (value === undefined || typeof value === "number" || typeof value === "bigint") return;
  throw new FormatError("error", marked`input attribute '${name}' is not an integer`);
}

/** A Boolean attribute; `false` if it is absent. Throws for other types. */
export function boolAttr(attrs: InputAttrs, name: string): boolean {
  const value = attrs.get(name);
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  throw new FormatError("error", marked`input attribute '${name}' is not a Boolean`);
}
