/**
 * Evaluated installables: what the commands on stores have evaluated for them. Those commands are a
 * bundle of their own without an evaluator; they pass words of the command line to this function,
 * which the main bundle hands to them, and get plain data back.
 */

import { type DerivedPath, rootOfDerivedPath } from "@nivis/formats";
import { runFlakeProgram } from "./commands/flake-commands.ts";
import { hasFlakeFlags } from "./commands/flake-detection.ts";
import { withInstallables } from "./installables.ts";
import {
  addArgument,
  BUILDING_OPTIONS,
  type BuildingFlags,
  defaultBuildingFlags,
  type Installable,
} from "./options/building-options.ts";
import type { HelpTopic } from "./options/help.ts";
import { runWaitingProgram, type WaitingProgram } from "./program.ts";
import { Realisation } from "./realisation.ts";
import type { Terminal } from "./terminal.ts";

/** What is to be evaluated. Texts, not bytes. */
export interface InstallableRequest {
  /** The command, for the help and for messages. */
  readonly topic: HelpTopic;
  /** Options of evaluation, as on the command line. */
  readonly options: readonly string[];
  /** Attribute paths, attributes of flakes and store paths. */
  readonly arguments: readonly string[];
  /** Whether arguments may name flakes, whose code is then loaded. */
  readonly namesFlakes: boolean;
  /**
   * Whether the outputs are built; or the derivations only written, and what would have to be built
   * is shown; or just written.
   */
  readonly realise: "outputs" | "derivations" | "nothing";
}

/** A derived path that an argument stands for, with the store paths it became. */
export interface ResolvedPath {
  readonly wanted: DerivedPath;
  /** By output; of a plain store path the only one, under the empty name. */
  readonly outputs: ReadonlyMap<string, string | undefined>;
}

/** An argument and what it stands for. */
export interface ResolvedInstallable {
  /** What messages call it: as the user wrote it, but for flakes the reference in full; bytes. */
  readonly shown: string;
  readonly paths: readonly ResolvedPath[];
}

/** Evaluates; returns the exit code if that failed, which the user has then been told. */
export type EvaluateInstallables = (
  request: InstallableRequest,
  terminal: Terminal,
) => Promise<readonly ResolvedInstallable[] | number>;

/** See {@link EvaluateInstallables}. */
export const evaluateInstallables: EvaluateInstallables = async (request, terminal) => {
  let found: readonly ResolvedInstallable[] | undefined;
  const program: WaitingProgram<BuildingFlags> = {
    ...request.topic,
    options: BUILDING_OPTIONS,
    defaults: defaultBuildingFlags,
    positional: addArgument,
    run: (flags, invocation) =>
      withInstallables(
        flags,
        { command: request.topic.name, use: "package" },
        async ({ session, resolve }) => {
          const resolved = await resolve();
          if (request.realise === "nothing") {
            found = named(resolved);
            return 0;
          }
          const realisation = new Realisation(session, invocation);
          found =
            request.realise === "outputs"
              ? await built(resolved, realisation)
              : planned(resolved, realisation);
          return 0;
        },
      ),
  };
  const args = [...request.options, "--", ...request.arguments];
  const code =
    request.namesFlakes || hasFlakeFlags(request.options)
      ? await runFlakeProgram(program, args, terminal)
      : await runWaitingProgram(program, args, terminal);
  // Without a failure, nothing is found only if the user has left the debugger.
  return found !== undefined && code === 0 ? found : code;
};

function named(installables: readonly Installable[]): readonly ResolvedInstallable[] {
  return installables.map(({ shown, wanted }) => ({
    shown,
    paths: wanted.map((path) => ({ wanted: path, outputs: new Map() })),
  }));
}

async function built(
  installables: readonly Installable[],
  realisation: Realisation,
): Promise<readonly ResolvedInstallable[]> {
  const wanted = installables.flatMap((one) => one.wanted);
  realisation.printMissing(wanted, false);
  const results = (await realisation.build(wanted, "normal")).values();
  return installables.map(({ shown, wanted }) => ({
    shown,
    paths: wanted.flatMap((path) => {
      const { value } = results.next();
      return value === undefined ? [] : [{ wanted: path, outputs: value.outputs }];
    }),
  }));
}

function planned(
  installables: readonly Installable[],
  realisation: Realisation,
): readonly ResolvedInstallable[] {
  const all = installables.flatMap((one) => one.wanted);
  if (all.length > 0) realisation.printMissing(all, true);
  return installables.map(({ shown, wanted }) => ({
    shown,
    paths: wanted.map((path) => ({ wanted: path, outputs: plannedOutputs(path, realisation) })),
  }));
}

/** Where outputs are, or would be; `undefined` for one that is not known before it is built. */
function plannedOutputs(
  path: DerivedPath,
  { store }: Realisation,
): ReadonlyMap<string, string | undefined> {
  if (path.kind === "opaque") return new Map([["", path.path]]);
  if (path.drv.kind === "built") return new Map();
  const known = store.outputs(rootOfDerivedPath(path));
  if (path.outputs === "all") return known;
  return new Map(path.outputs.map((name) => [name, known.get(name)]));
}
