/**
 * Realisation: building what a command wants and reporting on it, with C++ Nix's texts, links and
 * exit codes. Sources: build2 and throwBuildErrors in libcmd/installables.cc, printMissing in
 * libmain/shared.cc, BuildResult's exit status in libstore/build-result.cc.
 */
import { EvalError } from "@nivis/eval";
import {
  type BuildMode,
  type DerivedPath,
  formatDerivedPath,
  formatSingleDerivedPath,
  isBuildSuccess,
  type KeyedBuildResult,
  marked,
  rootOfDerivedPath,
  sortedBytes,
} from "@nivis/formats";
import { EvaluationStore } from "@nivis/node";
import { buildExitCode } from "@nivis/store";
import { CommandFailure } from "./command-failure.ts";
import type { Invocation } from "./invocation.ts";
import { ERROR_LEVEL, INFO_LEVEL } from "./log-format.ts";
import { linksOf } from "./out-links.ts";
import type { Session } from "./session.ts";
import { renderSize } from "./text/size.ts";

/** The exit code of a command that the user stopped: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

/** A wanted path, and the store paths that it became. */
export interface BuiltPath {
  readonly wanted: DerivedPath;
  /** By output name; of a plain store path the only one, under the empty name. */
  readonly outputs: ReadonlyMap<string, string>;
  readonly result: KeyedBuildResult;
}

/** The store of a session as one that builds; throws if it cannot. */
export function buildStoreOf({ store }: Session): EvaluationStore {
  if (store instanceof EvaluationStore) return store;
  if (store.capabilities.writes) {
    throw new EvalError(
      "not-supported",
      "operation 'buildPaths' is not supported by a store that is a plain directory; build in the store of a nix-daemon, with '--store daemon', and copy the result with 'nivis copy'",
    );
  }
  throw new EvalError(
    "not-supported",
    "this machine has no Nix store to build in; start nix-daemon, or name a store with '--store', such as ssh-ng://HOST",
  );
}

/** See the head of this file. */
export class Realisation {
  readonly store: EvaluationStore;
  readonly #invocation: Invocation;

  /** Stops builds, as an interruption of the command does. */
  readonly #signal: AbortSignal | undefined;

  constructor(session: Session, invocation: Invocation, signal?: AbortSignal) {
    this.store = buildStoreOf(session);
    this.#invocation = invocation;
    this.#signal = signal;
  }

  /** Says what would be built and fetched. `whatever` says so however quiet the command is. */
  printMissing(wanted: readonly DerivedPath[], whatever: boolean): void {
    const { willBuild, willSubstitute, unknown, downloadSize, narSize } =
      this.store.missing(wanted);
    const lines: string[] = [];
    if (willBuild.length > 0) {
      const count = willBuild.length;
      lines.push(
        count === 1
          ? "this derivation will be built:"
          : `these ${count} derivations will be built:`,
        ...willBuild.map((path) => `  ${path}`),
      );
    }
    if (willSubstitute.length > 0) {
      const count = willSubstitute.length;
      const sizes = `${renderSize(downloadSize)} download, ${renderSize(narSize)} unpacked`;
      lines.push(
        count === 1
          ? `this path will be fetched (${sizes}):`
          : `these ${count} paths will be fetched (${sizes}):`,
        ...byName(willSubstitute).map((path) => `  ${path}`),
      );
    }
    if (unknown.length > 0) {
      lines.push("don't know how to build these paths:", ...unknown.map((path) => `  ${path}`));
    }
    if (lines.length > 0) this.store.print(whatever ? ERROR_LEVEL : INFO_LEVEL, lines);
  }

  /**
   * Builds all. A failure is thrown, with an exit code that says what kind of failure it was if
   * `detailedCodes` wants that; Ctrl-C stops the builds.
   */
  async build(
    wanted: readonly DerivedPath[],
    mode: BuildMode,
    detailedCodes = false,
  ): Promise<readonly BuiltPath[]> {
    const results = await this.tryBuild(wanted, mode);
    this.#throwFailures(results, detailedCodes);
    return this.builtPaths(wanted, results);
  }

