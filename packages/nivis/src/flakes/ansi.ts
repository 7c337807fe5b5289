/**
 * Escape sequences of terminals in the output of commands about flakes. C++ Nix writes them whether or
 * not standard output is a terminal.
 */

const NORMAL = "\x1b[0m";

/** Bold text. */
export function bold(text: string): string {
  return `\x1b[1m${text}${NORMAL}`;
}

/** Text that warns. */
export function warningText(text: string): string {
  return `\x1b[35;1m${text}${NORMAL}`;
}

/** Text that says that all is well. */
export function green(text: string): string {
  return `\x1b[32;1m${text}${NORMAL}`;
}
