/**
 * What the commands that build take: the options of evaluation, where the expression comes from,
 * and arguments that are attribute paths with outputs, store paths, or `DRV^out`.
 */

import type { Slot } from "@nivis/eval";
import { type Bytes, type DerivedPath, encodeUtf8 } from "@nivis/formats";
import type { Invocation } from "../invocation.ts";
import type { App } from "../selection/app.ts";
import type { DebuggedWork, Session } from "../session.ts";
import { flag, type Option } from "./option.ts";
import {
  ATTR_OPTION,
  BREAK_OPTION,
  defaultSourceFlags,
  SOURCE_OPTIONS,
  type SourceFlags,
} from "./source-options.ts";

/** What the options here gather. */
export interface BuildingFlags extends SourceFlags {
  /** Read more arguments from standard input. */
  standardInput: boolean;
  /** Stop at errors and at places, and let the user look around. */
  debugs: boolean;
  /** The places; bytes. */
  readonly breaks: Bytes[];
}

/** The level of messages of C++ Nix's newer commands where a progress bar says the rest. */
const NOTICE_LEVEL = 2;

/** The state before the first option. */
export function defaultBuildingFlags(invocation: Invocation): BuildingFlags {
  invocation.logFormat = "bar";
  if (invocation.terminal.isErrTerminal === true) invocation.verbosity = NOTICE_LEVEL;
  return { ...defaultSourceFlags(invocation), standardInput: false, debugs: false, breaks: [] };
}

/** The options of the debugger. */
export const DEBUGGER_OPTIONS: readonly Option<BuildingFlags>[] = [
  flag(["--debugger"], "Stop at errors and at 'builtins.break', and look around there", (flags) => {
    flags.debugs = true;
  }),
  BREAK_OPTION,
];

/** The options. */
export const BUILDING_OPTIONS: readonly Option<BuildingFlags>[] = [
  ...SOURCE_OPTIONS,
  ATTR_OPTION,
  flag(["--read-only"], "Write no derivations to the store", (flags) => {
    flags.readOnly = true;
  }),
  flag(["--debugger"], "Stop at errors and at 'builtins.break', and look around there", (flags) => {
    flags.debugs = true;
  }),
  BREAK_OPTION,
];

/** An argument: what it is called, and what it stands for. */
export interface Installable {
  /** What messages call it: as the user wrote it, but for flakes the reference in full; bytes. */
  readonly shown: string;
  readonly wanted: readonly DerivedPath[];
  /** The value that was selected; absent for store paths. */
  readonly slot?: Slot;
}

/** What a command wants of its arguments. */
export interface InstallablesRequest {
  /** The command, for messages. */
  readonly command: string;
  /** What a flake is looked into for. */
  readonly use: "package" | "app" | "dev-shell";
  /** The debugger of the evaluation, if there is one. */
  readonly debugged?: DebuggedWork;
}

/** The arguments of a command, and the evaluation in which they are looked up. */
export interface OpenedInstallables {
  readonly session: Session;
  /** All arguments. */
  resolve(): Promise<readonly Installable[]>;
  /** Further installables, such as values of flags. */
  resolveOthers(texts: readonly string[]): Promise<readonly Installable[]>;
  /** The program that the arguments name, and those behind, which are for it; bytes. */
  app(): Promise<{ readonly app: App; readonly args: readonly string[] }>;
  /** The bash for a shell in which people type, of the nixpkgs that the arguments use, if they do. */
  interactiveShell?(): Promise<DerivedPath>;
}

/** Opens the arguments of a command and does some work with them. */
export type InstallablesOpener = <Result>(
  flags: BuildingFlags,
  request: InstallablesRequest,
  work: (opened: OpenedInstallables) => Promise<Result>,
) => Promise<Result>;

/** Notes a positional argument. */
export function addArgument(flags: SourceFlags, argument: string): void {
  flags.positionals.push(encodeUtf8(argument));
}
