/** The flags of commands that evaluate flakes. */
import type { Invocation } from "../invocation.ts";
import { type BuildingFlags, defaultBuildingFlags } from "./building-options.ts";
import {
  emptyLockChoices,
  LOCK_OPTIONS,
  type LockingFlags,
  NO_UPDATE_OPTION,
  NO_WRITE_OPTION,
} from "./lock-options.ts";
import { flag, type Option } from "./option.ts";

/** What the flags gather. */
export interface FlakeCommandFlags extends BuildingFlags, LockingFlags {
  /** The flake; the current directory unless given. */
  flake: string | undefined;
}

/** The state before the first option. */
export function defaultFlakeFlags(invocation: Invocation): FlakeCommandFlags {
  invocation.requireFlakes();
  return { ...defaultBuildingFlags(invocation), locking: emptyLockChoices(), flake: undefined };
}

/** The options. */
export const FLAKE_OPTIONS: readonly Option<LockingFlags>[] = [
  ...LOCK_OPTIONS,
  NO_UPDATE_OPTION,
  NO_WRITE_OPTION,
];

/** How JSON is printed. */
export interface JsonFlags {
  json: boolean;
  /** Whether it is indented; by default if standard output is a terminal. */
  pretty: boolean | undefined;
}

/** The options about JSON. */
export const JSON_OPTIONS: readonly Option<JsonFlags>[] = [
  flag(["--json"], "Print JSON", (flags) => {
    flags.json = true;
  }),
  flag(["--pretty"], "Indent JSON, as on a terminal", (flags) => {
    flags.pretty = true;
  }),
  flag(["--no-pretty"], "Print JSON on one line", (flags) => {
    flags.pretty = false;
  }),
];
