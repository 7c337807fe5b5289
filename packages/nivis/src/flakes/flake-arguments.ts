/**
 * Arguments of commands in the grammar of `nix`: `FLAKEREF#ATTR^outputs`, or a store path (C++ Nix:
 * `parseInstallables` in libcmd/installables.cc).
 */

import {
  Attrs,
  coerceToStorePath,
  copyMount,
  EvalError,
  force,
  isPassingKind,
  isString,
  NixPath,
  NO_POS,
  parseAttrPath,
  printForError,
  type Slot,
  type Suspendable,
  textOf,
  typeWithArticle,
  type Value,
} from "@nivis/eval";
import { LockedNode } from "@nivis/flake";
import {
  type DerivedPath,
  type FlakeRef,
  isInStore,
  marked,
  parseFlakeRef,
  sortedBytes,
} from "@nivis/formats";
import type { FlakeSession } from "@nivis/node";
import type {
  BuildingFlags,
  Installable,
  InstallablesOpener,
} from "../options/building-options.ts";
import { usageError } from "../options/option.ts";
import type { App } from "../selection/app.ts";
import { storePathArgument } from "../selection/store-path-argument.ts";
import {
  derivedPathOfContext,
  type OutputChoice,
  pathOfText,
  splitOutputs,
} from "../selection/wanted-paths.ts";
import type { Session } from "../session.ts";
import {
  type AttributeRequest,
  attributeName,
  attributesOf,
  type FlakeUse,
  findAttributes,
} from "./flake-attributes.ts";
import {
  type EvaluatedFlake,
  type FlakeFlags,
  type FlakeRequest,
  openFlake,
  withFlakes,
} from "./flake-evaluation.ts";
import type { OutputCursor } from "./output-cursor.ts";

/** An argument that names an attribute of a flake. */
export class FlakeArgument {
  readonly #session: Session;
  readonly #outputs: OutputChoice;
  readonly #use: FlakeUse;
  #cursors: readonly OutputCursor[] | undefined;

  constructor(
    session: Session,
    readonly flake: EvaluatedFlake,
    /** The reference as it was given, and what is behind `#`. */
    readonly parsed: ParsedArgument & { readonly ref: FlakeRef },
    use: FlakeUse,
  ) {
    this.#session = session;
    this.#outputs = parsed.outputs;
    this.#use = use;
  }

  /** All attributes that may be meant. */
  get cursors(): readonly OutputCursor[] {
    this.#cursors ??= findAttributes(this.flake.outputs, this.#request);
    return this.#cursors;
  }

