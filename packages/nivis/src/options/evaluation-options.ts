/**
 * The options that all commands share: arguments for functions, the search path, settings, stores,
 * and those of C++ Nix that are accepted without an effect here.
 */
import type { TierMode } from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { IGNORED_SWITCHES, IGNORED_VALUES } from "../settings/ignored-settings.ts";
import { SETTINGS, type SettingRow } from "../settings/setting-table.ts";
import { flag, type Option, usageError, valueFlag } from "./option.ts";

/** What a function gets as an automatic argument. Texts are bytes. */
export type AutoArgument =
  | { readonly kind: "expression"; readonly text: string }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stdin" };

/** How errors are shown: as C++ Nix does, with more for people, or as JSON. */
export type DiagnosticsForm = "plain" | "rich" | "json";

/** What the shared options gather. */
export interface EvaluationDraft {
  readonly autoArguments: Map<string, AutoArgument>;
  /** Entries of `-I`, in order; bytes. */
  readonly includes: string[];
  /** Settings by name in the order in which they were given. */
  readonly settings: { readonly name: string; readonly value: string }[];
  /** `--store`. */
  store: string | undefined;
  /** `--eval-store`. */
  evalStore: string | undefined;
  /** How errors are shown. */
  diagnostics: DiagnosticsForm;
  /** Whether compiled files may come from the cache and go there. */
  cache: boolean;
  /** How code is run. */
  tier: TierMode;
  /** `--help` was given. */
  help: boolean;
  /** `--version` was given. */
  version: boolean;
}

/** The state before the first option. */
export function emptyDraft(): EvaluationDraft {
  return {
    autoArguments: new Map(),
    includes: [],
    settings: [],
    store: undefined,
    evalStore: undefined,
    diagnostics: "plain",
    cache: true,
    tier: "auto",
    help: false,
    version: false,
  };
}

function setting(draft: EvaluationDraft, name: string, value: string): void {
  draft.settings.push({ name, value: encodeUtf8(value) });
}

function argument(draft: EvaluationDraft, name: string, value: AutoArgument): void {
  draft.autoArguments.set(encodeUtf8(name), value);
}

/** Arguments and the search path. */
const ARGUMENT_OPTIONS: readonly Option<EvaluationDraft>[] = [
  {
    names: ["--arg"],
    values: ["NAME", "EXPR"],
    doc: "Pass the value of EXPR as the argument NAME to functions",
    apply: (draft, name, text) =>
      argument(draft, name as string, { kind: "expression", text: encodeUtf8(text as string) }),
  },
  {
    names: ["--argstr"],
    values: ["NAME", "STRING"],
    doc: "Pass STRING as the argument NAME to functions",
    apply: (draft, name, text) =>
      argument(draft, name as string, { kind: "string", text: encodeUtf8(text as string) }),
  },
  {
    names: ["--arg-from-file"],
    values: ["NAME", "FILE"],
    doc: "Pass the contents of FILE as the argument NAME to functions",
    apply: (draft, name, path) =>
      argument(draft, name as string, { kind: "file", path: encodeUtf8(path as string) }),
  },
  {
    names: ["--arg-from-stdin"],
    values: ["NAME"],
    doc: "Pass what stands on standard input as the argument NAME to functions",
    apply: (draft, name) => argument(draft, name as string, { kind: "stdin" }),
  },
  valueFlag(
    ["--include", "-I"],
    "PATH",
    "Look for <name> in PATH first; also NAME=PATH. May be repeated",
    (draft, path) => draft.includes.push(encodeUtf8(path)),
  ),
];

/** For code that is not trusted. */
const LIMIT_OPTIONS: readonly Option<EvaluationDraft>[] = [
  valueFlag(
    ["--max-steps"],
    "N",
    "Stop with an error after N steps; a step is a call or a thunk that gets its value",
    (draft, count) => setting(draft, "max-steps", count),
  ),
  valueFlag(
    ["--max-memory"],
    "MIB",
    "Stop with an error when evaluation takes MIB mebibytes",
    (draft, size) => setting(draft, "max-memory", size),
  ),
  valueFlag(
    ["--max-time"],
    "MS",
    "Stop with an error after MS milliseconds of evaluation",
    (draft, time) => setting(draft, "max-time", time),
  ),
  valueFlag(
    ["--max-call-depth"],
    "N",
    "Stop with an error when calls nest deeper than N",
    (draft, depth) => setting(draft, "max-call-depth", depth),
  ),
];

const SETTING_OPTIONS: readonly Option<EvaluationDraft>[] = [
  flag(["--pure"], "Forbid everything that depends on the machine", (draft) =>
    setting(draft, "pure-eval", "true"),
  ),
  flag(["--impure"], "Allow access to the machine (the default)", (draft) =>
    setting(draft, "pure-eval", "false"),
  ),
  flag(["--show-trace"], "Show all traces of an error", (draft) =>
    setting(draft, "show-trace", "true"),
  ),
  valueFlag(
    ["--extra-experimental-features"],
    "NAMES",
    "Turn on experimental features, such as pipe-operators",
    (draft, names) => setting(draft, "extra-experimental-features", names),
  ),
  ...LIMIT_OPTIONS,
  {
    names: ["--option"],
    values: ["NAME", "VALUE"],
    doc: "Set a setting of nix.conf; each is also a flag of its own, such as --max-call-depth N",
    apply: (draft, name, value) => setting(draft, name as string, value as string),
  },
];

