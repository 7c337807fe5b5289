/**
 * Settings of C++ Nix 2.36 that are about building, downloading, the daemon or other commands.
 * Their values are checked; they have no effect on evaluation, and daemons are told of them.
 */
import {
  ABSOLUTE_PATH,
  BOOL,
  I64,
  JOBS,
  OPTIONAL_PATH,
  SANDBOX,
  type SettingType,
  TEXT,
  U32,
  U64,
  WORDS,
} from "./setting-type.ts";

/** A setting without an effect on evaluation. */
export interface ForeignSetting {
  readonly name: string;
  readonly type: SettingType<unknown>;
  /** Its older names. */
  readonly aliases: readonly string[];
  /** The experimental feature that it belongs to. */
  readonly feature: string | undefined;
  /** The words that `extra-NAME` adds to if nothing was set, where they are the same everywhere. */
  readonly defaultWords?: string | undefined;
}

/** The default of `substituters`. */
export const DEFAULT_SUBSTITUTER = "https://cache.nixos.org/";
/** The default of `trusted-public-keys`. */
export const DEFAULT_PUBLIC_KEY = "cache.nixos.org-1:6NCHdD59X431o0gWypbMrAURkbJ16ZPMQFGspcDShjY=";

function foreign(
  name: string,
  type: SettingType<unknown>,
  {
    aliases = [],
    feature,
    defaultWords,
  }: { aliases?: readonly string[]; feature?: string; defaultWords?: string } = {},
): ForeignSetting {
  return { name, type, aliases, feature, defaultWords };
}

