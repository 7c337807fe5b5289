/**
 * `nivis edit`: changes Nix files and leaves their comments and layout as they are.
 *
 * The first argument names what is done (a row of `ACTIONS`), the second the file; `-` reads standard
 * input and writes standard output. `@nivis/syntax` does the work.
 */
import { bestMatches, EvalError } from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import {
  addInput,
  EditError,
  flakeInputs,
  NixFile,
  removeInput,
  setInputRef,
  setInputUrl,
  updatePackage,
} from "@nivis/syntax";
import { readText, reasonOf, replaceFile } from "../formatting/file-text.ts";
import { unifiedDiff } from "../formatting/unified-diff.ts";
import type { Invocation } from "../invocation.ts";
import { defaultFlags, type EvaluationFlags } from "../options/evaluation-options.ts";
import { flag, usageError, valueFlag } from "../options/option.ts";
import type { Program } from "../program.ts";

/** What `nivis edit` gathers. Texts are bytes. */
export interface EditFlags extends EvaluationFlags {
  diff: boolean;
  json: boolean;
  after: string | undefined;
  newVersion: string | undefined;
  rev: string | undefined;
  hash: string | undefined;
  readonly words: string[];
}

/** Something that can be done. */
interface Action {
  /** What follows the file. */
  readonly values: readonly string[];
  readonly doc: string;
  /** Makes the change; what is returned is printed, and then the file stays as it is. */
  run(file: NixFile, values: readonly string[], flags: EditFlags): string | undefined;
}

function changes(
  values: readonly string[],
  doc: string,
  change: (file: NixFile, values: readonly string[], flags: EditFlags) => void,
): Action {
  return {
    values,
    doc,
    run: (file, given, flags) => {
      change(file, given, flags);
      return undefined;
    },
  };
}

const ACTIONS: Readonly<Record<string, Action>> = {
  get: {
    values: ["PATH"],
    doc: "print the text of a value",
    run: (file, [path = ""]) => {
      const text = file.get(path);
      if (text === undefined) throw new EditError(`there is no attribute '${path}'`);
      return `${text}\n`;
    },
  },
  set: changes(
    ["PATH", "EXPR"],
    "make a value EXPR, and add it if it is not there",
    (file, [path = "", expr = ""]) => file.set(path, expr),
  ),
  "set-string": changes(
    ["PATH", "TEXT"],
    "make a string TEXT, in the quotes that it has",
    (file, [path = "", text = ""]) => file.setString(path, text),
  ),
  insert: changes(
    ["PATH", "EXPR"],
    "add a binding; --after PATH says where",
    (file, [path = "", expr = ""], { after }) =>
      file.insert(path, expr, after === undefined ? {} : { after }),
  ),
  remove: changes(["PATH"], "take out a binding with its comments", (file, [path = ""]) =>
    file.remove(path),
  ),
  rename: changes(
    ["PATH", "NAME"],
    "give the last name of a path another one",
    (file, [path = "", name = ""]) => file.rename(path, name),
  ),
  append: changes(["PATH", "EXPR"], "add an item to a list", (file, [path = "", expr = ""]) =>
    file.append(path, expr),
  ),
  "remove-item": changes(
    ["PATH", "EXPR"],
    "take the item out of a list that is written as EXPR",
    (file, [path = "", expr = ""]) => file.removeItem(path, expr),
  ),
  update: changes(
    [],
    "give a package --new-version, --rev and --hash",
    (file, _values, { newVersion: version, rev, hash }) => {
      if (version === undefined && rev === undefined && hash === undefined) {
        throw usageError("'nivis edit update' needs --new-version, --rev or --hash");
      }
      updatePackage(file, {
        ...(version === undefined ? {} : { version }),
        ...(rev === undefined ? {} : { rev }),
        ...(hash === undefined ? {} : { hash }),
      });
    },
  ),
  inputs: {
    values: [],
    doc: "print the inputs of a flake as JSON",
    run: (file) => `${JSON.stringify(flakeInputs(file), undefined, 2)}\n`,
  },
  "add-input": changes(
    ["NAME", "URL"],
    "add an input of a flake, and its argument of outputs",
    (file, [name = "", url = ""]) => addInput(file, name, url),
  ),
  "remove-input": changes(
    ["NAME"],
    "take out an input of a flake, and its argument of outputs",
    (file, [name = ""]) => removeInput(file, name),
  ),
  "set-input": changes(
    ["NAME", "URL"],
    "give an input of a flake another URL",
    (file, [name = "", url = ""]) => setInputUrl(file, name, url),
  ),
  "set-input-ref": changes(
    ["NAME", "REF"],
    "give an input of a flake another branch, tag or revision",
    (file, [name = "", ref = ""]) => setInputRef(file, name, ref),
  ),
};

