/**
 * The settings of nix.conf and their effect on the gathered settings.
 *
 * A setting comes from a configuration file, from `NIX_CONFIG`, or from the command line, where
 * each is also a flag. All go through {@link applySetting}, in that order, so the last one wins. A
 * setting about building or downloading is checked and kept as a text for the store that builds;
 * one that C++ Nix does not know either is noted, for {@link warnUnknownSettings}.
 */
import { DEFAULT_SETTINGS, type LintLevel, type Settings } from "@nivis/eval";
import { FOREIGN_SETTINGS, type ForeignSetting } from "./foreign-settings.ts";
import {
  BOOL,
  LINT,
  PATH,
  PROFILER,
  type ProfilerMode,
  type SettingType,
  TEXT,
  U32,
  U64,
  WORDS,
} from "./setting-type.ts";

/** The settings gathered so far. Texts are bytes. */
export interface GatheredSettings
  extends Omit<{ -readonly [Key in keyof Settings]: Settings[Key] }, "experimentalFeatures"> {
  experimentalFeatures: Set<string>;
  /** `nix-path`, without the default entries that follow it. Defaults to none. */
  nixPath: string[];
  /** `use-xdg-base-directories`. Defaults to `false`. */
  useXdgBaseDirectories: boolean;
  /** `eval-cache`. Defaults to `true`. */
  evalCache: boolean;
  /** `system`. Defaults to the empty text, which stands for the system of the host. */
  system: string;
  /** `store`. Defaults to the empty text, which stands for the default store. */
  storeUri: string;
  /** `trace-function-calls`. Defaults to `false`. */
  traceFunctionCalls: boolean;
  /** `eval-profiler`. Defaults to `disabled`. */
  evalProfiler: ProfilerMode;
  /** `eval-profile-file`, a path that may be relative. Defaults to `nix.profile`. */
  evalProfileFile: string;
  /** `eval-profiler-frequency`: samples a second; 0 for one at each call. Defaults to 99. */
  evalProfilerFrequency: number;
  /** Settings about building and downloading that were set, as texts; stores are told of them. */
  readonly building: Map<string, string>;
  /** Names of settings that nobody knows. */
  readonly unknown: Set<string>;
  /** The names of the settings that were set; a deprecated setting does not override them. */
  readonly overridden: Set<string>;
}

/** Returns the default settings. */
export function defaultSettings(): GatheredSettings {
  return {
    ...DEFAULT_SETTINGS,
    experimentalFeatures: new Set(DEFAULT_SETTINGS.experimentalFeatures),
    nixPath: [],
    useXdgBaseDirectories: false,
    evalCache: true,
    system: "",
    storeUri: "",
    traceFunctionCalls: false,
    evalProfiler: "disabled",
    evalProfileFile: "nix.profile",
    evalProfilerFrequency: 99,
    building: new Map(),
    unknown: new Set(),
    overridden: new Set(),
  };
}

/** Returns the evaluator's settings among the gathered ones. */
export function evaluationSettings(gathered: GatheredSettings): Settings {
  const names = Object.keys(DEFAULT_SETTINGS) as (keyof Settings)[];
  return Object.fromEntries(names.map((name) => [name, gathered[name]])) as unknown as Settings;
}

/** Receives messages about things that are unusual but not errors. */
export type Warn = (message: string) => void;

/** A row of the table. */
export interface SettingRow extends ForeignSetting {
  readonly doc: string;
  /** Applies a value whose text was checked; `append` means that it was given as `extra-NAME`. */
  readonly apply: (settings: GatheredSettings, text: string, append: boolean, warn: Warn) => void;
}

function setting<Parsed>(
  name: string,
  type: SettingType<Parsed>,
  doc: string,
  apply: (settings: GatheredSettings, value: Parsed, append: boolean, warn: Warn) => void,
): SettingRow {
  return {
    name,
    type,
    aliases: [],
    feature: undefined,
    doc,
    apply: (settings, text, append, warn) => apply(settings, type.parse(name, text), append, warn),
  };
}

/** Keeps a setting for stores, which add what stands under `extra-NAME` to a default of their own. */
function setBuilding(
  building: Map<string, string>,
  { name, defaultWords }: ForeignSetting,
  text: string,
  append: boolean,
): void {
  const extra = `extra-${name}`;
  if (!append) {
    building.set(name, text);
    building.delete(extra);
    return;
  }
  const known = building.get(name) ?? defaultWords;
  const before = known ?? building.get(extra);
  const key = known === undefined ? extra : name;
  building.set(key, before === undefined ? text : `${before} ${text}`);
}

