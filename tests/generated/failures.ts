/**
 * The error messages of two versions of Nix, reduced to a common wording.
 *
 * 2.36 says more than 2.8 (the offending value, the list that was too short) and words some
 * messages differently. The gist of a message is the common part; two failures are the same if
 * their gists are equal.
 */

import type { ErrorKind } from "@nivis/eval";

/** A pattern for a message of one version, and its gist (`$1` and so on are groups). */
type Wording = readonly [pattern: RegExp, gist: string];

/** The wordings of 2.36, which are those of Nivis. */
const NEW_WORDINGS: readonly Wording[] = [
  [/^expected (?:an?) (.+?) but found (?:an? )?(.+?)(?:: .*)?$/, "$2 for $1"],
  [/^(cannot coerce .+? to a string): .*$/, "$1"],
  [/^`__toString` \w+ return a string, but got (.+?): .*$/, "cannot coerce $1 to a string"],
  [/^(cannot compare .+?); values .*$/, "$1"],
  [/^(attempt to call something which is not a function but .+?): .*$/, "$1"],
  [/^function '.*?' called (with(?:out)? .*)$/, "function called $1"],
  [/^'builtins\.elemAt' called with index (\S+) on a list of size \d+$/, "index $1"],
  [/^'builtins\.head' called on an empty list$/, "index 0"],
  [/^path '(.*)' does not exist$/, "cannot read '$1'"],
  [/^file '(.*)' is not a regular file$/, "cannot read a folder"],
  [/^'(.*)' is not a directory$/, "cannot read '$1'"],
  [/^assertion '\(.* == .*\)' failed$/, "assertion of equality"],
  [
    /^'from' and 'to' arguments passed to builtins\.replaceStrings have different lengths$/,
    "lengths of from and to",
  ],
  [
    /^path '.*' is not a valid store path: name (?:'.*?' )?(contains .*|must .*)$/,
    "store path: name $1",
  ],
  [
    /^files created by builtins\.toFile may not reference derivations, .*$/,
    "toFile of a derivation",
  ],
  [/^'builtins\.tail' called/, "'tail' called"],
  // Which of several paths it names depends on the order of contexts.
  [/^(the string '.*' is not allowed to refer to a store path) .*$/, "$1"],
  [/^(\[json.*): attempting to parse an empty input;.*$/, "$1: nothing"],
  [/^cannot build '(.*\.drv)\^.*' during evaluation: .*$/, "path '$1' is not valid"],
  [/^(unknown hash algorithm '.*?'), .*$/, "$1"],
  [/^missing required ('.*') attribute in the first argument to .*$/, "$1 required"],
  [/^syntax error, .*$/, "syntax error"],
  [/^experimental Nix feature 'pipe-operators' is disabled; .*$/, "syntax error"],
  [/^while parsing TOML: .*$/, "TOML"],
];

/** The wordings of 2.8. */
const OLD_WORDINGS: readonly Wording[] = [
  [/^value is (?:an? )?(.+?) while an? (.+?) was expected$/, "$1 for $2"],
  [/^(?:anonymous function|'.*?') at \S+ called (with(?:out)? .*)$/, "function called $1"],
  [
    /^(?:first|second) argument in call to '.*' is not a function but (?:an? )?(.*)$/,
    "$1 for function",
  ],
  [/^list index (\S+) is out of bounds$/, "index $1"],
  [/^(?:opening|getting status of) (?:file |directory )?'(.*)': .*$/, "cannot read '$1'"],
  [/^reading from file: Is a directory$/, "cannot read a folder"],
  [/^assertion '\(.* == .*\)' failed$/, "assertion of equality"],
  [
    /^'from' and 'to' arguments to 'replaceStrings' have different lengths$/,
    "lengths of from and to",
  ],
  [/^store path '.*' has an empty name$/, "store path: name must not be empty"],
  [/^store path '.*' contains (illegal character '.*')$/, "store path: name contains $1"],
  [
    /^in 'toFile': the file named '.*' must not contain a reference to a derivation .*$/,
    "toFile of a derivation",
  ],
  [/^(the string '.*' is not allowed to refer to a store path) .*$/, "$1"],
  [/^Context key (.*)$/, "context key $1"],
  [/^(\[json.*): syntax error while parsing value - unexpected end of input;.*$/, "$1: nothing"],
  [/^attribute 'key' required$/, "attribute 'key' missing"],
  [/^(unknown hash algorithm '.*?') Try .*$/, "$1"],
  [/^(unsupported argument '.*' to) 'addPath'$/, "$1 'builtins.path'"],
  [/^syntax error, .*$/, "syntax error"],
  [/^while parsing a TOML string: .*$/, "TOML"],
];

/** The gist of a message of Nivis, without `error: `. */
export function gistOfNivis(kind: ErrorKind, message: string): string {
  // 2.36 explains in many ways what is unequal.
  if (kind === "assertion" && !message.startsWith("assertion '")) return "assertion of equality";
  return gist(message, NEW_WORDINGS);
}

/** The gist of the standard error of C++ Nix 2.8. */
export function gistOfReference(stderr: string): string {
  const text = stderr.slice(Math.max(0, stderr.search(/^error:/m)));
  const [first] = text.split(/\n\n {7}(?:at |\xe2\x80\xa6)|\n\(use '--show-trace'/);
  return gist((first as string).replace(/^error: /, ""), OLD_WORDINGS);
}

function gist(text: string, wordings: readonly Wording[]): string {
  // 2.8 indents the lines of a message and replaces tabs by spaces.
  const message = text
    .replace(/\s+/g, " ")
    .trimEnd()
    .replace(/^(attribute '.*' missing) for call to '.*'$/, "$1");
  for (const [pattern, common] of wordings) {
    if (pattern.test(message)) return message.replace(pattern, common);
  }
  // 2.36 quotes and escapes all names that are not identifiers; 2.8 only some of them.
  const name = /^attribute '(?:"(.*)"|(.*))' missing$/.exec(message);
  if (name !== null)
    return `attribute '${(name[1] ?? name[2] ?? "").replaceAll("\\", "")}' missing`;
  // 2.8 printed the bindings in a condition in the order of their symbols, escaped each $, and kept
  // empty pieces of strings.
  if (message.startsWith("assertion '")) {
    const tokens = message.replaceAll("\\$", "$").match(/[\w'-]+|[^\s"+]/g) as string[];
    return `assertion: ${tokens.sort().join(" ")}`;
  }
  return message;
}
