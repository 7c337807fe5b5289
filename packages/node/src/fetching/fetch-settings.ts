/** The settings of fetchers and flakes from the texts of `nix.conf` and the command line. */
import { readFileSync } from "node:fs";
import { DEFAULT_FETCH_SETTINGS, type FetchSettings } from "@nivis/fetch";
import { FormatError, marked } from "@nivis/formats";
import { toNodePath } from "../byte-path.ts";
import { errnoCode } from "../errno.ts";
import type { SettingTexts } from "../settings/fetch-setting-texts.ts";

/** The settings of flakes. */
export interface FlakeSettings extends FetchSettings {
  /** `flake-registry`: a URL or a path; empty for none. */
  readonly flakeRegistry: string;
  /** `use-registries` */
  readonly useRegistries: boolean;
  /** `allow-dirty-locks` */
  readonly allowDirtyLocks: boolean;
  /** `commit-lock-file-summary` */
  readonly commitLockFileSummary: string;
  /** `accept-flake-config` */
  readonly acceptFlakeConfig: boolean;
  /** `ssl-cert-file`; empty for the usual certificates. */
  readonly certificateFile: string;
  /** `http-connections` */
  readonly connections: number;
  /** `connect-timeout`, in seconds. */
  readonly connectTimeout: number;
  /** `stalled-download-timeout`, in seconds. */
  readonly stalledTimeout: number;
  /** `experimental-features` */
  readonly features: ReadonlySet<string>;
}

const GLOBAL_REGISTRY = "https://channels.nixos.org/flake-registry.json";

/** Names that a setting had, or has as well. */
const ALIASES: Readonly<Record<string, string>> = {
  "download-attempts": "filetransfer-retry-attempts",
  "commit-lockfile-summary": "commit-lock-file-summary",
};

/**
 * Reads settings.
 *
 * @param environment The environment; texts, not bytes.
 * @throws {FormatError} for a value that makes no sense.
 */
export function flakeSettings(
  texts: SettingTexts,
  environment: Readonly<Record<string, string | undefined>>,
): FlakeSettings {
  const values = new Map<string, string>();
  for (const { name, value } of texts) {
    const isExtra = name.startsWith("extra-");
    const plain = isExtra ? name.slice("extra-".length) : name;
    const known = ALIASES[plain] ?? plain;
    const before = values.get(known);
    values.set(known, isExtra ? `${before ?? ""} ${value}`.trim() : value);
  }
  const text = (name: string, fallback: string): string => values.get(name) ?? fallback;
  const bool = (name: string, fallback: boolean): boolean =>
    values.has(name) ? parseBool(name, values.get(name) as string) : fallback;
  const number = (name: string, fallback: number): number =>
    values.has(name) ? parseNumber(name, values.get(name) as string) : fallback;
  const confDir = environment["NIX_CONF_DIR"] ?? "/etc/nix";
  return {
    ...DEFAULT_FETCH_SETTINGS,
    accessTokens: parseTokens(text("access-tokens", "")),
    allowDirty: bool("allow-dirty", true),
    warnDirty: bool("warn-dirty", true),
    trustForges: bool("trust-tarballs-from-git-forges", true),
    tarballTtl: number("tarball-ttl", DEFAULT_FETCH_SETTINGS.tarballTtl),
    attempts: number("filetransfer-retry-attempts", DEFAULT_FETCH_SETTINGS.attempts),
    retryDelay: number("filetransfer-retry-delay", DEFAULT_FETCH_SETTINGS.retryDelay),
    userAgentSuffix: text("user-agent-suffix", ""),
    netrc: readIfThere(text("netrc-file", `${confDir}/netrc`)),
    forceHttp: environment["_NIX_FORCE_HTTP"] === "1",
    flakeRegistry: text("flake-registry", GLOBAL_REGISTRY),
    useRegistries: bool("use-registries", true),
    allowDirtyLocks: bool("allow-dirty-locks", false),
    commitLockFileSummary: text("commit-lock-file-summary", ""),
    acceptFlakeConfig: bool("accept-flake-config", false),
    certificateFile: text("ssl-cert-file", ""),
    connections: number("http-connections", 25),
    connectTimeout: number("connect-timeout", 15),
    stalledTimeout: number("stalled-download-timeout", 300),
    features: new Set(text("experimental-features", "").split(/\s+/)),
  };
}

function parseBool(name: string, value: string): boolean {
  if (["true", "yes", "1"].includes(value)) return true;
  if (["false", "no", "0"].includes(value)) return false;
  throw new FormatError("usage", marked`Boolean setting '${name}' has invalid value '${value}'`);
}

function parseNumber(name: string, value: string): number {
  if (/^\d+$/.test(value)) return Number(value);
  throw new FormatError("usage", marked`setting '${name}' has invalid value '${value}'`);
}

/** `host=token` pairs, blanks between them. */
function parseTokens(text: string): ReadonlyMap<string, string> {
  const tokens = new Map<string, string>();
  for (const word of text.split(/\s+/)) {
    const equals = word.indexOf("=");
    if (equals > 0) tokens.set(word.slice(0, equals), word.slice(equals + 1));
  }
  return tokens;
}

function readIfThere(path: string): string {
  if (path === "") return "";
  try {
    return readFileSync(toNodePath(path), "latin1");
  } catch (error) {
    // A file that only root may read is none for others.
    if (["ENOENT", "EACCES", "ENOTDIR"].includes(errnoCode(error))) return "";
    throw error;
  }
}
