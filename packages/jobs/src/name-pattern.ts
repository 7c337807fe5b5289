/**
 * Patterns of names as the C library's `fnmatch` reads them without flags, which Hydra's aggregates use
 * for their constituents: `*` and `?` also match dots and slashes, `[a-z]`, `[!a-z]` and classes such as
 * `[[:digit:]]` match one byte, a backslash takes the meaning from the next byte. Source: POSIX.1-2024,
 * Shell Command Language, 2.14 *Pattern Matching Notation*.
 */

const CLASSES: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "a-z",
  print: "\\x20-\\x7e",
  punct: "!-\\/:-@\\[-`{-~",
  space: " \\t\\n\\v\\f\\r",
  upper: "A-Z",
  xdigit: "0-9A-Fa-f",
};

/** A test for names that match a pattern. Both are byte strings. */
export function namePattern(pattern: string): (name: string) => boolean {
  let source = "";
  let at = 0;
  while (at < pattern.length) {
    const c = pattern.charAt(at);
    if (c === "*") {
      // Several in a row match no more than one, and would take exponentially long.
      while (pattern.charAt(at + 1) === "*") at++;
      source += ".*";
      at++;
    } else if (c === "?") {
      source += ".";
      at++;
    } else if (c === "[") {
      const bracket = readBracket(pattern, at);
      source += bracket?.source ?? "\\[";
      at = bracket?.end ?? at + 1;
    } else {
      const escaped = c === "\\" && at + 1 < pattern.length;
      source += literal(escaped ? pattern.charAt(at + 1) : c);
      at += escaped ? 2 : 1;
    }
  }
  const expression = new RegExp(`^${source}$`, "s");
  return (name) => expression.test(name);
}

function literal(char: string): string {
  return `\\x${char.charCodeAt(0).toString(16).padStart(2, "0")}`;
}

/** A bracket expression as part of a regular expression; `undefined` if it has no end. */
function readBracket(
  pattern: string,
  start: number,
): { readonly source: string; readonly end: number } | undefined {
  let at = start + 1;
  const isNegated = pattern.charAt(at) === "!" || pattern.charAt(at) === "^";
  if (isNegated) at++;
  let members = "";
  for (let isFirst = true; ; isFirst = false) {
    const c = pattern.charAt(at);
    if (c === "") return undefined;
    if (c === "]" && !isFirst) break;
    const named = /^\[:([a-z]+):\]/.exec(pattern.slice(at));
    if (named !== null) {
      const members_ = CLASSES[named[1] as string];
      if (members_ === undefined) return { source: "(?!)", end: endOfBracket(pattern, at) };
      members += members_;
      at += named[0].length;
      continue;
    }
    const low = readMember(pattern, at);
    at = low.end;
    if (pattern.charAt(at) === "-" && pattern.charAt(at + 1) !== "]" && at + 1 < pattern.length) {
      const high = readMember(pattern, at + 1);
      at = high.end;
      // A range that ends before it begins has no members.
      if (low.char <= high.char) members += `${literal(low.char)}-${literal(high.char)}`;
    } else members += literal(low.char);
  }
  const empty = isNegated ? "." : "(?!)";
  return { source: members === "" ? empty : `[${isNegated ? "^" : ""}${members}]`, end: at + 1 };
}

function readMember(pattern: string, at: number): { readonly char: string; readonly end: number } {
  const isEscaped = pattern.charAt(at) === "\\" && at + 1 < pattern.length;
  const place = isEscaped ? at + 1 : at;
  return { char: pattern.charAt(place), end: place + 1 };
}

function endOfBracket(pattern: string, from: number): number {
  const end = pattern.indexOf("]", from + pattern.slice(from).search(/:\]/) + 2);
  return end < 0 ? pattern.length : end + 1;
}
