/**
 * Attributes of paths as `.gitattributes` files set them: which files `git archive` would leave out, and
 * which go through a filter. Read from the files of a commit, each for its directory and below.
 *
 * Format: *gitattributes(5)*; patterns as in *gitignore(5)*, without those that negate and without those
 * that stand for directories only.
 */
import type { SourceTree } from "../tree/source-tree.ts";
import { childPath, namesOf } from "../tree/source-tree.ts";

/** Set, unset, a value, or what resets it to nothing. */
type AttributeState = string | boolean | undefined;

interface Rule {
  readonly pattern: RegExp;
  /** Whether the pattern is matched against the whole path below the directory of the file. */
  readonly isPath: boolean;
  readonly states: ReadonlyMap<string, AttributeState>;
}

const FILE = ".gitattributes";
const BINARY: ReadonlyMap<string, AttributeState> = new Map([
  ["diff", false],
  ["merge", false],
  ["text", false],
]);

/** The attributes of the paths of a tree. */
export class GitAttributes {
  readonly #tree: SourceTree;
  readonly #rules = new Map<string, readonly Rule[]>();
  readonly #macros = new Map<string, ReadonlyMap<string, AttributeState>>([["binary", BINARY]]);

  constructor(tree: SourceTree) {
    this.#tree = tree;
    this.#rulesOf("/");
  }

  /** What an attribute is for a path: `true` if it is set, its value, or something else. */
  get(path: string, attribute: string): AttributeState {
    const names = namesOf(path);
    // The file nearest to the path decides, in it the last rule that says something.
    for (let depth = names.length - 1; depth >= 0; depth--) {
      const directory = `/${names.slice(0, depth).join("/")}`;
      const below = names.slice(depth).join("/");
      const name = names.at(-1) as string;
      for (const { pattern, isPath, states } of [...this.#rulesOf(directory)].reverse()) {
        if (states.has(attribute) && pattern.test(isPath ? below : name)) {
          return states.get(attribute);
        }
      }
    }
    return undefined;
  }

  #rulesOf(directory: string): readonly Rule[] {
    const known = this.#rules.get(directory);
    if (known !== undefined) return known;
    const path = childPath(directory, FILE);
    const text = this.#tree.fileType(path) === "regular" ? this.#tree.readFile(path) : "";
    const rules = text.split(/\r?\n/).flatMap((line) => this.#rule(line, directory === "/"));
    this.#rules.set(directory, rules);
    return rules;
  }

  #rule(line: string, isTop: boolean): readonly Rule[] {
    const found = /^\s*(?:"((?:\\.|[^"\\])*)"|(\S+))(?:\s+(.*))?$/.exec(line);
    if (found === null || (found[2] ?? "").startsWith("#")) return [];
    const pattern = found[2] ?? (found[1] as string).replace(/\\(.)/g, "$1");
    const states = this.#states((found[3] ?? "").split(/\s+/));
    if (pattern.startsWith("[attr]")) {
      if (isTop) this.#macros.set(pattern.slice("[attr]".length), states);
      return [];
    }
    if (pattern.startsWith("!") || pattern.endsWith("/")) return [];
    const isPath = pattern.includes("/");
    return [{ pattern: wildcard(pattern.replace(/^\//, "")), isPath, states }];
  }

  #states(words: readonly string[]): ReadonlyMap<string, AttributeState> {
    const states = new Map<string, AttributeState>();
    for (const word of words) {
      if (word === "") continue;
      const equals = word.indexOf("=");
      if (word.startsWith("-")) states.set(word.slice(1), false);
      else if (word.startsWith("!")) states.set(word.slice(1), undefined);
      else if (equals > 0) states.set(word.slice(0, equals), word.slice(equals + 1));
      else {
        for (const [name, state] of this.#macros.get(word) ?? []) states.set(name, state);
        states.set(word, true);
      }
    }
    return states;
  }
}

/** A wildcard as a regular expression: `*` and `?` stop at slashes, `**` does not. */
export function wildcard(pattern: string): RegExp {
  let source = "";
  for (let at = 0; at < pattern.length; ) {
    const rest = pattern.slice(at);
    const isStart = at === 0 || pattern[at - 1] === "/";
    if (isStart && rest.startsWith("**/")) {
      source += "(?:.*/)?";
      at += 3;
    } else if (isStart && rest === "**") {
      source += ".*";
      at += 2;
    } else if (rest.startsWith("*")) {
      source += "[^/]*";
      while (pattern[at] === "*") at++;
    } else if (rest.startsWith("?")) {
      source += "[^/]";
      at++;
    } else {
      const set = /^\[(!|\^)?(\]?(?:\[:[a-z]+:\]|[^\]])*)\]/.exec(rest);
      const escaped = /^\\(.)/s.exec(rest);
      if (set !== null) {
        source += bracket(set[1] !== undefined, set[2] as string);
        at += set[0].length;
      } else {
        source += literal(escaped?.[1] ?? (rest[0] as string));
        at += escaped === null ? 1 : 2;
      }
    }
  }
  return new RegExp(`^${source}$`, "s");
}

function literal(char: string): string {
  return char.replace(/[.*+?^${}()|[\]\\/]/, "\\$&");
}

const CLASSES: Readonly<Record<string, string>> = {
  alnum: "a-zA-Z0-9",
  alpha: "a-zA-Z",
  blank: " \\t",
  cntrl: "\\x00-\\x1f\\x7f",
  digit: "0-9",
  graph: "\\x21-\\x7e",
  lower: "a-z",
  print: "\\x20-\\x7e",
  punct: "!-\\/:-@\\[-`{-~",
  space: "\\s",
  upper: "A-Z",
  xdigit: "0-9a-fA-F",
};

function bracket(isNegated: boolean, members: string): string {
  const body = members.replace(
    /\[:([a-z]+):\]|\\?(.)/gs,
    (_all, name: string | undefined, char: string) =>
      name === undefined ? char.replace(/[\\\]^[]/, "\\$&") : (CLASSES[name] ?? ""),
  );
  return isNegated ? `[^/${body}]` : `(?!/)[${body}]`;
}
