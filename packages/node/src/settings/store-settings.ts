/**
 * Settings of C++ Nix that stores need: which store, whom to trust, how long to believe caches.
 * They come from the same files and variables as those of evaluation; unknown names are left to it.
 */

import type { EvalIo } from "@nivis/eval";
import { marked } from "@nivis/formats";
import { usageError } from "../usage-error.ts";
import { DEFAULT_PUBLIC_KEY, DEFAULT_SUBSTITUTER } from "./foreign-settings.ts";
import { configurationLines } from "./read-settings.ts";

/** See the head of this file. Texts are bytes. */
export interface StoreSettings {
  /** `store`; `auto` unless given. */
  store: string;
  substituters: readonly string[];
  trustedPublicKeys: readonly string[];
  secretKeyFiles: readonly string[];
  requireSigs: boolean;
  /** Seconds. */
  narinfoPositiveTtl: number;
  narinfoNegativeTtl: number;
}

type Apply = (settings: StoreSettings, value: string, isExtra: boolean) => void;

function words(key: "substituters" | "trustedPublicKeys" | "secretKeyFiles"): Apply {
  return (settings, value, isExtra) => {
    const given = value.split(/\s+/).filter((word) => word !== "");
    settings[key] = isExtra ? [...settings[key], ...given] : given;
  };
}

function seconds(key: "narinfoPositiveTtl" | "narinfoNegativeTtl", name: string): Apply {
  return (settings, value) => {
    if (!/^\d+$/.test(value))
      throw usageError(marked`setting '${name}' has invalid value '${value}'`);
    settings[key] = Number(value);
  };
}

const TABLE: Readonly<Record<string, Apply>> = {
  store: (settings, value) => {
    settings.store = value;
  },
  substituters: words("substituters"),
  "trusted-public-keys": words("trustedPublicKeys"),
  "secret-key-files": words("secretKeyFiles"),
  "require-sigs": (settings, value) => {
    if (!["true", "yes", "1", "false", "no", "0"].includes(value)) {
      throw usageError(marked`Boolean setting 'require-sigs' has invalid value '${value}'`);
    }
    settings.requireSigs = ["true", "yes", "1"].includes(value);
  },
  "narinfo-cache-positive-ttl": seconds("narinfoPositiveTtl", "narinfo-cache-positive-ttl"),
  "narinfo-cache-negative-ttl": seconds("narinfoNegativeTtl", "narinfo-cache-negative-ttl"),
};

/** The names of these settings, for flags. */
export const STORE_SETTING_NAMES: readonly string[] = Object.keys(TABLE);

/** Sets one of them; names of other settings do nothing. */
export function applyStoreSetting(settings: StoreSettings, name: string, value: string): void {
  const isExtra = name.startsWith("extra-");
  TABLE[isExtra ? name.slice("extra-".length) : name]?.(settings, value, isExtra);
}

/** Reads the configuration: files, then `NIX_CONFIG`, then `NIX_REMOTE`. */
export function loadStoreSettings(io: EvalIo): StoreSettings {
  const settings: StoreSettings = {
    store: "auto",
    substituters: [DEFAULT_SUBSTITUTER],
    trustedPublicKeys: [DEFAULT_PUBLIC_KEY],
    secretKeyFiles: [],
    requireSigs: true,
    narinfoPositiveTtl: 30 * 24 * 3600,
    narinfoNegativeTtl: 3600,
  };
  // Nix: the variable is the default of the setting, which files may change.
  const remote = io.environment("NIX_REMOTE") ?? "";
  if (remote !== "") settings.store = remote;
  for (const { name, value } of configurationLines(io)) applyStoreSetting(settings, name, value);
  return settings;
}
