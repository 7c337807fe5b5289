/**
 * Conversions between byte strings and the arguments of Node's functions. The file system of Unix
 * holds bytes, not characters, so a path that is not ASCII is passed to Node as a Buffer. Names
 * that are not UTF-8 work like all others.
 */

import { hostFlavour, toHostPath } from "./host-path.ts";

const ASCII = /^[\x01-\x7f]*$/;

/** Converts a path to an argument for `node:fs`. */
export function toNodePath(path: string): string | Buffer {
  // The file system of Windows holds characters.
  if (hostFlavour() === "windows") return toHostPath(textOfBytes(path), "windows");
  return ASCII.test(path) ? path : Buffer.from(path, "latin1");
}

/**
 * Returns the bytes of a text that Node decoded as UTF-8: arguments, variables, the current
 * directory.
 */
export function bytesOfText(text: string): string {
  return ASCII.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** Decodes bytes as UTF-8. */
export function textOfBytes(bytes: string): string {
  return ASCII.test(bytes) ? bytes : Buffer.from(bytes, "latin1").toString("utf8");
}
