/**
 * The settings of nix.conf, and how a value gets into the settings that are gathered.
 *
 * A setting comes from a configuration file, from `NIX_CONFIG`, or from the command line, where each
 * is also a flag. All go through {@link applySetting}, in that order, so the last one wins. A setting
 * about building or downloading is checked and has no effect; one that C++ Nix does not know either is
 * noted, for {@link warnUnknownSettings}.
 */
import { DEFAULT_SETTINGS, type LintLevel, type Settings } from "@nivis/eval";
import { FOREIGN_SETTINGS, type ForeignSetting } from "./foreign-settings.ts";
import { BOOL, LINT, type SettingType, TEXT, U32, U64, WORDS } from "./setting-type.ts";

/** Settings while they are gathered. Texts are bytes. */
export interface GatheredSettings
  extends Omit<{ -readonly [Key in keyof Settings]: Settings[Key] }, "experimentalFeatures"> {
  experimentalFeatures: Set<string>;
  /** `nix-path`, without the default that follows it. */
  nixPath: string[];
  /** `use-xdg-base-directories`. */
  useXdgBaseDirectories: boolean;
  /** `system`; empty for that of the host. */
  system: string;
  /** `store`; empty for the default. */
  storeUri: string;
  /** Names of settings that nobody knows. */
  readonly unknown: Set<string>;
  /** Names of settings that were set; a deprecated one does not replace them. */
  readonly overridden: Set<string>;
}

/** What holds when nothing is set. */
export function defaultSettings(): GatheredSettings {
  return {
    ...DEFAULT_SETTINGS,
    experimentalFeatures: new Set(DEFAULT_SETTINGS.experimentalFeatures),
    nixPath: [],
    useXdgBaseDirectories: false,
    system: "",
    storeUri: "",
    unknown: new Set(),
    overridden: new Set(),
  };
}

/** The settings of the evaluator among those that were gathered. */
export function evaluationSettings(gathered: GatheredSettings): Settings {
  const names = Object.keys(DEFAULT_SETTINGS) as (keyof Settings)[];
  return Object.fromEntries(names.map((name) => [name, gathered[name]])) as unknown as Settings;
}

/** Takes what is odd but not an error. */
export type Warn = (message: string) => void;

/** A row of the table. */
export interface SettingRow extends ForeignSetting {
  readonly doc: string;
  /** Notes a value, whose text was checked; `append` says that it was given as `extra-NAME`. */
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

/** Words that are features; the others get a warning, in order. */
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
  // Nix: flakes need the fetcher of trees, so the one brings the other.
  if (known.includes("flakes")) known.push("fetch-tree");
  return known;
}

/** The name of a setting that another has replaced. */
const DEPRECATED = "warn-short-path-literals";