/** The experimental features of C++ Nix 2.36. */
const FEATURES: ReadonlySet<string> = new Set([
  "auto-allocate-uids",
  "blake3-hashes",
  "ca-derivations",
  "cgroups",
  "configurable-impure-env",
  "daemon-trust-override",
  "dynamic-derivations",
  "external-builders",
  "fetch-closure",
  "fetch-tree",
  "flakes",
  "git-hashing",
  "impure-derivations",
  "local-overlay-store",
  "mounted-ssh-store",
  "nix-command",
  "parse-toml-timestamps",
  "pipe-operators",
  "read-only-local-store",
  "recursive-nix",
  "verified-fetches",
]);

/** Returns the words that are features, and warns about the others, in order. */
function knownFeatures(words: readonly string[], warn: Warn): string[] {
  const known: string[] = [];
  for (const word of [...new Set(words)].sort()) {
    if (FEATURES.has(word)) known.push(word);
    else if (word === "no-url-literals") {
      warn(
        `experimental feature '${word}' has been stabilized and renamed; use 'lint-url-literals = fatal' setting instead`,
      );
    } else warn(`unknown experimental feature '${word}'`);
  }
  // Nix: flakes need the tree fetchers, so one feature enables the other.
  if (known.includes("flakes")) known.push("fetch-tree");
  return known;
}

/** The name of a setting that another one has replaced. */
const DEPRECATED = "warn-short-path-literals";

/** The settings that have an effect. */
export const SETTINGS: readonly SettingRow[] = [
  setting(
    "experimental-features",
    WORDS,
    "The experimental features that are enabled",
    (settings, words, append, warn) => {
      if (!append) settings.experimentalFeatures.clear();
      for (const feature of knownFeatures(words, warn)) settings.experimentalFeatures.add(feature);
    },
  ),
  setting("pure-eval", BOOL, "Forbid everything that depends on the machine", (settings, value) => {
    settings.pureEval = value;
  }),
  setting(
    "restrict-eval",
    BOOL,
    "Allow reading only paths in the search path",
    (settings, value) => {
      settings.restrictEval = value;
    },
  ),
  setting("eval-cache", BOOL, "Remember outputs of flakes that are locked", (settings, value) => {
    settings.evalCache = value;
  }),
  setting("show-trace", BOOL, "Show all traces of an error", (settings, value) => {
    settings.showTrace = value;
  }),
  setting("trace-verbose", BOOL, "Let builtins.traceVerbose print", (settings, value) => {
    settings.traceVerbose = value;
  }),
  setting(
    "trace-function-calls",
    BOOL,
    "Log the beginning and the end of each call",
    (settings, value) => {
      settings.traceFunctionCalls = value;
    },
  ),
  setting(
    "eval-profiler",
    PROFILER,
    "How to profile evaluation: disabled, or flamegraph for sampled stacks of calls",
    (settings, value) => {
      settings.evalProfiler = value;
    },
  ),
  setting("eval-profile-file", PATH, "The file for the profile", (settings, value) => {
    settings.evalProfileFile = value;
  }),
  setting(
    "eval-profiler-frequency",
    U32,
    "Samples a second for the profile; 0 for one at each call",
    (settings, value) => {
      settings.evalProfilerFrequency = value;
    },
  ),
  setting("abort-on-warn", BOOL, "Stop at the first builtins.warn", (settings, value) => {
    settings.abortOnWarn = value;
  }),
  setting(
    "allow-import-from-derivation",
    BOOL,
    "Allow importing from outputs of derivations",
    (settings, value) => {
      settings.allowImportFromDerivation = value;
    },
  ),
  setting(
    "trace-import-from-derivation",
    BOOL,
    "Warn whenever evaluation imports from the output of a derivation",
    (settings, value) => {
      settings.traceImportFromDerivation = value;
    },
  ),
  setting("eval-system", TEXT, "What builtins.currentSystem is", (settings, value) => {
    settings.evalSystem = value;
  }),
  setting("system", TEXT, "The system of this machine", (settings, value) => {
    settings.system = value;
  }),
  setting("store", TEXT, "The store to use", (settings, value) => {
    settings.storeUri = value;
  }),
  setting("max-call-depth", U32, "How deeply calls may be nested", (settings, value) => {
    settings.maxCallDepth = value;
  }),
  setting(
    "max-steps",
    U64,
    "How many steps (calls, thunks, work of builtins) evaluation may take",
    (settings, value) => {
      settings.maxSteps = value;
    },
  ),
  setting("max-memory", U64, "How many MiB of memory evaluation may use", (settings, value) => {
    settings.maxMemory = value;
  }),
  setting("max-time", U64, "How many milliseconds evaluation may take", (settings, value) => {
    settings.maxTime = value;
  }),
  setting(
    "allowed-uris",
    WORDS,
    "The URIs that may be fetched in restricted evaluation",
    (settings, words, append) => {
      settings.allowedUris = [...(append ? settings.allowedUris : []), ...words];
    },
  ),
  setting(
    "trust-tarballs-from-git-forges",
    BOOL,
    "Whether archives made by forges count as locked by their revision",
    (settings, value) => {
      settings.trustTarballsFromGitForges = value;
    },
  ),
  setting(
    "nix-path",
    WORDS,
    "The paths in which <name> is looked up",
    (settings, words, append) => {
      settings.nixPath = [...(append ? settings.nixPath : []), ...words];
    },
  ),
  setting(
    "use-xdg-base-directories",
    BOOL,
    "Look for the user's channels in ~/.local/state/nix",
    (settings, value) => {
      settings.useXdgBaseDirectories = value;
    },
  ),
  setting("lint-url-literals", LINT, "How to treat URLs without quotes", (settings, level) => {
    settings.lintUrlLiterals = level;
  }),
  setting("lint-short-path-literals", LINT, "How to treat paths such as a/b", (settings, level) => {
    settings.lintShortPathLiterals = level;
  }),
  setting("lint-absolute-path-literals", LINT, "How to treat absolute paths", (settings, level) => {
    settings.lintAbsolutePathLiterals = level;
  }),
  setting(DEPRECATED, BOOL, "", (settings, value, _append, warn) => {
    const level: LintLevel = value ? "warn" : "ignore";
    const target = "lint-short-path-literals";
    warn(`'${DEPRECATED}' is deprecated, use '${target} = ${level}' instead`);
    if (!settings.overridden.has(target)) settings.lintShortPathLiterals = level;
  }),
];

