/**
 * The options that all commands share: arguments for functions, the search path, settings, stores,
 * and options of C++ Nix that are accepted but have no effect.
 */
import { disabledFeature, EvalError, NO_POS, type TierMode } from "@nivis/eval";
import { encodeUtf8, marked } from "@nivis/formats";
import {
  applySetting,
  parseNumberWithUnit,
  type SettingFlag,
  settingFlag,
  settingFlags,
} from "@nivis/node";
import type { Invocation } from "../invocation.ts";
import { DEBUG_LEVEL, ERROR_LEVEL, HIGHEST_LEVEL, logFormatOf } from "../log-format.ts";
import {
  flag,
  type Grammar,
  type Option,
  type OptionFamily,
  type ParseStyle,
  usageError,
  valueFlag,
} from "./option.ts";

/** The value of an automatic argument. Texts are bytes. */
export type AutoArgument =
  | { readonly kind: "expression"; readonly text: string }
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "stdin" };

/** The values of the shared options. */
export interface EvaluationFlags {
  readonly autoArguments: Map<string, AutoArgument>;
  /** The entries given with `-I`, in order; bytes. */
  readonly includes: string[];
  /** The experimental features that the given flags require. */
  readonly requiredFeatures: Set<string>;
  /** `--store`. */
  store: string | undefined;
  /** `--eval-store`. */
  evalStore: string | undefined;
  /** Whether nothing may be written to the store. */
  readOnly: boolean;
  /** Whether the cache of compiled files is used. */
  cache: boolean;
  /** How code is run. */
  tier: TierMode;
  /** `--debugger`, in commands that have it. */
  debugs?: boolean;
  /** The places of `--break`, in commands that have it; bytes. */
  readonly breaks?: readonly string[];
  /** The run that the flags belong to, which owns its settings and its log. */
  readonly invocation: Invocation;
}

/** Returns the values before the first option. */
export function defaultFlags(invocation: Invocation): EvaluationFlags {
  return {
    autoArguments: new Map(),
    includes: [],
    requiredFeatures: new Set(),
    store: undefined,
    evalStore: undefined,
    readOnly: false,
    cache: true,
    tier: "auto",
    invocation,
  };
}

/** Throws if a flag needs another flag or an experimental feature that is off once all flags are known. */
export function requireFeatures(flags: EvaluationFlags): void {
  const { requiredFeatures, invocation, debugs, breaks = [] } = flags;
  if (debugs === false && breaks.length > 0) throw usageError("'--break' needs '--debugger'");
  if (requiredFeatures.size === 0) return;
  const { experimentalFeatures } = invocation.finishSettings();
  for (const feature of requiredFeatures) {
    if (!experimentalFeatures.has(feature)) throw disabledFeature(feature);
  }
}

function setting({ invocation }: EvaluationFlags, name: string, value: string): void {
  const text = encodeUtf8(value);
  applySetting(invocation.settings, name, text, (message) => invocation.warn(message));
  invocation.givenSettings.push({ name, value: text });
}

/** Nix: an invalid value only causes a warning here. */
function settingOfOption(flags: EvaluationFlags, name: string, value: string): void {
  try {
    setting(flags, encodeUtf8(name), value);
  } catch (error) {
    if (!(error instanceof EvalError) || error.kind !== "usage") throw error;
    const report = { text: error.text, shown: error.text, pos: NO_POS, traces: [] };
    flags.invocation.log({ severity: "warning", text: error.message, report });
  }
}

function argument(flags: EvaluationFlags, name: string, value: AutoArgument): void {
  flags.autoArguments.set(encodeUtf8(name), value);
}

/** Arguments and the search path. */
const ARGUMENT_OPTIONS: readonly Option<EvaluationFlags>[] = [
  {
    names: ["--arg"],
    values: ["NAME", "EXPR"],
    doc: "Pass the value of EXPR as the argument NAME to functions",
    apply: (flags, name, text) =>
      argument(flags, name as string, { kind: "expression", text: encodeUtf8(text as string) }),
  },
  {
    names: ["--argstr"],
    values: ["NAME", "STRING"],
    doc: "Pass STRING as the argument NAME to functions",
    apply: (flags, name, text) =>
      argument(flags, name as string, { kind: "string", text: encodeUtf8(text as string) }),
  },
  {
    names: ["--arg-from-file"],
    values: ["NAME", "FILE"],
    doc: "Pass the contents of FILE as the argument NAME to functions",
    apply: (flags, name, path) =>
      argument(flags, name as string, { kind: "file", path: encodeUtf8(path as string) }),
  },
  {
    names: ["--arg-from-stdin"],
    values: ["NAME"],
    doc: "Pass the text on standard input as the argument NAME to functions",
    apply: (flags, name) => argument(flags, name as string, { kind: "stdin" }),
  },
  valueFlag(
    ["--include", "-I"],
    "PATH",
    "Look for <name> in PATH first; also NAME=PATH. May be repeated",
    (flags, path) => flags.includes.push(encodeUtf8(path)),
  ),
];

