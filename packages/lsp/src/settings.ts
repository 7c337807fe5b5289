/**
 * Settings: what users configure under `nivis`, with defaults.
 *
 * Clients send settings in many shapes: nested below `nivis`, without it, or with dotted names. All are
 * understood. `nil` and `nixd` keys that have the same meaning are read where `nivis` says nothing.
 * Unknown names are reported once with the nearest known one.
 */
import { bestMatches } from "@nivis/eval";

/** How to configure the server; the rows of the table in docs/lsp.md. */
export interface Settings {
  readonly diagnostics: {
    readonly enable: boolean;
    /** Rules of level `strict`, too. */
    readonly strict: boolean;
    /** Codes of rules that are off. */
    readonly ignored: readonly string[];
    /** Errors of evaluation as diagnostics. */
    readonly evaluation: boolean;
  };
  readonly formatting: { readonly width: number; readonly indent: number };
  readonly evaluation: {
    readonly enable: boolean;
    /** In MiB. */
    readonly maxMemory: number;
    /** In MiB. */
    readonly maxRestingMemory: number;
    /** In seconds. */
    readonly maxTime: number;
  };
  /** The expression for `pkgs`. */
  readonly nixpkgs: { readonly expr: string };
  /** Expressions for trees of options, by a name of the user's. */
  readonly options: Readonly<Record<string, OptionTree>>;
  readonly inlayHints: {
    readonly versions: boolean;
    /** Lines from which on the end of a binding shows its name; 0 for never. */
    readonly bindingEnds: number;
  };
  readonly semanticTokens: { readonly enable: boolean };
  readonly codeLens: { readonly enable: boolean };
}

/** A tree of options in the settings. */
export interface OptionTree {
  /** The expression for the tree; `undefined` for the built-in one of this name. */
  readonly expr: string | undefined;
  /** Patterns as in `.editorconfig` for the files whose options these are; empty for all modules. */
  readonly files: readonly string[];
}

/** A row of the table of settings. */
export interface SettingRow {
  /** The dotted name below `nivis`. */
  readonly name: string;
  readonly type: "boolean" | "number" | "string" | "strings" | "expressions";
  readonly value: unknown;
  /** One sentence. */
  readonly doc: string;
  /** Names of other servers with the same meaning. */
  readonly also?: readonly string[];
}

const OPTIONS = /^options\.(?<name>[^.]+)(?:\.(?<part>expr|files))?$/;

/** All settings, with their defaults. The source of the documents and of the manifest for VS Code. */
export const SETTINGS: readonly SettingRow[] = [
  {
    name: "diagnostics.enable",
    type: "boolean",
    value: true,
    doc: "Report syntax errors and the findings of the linter.",
  },
  {
    name: "diagnostics.strict",
    type: "boolean",
    value: false,
    doc: "Also run the rules of level strict (docs/lints.md).",
  },
  {
    name: "diagnostics.ignored",
    type: "strings",
    value: [],
    doc: "Codes of rules that are not run.",
    also: ["nil.diagnostics.ignored"],
  },
  {
    name: "diagnostics.evaluation",
    type: "boolean",
    value: true,
    doc: "Evaluate files that need no arguments when they are saved, and report errors.",
  },
  {
    name: "formatting.width",
    type: "number",
    value: 100,
    doc: "The limit of a line, without its indentation.",
  },
  { name: "formatting.indent", type: "number", value: 2, doc: "The columns of one indentation." },
  {
    name: "evaluation.enable",
    type: "boolean",
    value: true,
    doc: "Evaluate for completion, hovers and diagnostics.",
  },
  {
    name: "evaluation.maxMemory",
    type: "number",
    value: 3072,
    doc: "What an evaluation may allocate, in MiB.",
  },
  {
    name: "evaluation.maxRestingMemory",
    type: "number",
    value: 1024,
    doc: "What the evaluator may keep between evaluations, in MiB: a larger one ends after half a minute without work, or when an edit makes what it knows worthless, and starts again when it is needed.",
  },
  {
    name: "evaluation.maxTime",
    type: "number",
    value: 20,
    doc: "How long one evaluation may take, in seconds.",
  },
  {
    name: "nixpkgs.expr",
    type: "string",
    value: "import <nixpkgs> { }",
    doc: "The expression for `pkgs`, and for the arguments of files that `callPackage` calls.",
    also: ["nixd.nixpkgs.expr"],
  },
  {
    name: "options",
    type: "expressions",
    value: {},
    doc: "Trees of options, by names of your choice: `expr` is the expression, such as `(import <nixpkgs/nixos> { configuration = { }; }).options`; `files` lists patterns as in `.editorconfig` for the files that the tree is for, by default all modules. The tree `nixos` needs no `expr`.",
    also: ["nixd.options"],
  },
  {
    name: "inlayHints.versions",
    type: "boolean",
    value: true,
    doc: "Show the versions of packages behind their names in lists under `with pkgs;`.",
  },
  {
    name: "inlayHints.bindingEnds",
    type: "number",
    value: 25,
    doc: "Show the name of a binding behind its end from so many lines on; 0 for never.",
    also: ["nil.diagnostics.bindingEndHintMinLines"],
  },
  {
    name: "semanticTokens.enable",
    type: "boolean",
    value: true,
    doc: "Colour names by their meaning.",
  },
  {
    name: "codeLens.enable",
    type: "boolean",
    value: false,
    doc: "Show what evaluates a file or an attribute above it.",
  },
];

