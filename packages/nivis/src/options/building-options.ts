/**
 * What the commands that build take: the options of evaluation, where the expression comes from,
 * and arguments that are attribute paths with outputs, store paths, or `DRV^out`.
 */

import type { Attrs, PlacedSlot, Slot } from "@nivis/eval";
import { selectPlaced } from "@nivis/eval";
import {
  canonPath,
  type DerivedPath,
  encodeUtf8,
  FormatError,
  marked,
  parseDerivedPath,
  splitStorePath,
} from "@nivis/formats";
import type { Invocation } from "../invocation.ts";
import { type App, appOf } from "../selection/app.ts";
import {
  type OutputChoice,
  type PlacedValue,
  splitOutputs,
  wantedPaths,
} from "../selection/wanted-paths.ts";
import { openSession, type Session, type Source } from "../session.ts";
import { flag, type Option, usageError } from "./option.ts";
import {
  ATTR_OPTION,
  defaultSourceFlags,
  SOURCE_OPTIONS,
  type SourceFlags,
  sourceOf,
} from "./source-options.ts";

/** What the options here gather. */
export interface BuildingFlags extends SourceFlags {
  /** Read more arguments from standard input. */
  standardInput: boolean;
}

/** The level of messages of C++ Nix's newer commands where a progress bar says the rest. */
const NOTICE_LEVEL = 2;

/** The state before the first option. */
export function defaultBuildingFlags(invocation: Invocation): BuildingFlags {
  invocation.logFormat = "bar";
  if (invocation.terminal.isErrTerminal === true) invocation.verbosity = NOTICE_LEVEL;
  return { ...defaultSourceFlags(invocation), standardInput: false };
}

/** The options. */
export const BUILDING_OPTIONS: readonly Option<BuildingFlags>[] = [
  ...SOURCE_OPTIONS,
  ATTR_OPTION,
  flag(["--read-only"], "Write no derivations to the store", (flags) => {
    flags.readOnly = true;
  }),
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
}

/** The arguments of a command, and the evaluation in which they are looked up. */
export interface OpenedInstallables {
  readonly session: Session;
  /** All arguments. */
  resolve(): readonly Installable[];
  /** Further installables, such as values of flags. */
  resolveOthers(texts: readonly string[]): readonly Installable[];
  /** The program that the arguments name, and those behind, which are for it; bytes. */
  app(): { readonly app: App; readonly args: readonly string[] };
  /** The bash for a shell in which people type, of the nixpkgs that the arguments use, if they do. */
  interactiveShell?(): Promise<DerivedPath>;
}

/** Opens the arguments of a command and does some work with them. */
export type InstallablesOpener = <Result>(
  flags: BuildingFlags,
  request: InstallablesRequest,
  work: (opened: OpenedInstallables) => Promise<Result>,
) => Promise<Result>;

/** Opens the arguments of a command: of flakes if the command was started for them. */
export const withInstallables: InstallablesOpener = async (flags, request, work) => {
  const { openFlakes } = flags.invocation;
  if (openFlakes !== undefined && flags.expression === undefined && flags.file === undefined) {
    return openFlakes(flags, request, work);
  }
  const session = openSession(flags, { readOnly: flags.readOnly });
  const installables = new Installables(flags, session, request.command);
  return work({
    session,
    resolve: () => installables.resolve(flags.positionals),
    resolveOthers: (texts) => installables.resolve(texts),
    app: () => {
      const [attrPath = "", ...args] = installables.takeFile();
      const slot = installables.select(attrPath === "." ? "" : attrPath);
      return { app: session.run(appOf(session, slot)), args };
    },
  });
};

/** How often a link may lead to another. */
const MAX_LINKS = 1024;

/** What the arguments of a command line stand for, in their order. */
export class Installables {
  readonly #flags: BuildingFlags;
  readonly #session: Session;
  readonly #command: string;
  readonly #args: Attrs;
  #source: Source | undefined;
  #root: Slot | undefined;

  constructor(flags: BuildingFlags, session: Session, command: string) {
    this.#flags = flags;
    this.#session = session;
    this.#command = command;
    this.#args = session.autoArguments();
  }

