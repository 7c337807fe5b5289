/**
 * Where settings come from, the weakest first: the defaults, the system's nix.conf, the user's,
 * `NIX_CONFIG`, and what the command line says (which its caller applies afterwards).
 */
import { type EvalIo, IoError } from "@nivis/eval";
import { type ConfigLine, parseNixConf } from "./nix-conf.ts";
import {
  applySetting,
  defaultSettings,
  type GatheredSettings,
  type Warn,
} from "./setting-table.ts";

/**
 * Reads the configuration. `warn` takes what is odd but not an error, `maxCallDepth` is the default of
 * the setting of that name if the command has one of its own. Throws a usage error if a file has a line
 * or a value that makes no sense.
 */
export function readSettings(io: EvalIo, warn: Warn, maxCallDepth?: number): GatheredSettings {
  const settings = defaultSettings();
  if (maxCallDepth !== undefined) settings.maxCallDepth = maxCallDepth;
  if (["1", "yes", "true"].includes(io.environment("NIX_ABORT_ON_WARN") ?? "")) {
    settings.abortOnWarn = true;
  }
  const read = (path: string): string | undefined => readIfThere(io, path);
  for (const file of configurationFiles(io)) {
    const contents = read(file);
    if (contents !== undefined) applyLines(settings, parseNixConf(contents, file, read), io, warn);
  }
  const config = io.environment("NIX_CONFIG");
  if (config !== undefined) {
    applyLines(settings, parseNixConf(config, "NIX_CONFIG", read), io, warn);
  }
  const storeDirectory = io.environment("NIX_STORE_DIR") ?? "";
  if (storeDirectory !== "") settings.storeDir = storeDirectory;
  return settings;
}

function applyLines(
  settings: GatheredSettings,
  lines: readonly ConfigLine[],
  io: EvalIo,
  warn: Warn,
): void {
  const hasNixPath = io.environment("NIX_PATH") !== undefined;
  const areFeatures = ({ name }: ConfigLine): boolean =>
    name === "experimental-features" || name === "extra-experimental-features";
  // Nix: features come first, since other settings may need them.
  for (const { name, value } of lines.filter(areFeatures)) {
    applySetting(settings, name, value, warn);
  }
  for (const line of lines) {
    const { name, value } = line;
    // Nix: the variable replaces what files say about the search path.
    if (hasNixPath && (name === "nix-path" || name === "extra-nix-path")) continue;
    if (!areFeatures(line)) applySetting(settings, name, value, warn);
  }
}

function readIfThere(io: EvalIo, path: string): string | undefined {
  try {
    return io.readFile(path);
  } catch (error) {
    if (error instanceof IoError) return undefined;
    throw error;
  }
}

/** The files in the order in which they are read: later ones win. */
function configurationFiles(io: EvalIo): string[] {
  const variable = (name: string): string | undefined => io.environment(name) || undefined;
  const system = `${variable("NIX_CONF_DIR") ?? "/etc/nix"}/nix.conf`;
  const listed = io.environment("NIX_USER_CONF_FILES");
  if (listed !== undefined) return [system, ...listed.split(":").filter(Boolean).reverse()];
  const home = variable("HOME");
  const own = variable("NIX_CONFIG_HOME");
  const fromXdg =
    variable("XDG_CONFIG_HOME") ?? (home === undefined ? undefined : `${home}/.config`);
  const directories = own !== undefined ? [own] : fromXdg === undefined ? [] : [`${fromXdg}/nix`];
  for (const shared of (variable("XDG_CONFIG_DIRS") ?? "/etc/xdg").split(":")) {
    if (shared !== "") directories.push(`${shared}/nix`);
  }
  return [system, ...directories.map((directory) => `${directory}/nix.conf`).reverse()];
}

/** The entries of the search path without those of `-I`, in the words of `NIX_PATH`. */
export function nixPathEntries(
  settings: GatheredSettings,
  io: EvalIo,
  split: (text: string) => string[],
): string[] {
  const variable = io.environment("NIX_PATH");
  const entries =
    settings.nixPath ?? (variable === undefined ? defaultNixPath(settings, io) : split(variable));
  return [...entries, ...settings.extraNixPath];
}

/** The channels, as far as they exist. */
function defaultNixPath(settings: GatheredSettings, io: EvalIo): string[] {
  if (settings.pureEval || settings.restrictEval) return [];
  const state = io.environment("NIX_STATE_DIR") || "/nix/var/nix";
  const home = io.environment("HOME");
  const root = `${state}/profiles/per-user/root/channels`;
  const candidates: [prefix: string, path: string][] = [
    ["nixpkgs=", `${root}/nixpkgs`],
    ["", root],
  ];
  if (home !== undefined) candidates.unshift(["", `${home}/.nix-defexpr/channels`]);
  return candidates
    .filter(([, path]) => io.fileType(path) !== undefined)
    .map(([prefix, path]) => prefix + path);
}
