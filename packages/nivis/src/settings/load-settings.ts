/**
 * Where settings come from, the weakest first: the defaults, the system's nix.conf, the user's,
 * `NIX_CONFIG`, and what the command line says (which its caller applies afterwards).
 */
import { type EvalIo, IoError } from "@nivis/eval";
import { type ConfigLine, parseNixConf } from "./nix-conf.ts";
import { applySetting, defaultDraft, type SettingsDraft } from "./setting-table.ts";

/**
 * Reads the configuration. `warn` takes what is odd but no error, `maxCallDepth` is the default of
 * the setting of that name if the command has one of its own.
 */
export function loadSettings(
  io: EvalIo,
  warn: (message: string) => void,
  maxCallDepth?: number,
): SettingsDraft {
  const draft = defaultDraft();
  if (maxCallDepth !== undefined) draft.maxCallDepth = maxCallDepth;
  const read = (path: string): string | undefined => readIfThere(io, path);
  for (const file of configurationFiles(io)) {
    const contents = read(file);
    if (contents !== undefined) applyLines(draft, parseNixConf(contents, file, read), io, warn);
  }
  const config = io.environment("NIX_CONFIG");
  if (config !== undefined) {
    applyLines(draft, parseNixConf(config, "NIX_CONFIG", read), io, warn);
  }
  const storeDirectory = io.environment("NIX_STORE_DIR") ?? "";
  if (storeDirectory !== "") draft.storeDir = storeDirectory;
  if (["1", "yes", "true"].includes(io.environment("NIX_ABORT_ON_WARN") ?? "")) {
    draft.abortOnWarn = true;
  }
  return draft;
}

function applyLines(
  draft: SettingsDraft,
  lines: readonly ConfigLine[],
  io: EvalIo,
  warn: (message: string) => void,
): void {
  const hasNixPath = io.environment("NIX_PATH") !== undefined;
  for (const { name, value } of lines) {
    // Nix: the variable replaces what files say about the search path.
    if (hasNixPath && (name === "nix-path" || name === "extra-nix-path")) continue;
    applySetting(draft, name, value, warn);
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
  draft: SettingsDraft,
  io: EvalIo,
  split: (text: string) => string[],
): string[] {
  const variable = io.environment("NIX_PATH");
  const entries =
    draft.nixPath ?? (variable === undefined ? defaultNixPath(draft, io) : split(variable));
  return [...entries, ...draft.extraNixPath];
}

/** The channels, as far as they exist. */
function defaultNixPath(draft: SettingsDraft, io: EvalIo): string[] {
  if (draft.pureEval || draft.restrictEval) return [];
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
