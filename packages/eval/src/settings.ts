/**
 * Settings: the switches of C++ Nix that affect evaluation, and the limits of Nivis, with their
 * defaults.
 *
 * Names are C++ Nix's in camelCase. `@nivis/node` reads them from nix.conf and the command line.
 */
import type { LintLevel } from "@nivis/syntax";

/** The settings of an evaluation. */
export interface Settings {
  /**
   * The names of the experimental features that are enabled, such as `pipe-operators`. Builtins and
   * syntax of a feature exist only while it is enabled. Defaults to none.
   */
  readonly experimentalFeatures: ReadonlySet<string>;
  /**
   * Whether evaluation is independent of the machine: environment variables are empty, constants
   * such as `builtins.currentTime` are absent, and only allowed paths can be read. Defaults to
   * `false`.
   */
  readonly pureEval: boolean;
  /**
   * Whether only the search path and the store paths made during evaluation can be read, and only
   * {@link allowedUris} can be fetched. Defaults to `false`.
   */
  readonly restrictEval: boolean;
  /**
   * Whether store paths are computed without writing to the store, as `nix-instantiate --eval`
   * does. Set it to `false` to have derivations and sources written to the store. Defaults to
   * `true`.
   */
  readonly readOnlyMode: boolean;
  /** Whether `builtins.traceVerbose` prints its message. Defaults to `false`. */
  readonly traceVerbose: boolean;
  /** Whether `builtins.warn` ends the evaluation with an error. Defaults to `false`. */
  readonly abortOnWarn: boolean;
  /**
   * Whether the traces of errors contain all entries, including one for each function call.
   * Recording them makes errors more expensive. Defaults to `false`.
   */
  readonly showTrace: boolean;
  /**
   * Whether evaluation may build derivations to read their outputs (*import from derivation*).
   * Defaults to `true`.
   */
  readonly allowImportFromDerivation: boolean;
  /** Whether each build during evaluation causes a warning. Defaults to `false`. */
  readonly traceImportFromDerivation: boolean;
  /**
   * The value of `builtins.currentSystem`, such as `x86_64-linux`. Defaults to the empty text,
   * which stands for the system of the host.
   */
  readonly evalSystem: string;
  /**
   * The maximum number of nested calls and levels of values; deeper nesting is a stack overflow, an
   * error of kind `stack-overflow`. Defaults to 12 million, which needs less than 4 GiB; C++ Nix
   * has 10,000.
   */
  readonly maxCallDepth: number;
  /**
   * The maximum number of steps: frames entered, builtins called, and the work inside of these (see
   * `limits/meter.ts`). A program takes the same number of steps on every machine. Exceeding it is
   * an error of kind `limit-exceeded`. Defaults to `Infinity`.
   */
  readonly maxSteps: number;
  /**
   * The maximum growth of the memory in use, in MiB. Exceeding it is an error of kind
   * `limit-exceeded`; a host that cannot measure memory is an error at once. Defaults to
   * `Infinity`.
   */
  readonly maxMemory: number;
  /**
   * The maximum duration of evaluation from its first step, in milliseconds. Exceeding it is an
   * error of kind `limit-exceeded`. Defaults to `Infinity`.
   */
  readonly maxTime: number;
  /**
   * The URIs that fetchers may access in restricted evaluation: each entry allows itself and
   * everything below it, and `https:` a whole scheme (see `limits/allowed-uris.ts`). Defaults to
   * none.
   */
  readonly allowedUris: readonly string[];
  /**
   * Whether an archive that a forge makes of a revision is locked by the revision. Defaults to
   * `true`.
   */
  readonly trustTarballsFromGitForges: boolean;
  /**
   * The store directory in store paths, which affects the digest of every store path. It must be
   * that of the store that the evaluation uses. Defaults to `/nix/store`.
   */
  readonly storeDir: string;
  /** How the parser treats URLs without quotes. Defaults to `ignore`. */
  readonly lintUrlLiterals: LintLevel;
  /** How the parser treats relative paths such as `a/b`. Defaults to `ignore`. */
  readonly lintShortPathLiterals: LintLevel;
  /** How the parser treats absolute paths. Defaults to `ignore`. */
  readonly lintAbsolutePathLiterals: LintLevel;
}

/** Settings from a host: any subset of them, with the features as any collection of names. */
export type SettingsInput = Partial<Omit<Settings, "experimentalFeatures">> & {
  readonly experimentalFeatures?: Iterable<string>;
};

/**
 * Returns the settings of an input, completed by the defaults. Throws a `TypeError` for an unknown
 * name and for a value of the wrong type.
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

/** The settings that apply unless others are given. */
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
  // A frame takes about 60 bytes of stack and ten times as much for values: this stays below 4 GiB.
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
