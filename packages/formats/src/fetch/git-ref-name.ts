/** Names of Git branches and tags: the rules of git-check-ref-format(1). */

/** What may not stand anywhere in a name: control characters, blanks and what Git uses itself. */
const FORBIDDEN = /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/$|^\/|\.$|(?:^|\/)\.|\.lock(?:\/|$)/;

/** Whether Git would take a name for a branch or a tag. */
export function isLegalRefName(name: string): boolean {
  return name !== "" && name !== "@" && !name.startsWith("-") && !FORBIDDEN.test(name);
}
