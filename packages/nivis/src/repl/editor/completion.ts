/**
 * Completion: what the word before the cursor may become. Names in scope and commands are looked up;
 * behind a dot the set is evaluated, and nothing in it; behind a slash directories are listed.
 */
import { Attrs, type Value } from "@nivis/eval";
import { type Bytes, decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { Repl } from "../repl.ts";
import { REPL_COMMANDS } from "../repl-commands.ts";

/** The keywords that may begin an expression or follow one. */
const KEYWORDS = ["assert", "else", "if", "in", "inherit", "let", "or", "rec", "then", "with"];

/** A way to complete a word. */
export interface Candidate {
  /** What replaces the word. */
  readonly text: string;
  /** What is shown in the list; the last part of the text. */
  readonly label: string;
  /** A line about it. */
  readonly doc?: string;
}

/** The candidates for a word, in order. */
export interface Completions {
  /** Where the word begins; a UTF-16 offset. */
  readonly start: number;
  readonly candidates: readonly Candidate[];
  /** Why there are none, if there is a reason worth a line. */
  readonly failure?: string;
}

/** The begin of a directory or file name that a user types; blanks and brackets end it. */
const PATH_WORD = /(?:^|[\s()[\]{}=+,;"'!:])((?:~|\.{1,2})?\/[^\s()[\]{};"']*|<[^\s<>]*)$/;
/** A chain of names with dots, the last of which may be incomplete. */
const NAME_WORD =
  /(?:[A-Za-z_][A-Za-z0-9_'-]*|"(?:[^"\\$]|\\.)*"|\))(?:\s*\.\s*(?:[A-Za-z_][A-Za-z0-9_'-]*|"(?:[^"\\$]|\\.)*"))*\s*\.\s*(?:"[^"]*|[A-Za-z0-9_'-]*)$|[A-Za-z_][A-Za-z0-9_'-]*$/;

/** Finds the completions of the word before an offset. */
export async function complete(repl: Repl, text: string, cursor: number): Promise<Completions> {
  const before = text.slice(0, cursor);
  const command = /^\s*(:\S*)$/.exec(before);
  if (command !== null) {
    const word = command[1] as string;
    const candidates = REPL_COMMANDS.filter(
      ({ debugs }) => debugs !== true || repl.stop !== undefined,
    ).flatMap(({ names, doc }) =>
      names
        .filter((name) => name.startsWith(word))
        .map((name) => ({ text: name, label: name, doc })),
    );
    return { start: before.length - word.length, candidates };
  }
  const path = PATH_WORD.exec(before)?.[1];
  if (path !== undefined) return completePath(repl, path, before.length - path.length);
  const loading = /^\s*:(?:l|load)\s+(\S*)$/.exec(before)?.[1];
  if (loading !== undefined) return completePath(repl, loading, before.length - loading.length);
  const word = NAME_WORD.exec(before)?.[0] ?? "";
  const dot = lastDot(word);
  return dot < 0
    ? completeName(repl, word, cursor - word.length)
    : completeAttribute(repl, before, word, dot);
}

/** The offset of the dot before the last name; -1 without one. */
function lastDot(word: string): number {
  return /\.\s*(?:"[^"]*|[A-Za-z0-9_'-]*)$/.exec(word)?.index ?? -1;
}

function completeName(repl: Repl, word: string, start: number): Completions {
  const { globalNames } = repl;
  const names = new Set([...repl.scope.keys(), ...globalNames].map(decodeUtf8));
  // The many `__` names are old spellings of builtins.
  const wanted = [...names, ...KEYWORDS].filter(
    (name) => name.startsWith(word) && (word.startsWith("__") || !name.startsWith("__")),
  );
  return {
    start,
    candidates: [...new Set(wanted)].sort().map((name) => {
      const doc = repl.summaryOf(encodeUtf8(name));
      return { text: name, label: name, ...(doc === undefined ? {} : { doc }) };
    }),
  };
}

async function completeAttribute(
  repl: Repl,
  before: string,
  word: string,
  dot: number,
): Promise<Completions> {
  const partial = /\.\s*(.*)$/s.exec(word.slice(dot))?.[1] ?? "";
  const start = before.length - partial.length;
  let head = word.slice(0, dot).trimEnd();
  // A word that begins with a bracket: what is inside belongs to it.
  if (head.startsWith(")"))
    head = bracketed(before.slice(0, before.length - word.length + 1)) + head.slice(1);
  try {
    const value: Value = await repl.quietly(encodeUtf8(head));
    if (!(value instanceof Attrs)) return { start, candidates: [] };
    const bare = partial.replace(/^"/, "");
    const candidates = value
      .sortedNames()
      .map(decodeUtf8)
      .filter((name) => name.startsWith(bare))
      .map((name) => {
        const text = decodeUtf8(printIdentifier(encodeUtf8(name)));
        const doc = repl.attributeSummary(value, encodeUtf8(name));
        return { text, label: text, ...(doc === undefined ? {} : { doc }) };
      });
    return { start, candidates };
  } catch (error) {
    const message = error instanceof Error ? error.message.split("\n")[0] : String(error);
    return { start, candidates: [], failure: `${head}: ${decodeUtf8(message as Bytes)}` };
  }
}

/** The text from the bracket that the last one closes, with the function before it. */
function bracketed(text: string): string {
  let depth = 0;
  for (let at = text.length - 1; at >= 0; at--) {
    if (text[at] === ")") depth++;
    else if (text[at] === "(" && --depth === 0) return text.slice(at);
  }
  return text;
}

function completePath(repl: Repl, word: string, start: number): Completions {
  const { session } = repl;
  const io = session.io;
  if (word.startsWith("<")) return completeSearchPath(repl, word, start);
  const slash = word.lastIndexOf("/") + 1;
  const [folder, name] = [word.slice(0, slash), word.slice(slash)];
  try {
    const directory = folder.startsWith("~/")
      ? `${decodeUtf8(io.homeDirectory())}${folder.slice(1)}`
      : folder === ""
        ? "."
        : folder;
    const path = session.absolutePath(encodeUtf8(directory));
    const candidates = [...io.readDirectory(path)]
      .map((entry) => ({ ...entry, name: decodeUtf8(entry.name) }))
      .filter(
        (entry) => entry.name.startsWith(name) && (name !== "" || !entry.name.startsWith(".")),
      )
      .sort((a, b) => (a.name < b.name ? -1 : 1))
      .map((entry) => {
        const label = entry.type === "directory" ? `${entry.name}/` : entry.name;
        return { text: folder + label, label };
      });
    return { start, candidates };
  } catch {
    return { start, candidates: [] };
  }
}

function completeSearchPath(repl: Repl, word: string, start: number): Completions {
  const { context } = repl.session.evaluation;
  const names = new Set(context.searchPath.map(({ prefix }) => decodeUtf8(prefix)));
  const candidates = [...names, "nix/fetchurl.nix"]
    .filter((name) => name !== "" && `<${name}`.startsWith(word))
    .map((name) => ({ text: `<${name}>`, label: `<${name}>` }));
  return { start, candidates };
}