/** Settings with a message about each value that cannot be used. */
export interface ReadSettings {
  readonly settings: Settings;
  readonly problems: readonly string[];
}

/** Reads what a client sends, in any of its shapes. */
export function readSettings(given: unknown): ReadSettings {
  const values = new Map<string, unknown>(SETTINGS.map(({ name, value }) => [name, value]));
  const problems: string[] = [];
  const own = flat(given);
  for (const row of SETTINGS) {
    for (const other of row.also ?? []) {
      const value = own.get(other) ?? group(own, `${other}.`);
      if (value !== undefined && isOfType(row, value)) values.set(row.name, value);
    }
  }
  const options = new Map<string, OptionTree>();
  const setTree = (name: string, part: Partial<OptionTree>): void => {
    options.set(name, { ...(options.get(name) ?? { expr: undefined, files: [] }), ...part });
  };
  for (const [name, expr] of Object.entries(values.get("options") as Record<string, string>))
    setTree(name, { expr });
  for (const [name, value] of own) {
    if (/^(?:nil|nixd)\./.test(name) || name === "trace.server" || name === "server.path") continue;
    const { name: tree, part } = OPTIONS.exec(name)?.groups ?? {};
    if (tree !== undefined && part !== "files" && typeof value === "string")
      setTree(tree, { expr: value });
    else if (tree !== undefined && part === "files" && isTexts(value))
      setTree(tree, { files: value });
    else if (!values.has(name)) {
      const [near] = bestMatches(
        SETTINGS.map((row) => row.name),
        name,
      );
      const hint = near === undefined ? "" : `; did you mean 'nivis.${near}'?`;
      problems.push(`the setting 'nivis.${name}' does not exist${hint}`);
    } else {
      const row = SETTINGS.find((one) => one.name === name) as SettingRow;
      if (isOfType(row, value)) values.set(name, value);
      else problems.push(`the setting 'nivis.${name}' is not a ${row.type}`);
    }
  }
  values.set("options", Object.fromEntries(options));
  return { settings: nested(values), problems };
}

/** The default of every setting. */
export const DEFAULT_SETTINGS: Settings = readSettings({}).settings;

function isOfType({ type }: SettingRow, value: unknown): boolean {
  if (type === "strings") return isTexts(value);
  if (type === "expressions") return typeof value === "object" && value !== null;
  return typeof value === type && (type !== "number" || (value as number) >= 0);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

/** All leaves by their dotted names, without the `nivis` before them. */
function flat(given: unknown): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const add = (value: unknown, prefix: string): void => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      if (prefix !== "" && value !== null && value !== undefined)
        leaves.set(prefix.replace(/^nivis\./, ""), value);
      return;
    }
    for (const [name, inner] of Object.entries(value))
      add(inner, prefix === "" ? name : `${prefix}.${name}`);
  };
  add(given, "");
  return leaves;
}

/** The leaves below a name as an object of expressions: `{ home = "…"; }` for `home.expr`. */
function group(leaves: ReadonlyMap<string, unknown>, prefix: string): unknown {
  const found: Record<string, unknown> = {};
  for (const [name, value] of leaves) {
    if (name.startsWith(prefix) && typeof value === "string")
      found[name.slice(prefix.length).replace(/\.expr$/, "")] = value;
  }
  return Object.keys(found).length === 0 ? undefined : found;
}

function nested(values: ReadonlyMap<string, unknown>): Settings {
  const result: Record<string, unknown> = {};
  for (const [name, value] of values) {
    const [first = "", second] = name.split(".");
    if (second === undefined) result[first] = value;
    else result[first] = { ...(result[first] as object), [second]: value };
  }
  return result as unknown as Settings;
}
