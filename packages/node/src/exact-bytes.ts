/**
 * Environment variables as bytes. Node decodes them as UTF-8 and replaces what is not UTF-8 by U+FFFD.
 * On Linux, the kernel still has the bytes; elsewhere, the replacements remain.
 *
 * Only texts with U+FFFD are looked up, so that other runs pay nothing.
 */
import { readFileSync } from "node:fs";
import type { Bytes } from "@nivis/formats";
import { bytesOfText, textOfBytes } from "./byte-path.ts";

const REPLACEMENT = "\ufffd";

/** Returns the bytes of a variable that Node decoded as `text`. */
export function exactVariable(name: Bytes, text: string): Bytes {
  if (!text.includes(REPLACEMENT)) return bytesOfText(text);
  const prefix = `${name}=`;
  const entry = readVariables().find((line) => line.startsWith(prefix));
  const value = entry?.slice(prefix.length);
  // The variable may have been changed since the start.
  return value !== undefined && textOfBytes(value) === text ? value : bytesOfText(text);
}

/** Reads the variables that this process started with; none where there is no such file. */
function readVariables(): Bytes[] {
  try {
    return readFileSync("/proc/self/environ", "latin1").split("\0");
  } catch {
    return [];
  }
}