/** Limits for untrusted code. */
const LIMIT_OPTIONS: readonly Option<EvaluationFlags>[] = [
  valueFlag(
    ["--max-steps"],
    "N",
    "Stop with an error after N steps; a step is a call or the evaluation of a thunk",
    (flags, count) => setting(flags, "max-steps", count),
  ),
  valueFlag(
    ["--max-memory"],
    "MIB",
    "Stop with an error when evaluation takes more than MIB mebibytes",
    (flags, size) => setting(flags, "max-memory", size),
  ),
  valueFlag(
    ["--max-time"],
    "MS",
    "Stop with an error after MS milliseconds of evaluation",
    (flags, time) => setting(flags, "max-time", time),
  ),
  valueFlag(
    ["--max-call-depth"],
    "N",
    "Stop with an error when calls are nested deeper than N",
    (flags, depth) => setting(flags, "max-call-depth", depth),
  ),
];

const SETTING_OPTIONS: readonly Option<EvaluationFlags>[] = [
  flag(["--impure"], "Allow access to the machine (the default)", (flags) =>
    setting(flags, "pure-eval", "false"),
  ),
  flag(["--show-trace"], "Show all traces of an error", (flags) =>
    setting(flags, "show-trace", "true"),
  ),
  valueFlag(
    ["--extra-experimental-features"],
    "NAMES",
    "Turn on experimental features, such as pipe-operators",
    (flags, names) => setting(flags, "extra-experimental-features", names),
  ),
  ...LIMIT_OPTIONS,
  {
    names: ["--option"],
    values: ["NAME", "VALUE"],
    doc: "Set a setting of nix.conf; each is also a flag of its own, such as --max-call-depth N",
    apply: (flags, name, value) => settingOfOption(flags, name as string, value as string),
  },
];

const STORE_OPTIONS: readonly Option<EvaluationFlags>[] = [
  valueFlag(
    ["--store"],
    "STORE",
    "Use STORE: daemon, unix://SOCKET, ssh-ng://HOST, a directory, dummy:// (which holds nothing) …; that of the system unless given",
    (flags, uri) => {
      flags.store = encodeUtf8(uri);
    },
  ),
  valueFlag(
    ["--eval-store"],
    "STORE",
    "Write derivations and sources to STORE instead",
    (flags, uri) => {
      flags.evalStore = encodeUtf8(uri);
    },
  ),
];

const GENERAL_OPTIONS: readonly Option<EvaluationFlags>[] = [
  valueFlag(
    ["--diagnostics"],
    "FORM",
    "Show errors plain (as C++ Nix does, the default), rich (with labels and hints) or as json",
    (flags, form) => {
      if (form !== "plain" && form !== "rich" && form !== "json") {
        throw usageError(
          marked`'${encodeUtf8(form)}' is not a form of diagnostics: plain, rich or json`,
        );
      }
      flags.invocation.diagnostics = form;
    },
  ),
  flag(
    ["--no-cache"],
    "Neither read nor write compiled files and results in the cache",
    (flags) => {
      flags.cache = false;
      flags.invocation.inputs?.giveUp("there is no cache");
    },
  ),
  valueFlag(
    ["--trace-inputs"],
    "FILE",
    "Write what the evaluation looked at to FILE: a JSON object a line",
    (flags, file) => {
      flags.invocation.inputsFile = file;
    },
  ),
  valueFlag(
    ["--tier"],
    "TIER",
    "Run code as bytecode (vm), as JavaScript (js), or run hot code as JavaScript (auto, the default)",
    (flags, tier) => {
      if (tier !== "vm" && tier !== "js" && tier !== "auto") {
        throw usageError(marked`'${encodeUtf8(tier)}' is not a tier: vm, js or auto`);
      }
      flags.tier = tier;
    },
  ),
  { ...flag(["--help"], "Show this help", () => {}), instead: "help" },
  { ...flag(["--version"], "Show the version", () => {}), instead: "version" },
];

/** How much a command prints while it runs. */
const LOGGING_OPTIONS: readonly Option<EvaluationFlags>[] = [
  {
    ...flag(["--verbose", "-v"], "", ({ invocation }) => {
      invocation.verbosity = Math.min(invocation.verbosity + 1, HIGHEST_LEVEL);
    }),
    hidden: true,
  },
  flag(["--quiet"], "Show less: given three times, no warnings", ({ invocation }) => {
    invocation.verbosity = Math.max(invocation.verbosity - 1, ERROR_LEVEL);
  }),
  {
    ...flag(["--debug"], "", ({ invocation }) => {
      invocation.verbosity = DEBUG_LEVEL;
    }),
    hidden: true,
  },
  valueFlag(
    ["--log-format"],
    "FORMAT",
    "Show what happens as lines (raw), in one line that is kept current (bar), both also -with-logs of builds, or as C++ Nix does to programs (internal-json)",
    ({ invocation }, format) => {
      invocation.logFormat = logFormatOf(format);
    },
  ),
];

/** A flag without an effect. */
function ignored(
  names: readonly string[],
  values: readonly string[] = [],
): Option<EvaluationFlags> {
  return { names, values, doc: "", hidden: true, apply: () => {} };
}

