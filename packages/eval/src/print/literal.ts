/**
 * How strings and attribute names are written in printed values. Both printers, error messages and
 * `--parse` quote alike.
 */

/** The words that must be quoted as attribute names. `or` is not among them. */
const KEYWORDS: ReadonlySet<string> = new Set([
  "if",
  "then",
  "else",
  "assert",
  "with",
  "let",
  "in",
  "rec",
  "inherit",
]);

const PLAIN_NAME = /^[a-zA-Z_][a-zA-Z0-9_'-]*$/;
const NEEDS_ESCAPE = /["\\\n\r\t]|\$\{/;
const ESCAPES = /["\\\n\r\t]|\$(?=\{)/g;

function escapeOf(char: string): string {
  switch (char) {
    case "\n":
      return "\\n";
    case "\r":
      return "\\r";
    case "\t":
      return "\\t";
    default:
      return `\\${char}`;
  }
}

/** A string as a Nix literal: `"` `\` newline, return, tab and `${` are escaped, all other bytes stay. */
export function printString(text: string): string {
  return NEEDS_ESCAPE.test(text) ? `"${text.replace(ESCAPES, escapeOf)}"` : `"${text}"`;
}

/** {@link printString} cut after `limit` bytes, with a note of how many are missing. */
export function printStringUpTo(text: string, limit: number): string {
  if (text.length <= limit) return printString(text);
  // A `$` at the cut is escaped by what follows it in the whole string.
  const atCut = text[limit - 1] === "$" && text[limit] === "{" ? "\\$" : "";
  const shown = printString(text.slice(0, atCut === "" ? limit : limit - 1)).slice(0, -1);
  return `${shown}${atCut}" ${elided(text.length - limit, "byte")}`;
}

/** An attribute name, quoted unless it could stand bare in source text. */
export function printName(name: string): string {
  return PLAIN_NAME.test(name) && !KEYWORDS.has(name) ? name : printString(name);
}

/** The note for what is left out, such as `«3 items elided»`. */
export function elided(count: number, thing: string): string {
  return `${LEFT}${count} ${thing}${count === 1 ? "" : "s"} elided${RIGHT}`;
}

/** `«` in UTF-8. */
export const LEFT = "\xc2\xab";
/** `»` in UTF-8. */
export const RIGHT = "\xc2\xbb";
