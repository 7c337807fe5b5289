/** Names of Git branches and tags: the rules of git-check-ref-format(1). */

/** Forbidden anywhere in a name: control characters, blanks and Git's own syntax. */
const FORBIDDEN = /[\x00-\x20\x7f~^:?*[\\]|\.\.|@\{|\/\/|\/$|^\/|\.$|(?:^|\/)\.|\.lock(?:\/|$)/;

/** Whether Git accepts a name for a branch or a tag. */
export function isLegalRefName(name: string): boolean {
  return name !== "" && name !== "@" && !name.startsWith("-") && !FORBIDDEN.test(name);
}
