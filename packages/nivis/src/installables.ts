/**
 * Installables: what the arguments of commands that build stand for, looked up in an evaluation: attributes
 * of flakes or of an expression, and store paths.
 */
import { type Attrs, type PlacedSlot, type Slot, selectPlaced } from "@nivis/eval";
import { type DerivedPath, marked } from "@nivis/formats";
import type { BuildingFlags, Installable, InstallablesOpener } from "./options/building-options.ts";
import { usageError } from "./options/option.ts";
import { sourceOf } from "./options/source-options.ts";
import { withDebugger } from "./repl/debugged-work.ts";
import { appOf } from "./selection/app.ts";
import { storePathArgument } from "./selection/store-path-argument.ts";
import {
  type OutputChoice,
  type PlacedValue,
  splitOutputs,
  wantedPaths,
} from "./selection/wanted-paths.ts";
import { openSession, type Session, type Source } from "./session.ts";

/** Opens the arguments of a command: of flakes if the command was started for them. */
export const withInstallables: InstallablesOpener = async (flags, request, work) =>
  flags.debugs
    ? withDebugger(flags.invocation, flags.breaks, (debugged) =>
        openInstallables(flags, { ...request, debugged }, work),
      )
    : openInstallables(flags, request, work);

const openInstallables: InstallablesOpener = async (flags, request, work) => {
  const { openFlakes } = flags.invocation;
  if (openFlakes !== undefined && flags.expression === undefined && flags.file === undefined) {
    return openFlakes(flags, request, work);
  }
  const { debugged, command } = request;
  const session = openSession(flags, { ...debugged?.options, readOnly: flags.readOnly });
  debugged?.begin(session);
  const installables = new Installables(flags, session, command);
  return work({
    session,
    resolve: () => installables.resolve(flags.positionals),
    resolveOthers: (texts) => installables.resolve(texts),
    app: async () => {
      const [attrPath = "", ...args] = installables.takeFile();
      const slot = await installables.select(attrPath === "." ? "" : attrPath);
      return { app: await session.runDebugged(appOf(session, slot)), args };
    },
  });
};

/** What the arguments of a command line stand for, in their order. */
class Installables {
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
  async resolve(positionals: readonly string[]): Promise<readonly Installable[]> {
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

  async #attributes(paths: readonly string[]): Promise<readonly Installable[]> {
    const found: Installable[] = [];
    for (const argument of paths) {
      const { head, outputs } = splitOutputs(argument);
      const path = head === "." ? "" : head;
      const placed = await this.#selectPlaced(path);
      const wanted = await this.#wanted({ ...placed, name: `attribute '${path}'` }, outputs);
      found.push({ shown: argument, slot: placed.slot, wanted });
    }
    return found;
  }

  #wanted(value: PlacedValue, outputs: OutputChoice): Promise<readonly DerivedPath[]> {
    const { context } = this.#session.evaluation;
    return this.#session.runDebugged(wantedPaths(context, value, this.#args, outputs));
  }

  /** What an attribute path of the expression leads to. */
  async select(path: string): Promise<Slot> {
    return (await this.#selectPlaced(path)).slot;
  }

  async #selectPlaced(path: string): Promise<PlacedSlot> {
    const session = this.#session;
    this.#source ??= sourceOf(this.#flags, session, [], this.#command);
    this.#root ??= await session.runDebugged(session.program(this.#source, false));
    const { context } = session.evaluation;
    return session.runDebugged(selectPlaced(context, path, this.#args, this.#root));
  }
}