const STORE_OPTIONS: readonly Option<EvaluationDraft>[] = [
  valueFlag(
    ["--store"],
    "STORE",
    "Write to the store below the directory STORE; dummy:// (the default) writes nothing",
    (draft, uri) => {
      draft.store = encodeUtf8(uri);
    },
  ),
  valueFlag(["--eval-store"], "STORE", "Like --store, and before it", (draft, uri) => {
    draft.evalStore = encodeUtf8(uri);
  }),
];

const GENERAL_OPTIONS: readonly Option<EvaluationDraft>[] = [
  valueFlag(
    ["--diagnostics"],
    "FORM",
    "Show errors plain (as C++ Nix does, the default), rich (with labels and hints) or as json",
    (draft, form) => {
      if (form !== "plain" && form !== "rich" && form !== "json") {
        throw usageError(`'${encodeUtf8(form)}' is not a form of diagnostics: plain, rich or json`);
      }
      draft.diagnostics = form;
    },
  ),
  flag(["--no-cache"], "Neither read nor write compiled files in the cache", (draft) => {
    draft.cache = false;
  }),
  valueFlag(
    ["--tier"],
    "TIER",
    "Run code as bytecode (vm), as JavaScript (js), or as JavaScript what is run often (auto, the default)",
    (draft, tier) => {
      if (tier !== "vm" && tier !== "js" && tier !== "auto") {
        throw usageError(`'${encodeUtf8(tier)}' is not a tier: vm, js or auto`);
      }
      draft.tier = tier;
    },
  ),
  flag(["--help"], "Show this help", (draft) => {
    draft.help = true;
  }),
  flag(["--version"], "Show the version", (draft) => {
    draft.version = true;
  }),
];

/** A flag without an effect. */
function ignored(
  names: readonly string[],
  values: readonly string[] = [],
): Option<EvaluationDraft> {
  return { names, values, doc: "", hidden: true, apply: () => {} };
}

const IGNORED_OPTIONS: readonly Option<EvaluationDraft>[] = [
  ignored(["--verbose", "-v"]),
  ignored(["--quiet"]),
  ignored(["--debug"]),
  ignored(["--repair"]),
  ignored(["--log-format"], ["FORMAT"]),
  ignored(["-j"], ["JOBS"]),
  ignored(["--no-build-output", "-Q"]),
  ignored(["-K"]),
  ignored(["-k"]),
  ignored(["--print-build-logs", "-L"]),
  ignored(["--no-gc-warning"]),
  ignored(["--offline"]),
  ignored(["--refresh"]),
];

/** Each setting as a flag, as C++ Nix has them; those with an option of their own excepted. */
function settingFlags(taken: ReadonlySet<string>): Option<EvaluationDraft>[] {
  const rows: readonly Pick<SettingRow, "name" | "kind">[] = [
    ...SETTINGS,
    ...IGNORED_SWITCHES.map((name) => ({ name, kind: "bool" as const })),
    ...IGNORED_VALUES.map((name) => ({ name, kind: "words" as const })),
    { name: "warn-short-path-literals", kind: "bool" },
  ];
  const flags: Option<EvaluationDraft>[] = [];
  const add = (
    name: string,
    takesValue: boolean,
    apply: Option<EvaluationDraft>["apply"],
  ): void => {
    if (taken.has(name)) return;
    flags.push({
      names: [name],
      values: takesValue ? ["VALUE"] : [],
      doc: "",
      hidden: true,
      apply,
    });
  };
  for (const { name, kind } of rows) {
    if (kind === "bool") {
      add(`--${name}`, false, (draft) => setting(draft, name, "true"));
      add(`--no-${name}`, false, (draft) => setting(draft, name, "false"));
      continue;
    }
    add(`--${name}`, true, (draft, value) => setting(draft, name, value as string));
    if (kind !== "words") continue;
    add(`--extra-${name}`, true, (draft, value) =>
      setting(draft, `extra-${name}`, value as string),
    );
  }
  return flags;
}

/** All of them; `own` are the options of the command, which come first and win. */
export function withEvaluationOptions<Draft extends EvaluationDraft>(
  own: readonly Option<Draft>[],
): readonly Option<Draft>[] {
  const taken = new Set(own.flatMap((option) => option.names));
  const shared = [
    ...ARGUMENT_OPTIONS,
    ...SETTING_OPTIONS,
    ...STORE_OPTIONS,
    ...IGNORED_OPTIONS,
    ...GENERAL_OPTIONS,
  ].filter((option) => !option.names.some((name) => taken.has(name)));
  for (const option of shared) for (const name of option.names) taken.add(name);
  return [...own, ...shared, ...settingFlags(taken)];
}
