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
  readonly storeDir: string;
  readonly lintUrlLiterals: LintLevel;
  readonly lintShortPathLiterals: LintLevel;
  readonly lintAbsolutePathLiterals: LintLevel;
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
  storeDir: "/nix/store",
  lintUrlLiterals: "ignore",
  lintShortPathLiterals: "ignore",
  lintAbsolutePathLiterals: "ignore",
};