/** The settings that have an effect. */
export const SETTINGS: readonly SettingRow[] = [
  setting(
    "experimental-features",
    WORDS,
    "Experimental features that are on",
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
    "Allow reading only what the search path names",
    (settings, value) => {
      settings.restrictEval = value;
    },
  ),
  setting("show-trace", BOOL, "Show all traces of an error", (settings, value) => {
    settings.showTrace = value;
  }),
  setting("trace-verbose", BOOL, "Let builtins.traceVerbose print", (settings, value) => {
    settings.traceVerbose = value;
  }),
  setting("abort-on-warn", BOOL, "End at the first builtins.warn", (settings, value) => {
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
  setting("eval-system", TEXT, "What builtins.currentSystem is", (settings, value) => {
    settings.evalSystem = value;
  }),
  setting("system", TEXT, "The system of this machine", (settings, value) => {
    settings.system = value;
  }),
  setting("store", TEXT, "The store to use", (settings, value) => {
    settings.storeUri = value;
  }),
  setting("max-call-depth", U32, "How deep calls may nest", (settings, value) => {
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
  setting("max-memory", U64, "How many MiB of memory evaluation may take", (settings, value) => {
    settings.maxMemory = value;
  }),
  setting("max-time", U64, "How many milliseconds evaluation may take", (settings, value) => {
    settings.maxTime = value;
  }),
  setting(
    "allowed-uris",
    WORDS,
    "What may be fetched in restricted evaluation",
    (settings, words, append) => {
      settings.allowedUris = [...(append ? settings.allowedUris : []), ...words];
    },
  ),
  setting(
    "trust-tarballs-from-git-forges",
    BOOL,
    "Whether archives that forges make count as locked by their revision",
    (settings, value) => {
      settings.trustTarballsFromGitForges = value;
    },
  ),
  setting("nix-path", WORDS, "Where <name> is looked for", (settings, words, append) => {
    settings.nixPath = [...(append ? settings.nixPath : []), ...words];
  }),
  setting(
    "use-xdg-base-directories",
    BOOL,
    "Look for the channels of the user in ~/.local/state/nix",
    (settings, value) => {
      settings.useXdgBaseDirectories = value;
    },
  ),
  setting("lint-url-literals", LINT, "What to do about URLs without quotes", (settings, level) => {
    settings.lintUrlLiterals = level;
  }),
  setting(
    "lint-short-path-literals",
    LINT,
    "What to do about paths such as a/b",
    (settings, level) => {
      settings.lintShortPathLiterals = level;
    },
  ),
  setting(
    "lint-absolute-path-literals",
    LINT,
    "What to do about absolute paths",
    (settings, level) => {
      settings.lintAbsolutePathLiterals = level;
    },
  ),
  setting(DEPRECATED, BOOL, "", (settings, value, _append, warn) => {
    const level: LintLevel = value ? "warn" : "ignore";
    const target = "lint-short-path-literals";
    warn(`'${DEPRECATED}' is deprecated, use '${target} = ${level}' instead`);
    if (!settings.overridden.has(target)) settings.lintShortPathLiterals = level;
  }),
];

/** The rows of both tables by all their names. */
const BY_NAME: ReadonlyMap<string, SettingRow | ForeignSetting> = new Map<
  string,
  SettingRow | ForeignSetting
>(
  [...SETTINGS, ...FOREIGN_SETTINGS].flatMap((row) =>
    [row.name, ...row.aliases].map((name) => [name, row] as const),
  ),
);

/** Sets a setting. Throws a usage error if the value makes no sense. */
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
  else row.type.parse(row.name, text);
}

function isEffective(row: SettingRow | ForeignSetting): row is SettingRow {
  return "apply" in row;
}

/** Warns about the settings that nobody knows, each once; called when all settings are gathered. */
export function warnUnknownSettings(settings: GatheredSettings, warn: Warn): void {
  for (const name of [...settings.unknown].sort()) warn(`unknown setting '${name}'`);
  settings.unknown.clear();
}

/** A flag that a setting has on the command line. */
export interface SettingFlag {
  /** Without the two dashes. */
  readonly name: string;
  /** The setting that it sets. */
  readonly setting: string;
  /** The value that it sets; `undefined` if the value follows it. */
  readonly value: string | undefined;
  /** The experimental feature that must be on where the flag is used. */
  readonly feature: string | undefined;
}

/** The flags of all settings, those of older names included. */
export function settingFlags(): SettingFlag[] {
  const flags: SettingFlag[] = [];
  for (const { name, type, aliases, feature } of [...SETTINGS, ...FOREIGN_SETTINGS]) {
    const { switches, appendable } = type;
    if (switches !== undefined) {
      for (const [prefix, value] of Object.entries(switches)) {
        flags.push({ name: prefix + name, setting: name, value, feature });
      }
      // Nix: an older name means what the last of the flags means.
      const last = Object.values(switches).at(-1);
      for (const alias of aliases) flags.push({ name: alias, setting: name, value: last, feature });
      continue;
    }
    for (const one of [name, ...aliases]) {
      flags.push({ name: one, setting: name, value: undefined, feature });
    }
    if (appendable) {
      flags.push({ name: `extra-${name}`, setting: `extra-${name}`, value: undefined, feature });
    }
  }
  return flags;
}
