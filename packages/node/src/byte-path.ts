/**
 * Between byte strings and what Node takes. The file system of Unix has bytes, not characters, so a
 * path that is not ASCII goes to Node as a Buffer: names that are not UTF-8 work like all others.
 */

const ascii = /^[\x01-\x7f]*$/;

/** A path as an argument for `node:fs`. */
export function toNodePath(path: string): string | Buffer {
  return ascii.test(path) ? path : Buffer.from(path, "latin1");
}

/** The bytes of a text that Node decoded as UTF-8: arguments, variables, the current directory. */
export function bytesOfText(text: string): string {
  return ascii.test(text) ? text : Buffer.from(text, "utf8").toString("latin1");
}

/** The text that bytes in UTF-8 are. */
export function textOfBytes(bytes: string): string {
  return ascii.test(bytes) ? bytes : Buffer.from(bytes, "latin1").toString("utf8");
}