/** The rows of both tables by all their names. */
const BY_NAME: ReadonlyMap<string, SettingRow | ForeignSetting> = rowsByName();

function rowsByName(): Map<string, SettingRow | ForeignSetting> {
  const rows = new Map<string, SettingRow | ForeignSetting>();
  for (const table of [SETTINGS, FOREIGN_SETTINGS]) {
    for (const row of table) {
      rows.set(row.name, row);
      for (const alias of row.aliases) rows.set(alias, row);
    }
  }
  return rows;
}

/** Applies a setting. Throws a usage error if the value is invalid. */
export function applySetting(
  settings: GatheredSettings,
  name: string,
  text: string,
  warn: Warn,
): void {
  const own = BY_NAME.get(name);
  const extended = name.startsWith("extra-") ? BY_NAME.get(name.slice("extra-".length)) : undefined;
  const row = own ?? (extended?.type.appendable === true ? extended : undefined);
  if (row === undefined) {
    settings.unknown.add(name);
    return;
  }
  const { feature } = row;
  if (feature !== undefined && !settings.experimentalFeatures.has(feature)) {
    warn(`Ignoring setting '${row.name}' because experimental feature '${feature}' is not enabled`);
    return;
  }
  settings.overridden.add(row.name);
  if (isEffective(row)) row.apply(settings, text, own === undefined, warn);
  else {
    row.type.parse(row.name, text);
    setBuilding(settings.building, row, text, own === undefined);
  }
}

function isEffective(row: SettingRow | ForeignSetting): row is SettingRow {
  return "apply" in row;
}

/** Warns about unknown settings, once each; called when all settings are gathered. */
export function warnUnknownSettings(settings: GatheredSettings, warn: Warn): void {
  for (const name of [...settings.unknown].sort()) warn(`unknown setting '${name}'`);
  settings.unknown.clear();
}

/** A command line flag of a setting. */
export interface SettingFlag {
  /** Its name without the two dashes. */
  readonly name: string;
  /** The setting that it sets. */
  readonly setting: string;
  /** The value that it sets; `undefined` if the value follows the flag. */
  readonly value: string | undefined;
  /** The experimental feature that the flag requires. */
  readonly feature: string | undefined;
}

/** Returns the flags of all settings, including those of older names. */
export function settingFlags(): SettingFlag[] {
  return [...SETTINGS, ...FOREIGN_SETTINGS].flatMap(flagsOf);
}

/** Returns the flag with this name, without the two dashes, if a setting has it. */
export function settingFlag(name: string): SettingFlag | undefined {
  // Flags are called like their setting, with or without a prefix that ends with a dash.
  const row = BY_NAME.get(name) ?? BY_NAME.get(name.slice(name.indexOf("-") + 1));
  return row === undefined ? undefined : flagsOf(row).find((flag) => flag.name === name);
}

function flagsOf({ name, type, aliases, feature }: SettingRow | ForeignSetting): SettingFlag[] {
  const flags: SettingFlag[] = [];
  const { switches, appendable } = type;
  if (switches !== undefined) {
    for (const [prefix, value] of Object.entries(switches)) {
      flags.push({ name: prefix + name, setting: name, value, feature });
    }
    // Nix: an older name has the meaning of the last flag.
    const last = Object.values(switches).at(-1);
    for (const alias of aliases) flags.push({ name: alias, setting: name, value: last, feature });
    return flags;
  }
  for (const one of [name, ...aliases]) {
    flags.push({ name: one, setting: name, value: undefined, feature });
  }
  if (appendable) {
    flags.push({ name: `extra-${name}`, setting: `extra-${name}`, value: undefined, feature });
  }
  return flags;
}
