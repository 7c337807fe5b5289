/** How names and strings are written so that Nix reads them back. */

const PLAIN_NAME = /^[a-zA-Z_][a-zA-Z0-9_'-]*$/;
const NEEDS_ESCAPE = /["\\\n\r\t]|\$\{/;

/** The words that cannot be names. `or` can. */
export function isReservedWord(name: string): boolean {
  switch (name) {
    case "if":
    case "then":
    case "else":
    case "assert":
    case "with":
    case "let":
    case "in":
    case "rec":
    case "inherit":
      return true;
    default:
      return false;
  }
}

/** A name as C++ Nix prints it: in quotes where it must be. */
export function printIdentifier(name: string): string {
  return PLAIN_NAME.test(name) && !isReservedWord(name) ? name : printString(name);
}

/** A string literal: only `"`, `\`, newline, CR, tab and `${` are escaped. */
export function printString(value: string): string {
  if (!NEEDS_ESCAPE.test(value)) return `"${value}"`;
  let result = '"';
  let from = 0;
  for (let i = 0; i < value.length; i += 1) {
    let escape: string;
    switch (value.charCodeAt(i)) {
      case 34:
        escape = '\\"';
        break;
      case 92:
        escape = "\\\\";
        break;
      case 10:
        escape = "\\n";
        break;
      case 13:
        escape = "\\r";
        break;
      case 9:
        escape = "\\t";
        break;
      case 36:
        if (value.charCodeAt(i + 1) !== 123) continue;
        escape = "\\$";
        break;
      default:
        continue;
    }
    result += value.slice(from, i) + escape;
    from = i + 1;
  }
  return `${result}${value.slice(from)}"`;
}