/** The settings of C++ Nix that have no effect here. */
export const FOREIGN_SETTINGS: readonly ForeignSetting[] = [
  foreign("accept-flake-config", BOOL, { feature: "flakes" }),
  foreign("access-tokens", WORDS),
  foreign("allow-dirty", BOOL),
  foreign("allow-dirty-locks", BOOL, { feature: "flakes" }),
  foreign("allow-new-privileges", BOOL),
  foreign("allow-symlinked-store", BOOL),
  foreign("allow-unsafe-native-code-during-evaluation", BOOL),
  foreign("allowed-impure-host-deps", TEXT),
  foreign("allowed-users", WORDS),
  foreign("always-allow-substitutes", BOOL),
  foreign("auto-allocate-uids", BOOL, { feature: "auto-allocate-uids" }),
  foreign("auto-optimise-store", BOOL),
  foreign("bash-prompt", TEXT),
  foreign("bash-prompt-prefix", TEXT),
  foreign("bash-prompt-suffix", TEXT),
  foreign("build-dir", OPTIONAL_PATH),
  foreign("build-hook", WORDS),
  foreign("build-hook-kill-timeout", U32),
  foreign("build-poll-interval", U32),
  foreign("build-users-group", TEXT),
  foreign("builders", TEXT),
  foreign("builders-use-substitutes", BOOL),
  foreign("commit-lock-file-summary", TEXT, {
    aliases: ["commit-lockfile-summary"],
    feature: "flakes",
  }),
  foreign("compress-build-log", BOOL, { aliases: ["build-compress-log"] }),
  foreign("connect-timeout", U64),
  foreign("cores", U32, { aliases: ["build-cores"] }),
  foreign("darwin-log-sandbox-violations", BOOL),
  foreign("debugger-on-trace", BOOL),
  foreign("debugger-on-warn", BOOL),
  foreign("diff-hook", OPTIONAL_PATH),
  foreign("download-buffer-size", U64),
  foreign("download-speed", U32),
  foreign("eval-attrset-update-layer-rhs-threshold", U32),
  foreign("external-builders", TEXT),
  foreign("extra-platforms", WORDS),
  foreign("fallback", BOOL, { aliases: ["build-fallback"] }),
  foreign("filetransfer-retry-attempts", U32, { aliases: ["download-attempts"] }),
  foreign("filetransfer-retry-delay", U32),
  foreign("filetransfer-retry-delay-rate-limited", U32),
  foreign("filetransfer-retry-jitter", BOOL),
  foreign("filetransfer-retry-max-delay", U32),
  foreign("filter-syscalls", BOOL),
  foreign("flake-registry", TEXT, { feature: "flakes" }),
  foreign("fsync-metadata", BOOL),
  foreign("fsync-store-paths", BOOL),
  foreign("gc-reserved-space", I64),
  foreign("hashed-mirrors", WORDS),
  foreign("http-connections", U64, { aliases: ["binary-caches-parallel-connections"] }),
  foreign("http2", BOOL),
  foreign("http3", BOOL),
  foreign("id-count", U32),
  foreign("ignore-try", BOOL),
  foreign("ignored-acls", WORDS),
  foreign("impersonate-linux-26", BOOL, { aliases: ["build-impersonate-linux-26"] }),
  foreign("impure-env", WORDS, { feature: "configurable-impure-env" }),
  foreign("json-log-path", OPTIONAL_PATH),
  foreign("keep-build-log", BOOL, { aliases: ["build-keep-log"] }),
  foreign("keep-derivations", BOOL, { aliases: ["gc-keep-derivations"] }),
  foreign("keep-env-derivations", BOOL, { aliases: ["env-keep-derivations"] }),
  foreign("keep-failed", BOOL),
  foreign("keep-going", BOOL),
  foreign("keep-outputs", BOOL, { aliases: ["gc-keep-outputs"] }),
  foreign("log-lines", U64),
  foreign("max-build-log-size", U64, { aliases: ["build-max-log-size"] }),
  foreign("max-free", U64),
  foreign("max-jobs", JOBS, { aliases: ["build-max-jobs"] }),
  foreign("max-silent-time", I64, { aliases: ["build-max-silent-time"] }),
  foreign("max-substitution-jobs", U32, { aliases: ["substitution-max-jobs"] }),
  foreign("min-free", U64),
  foreign("min-free-check-interval", U64),
  foreign("nar-buffer-size", U64),
  foreign("narinfo-cache-meta-ttl", U32),
  foreign("narinfo-cache-negative-ttl", U32),
  foreign("narinfo-cache-positive-ttl", U32),
  foreign("netrc-file", ABSOLUTE_PATH),
  foreign("nix-shell-always-looks-for-shell-nix", BOOL),
  foreign("nix-shell-shebang-arguments-relative-to-script", BOOL),
  foreign("plugin-files", TEXT),
  foreign("post-build-hook", TEXT),
  foreign("pre-build-hook", TEXT),
  foreign("preallocate-contents", BOOL),
  foreign("print-missing", BOOL),
  foreign("require-drop-supplementary-groups", BOOL),
  foreign("require-sigs", BOOL),
  foreign("run-diff-hook", BOOL),
  foreign("sandbox", SANDBOX, { aliases: ["build-use-chroot", "build-use-sandbox"] }),
  foreign("sandbox-build-dir", ABSOLUTE_PATH),
  foreign("sandbox-dev-shm-size", TEXT),
  foreign("sandbox-fallback", BOOL),
  foreign("sandbox-paths", WORDS, { aliases: ["build-chroot-dirs", "build-sandbox-paths"] }),
  foreign("secret-key-files", WORDS),
  foreign("ssl-cert-file", OPTIONAL_PATH),
  foreign("stalled-download-timeout", U64),
  foreign("start-id", U32),
  foreign("substitute", BOOL, { aliases: ["build-use-substitutes"] }),
  foreign("substituters", WORDS, {
    aliases: ["binary-caches"],
    defaultWords: DEFAULT_SUBSTITUTER,
  }),
  foreign("sync-before-registering", BOOL),
  foreign("system-features", WORDS),
  foreign("tarball-ttl", U32),
  foreign("timeout", I64, { aliases: ["build-timeout"] }),
  foreign("trusted-public-keys", WORDS, {
    aliases: ["binary-cache-public-keys"],
    defaultWords: DEFAULT_PUBLIC_KEY,
  }),
  foreign("trusted-substituters", WORDS, { aliases: ["trusted-binary-caches"] }),
  foreign("trusted-users", WORDS),
  foreign("upgrade-nix-store-path-url", TEXT),
  foreign("use-case-hack", BOOL),
  foreign("use-cgroups", BOOL),
  foreign("use-registries", BOOL, { feature: "flakes" }),
  foreign("use-sqlite-wal", BOOL),
  foreign("user-agent-suffix", TEXT),
  foreign("warn-dirty", BOOL),
  foreign("warn-large-path-threshold", U64),
];
