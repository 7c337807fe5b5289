/**
 * What daemons are told of the settings: the options of the worker protocol's SetOptions, and the
 * settings about building that were set, by name. Source: RemoteStore::setOptions in libstore,
 * which sends its own defaults too, so that they hold instead of the daemon's.
 */
import type { ClientOptions } from "@nivis/formats";
import type { GatheredSettings } from "./setting-table.ts";

/**
 * Settings of C++ Nix that are none of its store library's, which daemons do not want to hear of.
 */
const NOT_FOR_STORES =
  /^(?:extra-)?(?:accept-flake-config|access-tokens|allow-dirty|allow-unsafe-|bash-prompt|commit-lock-file|debugger-|eval-|flake-registry|ignore-try|json-log-path|lint-|nix-shell-|plugin-files|tarball-ttl|trace-|use-registries|use-xdg|warn-)/;

/** Settings with a field of their own. */
const FIELDS: ReadonlySet<string> = new Set([
  "keep-failed",
  "keep-going",
  "fallback",
  "max-jobs",
  "max-silent-time",
  "cores",
  "substitute",
]);

/** See the head of this file. `verbosity` is the level up to which the daemon sends messages. */
export function clientOptionsOf(settings: GatheredSettings, verbosity: number): ClientOptions {
  const { building } = settings;
  const isOn = (name: string, fallback: boolean): boolean => {
    const text = building.get(name);
    return text === undefined ? fallback : ["true", "yes", "1"].includes(text);
  };
  const jobs = building.get("max-jobs") ?? "1";
  const overrides = new Map(
    [...building].filter(([name]) => !FIELDS.has(name) && !NOT_FOR_STORES.test(name)),
  );
  if (settings.system !== "") overrides.set("system", settings.system);
  return {
    keepFailed: isOn("keep-failed", false),
    keepGoing: isOn("keep-going", false),
    tryFallback: isOn("fallback", false),
    verbosity,
    maxBuildJobs:
      jobs === "auto" ? process.getBuiltinModule("node:os").availableParallelism() : Number(jobs),
    maxSilentTime: Number(building.get("max-silent-time") ?? "0"),
    verboseBuild: true,
    buildCores: Number(building.get("cores") ?? "0"),
    useSubstitutes: isOn("substitute", true),
    overrides,
  };
}

/**
 * The settings as lines of nix.conf, for a process of C++ Nix that stands for a store of this
 * machine: unlike a daemon, it works with the features and the trust of its user.
 */
export function processConfiguration(settings: GatheredSettings): string {
  const lines = [...settings.building]
    .filter(([name]) => !NOT_FOR_STORES.test(name))
    .map(([name, value]) => `${name} = ${value.replace(/\s+/g, " ")}`);
  if (settings.system !== "") lines.push(`system = ${settings.system}`);
  const features = [...settings.experimentalFeatures].sort();
  return [`experimental-features = ${features.join(" ")}`, ...lines, ""].join("\n");
}