  /** What messages call it. */
  get name(): string {
    return attributeName(this.#request);
  }

  get #request(): AttributeRequest {
    const { ref, fragment } = this.parsed;
    return { ref, fragment, use: this.#use, system: this.#session.io.system() };
  }

  /** The attribute that is meant. */
  get cursor(): OutputCursor {
    return this.cursors[0] as OutputCursor;
  }

  /**
   * Evaluates what {@link wanted} or {@link app} looks at, so that a debugger can stop in it: they do not
   * wait. An error is theirs to report.
   */
  evaluateAhead(): Promise<void> {
    return this.#ahead(this.#use === "app" ? "app" : "package");
  }

  /** The same for {@link cursor}. */
  findAhead(): Promise<void> {
    return this.#ahead("attribute");
  }

  async #ahead(need: Need): Promise<void> {
    const { outputs } = this.flake;
    try {
      const needs = needsOf(outputs.slot, attributesOf(this.#request), need);
      await this.#session.evaluation.runAsync(needs);
    } catch (error) {
      if (!(error instanceof EvalError) || isPassingKind(error.kind)) throw error;
    }
  }

  /** What the attribute stands for when it is to be built. */
  wanted(): DerivedPath {
    const { cursor } = this;
    if (!cursor.isDerivation()) return this.#wantedOfText(cursor);
    return {
      kind: "built",
      drv: { kind: "opaque", path: derivationPath(cursor, this.#session) },
      outputs: this.#outputs === "default" ? outputsToInstall(cursor) : this.#outputs,
    };
  }

  #wantedOfText(cursor: OutputCursor): DerivedPath {
    const value = cursor.value();
    const { context } = this.#session.evaluation;
    if (isString(value) || value instanceof NixPath) {
      const place = { name: `flake output attribute '${cursor.path}'`, pos: NO_POS };
      const wanted = this.#session.run(pathOfText(context, value, place));
      copyTreesOf([wanted], this.#session);
      return wanted;
    }
    const found = `${typeWithArticle(value)}: ${printForError(value, context.positions)}`;
    throw new EvalError(
      "value",
      marked`expected flake output attribute '${cursor.path}' to be a derivation or path but found ${found}`,
    );
  }

  /** The program that the attribute stands for. */
  app(): App {
    return appOfCursor(this.cursor, this.#session);
  }
}

function derivationPath(cursor: OutputCursor, session: Session): string {
  const path = cursor.get("drvPath");
  path.text();
  return session.run(coerceToStorePath(session.evaluation.context, path.slot, NO_POS, ""));
}

/** The outputs that a derivation wants to be built if the user names none. */
function outputsToInstall(cursor: OutputCursor): readonly string[] {
  const specified = cursor.find("outputSpecified");
  const names =
    specified === undefined
      ? cursor.find("meta")?.find("outputsToInstall")?.texts()
      : specified.boolean()
        ? [cursor.find("outputName")?.text() ?? "out"]
        : undefined;
  return names === undefined || names.length === 0 ? ["out"] : sortedBytes(new Set(names));
}

/** Copies fetched trees among paths to the store. */
function copyTreesOf(wanted: readonly DerivedPath[], { evaluation }: Session): void {
  for (const one of wanted) {
    if (one.kind === "opaque") copyMount(evaluation.context, one.path);
  }
}

/** What a command looks at: only the sets on the way to an attribute, or also what it is as this. */
type Need = "attribute" | "package" | "app";

/** Evaluates what commands look at in the first of some attributes that is there. */
function* needsOf(
  outputs: Slot,
  attributes: readonly string[],
  need: Need,
): Suspendable<undefined> {
  for (const attribute of attributes) {
    let slot: Slot | undefined = outputs;
    for (const name of parseAttrPath(attribute)) {
      const set: Value = (yield force(slot)) as Value;
      slot = set instanceof Attrs ? set.get(name) : undefined;
      if (slot === undefined) break;
    }
    if (slot === undefined) continue;
    if (need === "attribute") return undefined;
    const isApp = need === "app";
    const value = (yield force(slot)) as Value;
    if (!(value instanceof Attrs)) return undefined;
    const type = (yield force(value.get("type") ?? null)) as Value;
    if (isString(type) && textOf(type) !== "derivation") {
      if (isApp) yield force(value.get("program") ?? null);
      return undefined;
    }
    for (const name of ["drvPath", "outputSpecified", "outputName"]) {
      yield force(value.get(name) ?? null);
    }
    const meta = (yield force(value.get("meta") ?? null)) as Value;
    const wanted =
      meta instanceof Attrs ? meta.get(isApp ? "mainProgram" : "outputsToInstall") : null;
    yield force(wanted ?? null);
    return undefined;
  }
  return undefined;
}

/** Nix: `InstallableValue::toApp` in nix/app.cc. */
function appOfCursor(cursor: OutputCursor, session: Session): App {
  const type = cursor.get("type").text();
  const [output] = cursor.names;
  const expected = output === "apps" || output === "defaultApp" ? "app" : "derivation";
  if (type !== expected) {
    throw new EvalError("value", marked`attribute '${cursor.path}' should have type '${expected}'`);
  }
  if (type === "app") {
    const program = cursor.get("program");
    const text = program.text();
    const { storeDir } = session.store;
    const wanted = program.textContext().map((one) => derivedPathOfContext(one, storeDir));
    if (!isInStore(text, storeDir)) {
      throw new EvalError("value", marked`app program '${text}' is not in the Nix store`);
    }
    copyTreesOf(wanted, session);
    return { program: text, wanted };
  }
  const path = derivationPath(cursor, session);
  const outputName = cursor.get("outputName").text();
  const name = cursor.get("name").text();
  const own = cursor.meta("mainProgram") ?? cursor.find("pname")?.text();
  return {
    program: "",
    wanted: [{ kind: "built", drv: { kind: "opaque", path }, outputs: [outputName] }],
    // Nix: the version begins at the first dash that no letter follows.
    name: own ?? name.replace(/-[^a-zA-Z].*$/s, ""),
  };
}

/** An argument taken apart. */
export interface ParsedArgument {
  /** As the user wrote it; bytes. */
  readonly shown: string;
  /** The reference; `undefined` for a store path. */
  readonly ref: FlakeRef | undefined;
  readonly fragment: string;
  readonly outputs: OutputChoice;
}

/** A store path among the arguments. */
export interface PathArgument {
  readonly path: DerivedPath;
}

/** What a command does with its arguments. */
export interface ArgumentRequest<Result> extends Omit<FlakeRequest<Result>, "appliesConfig"> {
  readonly use: FlakeUse;
}

/** The opened arguments of a command. */
export interface OpenedArguments {
  readonly session: Session;
  readonly flakeSession: FlakeSession;
  readonly installables: readonly (FlakeArgument | PathArgument)[];
}

/** Opens arguments and does some work with them. */
export async function withArguments<Result>(
  flags: FlakeFlags,
  texts: readonly string[],
  request: ArgumentRequest<Result>,
  work: (opened: OpenedArguments) => Promise<Result> | Result,
): Promise<Result> {
  let parsed: readonly ParsedArgument[] = [];
  return withFlakes(
    flags,
    { ...request, appliesConfig: true },
    (flakeSession) => {
      parsed = texts.map((text) => parseArgument(text, flags, flakeSession));
      return parsed.flatMap(({ ref }) => (ref === undefined ? [] : [ref]));
    },
    ({ session, flakeSession, flakes }) => {
      if (flags.autoArguments.size > 0 && flakes.length > 0) {
        throw usageError("'--arg' and '--argstr' are incompatible with flakes");
      }
      let next = 0;
      const installables = parsed.map((one) => {
        const { ref, shown } = one;
        if (ref === undefined) {
          return { path: storePathArgument(shown, session) as DerivedPath };
        }
        return new FlakeArgument(
          session,
          flakes[next++] as EvaluatedFlake,
          { ...one, ref },
          request.use,
        );
      });
      return work({ session, flakeSession, installables });
    },
  );
}

function parseArgument(text: string, flags: FlakeFlags, session: FlakeSession): ParsedArgument {
  const { head, outputs } = splitOutputs(text);
  if (session.isStorePath(head, flags.invocation.finishSettings().storeDir)) {
    return { shown: text, ref: undefined, fragment: "", outputs };
  }
  const { ref, fragment } = session.parseRefWithFragment(head);
  return { shown: text, ref, fragment, outputs };
}

/** The error of a command that needs a value and got a store path; bytes. */
export function notAValue(argument: string): EvalError {
  return usageError(marked`installable '${argument}' does not correspond to a Nix language value`);
}

/** The arguments of commands that build, if they name flakes. */
export const openFlakeInstallables: InstallablesOpener = (flags, { use, debugged }, work) => {
  const texts = argumentTexts(flags);
  const [first = ".", ...args] = texts;
  const debugging =
    debugged === undefined ? {} : { watch: () => debugged.options, remembers: false };
  return withArguments(
    flags as BuildingFlags & FlakeFlags,
    use === "app" ? [first] : texts,
    { use, readOnly: flags.readOnly, ...debugging },
    ({ session, flakeSession, installables }) => {
      debugged?.begin(session);
      /** Stops in what an argument needs, if there is a debugger. */
      const settle = async (one: FlakeArgument | PathArgument | undefined): Promise<void> => {
        if (debugged !== undefined && one instanceof FlakeArgument) await one.evaluateAhead();
      };
      return work({
        session,
        resolve: async () => {
          const found: Installable[] = [];
          for (const [i, one] of installables.entries()) {
            await settle(one);
            found.push(installableOf(one, texts[i] ?? "."));
          }
          return found;
        },
        resolveOthers: async (others) =>
          others.map((text) => {
            const path = storePathArgument(text, session);
            if (path !== undefined) return { shown: text, wanted: [path] };
            throw usageError(marked`'${text}' is not a store path; here it has to be one`);
          }),
        app: async () => {
          const [argument] = installables;
          await settle(argument);
          if (argument instanceof FlakeArgument) return { app: argument.app(), args };
          throw notAValue(first);
        },
        interactiveShell: async () => {
          const [argument] = installables;
          const nixpkgs =
            (argument instanceof FlakeArgument ? nixpkgsOf(argument.flake) : undefined) ??
            parseFlakeRef("flake:nixpkgs");
          const opened = { session, flakeSession };
          const flake = await openFlake(flags as BuildingFlags & FlakeFlags, opened, nixpkgs);
          const fragment = `.legacyPackages.${session.io.system()}.bashInteractive`;
          const parsed = { shown: "", ref: nixpkgs, fragment, outputs: "default" } as const;
          return new FlakeArgument(session, flake, parsed, "package").wanted();
        },
      });
    },
  );
};

/** The input `nixpkgs` of a flake as its lock file has it. */
function nixpkgsOf({ locked }: EvaluatedFlake): FlakeRef | undefined {
  const node = locked.lockFile.find(["nixpkgs"]);
  return node instanceof LockedNode && node.isFlake ? node.locked : undefined;
}

/** The arguments of a command, also those on standard input; the current directory by default. */
export function argumentTexts(flags: BuildingFlags): readonly string[] {
  const texts = [...flags.attrPaths, ...flags.positionals];
  if (!flags.standardInput) return texts.length === 0 ? ["."] : texts;
  const lines = flags.invocation.terminal.readInput().split("\n");
  return [...texts, ...lines.filter((line) => line !== "")];
}

function installableOf(one: FlakeArgument | PathArgument, shown: string): Installable {
  if (one instanceof FlakeArgument) {
    const slot: Slot = one.cursor.slot;
    return { shown: one.name, wanted: [one.wanted()], slot };
  }
  return { shown, wanted: [one.path] };
}
