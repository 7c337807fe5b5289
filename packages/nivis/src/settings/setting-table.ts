/**
 * The settings of nix.conf that bear on evaluation, and the names of those that do not.
 *
 * A setting comes from a configuration file, from `NIX_CONFIG`, or from the command line, where each
 * is also a flag. All go through {@link applySetting}. A setting about building or downloading is
 * accepted and has no effect; one that C++ Nix does not know either gets a warning.
 */
import { DEFAULT_SETTINGS, type LintLevel, type Settings } from "@nivis/eval";
import { usageError } from "../options/option.ts";
import { IGNORED_SETTINGS } from "./ignored-settings.ts";

/** Settings while they are gathered. */
export interface SettingsDraft
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
}

/** What holds when nothing is said. */
export function defaultDraft(): SettingsDraft {
  return {
    ...DEFAULT_SETTINGS,
    experimentalFeatures: new Set(DEFAULT_SETTINGS.experimentalFeatures),
    nixPath: [],
    useXdgBaseDirectories: false,
    system: "",
    storeUri: "",
  };
}

/** What a draft says to the evaluation; the rest is for those who set one up. */
export function evaluationSettings(draft: SettingsDraft): Settings {
  const names = Object.keys(DEFAULT_SETTINGS) as (keyof Settings)[];
  return Object.fromEntries(names.map((name) => [name, draft[name]])) as unknown as Settings;
}

/** How a setting is written. */
export type SettingKind = "bool" | "words" | "value";

/** A row of the table. */
export interface SettingRow {
  readonly name: string;
  readonly kind: SettingKind;
  readonly doc: string;
  /** Notes a value; for `words`, `append` says that it was given as `extra-NAME`. */
  apply(draft: SettingsDraft, value: string, append: boolean): void;
}

function bool(
  name: string,
  doc: string,
  apply: (draft: SettingsDraft, value: boolean) => void,
): SettingRow {
  return { name, kind: "bool", doc, apply: (draft, value) => apply(draft, parseBool(name, value)) };
}

function lint(
  name: string,
  doc: string,
  apply: (draft: SettingsDraft, level: LintLevel) => void,
): SettingRow {
  return {
    name,
    kind: "value",
    doc,
    apply: (draft, value) => apply(draft, parseLint(name, value)),
  };
}

function number(
  name: string,
  doc: string,
  apply: (draft: SettingsDraft, value: number) => void,
): SettingRow {
  return {
    name,
    kind: "value",
    doc,
    apply: (draft, value) => {
      if (!/^[0-9]+$/.test(value)) {
        throw usageError(`setting '${name}' has invalid value '${value}'`);
      }
      apply(draft, Number(value));
    },
  };
}

function words(text: string): string[] {
  return text.split(/[ \t\n\r]+/).filter((word) => word !== "");
}

function parseBool(name: string, value: string): boolean {
  if (["true", "yes", "1"].includes(value)) return true;
  if (["false", "no", "0"].includes(value)) return false;
  throw usageError(`Boolean setting '${name}' has invalid value '${value}'`);
}

function parseLint(name: string, value: string): LintLevel {
  if (value === "ignore" || value === "warn" || value === "fatal") return value;
  throw usageError(
    `setting '${name}' has invalid value '${value}', expected 'ignore', 'warn', or 'fatal'`,
  );
}