const WIDTH = Math.max(
  ...Object.entries(ACTIONS).map(([word, { values }]) => usageOf(word, values).length),
);

function usageOf(word: string, values: readonly string[]): string {
  return [word, "FILE", ...values].join(" ");
}

/** See the head of this file. */
export const editCommand: Program<EditFlags> = {
  name: "nivis edit",
  summary: "change files and keep their comments and layout",
  usage: "ACTION FILE [VALUE]... [FLAG]...",
  description: [
    "A path such as inputs.nixpkgs.url starts at the set that the file is about: the result of its functions, the set that is given to mkDerivation. @name means a binding of a let. The result always parses; a change that cannot be made leaves the file alone. - stands for standard input, which goes to standard output.",
    `Actions:\n${Object.entries(ACTIONS)
      .map(([word, { values, doc }]) => `  ${usageOf(word, values).padEnd(WIDTH)}  ${doc}`)
      .join("\n")}`,
  ],
  examples: [
    { does: "Set a value", command: "nivis edit set ./default.nix meta.priority 5" },
    {
      does: "Update an input of a flake",
      command: "nivis edit set-input-ref ./flake.nix nixpkgs nixos-26.11",
    },
    {
      does: "Update a package",
      command: "nivis edit update ./package.nix --new-version 1.2 --hash sha256-...",
    },
  ],
  options: [
    flag<EditFlags>(["--diff", "-d"], "Write nothing; print what would change", (flags) => {
      flags.diff = true;
    }),
    flag<EditFlags>(["--json"], "Write nothing; print the edits as JSON, in bytes", (flags) => {
      flags.json = true;
    }),
    valueFlag<EditFlags>(
      ["--after"],
      "PATH",
      "Insert behind the binding of PATH",
      (flags, path) => {
        flags.after = encodeUtf8(path);
      },
    ),
    valueFlag<EditFlags>(
      ["--new-version"],
      "TEXT",
      "The new version of a package",
      (flags, text) => {
        flags.newVersion = encodeUtf8(text);
      },
    ),
    valueFlag<EditFlags>(["--rev"], "TEXT", "The new revision of its source", (flags, text) => {
      flags.rev = encodeUtf8(text);
    }),
    valueFlag<EditFlags>(["--hash"], "TEXT", "The new hash of its source", (flags, text) => {
      flags.hash = encodeUtf8(text);
    }),
  ],
  defaults: (invocation) => ({
    ...defaultFlags(invocation),
    diff: false,
    json: false,
    after: undefined,
    newVersion: undefined,
    rev: undefined,
    hash: undefined,
    words: [],
  }),
  positional: (flags, argument) => flags.words.push(encodeUtf8(argument)),
  run: (flags, invocation) => {
    try {
      edit(flags, invocation);
    } catch (error) {
      if (!(error instanceof EditError)) throw error;
      throw new EvalError("value", marked`${flags.words[1] ?? ""}: ${error.message}`);
    }
  },
};

function edit(flags: EditFlags, { terminal }: Invocation): void {
  const [word, path, ...values] = flags.words;
  if (word === undefined) {
    throw usageError("'nivis edit' needs an action and a file: nivis edit set FILE PATH EXPR");
  }
  const action = Object.hasOwn(ACTIONS, word) ? (ACTIONS[word] as Action) : undefined;
  if (action === undefined) {
    if (/[#:]/.test(word)) {
      throw usageError(
        marked`'nivis edit' changes files and opens no editor; for the place of a package, type: nivis eval ${word}.meta.position`,
      );
    }
    throw usageError(marked`'${word}' is not an action`, bestMatches(Object.keys(ACTIONS), word));
  }
  if (path === undefined || values.length !== action.values.length) {
    throw usageError(marked`usage: nivis edit ${usageOf(word, action.values)}`);
  }
  const isInput = path === "-";
  const before = isInput ? terminal.readInput() : readWholeFile(path);
  const file = new NixFile(before);
  const printed = action.run(file, values, flags);
  if (printed !== undefined) {
    terminal.writeOut(printed);
    return;
  }
  const after = file.toString();
  if (flags.json) terminal.writeOut(`${JSON.stringify(file.edits, undefined, 2)}\n`);
  else if (flags.diff) {
    if (after !== before) terminal.writeOut(unifiedDiff(isInput ? "<stdin>" : path, before, after));
  } else if (isInput) terminal.writeOut(after);
  else if (after !== before) replaceFile(path, after);
}

function readWholeFile(path: string): string {
  try {
    return readText(path, "edited");
  } catch (error) {
    throw new EvalError("io", marked`${path}: ${reasonOf(error)}`);
  }
}
