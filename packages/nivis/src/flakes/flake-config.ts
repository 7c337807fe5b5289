/**
 * `nixConfig` of a flake: settings that it asks for, applied only if the user trusts them (C++ Nix:
 * `ConfigFile::apply` in libflake/config.cc).
 *
 * A few settings are harmless. Others need `accept-flake-config`, an earlier decision in
 * `trusted-settings.json`, or an answer of the user, who is asked on a terminal only.
 */
import {
  type Flake,
  type FlakeSetting,
  formatJsonTree,
  isJsonObject,
  type JsonTree,
  readJsonTree,
} from "@nivis/flake";
import { bytesToByteString, encodeUtf8, FormatError, marked, sortedBytes } from "@nivis/formats";
import { type FlakeSession, NodeDisk } from "@nivis/node";
import type { Invocation } from "../invocation.ts";

/** Settings that every flake may set. */
const HARMLESS: ReadonlySet<string> = new Set([
  "bash-prompt",
  "bash-prompt-prefix",
  "bash-prompt-suffix",
  "flake-registry",
  "commit-lock-file-summary",
  "commit-lockfile-summary",
]);

/** By setting and value: whether it is trusted. */
type Decisions = Map<string, Map<string, boolean>>;

/** A setting that may be applied. */
export interface TrustedSetting {
  readonly name: string;
  readonly value: string;
}

/**
 * The settings of a flake that may be applied; warns about the others. `storePathOf` returns what a path
 * in the tree of the flake stands for; without it, the path itself is the value.
 */
export function trustedSettings(
  { settings }: Pick<Flake, "settings">,
  session: FlakeSession,
  invocation: Invocation,
  storePathOf: (path: string) => string = (path) => path,
): readonly TrustedSetting[] {
  const trusted: TrustedSetting[] = [];
  const trust = new SettingTrust(session, invocation);
  for (const name of sortedBytes(settings.keys())) {
    const value = textOf(settings.get(name) as FlakeSetting, storePathOf);
    if (trust.allows(name, value)) trusted.push({ name, value });
    else {
      invocation.warn(
        `ignoring untrusted flake configuration setting '${name}'.\nPass '--accept-flake-config' to trust it`,
      );
    }
  }
  return trusted;
}

/** The text of a setting, as nix.conf has it. */
function textOf(setting: FlakeSetting, storePathOf: (path: string) => string): string {
  if (typeof setting === "object" && "path" in setting) return storePathOf(setting.path);
  return Array.isArray(setting) ? setting.join(" ") : String(setting);
}

class SettingTrust {
  readonly #session: FlakeSession;
  readonly #invocation: Invocation;

  constructor(session: FlakeSession, invocation: Invocation) {
    this.#session = session;
    this.#invocation = invocation;
  }

  allows(name: string, value: string): boolean {
    if (HARMLESS.has(name.replace(/^extra-/, ""))) return true;
    if (this.#session.settings.acceptFlakeConfig) return true;
    const decisions = this.#read();
    const saved = decisions.get(name)?.get(value);
    if (saved !== undefined) {
      this.#invocation.inform(
        `Using saved setting for '${name} = ${value}' from ~/.local/share/nix/trusted-settings.json.`,
      );
      return saved;
    }
    const trusted = this.#ask(
      `do you want to allow configuration setting '${name}' to be set to '\x1b[31;1m${value}\x1b[0m' (y/N)?`,
    );
    const word = trusted ? "trusted" : "untrusted";
    if (this.#ask(`do you want to permanently mark this value as ${word} (y/N)?`)) {
      decisions.set(name, new Map([...(decisions.get(name) ?? []), [value, trusted]]));
      this.#write(decisions);
    }
    return trusted;
  }

  /** Asks the user, who is there only if there is a progress bar; no by default. */
  #ask(question: string): boolean {
    const { terminal, logFormat } = this.#invocation;
    if (!logFormat.startsWith("bar")) return false;
    return terminal.ask?.(question)?.toLowerCase() === "y";
  }

  get #path(): string {
    const { environment } = this.#invocation.terminal;
    const variable = (name: string): string | undefined => environment[name] || undefined;
    const own = variable("NIX_DATA_HOME");
    if (own !== undefined) return encodeUtf8(`${own}/trusted-settings.json`);
    const base = variable("XDG_DATA_HOME") ?? `${environment["HOME"] ?? ""}/.local/share`;
    return encodeUtf8(`${base}/nix/trusted-settings.json`);
  }

  #read(): Decisions {
    const disk = new NodeDisk();
    const decisions: Decisions = new Map();
    if (disk.stat(this.#path) === undefined) return decisions;
    const json = readJsonTree(bytesToByteString(disk.readFile(this.#path)));
    if (!isJsonObject(json)) throw this.#malformed();
    for (const [name, values] of json) {
      if (!isJsonObject(values)) throw this.#malformed();
      const known = new Map<string, boolean>();
      for (const [value, decision] of values) {
        if (typeof decision !== "boolean") throw this.#malformed();
        known.set(value, decision);
      }
      decisions.set(name, known);
    }
    return decisions;
  }

  #malformed(): FormatError {
    return new FormatError(
      "json-parse",
      marked`file '${this.#path}' is not an object of settings, values and Booleans`,
    );
  }

  #write(decisions: Decisions): void {
    const disk = new NodeDisk();
    disk.makeDirectory(this.#path.slice(0, this.#path.lastIndexOf("/")));
    disk.writeFile(this.#path, formatJsonTree(new Map<string, JsonTree>(decisions), ""));
  }
}