/** Defines another spelling of a setting. */
function alias(
  names: readonly string[],
  name: string,
  value: string | undefined,
): Option<EvaluationFlags> {
  return {
    names,
    values: value === undefined ? ["VALUE"] : [],
    doc: "",
    hidden: true,
    apply: (flags, given) => setting(flags, name, value ?? (given as string)),
  };
}

/** Defines a flag for a number that C++ Nix parses before the setting of that name. */
function numberFlag(name: string): Option<EvaluationFlags> {
  return {
    names: [`--${name}`],
    values: ["N"],
    doc: "",
    hidden: true,
    apply: (flags, text) => {
      setting(flags, name, String(parseNumberWithUnit(encodeUtf8(text as string), 64)));
    },
  };
}

/** Flags without an effect that all commands accept. */
const IGNORED_OPTIONS: readonly Option<EvaluationFlags>[] = [
  ignored(["--repair"]),
  alias(["-j"], "max-jobs", undefined),
  {
    ...flag<EvaluationFlags>(["--no-build-output", "-Q"], "", ({ invocation }) => {
      invocation.printsBuildLogs = false;
    }),
    hidden: true,
  },
  alias(["-K"], "keep-failed", "true"),
  alias(["-k"], "keep-going", "true"),
  {
    ...flag(["--no-gc-warning"], "", ({ invocation }) => {
      invocation.warnsAboutRoots = false;
    }),
    hidden: true,
  },
  ignored(["--override-flake"], ["ORIGINAL", "RESOLVED"]),
];

/** A `tarball-ttl` after which nothing expires. */
const NEVER = 2 ** 32 - 1;

/** Flags of `nix` and of Nivis itself that `nix-instantiate` does not know. */
const MODERN_OPTIONS: readonly Option<EvaluationFlags>[] = [
  flag(["--pure"], "Forbid everything that depends on the machine", (flags) =>
    setting(flags, "pure-eval", "true"),
  ),
  flag(["--print-build-logs", "-L"], "Print what builders print", ({ invocation }) => {
    invocation.printsBuildLogs = true;
  }),
  flag(["--offline", "--no-net"], "Use what was fetched before, however old", (flags) =>
    setting(flags, "tarball-ttl", String(NEVER)),
  ),
  flag(["--refresh"], "Ask again about everything that may have changed", (flags) =>
    setting(flags, "tarball-ttl", "0"),
  ),
];

/** Flags of the old commands. */
const LEGACY_OPTIONS: readonly Option<EvaluationFlags>[] = [
  {
    ...flag(["--readonly-mode"], "", (flags) => {
      flags.readOnly = true;
    }),
    hidden: true,
  },
  numberFlag("cores"),
  numberFlag("max-silent-time"),
  numberFlag("timeout"),
];

/** The flag of a setting as an option. */
function optionOfSetting(flag: SettingFlag): Option<EvaluationFlags> {
  const { name, setting: target, value, feature } = flag;
  return {
    names: [`--${name}`],
    values: value === undefined ? ["VALUE"] : [],
    doc: "",
    hidden: true,
    apply: (flags, given) => {
      const text = value ?? (given as string);
      if (feature === undefined) {
        setting(flags, target, text);
        return;
      }
      // Nix: the value is stored regardless of the features; those that are on in the end count.
      flags.requiredFeatures.add(feature);
      flags.invocation.settings.building.set(target, encodeUtf8(text));
    },
  };
}

/**
 * The flags of the settings; as in C++ Nix, every setting has one. There are hundreds, of which a
 * command line has a few, so options are made only of those.
 */
const SETTING_FLAGS: OptionFamily<EvaluationFlags> = {
  find: (name) => {
    const flag = name.startsWith("--") ? settingFlag(name.slice("--".length)) : undefined;
    return flag === undefined ? undefined : optionOfSetting(flag);
  },
  names: () => settingFlags().map(({ name }) => `--${name}`),
};

/** Returns what a command with the options `own` accepts besides positional arguments. */
export function evaluationGrammar<Flags extends EvaluationFlags>(
  own: readonly Option<Flags>[],
  style: ParseStyle,
): Omit<Grammar<Flags>, "positional"> {
  return { own, shared: sharedOptions(own, style), family: SETTING_FLAGS, style };
}

/**
 * Returns the options that all commands share, except those whose spelling occurs in `own` and
 * {@link SETTING_FLAGS}.
 */
function sharedOptions<Flags extends EvaluationFlags>(
  own: readonly Option<Flags>[],
  style: ParseStyle,
): readonly Option<Flags>[] {
  const taken = new Set(own.flatMap((option) => option.names));
  const result: Option<EvaluationFlags>[] = [];
  for (const option of [
    ...ARGUMENT_OPTIONS,
    ...(style === "legacy" ? LEGACY_OPTIONS : MODERN_OPTIONS),
    ...SETTING_OPTIONS,
    ...STORE_OPTIONS,
    ...LOGGING_OPTIONS,
    ...IGNORED_OPTIONS,
    ...GENERAL_OPTIONS,
  ]) {
    if (option.names.some((name) => taken.has(name))) continue;
    for (const name of option.names) taken.add(name);
    result.push(option);
  }
  return result;
}