  /** All of them. */
  resolve(positionals: readonly string[]): readonly Installable[] {
    const flags = this.#flags;
    const given = [...flags.attrPaths, ...positionals];
    if (flags.standardInput) {
      const words = flags.invocation.terminal.readInput().split(/\s+/);
      given.push(...words.filter((word) => word !== ""));
      // Nix: what standard input does not name is not built.
      if (given.length === 0) return [];
    }
    const hasSource = flags.expression !== undefined || flags.file !== undefined;
    if (hasSource) return this.#attributes(given.length === 0 ? [""] : given);
    const found: Installable[] = [];
    const rest: string[] = [];
    for (const argument of given) {
      const path = storePathArgument(argument, this.#session);
      if (path === undefined) rest.push(argument);
      else found.push({ shown: argument, wanted: [path] });
    }
    if (found.length > 0 && rest.length === 0) return found;
    if (found.length > 0) {
      throw usageError(
        marked`'${rest[0]}' is not a store path, and '${found[0]?.shown}' is one: give one kind of argument only`,
      );
    }
    // As with `nivis eval`, the first argument is the file and all others are attribute paths.
    const remaining = [...rest];
    this.#source = sourceOf(
      { ...flags, positionals: rest },
      this.#session,
      remaining,
      this.#command,
    );
    return this.#attributes(remaining.length === 0 ? [""] : remaining);
  }

  /** The arguments behind the file, which is the first unless a flag names it. */
  takeFile(): readonly string[] {
    const flags = this.#flags;
    const rest = [...flags.attrPaths, ...flags.positionals];
    this.#source = sourceOf(flags, this.#session, rest, this.#command);
    return rest;
  }

  #attributes(paths: readonly string[]): readonly Installable[] {
    return paths.map((argument) => {
      const { head, outputs } = splitOutputs(argument);
      const path = head === "." ? "" : head;
      const placed = this.#selectPlaced(path);
      const wanted = this.#wanted({ ...placed, name: `attribute '${path}'` }, outputs);
      return { shown: argument, slot: placed.slot, wanted };
    });
  }

  #wanted(value: PlacedValue, outputs: OutputChoice): readonly DerivedPath[] {
    const { context } = this.#session.evaluation;
    return this.#session.run(wantedPaths(context, value, this.#args, outputs));
  }

  /** What an attribute path of the expression leads to. */
  select(path: string): Slot {
    return this.#selectPlaced(path).slot;
  }

  #selectPlaced(path: string): PlacedSlot {
    const session = this.#session;
    this.#source ??= sourceOf(this.#flags, session, [], this.#command);
    this.#root ??= session.evaluate(this.#source);
    const { context } = session.evaluation;
    return session.run(selectPlaced(context, path, this.#args, this.#root));
  }
}

/** An argument as a path in the store; `undefined` if it is none. */
export function storePathArgument(argument: string, session: Session): DerivedPath | undefined {
  const { storeDir } = session.store;
  const caret = argument.indexOf("^");
  const head = caret < 0 ? argument : argument.slice(0, caret);
  if (!head.includes("/")) return undefined;
  const inStore = followToStore(session.absolutePath(head), session);
  if (inStore === undefined) return undefined;
  const { baseName, rest } = splitStorePath(inStore, storeDir);
  if (rest !== "" && rest !== "/" && head.endsWith(".nix")) return undefined;
  try {
    return parseDerivedPath(
      `${storeDir}/${baseName}${caret < 0 ? "" : argument.slice(caret)}`,
      storeDir,
    );
  } catch (error) {
    if (error instanceof FormatError) throw usageError(error.message);
    throw error;
  }
}

function followToStore(start: string, { machine, store }: Session): string | undefined {
  let path = start;
  for (let i = 0; i < MAX_LINKS; i++) {
    if (path.startsWith(`${store.storeDir}/`)) return path;
    if (machine.fileType(path) !== "symlink") return undefined;
    const target = machine.readLink(path);
    path = canonPath(
      target.startsWith("/") ? target : `${path.slice(0, path.lastIndexOf("/"))}/${target}`,
    );
  }
  return undefined;
}

/** Notes a positional argument. */
export function addArgument(flags: SourceFlags, argument: string): void {
  flags.positionals.push(encodeUtf8(argument));
}
