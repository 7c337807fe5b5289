/** The options that all commands on stores share. */
import { encodeUtf8, marked } from "@nivis/formats";
import { settingFlags } from "@nivis/node";
import { type LogFormat, logFormatOf } from "../log-format.ts";
import { FLAKE_OPTIONS } from "./flake-options.ts";
import { flag, type Option, usageError, valueFlag } from "./option.ts";

/** What the shared options gather. */
export interface StoreDraft {
  /** Arguments that are no flags; bytes. */
  readonly arguments: string[];
  /** Settings by name in the order in which they were given; bytes. */
  readonly settings: { readonly name: string; readonly value: string }[];
  /** Options of evaluation as they were given, for commands that have something evaluated. */
  readonly evaluation: string[];
  /** `--store`. */
  store: string | undefined;
  /** Below 0 for `--quiet`, above for `-v`. */
  verbosity: number;
  /** How lines for the user are written; as without the flag unless given. */
  logFormat: LogFormat | undefined;
  /** Print JSON. */
  json: boolean;
  /** Indent JSON; as the terminal wants unless given. */
  pretty: boolean | undefined;
}

/** The state before the first option. */
export function emptyStoreDraft(): StoreDraft {
  return {
    arguments: [],
    settings: [],
    evaluation: [],
    store: undefined,
    verbosity: 0,
    logFormat: undefined,
    json: false,
    pretty: undefined,
  };
}

/** `--json` and how it is printed, for commands that have it. */
export const JSON_OPTIONS: readonly Option<StoreDraft>[] = [
  flag(["--json"], "Print JSON", (draft) => {
    draft.json = true;
  }),
  ...prettyOptions(),
];

/** How JSON is printed, for commands that print nothing else. */
export function prettyOptions(): readonly Option<StoreDraft>[] {
  return [
    flag(["--pretty"], "Indent JSON (the default on terminals)", (draft) => {
      draft.pretty = true;
    }),
    flag(["--no-pretty"], "Print JSON in one line", (draft) => {
      draft.pretty = false;
    }),
  ];
}

function setting(draft: StoreDraft, name: string, value: string): void {
  draft.settings.push({ name, value: encodeUtf8(value) });
}

const SHARED: readonly Option<StoreDraft>[] = [
  valueFlag(
    ["--store"],
    "STORE",
    "Use STORE: daemon, unix://SOCKET, ssh-ng://HOST, https://CACHE, file://DIRECTORY, a directory …",
    (draft, text) => {
      draft.store = encodeUtf8(text);
    },
  ),
  {
    names: ["--option"],
    values: ["NAME", "VALUE"],
    doc: "Set a setting of nix.conf, such as trusted-public-keys",
    apply: (draft, name, value) => setting(draft, name as string, value as string),
  },
  flag(["--verbose", "-v"], "Say more", (draft) => {
    draft.verbosity++;
    draft.evaluation.push("-v");
  }),
  flag(["--quiet"], "Say less", (draft) => {
    draft.verbosity--;
    draft.evaluation.push("--quiet");
  }),
  flag(["--refresh"], "Believe nothing that was remembered of binary caches", (draft) => {
    setting(draft, "narinfo-cache-positive-ttl", "0");
    setting(draft, "narinfo-cache-negative-ttl", "0");
  }),
  { ...flag<StoreDraft>(["--help"], "Show this help", () => {}), instead: "help" },
  { ...flag<StoreDraft>(["--version"], "Show the version", () => {}), instead: "version" },
];

/** An option that is for the evaluation of arguments alone. */
function passed(names: readonly string[], values: readonly string[], doc = ""): Option<StoreDraft> {
  return {
    names,
    values,
    doc,
    hidden: doc === "",
    apply: (draft, ...given) => draft.evaluation.push(names[0] as string, ...given),
  };
}

/** Options that say what arguments are evaluated from, for commands that have that done. */
export const SOURCE_OPTIONS: readonly Option<StoreDraft>[] = [
  passed(
    ["--file", "-f"],
    ["FILE"],
    "Take arguments for attribute paths of the expression in FILE",
  ),
  passed(["--expr"], ["EXPR"], "Take arguments for attribute paths of EXPR"),
  passed(["--arg"], ["NAME", "EXPR"]),
  passed(["--argstr"], ["NAME", "STRING"]),
  passed(["--arg-from-file"], ["NAME", "FILE"]),
  passed(["--arg-from-stdin"], ["NAME"]),
  passed(["--include", "-I"], ["PATH"]),
  passed(["--eval-store"], ["STORE"]),
  passed(["--debugger"], []),
  passed(["--break"], ["PLACE"]),
  ...FLAKE_OPTIONS.map(({ names, values }) => passed(names, values)),
];

/** Flags of C++ Nix that only matter to evaluation and builds. */
const PASSED: readonly Option<StoreDraft>[] = [
  passed(["--debug"], []),
  passed(["--offline"], []),
  passed(["--print-build-logs", "-L"], []),
  {
    names: ["--log-format"],
    values: ["FORMAT"],
    doc: "",
    hidden: true,
    apply: (draft, format = "") => {
      draft.logFormat = logFormatOf(format);
      draft.evaluation.push("--log-format", format);
    },
  },
  passed(["--impure"], []),
  passed(["--show-trace"], []),
];

/** Each setting as a flag; those that stores do not look at have no effect. */
const SETTING_FLAGS: readonly Option<StoreDraft>[] = settingFlags().map(
  ({ name, setting: target, value }) => ({
    names: [`--${name}`],
    values: value === undefined ? ["VALUE"] : [],
    doc: "",
    hidden: true,
    apply: (draft, given) => setting(draft, target, value ?? (given as string)),
  }),
);

/** The options that all commands have, but for those with a spelling that `own` has as well. */
export function sharedStoreOptions<Draft extends StoreDraft>(
  own: readonly Option<Draft>[],
): readonly Option<Draft>[] {
  const taken = new Set(own.flatMap((option) => option.names));
  const result: Option<StoreDraft>[] = [];
  for (const option of [...SHARED, ...PASSED, ...SETTING_FLAGS]) {
    if (option.names.some((name) => taken.has(name))) continue;
    for (const name of option.names) taken.add(name);
    result.push(option);
  }
  return result;
}

/** Refuses arguments of a command that takes none. */
export function unexpectedArguments({ arguments: [first] }: StoreDraft): void {
  if (first !== undefined) throw usageError(marked`unexpected argument '${first}'`);
}