  /** What became of paths that were built, by the results of {@link tryBuild}. */
  builtPaths(
    wanted: readonly DerivedPath[],
    results: readonly KeyedBuildResult[],
  ): readonly BuiltPath[] {
    const bySubject = new Map(results.map((result) => [subjectOf(result.path), result]));
    return wanted.map((path): BuiltPath => {
      const result = bySubject.get(subjectOf(path));
      if (result === undefined) {
        const name = formatDerivedPath(path);
        throw new EvalError("value", marked`the store did not say what became of '${name}'`);
      }
      return { wanted: path, outputs: this.#outputsOf(path, result), result };
    });
  }

  /** Builds all and returns the results, also of failed builds; Ctrl-C stops the builds. */
  async tryBuild(
    wanted: readonly DerivedPath[],
    mode: BuildMode,
  ): Promise<readonly KeyedBuildResult[]> {
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    const stopListening = this.#invocation.terminal.onInterrupt?.(stop);
    this.#signal?.addEventListener("abort", stop, { once: true });
    try {
      // Stores answer once for each derivation, so its outputs are asked for together.
      return await this.store.realise(joined(wanted), mode, controller.signal);
    } catch (error) {
      if (!controller.signal.aborted) throw error;
      throw new CommandFailure("interrupted", "interrupted by the user", INTERRUPTED);
    } finally {
      stopListening?.();
    }
  }

  #throwFailures(results: readonly KeyedBuildResult[], detailedCodes: boolean): void {
    const failed = results.filter(({ status }) => !isBuildSuccess(status));
    const [first] = failed;
    if (first === undefined) return;
    const code = detailedCodes ? buildExitCode(failed) : 1;
    if (failed.length === 1) {
      throw new CommandFailure("value", failureText(first), code);
    }
    for (const { errorMessage } of failed) {
      const text = plainText(errorMessage);
      if (text !== "") this.#invocation.report(new EvalError("value", text));
    }
    const names = sortedBytes(new Set(failed.map(({ path }) => `'${formatDerivedPath(path)}'`)));
    throw new CommandFailure("value", `build of ${names.join(", ")} failed`, code);
  }

  #outputsOf(path: DerivedPath, { builtOutputs }: KeyedBuildResult): ReadonlyMap<string, string> {
    if (path.kind === "opaque") return new Map([["", path.path]]);
    const built = new Map([...builtOutputs].map(([name, { outPath }]) => [name, outPath]));
    const drvPath = rootOfDerivedPath(path);
    // A store that only says that all went well: the derivation says where the outputs are.
    const known =
      path.drv.kind === "opaque" && (built.size === 0 || !covers(path, built))
        ? this.store.outputs(drvPath)
        : new Map<string, string>();
    const names =
      path.outputs === "all"
        ? sortedBytes(new Set([...built.keys(), ...known.keys()]))
        : path.outputs;
    const outputs = new Map<string, string>();
    for (const name of names) {
      const found = built.get(name) ?? known.get(name);
      if (found === undefined) {
        throw new EvalError(
          "value",
          marked`the derivation '${drvPath}' doesn't have an output named '${name}'`,
        );
      }
      outputs.set(name, found);
    }
    return outputs;
  }
}

/** The store path, or the derivation whatever its outputs. */
function subjectOf(path: DerivedPath): string {
  return path.kind === "opaque" ? path.path : `${formatSingleDerivedPath(path.drv)}^`;
}

/** Each store path and derivation once, with all outputs that are wanted of it, in order. */
function joined(wanted: readonly DerivedPath[]): readonly DerivedPath[] {
  const bySubject = new Map<string, DerivedPath>();
  for (const path of wanted) {
    const subject = subjectOf(path);
    const known = bySubject.get(subject);
    if (known?.kind !== "built" || path.kind !== "built") bySubject.set(subject, path);
    else {
      const outputs =
        known.outputs === "all" || path.outputs === "all"
          ? "all"
          : sortedBytes(new Set([...known.outputs, ...path.outputs]));
      bySubject.set(subject, { ...known, outputs });
    }
  }
  return [...bySubject.values()];
}

function covers(path: DerivedPath, built: ReadonlyMap<string, string>): boolean {
  return (
    path.kind === "opaque" ||
    path.outputs === "all" ||
    path.outputs.every((name) => built.has(name))
  );
}

/** Why a build failed. */
export function failureText({ errorMessage }: KeyedBuildResult): string {
  return plainText(errorMessage) || "build failed";
}

/** Makes links to what was built: `LINK`, `LINK-1`, `LINK-1-dev` and so on. */
export function makeLinks(built: readonly BuiltPath[], store: EvaluationStore, link: string): void {
  for (const root of linksOf(built, link)) store.addRoot(root.path, root.link);
}

/** Daemons colour their messages, whoever asks. */
function plainText(message: string): string {
  const { stripVTControlCharacters } = process.getBuiltinModule("node:util");
  return stripVTControlCharacters(message).replace(/^error: /, "");
}

/** Store paths in the order of the names behind their hashes. */
function byName(paths: readonly string[]): string[] {
  const nameOf = (path: string): string => path.replace(/^.*\/[0-9a-z]{32}-/, "");
  return [...paths].sort((a, b) => {
    const [x, y] = [nameOf(a), nameOf(b)];
    return x < y || (x === y && a < b) ? -1 : 1;
  });
}
