/**
 * The sources of settings, in increasing precedence: the defaults, the system's nix.conf, the
 * user's, `NIX_CONFIG`, and the command line, which the caller applies afterwards.
 */
import { EvalError, type EvalIo, IoError, leadsSomewhere, splitNixPath } from "@nivis/eval";
import { canonPath } from "@nivis/formats";
import { type ConfigLine, parseNixConf } from "./nix-conf.ts";
import {
  applySetting,
  defaultSettings,
  type GatheredSettings,
  type Warn,
} from "./setting-table.ts";

/**
 * Reads the configuration. `warn` receives messages about things that are unusual but not errors;
 * `maxCallDepth` is the command's default for that setting, if it has one; `features` are the
 * experimental features that it needs, whatever the configuration says. Throws a usage error if
 * a file contains an invalid line or value.
 */
export function readSettings(
  io: EvalIo,
  warn: Warn,
  maxCallDepth?: number,
  features: readonly string[] = [],
): GatheredSettings {
  const settings = defaultSettings();
  if (maxCallDepth !== undefined) settings.maxCallDepth = maxCallDepth;
  if (["1", "yes", "true"].includes(io.environment("NIX_ABORT_ON_WARN") ?? "")) {
    settings.abortOnWarn = true;
  }
  for (const feature of features) settings.experimentalFeatures.add(feature);
  for (const lines of configurations(io)) applyLines(settings, lines, io, warn, features);
  const nixPath = io.environment("NIX_PATH");
  // Nix: the variable becomes the text of the setting, which is split at blanks again.
  if (nixPath !== undefined)
    applySetting(settings, "nix-path", splitNixPath(nixPath).join(" "), warn);
  const storeDirectory = io.environment("NIX_STORE_DIR") || io.environment("NIX_STORE") || "";
  if (storeDirectory !== "") settings.storeDir = storeDirectory;
  return settings;
}

/** The lines of each file and of `NIX_CONFIG`, the weakest first. */
function* configurations(io: EvalIo): Generator<readonly ConfigLine[]> {
  const read = (path: string): string | undefined => readIfThere(io, path);
  for (const file of configurationFiles(io)) {
    const contents = read(file);
    if (contents !== undefined) yield parseNixConf(contents, file, read);
  }
  const config = io.environment("NIX_CONFIG");
  if (config !== undefined) yield parseNixConf(config, "NIX_CONFIG", read);
}

/**
 * All lines of the configuration, the weakest first; throws a usage error for one that makes no
 * sense.
 */
export function configurationLines(io: EvalIo): readonly ConfigLine[] {
  return [...configurations(io)].flat();
}

function applyLines(
  settings: GatheredSettings,
  lines: readonly ConfigLine[],
  io: EvalIo,
  warn: Warn,
  required: readonly string[],
): void {
  const hasNixPath = io.environment("NIX_PATH") !== undefined;
  const areFeatures = ({ name }: ConfigLine): boolean =>
    name === "experimental-features" || name === "extra-experimental-features";
  // Nix: features come first, since other settings may need them.
  for (const { name, value } of lines.filter(areFeatures)) {
    applySetting(settings, name, value, warn);
  }
  for (const feature of required) settings.experimentalFeatures.add(feature);
  for (const line of lines) {
    const { name, value } = line;
    // Nix: the variable replaces the search path of the files.
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

/** Returns the files in the order in which they are read; later ones take precedence. */
function configurationFiles(io: EvalIo): string[] {
  const variable = (name: string): string | undefined => io.environment(name) || undefined;
  const system = `${variable("NIX_CONF_DIR") ?? "/etc/nix"}/nix.conf`;
  const listed = io.environment("NIX_USER_CONF_FILES");
  if (listed !== undefined) return [system, ...listed.split(":").filter(Boolean).reverse()];
  const own = variable("NIX_CONFIG_HOME") ?? inBaseDirectory(io, "XDG_CONFIG_HOME", ".config");
  const directories = own === undefined ? [] : [own];
  for (const shared of (variable("XDG_CONFIG_DIRS") ?? "/etc/xdg").split(":")) {
    if (shared !== "") directories.push(`${shared}/nix`);
  }
  return [system, ...directories.map((directory) => `${directory}/nix.conf`).reverse()];
}

/**
 * Returns the directory `nix` in a base directory of the user: a variable's, or one in the home.
 */
function inBaseDirectory(io: EvalIo, variable: string, inHome: string): string | undefined {
  const base = io.environment(variable) || inHomeDirectory(io, inHome);
  return base === undefined ? undefined : `${base}/nix`;
}

/** Returns a path in the user's home, or `undefined` if there is none. */
function inHomeDirectory(io: EvalIo, path: string): string | undefined {
  let home: string;
  try {
    home = io.homeDirectory();
  } catch (error) {
    if (error instanceof IoError) return undefined;
    throw error;
  }
  return home === "" || home.endsWith("/") ? home + path : `${home}/${path}`;
}

/** Returns the search path entries without those of `-I`, in the syntax of `NIX_PATH`. */
export function nixPathEntries(settings: GatheredSettings, io: EvalIo): string[] {
  if (settings.pureEval) return [];
  // Nix: the channels follow the setting even if it is set.
  return settings.restrictEval
    ? settings.nixPath
    : [...settings.nixPath, ...defaultNixPath(settings, io)];
}

/** Returns the channels that exist. */
function defaultNixPath(settings: GatheredSettings, io: EvalIo): string[] {
  const state = io.environment("NIX_STATE_DIR") || "/nix/var/nix";
  const root = `${state}/profiles/per-user/root/channels`;
  const candidates: [prefix: string, path: string | undefined][] = [
    ["", userChannels(settings, io)],
    ["nixpkgs=", `${root}/nixpkgs`],
    ["", root],
  ];
  return candidates.flatMap(([prefix, path]) =>
    path !== undefined && exists(io, path) ? [prefix + path] : [],
  );
}

/** Returns the location of the user's channels, if there are any. */
function userChannels(settings: GatheredSettings, io: EvalIo): string | undefined {
  if (!settings.useXdgBaseDirectories) return inHomeDirectory(io, ".nix-defexpr/channels");
  const state =
    io.environment("NIX_STATE_HOME") || inBaseDirectory(io, "XDG_STATE_HOME", ".local/state");
  return state === undefined ? undefined : `${state}/defexpr/channels`;
}

function exists(io: EvalIo, path: string): boolean {
  try {
    return leadsSomewhere(
      io,
      canonPath(path.startsWith("/") ? path : `${io.currentDirectory()}/${path}`),
    );
  } catch (error) {
    // A cycle of symlinks, or a directory without search permission.
    if (error instanceof EvalError || error instanceof IoError) return false;
    throw error;
  }
}
