/** Settings: the switches of C++ Nix that bear on evaluation, with their defaults. */

/** What a lint does when it finds something. */
export type LintLevel = "ignore" | "warn" | "fatal";

/** See the head of this file. Names are C++ Nix's in camelCase. */
export interface Settings {
  readonly experimentalFeatures: ReadonlySet<string>;
  readonly pureEval: boolean;
  readonly restrictEval: boolean;
  /** Compute store paths without writing; `--eval` sets it. */
  readonly readOnlyMode: boolean;
  readonly traceVerbose: boolean;
  readonly abortOnWarn: boolean;
  readonly showTrace: boolean;
  readonly allowImportFromDerivation: boolean;
  /** Warn of each build that evaluation needs. */
  readonly traceImportFromDerivation: boolean;
  /** `builtins.currentSystem`; empty means the system of the host. */
  readonly evalSystem: string;
  /** The deepest nesting of frames; beyond it is a stack overflow. */
  readonly maxCallDepth: number;
  /**
   * Steps of one evaluation (see `limits/meter.ts`): frames entered, builtins called, and the work inside of
   * these. `Infinity`, the default, for no limit, as for the next two.
   */
  readonly maxSteps: number;
  /** How much the memory in use may grow, in MiB. */
  readonly maxMemory: number;
  /** How long evaluation may take from its first step, in milliseconds. */
  readonly maxTime: number;
  /** What fetchers may ask in restricted evaluation; see `limits/allowed-uris.ts`. */
  readonly allowedUris: readonly string[];
  /** Whether an archive that a forge makes of a revision counts as locked by the revision alone. */
  readonly trustTarballsFromGitForges: boolean;
  readonly storeDir: string;
  readonly lintUrlLiterals: LintLevel;
  readonly lintShortPathLiterals: LintLevel;
  readonly lintAbsolutePathLiterals: LintLevel;
}

/** Settings as a host gives them: some of them, and features as any collection of names. */
export type SettingsInput = Partial<Omit<Settings, "experimentalFeatures">> & {
  readonly experimentalFeatures?: Iterable<string>;
};

/**
 * The settings that an input stands for: its own and the defaults. Throws a `TypeError` for a name that is
 * no setting and for a value of another type.
 */
export function settingsOf(input: SettingsInput = {}): Settings {
  const { experimentalFeatures = [], ...others } = input;
  for (const [name, value] of Object.entries(others)) {
    if (!Object.hasOwn(DEFAULT_SETTINGS, name)) throw new TypeError(`unknown setting '${name}'`);
    checkSetting(name, value, DEFAULT_SETTINGS[name as keyof Settings]);
  }
  if (typeof experimentalFeatures === "string") {
    throw new TypeError("the setting 'experimentalFeatures' must be a collection of names");
  }
  return {
    ...DEFAULT_SETTINGS,
    ...others,
    experimentalFeatures: new Set(experimentalFeatures),
  };
}

function checkSetting(name: string, value: unknown, like: unknown): void {
  const lint = name.startsWith("lint");
  const right = Array.isArray(like)
    ? Array.isArray(value) && value.every((item) => typeof item === "string")
    : lint
      ? value === "ignore" || value === "warn" || value === "fatal"
      : typeof value === typeof like && !(typeof value === "number" && !(value >= 0));
  if (right) return;
  const wanted = Array.isArray(like)
    ? "an array of strings"
    : lint
      ? "'ignore', 'warn' or 'fatal'"
      : typeof like === "number"
        ? "a number that is not negative"
        : `a ${typeof like}`;
  throw new TypeError(`the setting '${name}' must be ${wanted}`);
}

/** What holds when nothing is said. */
export const DEFAULT_SETTINGS: Settings = {
  experimentalFeatures: new Set(),
  pureEval: false,
  restrictEval: false,
  readOnlyMode: true,
  traceVerbose: false,
  abortOnWarn: false,
  showTrace: false,
  allowImportFromDerivation: true,
  traceImportFromDerivation: false,
  evalSystem: "",
  // A frame takes about 60 bytes of stack and an order more of values: this stays below 4 GiB.
  maxCallDepth: 12_000_000,
  maxSteps: Number.POSITIVE_INFINITY,
  maxMemory: Number.POSITIVE_INFINITY,
  maxTime: Number.POSITIVE_INFINITY,
  allowedUris: [],
  trustTarballsFromGitForges: true,
  storeDir: "/nix/store",
  lintUrlLiterals: "ignore",
  lintShortPathLiterals: "ignore",
  lintAbsolutePathLiterals: "ignore",
};
