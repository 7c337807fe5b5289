/**
 * `nivis config show`: the settings that have an effect on evaluation, and those for stores that were set, as
 * `nix config show` prints them. The defaults of settings for stores belong to the store.
 */
import { bestMatches, EvalError } from "@nivis/eval";
import { decodeUtf8, marked } from "@nivis/formats";
import { type GatheredSettings, SETTINGS } from "@nivis/node";
import type { Invocation } from "../invocation.ts";
import { defaultFlags, type EvaluationFlags } from "../options/evaluation-options.ts";
import { flag, usageError } from "../options/option.ts";
import type { Program } from "../program.ts";

/** The flags of `nivis config`. */
export interface ConfigFlags extends EvaluationFlags {
  json: boolean;
  readonly words: string[];
}

/** A value as JSON shows it; texts are bytes. A limit without an end is `null`. */
type ShownValue = string | number | boolean | null | readonly string[];

/** What a setting is now, by the name of its row in the table of settings. */
export const SETTING_VALUES: Readonly<
  Record<string, (settings: GatheredSettings, host: string) => ShownValue>
> = {
  "experimental-features": ({ experimentalFeatures }) => [...experimentalFeatures].sort(),
  "pure-eval": ({ pureEval }) => pureEval,
  "restrict-eval": ({ restrictEval }) => restrictEval,
  "eval-cache": ({ evalCache }) => evalCache,
  "show-trace": ({ showTrace }) => showTrace,
  "trace-verbose": ({ traceVerbose }) => traceVerbose,
  "trace-function-calls": ({ traceFunctionCalls }) => traceFunctionCalls,
  "eval-profiler": ({ evalProfiler }) => evalProfiler,
  "eval-profile-file": ({ evalProfileFile }) => evalProfileFile,
  "eval-profiler-frequency": ({ evalProfilerFrequency }) => evalProfilerFrequency,
  "abort-on-warn": ({ abortOnWarn }) => abortOnWarn,
  "allow-import-from-derivation": ({ allowImportFromDerivation }) => allowImportFromDerivation,
  "trace-import-from-derivation": ({ traceImportFromDerivation }) => traceImportFromDerivation,
  "eval-system": ({ evalSystem }) => evalSystem,
  system: ({ system }, host) => (system === "" ? host : system),
  store: ({ storeUri }) => (storeUri === "" ? "auto" : storeUri),
  "max-call-depth": ({ maxCallDepth }) => maxCallDepth,
  "max-steps": ({ maxSteps }) => limit(maxSteps),
  "max-memory": ({ maxMemory }) => limit(maxMemory),
  "max-time": ({ maxTime }) => limit(maxTime),
  "allowed-uris": ({ allowedUris }) => allowedUris,
  "trust-tarballs-from-git-forges": (settings) => settings.trustTarballsFromGitForges,
  "nix-path": ({ nixPath }) => nixPath,
  "use-xdg-base-directories": ({ useXdgBaseDirectories }) => useXdgBaseDirectories,
  "lint-url-literals": ({ lintUrlLiterals }) => lintUrlLiterals,
  "lint-short-path-literals": ({ lintShortPathLiterals }) => lintShortPathLiterals,
  "lint-absolute-path-literals": ({ lintAbsolutePathLiterals }) => lintAbsolutePathLiterals,
  "warn-short-path-literals": ({ lintShortPathLiterals }) => lintShortPathLiterals === "warn",
};

function limit(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}

/** A setting with its value. */
interface ShownSetting {
  readonly aliases: readonly string[];
  readonly description: string;
  readonly experimentalFeature: string | null;
  readonly value: ShownValue;
}

/** See the head of this file. */
export const configCommand: Program<ConfigFlags> = {
  name: "nivis config",
  summary: "show the settings",
  usage: "show [NAME] [FLAG]...",
  description: [
    "Prints the settings after nix.conf, NIX_CONFIG and the flags of the command line: those that have an effect on evaluation, and those for building and downloading that were set somewhere. What the others are is up to the store that builds: ask `nix config show` there.",
  ],
  examples: [
    { does: "Show all", command: "nivis config show" },
    { does: "Show one", command: "nivis config show max-call-depth" },
    { does: "With what they mean, as JSON", command: "nivis config show --json" },
  ],
  options: [
    flag<ConfigFlags>(["--json"], "Print JSON, with what the settings mean", (flags) => {
      flags.json = true;
    }),
  ],
  defaults: (invocation) => ({ ...defaultFlags(invocation), json: false, words: [] }),
  positional: (flags, argument) => {
    flags.words.push(argument);
  },
  run: ({ words, json }, invocation) => {
    const [action, name, ...more] = words;
    if (action !== "show") {
      throw usageError(
        action === undefined
          ? "'nivis config' needs something to do: nivis config show"
          : marked`'${action}' is not something to do with the settings: show`,
      );
    }
    if (more.length > 0) throw usageError("give one setting");
    const shown = shownSettings(invocation);
    const write = (text: string): void => invocation.terminal.writeOut(`${text}\n`);
    if (name !== undefined) {
      if (json) throw usageError("'--json' is not supported when specifying a setting name");
      const setting = shown.get(name);
      if (setting === undefined) throw notFound(name, [...shown.keys()]);
      write(textOf(setting.value));
    } else if (json) write(JSON.stringify(Object.fromEntries(shown)));
    else for (const [one, { value }] of shown) write(`${one} = ${textOf(value)}`);
  },
};

/** The settings by name, in order. */
function shownSettings({ settings, machine }: Invocation): ReadonlyMap<string, ShownSetting> {
  const host = machine.system();
  const shown: [string, ShownSetting][] = SETTINGS.map(({ name, aliases, doc, feature }) => [
    name,
    {
      aliases,
      description: doc,
      experimentalFeature: feature ?? null,
      value: SETTING_VALUES[name]?.(settings, host) ?? null,
    },
  ]);
  for (const [name, value] of settings.building) {
    const description = "For the store that builds or downloads";
    shown.push([name, { aliases: [], description, experimentalFeature: null, value }]);
  }
  return new Map(shown.sort(([a], [b]) => (a < b ? -1 : 1)));
}

function textOf(value: ShownValue): string {
  return Array.isArray(value) ? value.join(" ") : String(value ?? "");
}

function notFound(name: string, names: readonly string[]): EvalError {
  const error = new EvalError("usage", marked`could not find setting '${name}'`);
  return error.suggest(bestMatches(names, decodeUtf8(name)));
}