/** The settings that have an effect. */
export const SETTINGS: readonly SettingRow[] = [
  {
    name: "experimental-features",
    kind: "words",
    doc: "Experimental features that are on",
    apply: (draft, value, append) => {
      if (!append) draft.experimentalFeatures.clear();
      for (const feature of words(value)) draft.experimentalFeatures.add(feature);
      // Nix: flakes need the fetcher of trees, so the one brings the other.
      if (draft.experimentalFeatures.has("flakes")) draft.experimentalFeatures.add("fetch-tree");
    },
  },
  bool("pure-eval", "Forbid everything that depends on the machine", (draft, value) => {
    draft.pureEval = value;
  }),
  bool("restrict-eval", "Allow reading only what the search path names", (draft, value) => {
    draft.restrictEval = value;
  }),
  bool("show-trace", "Show all traces of an error", (draft, value) => {
    draft.showTrace = value;
  }),
  bool("trace-verbose", "Let builtins.traceVerbose print", (draft, value) => {
    draft.traceVerbose = value;
  }),
  bool("abort-on-warn", "End at the first builtins.warn", (draft, value) => {
    draft.abortOnWarn = value;
  }),
  bool(
    "allow-import-from-derivation",
    "Allow importing from outputs of derivations",
    (draft, value) => {
      draft.allowImportFromDerivation = value;
    },
  ),
  {
    name: "eval-system",
    kind: "value",
    doc: "What builtins.currentSystem is",
    apply: (draft, value) => {
      draft.evalSystem = value;
    },
  },
  {
    name: "system",
    kind: "value",
    doc: "The system of this machine",
    apply: (draft, value) => {
      draft.system = value;
    },
  },
  {
    name: "store",
    kind: "value",
    doc: "The store to use",
    apply: (draft, value) => {
      draft.storeUri = value;
    },
  },
  number("max-call-depth", "How deep calls may nest", (draft, value) => {
    draft.maxCallDepth = value;
  }),
  number(
    "max-steps",
    "How many steps (calls, thunks, work of builtins) evaluation may take",
    (draft, value) => {
      draft.maxSteps = value;
    },
  ),
  number("max-memory", "How many MiB of memory evaluation may take", (draft, value) => {
    draft.maxMemory = value;
  }),
  number("max-time", "How many milliseconds evaluation may take", (draft, value) => {
    draft.maxTime = value;
  }),
  {
    name: "allowed-uris",
    kind: "words",
    doc: "What may be fetched in restricted evaluation",
    apply: (draft, value, append) => {
      draft.allowedUris = [...(append ? draft.allowedUris : []), ...words(value)];
    },
  },
  {
    name: "nix-path",
    kind: "words",
    doc: "Where <name> is looked for",
    apply: (draft, value, append) => {
      draft.nixPath = [...(append ? draft.nixPath : []), ...words(value)];
    },
  },
  bool(
    "use-xdg-base-directories",
    "Look for the channels of the user in ~/.local/state/nix",
    (draft, value) => {
      draft.useXdgBaseDirectories = value;
    },
  ),
  lint("lint-url-literals", "What to do about URLs without quotes", (draft, level) => {
    draft.lintUrlLiterals = level;
  }),
  lint("lint-short-path-literals", "What to do about paths such as a/b", (draft, level) => {
    draft.lintShortPathLiterals = level;
  }),
  lint("lint-absolute-path-literals", "What to do about absolute paths", (draft, level) => {
    draft.lintAbsolutePathLiterals = level;
  }),
];

const BY_NAME: ReadonlyMap<string, SettingRow> = new Map(SETTINGS.map((row) => [row.name, row]));

/** Sets a setting; `warn` takes what is odd but no error. */
export function applySetting(
  draft: SettingsDraft,
  name: string,
  value: string,
  warn: (message: string) => void,
): void {
  if (name === "warn-short-path-literals") {
    const level = parseBool(name, value) ? "warn" : "ignore";
    warn(`'${name}' is deprecated, use 'lint-short-path-literals = ${level}' instead`);
    draft.lintShortPathLiterals = level;
    return;
  }
  const row = BY_NAME.get(name);
  if (row !== undefined) {
    row.apply(draft, value, false);
    return;
  }
  const plainName = name.startsWith("extra-") ? name.slice("extra-".length) : name;
  const plainRow = BY_NAME.get(plainName);
  if (plainRow?.kind === "words") plainRow.apply(draft, value, true);
  else if (!IGNORED_SETTINGS.has(name) && !IGNORED_SETTINGS.has(plainName)) {
    warn(`unknown setting '${name}'`);
  }
}
