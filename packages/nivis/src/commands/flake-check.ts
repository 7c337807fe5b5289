/** `nivis flake check`: evaluates the outputs of a flake, checks what they are, and builds its checks. */
import { EvalError, inSymbolOrder } from "@nivis/eval";
import {
  type DerivedPath,
  encodeUtf8,
  isBuildSuccess,
  marked,
  rootOfDerivedPath,
} from "@nivis/formats";
import { green } from "../flakes/ansi.ts";
import { type CheckedFlake, checkFlake } from "../flakes/check-flake.ts";
import { withDebuggedFlakes } from "../flakes/debugged-flakes.ts";
import type { Invocation } from "../invocation.ts";
import { DEBUGGER_OPTIONS } from "../options/building-options.ts";
import {
  defaultFlakeFlags,
  FLAKE_OPTIONS,
  type FlakeCommandFlags,
} from "../options/flake-options.ts";
import { takeFlake } from "../options/lock-options.ts";
import { flag, valueFlag } from "../options/option.ts";
import type { WaitingProgram } from "../program.ts";
import { type BuiltPath, failureText, makeLinks, Realisation } from "../realisation.ts";
import type { Session } from "../session.ts";

interface CheckFlags extends FlakeCommandFlags {
  build: boolean;
  allSystems: boolean;
  outLink: string | undefined;
  printOutPaths: boolean;
}

/** See the head of this file. */
export const flakeCheckCommand: WaitingProgram<CheckFlags> = {
  name: "nivis flake check",
  summary: "check whether a flake evaluates, and build its checks",
  usage: "[FLAG]... [FLAKE]",
  examples: [
    { does: "Check the flake in the current directory", command: "nivis flake check" },
    { does: "Evaluate only", command: "nivis flake check --no-build --all-systems" },
  ],
  options: [
    ...FLAKE_OPTIONS,
    ...DEBUGGER_OPTIONS,
    flag<CheckFlags>(["--no-build"], "Build nothing", (flags) => {
      flags.build = false;
    }),
    flag<CheckFlags>(["--all-systems"], "Check the outputs for all systems", (flags) => {
      flags.allSystems = true;
    }),
    valueFlag<CheckFlags>(
      ["--out-link", "-o"],
      "PATH",
      "Link to the results of the checks at PATH, PATH-1 and so on",
      (flags, path) => {
        flags.outLink = encodeUtf8(path);
      },
    ),
    flag<CheckFlags>(["--print-out-paths"], "Print the paths of the results", (flags) => {
      flags.printOutPaths = true;
    }),
  ],
  defaults: (invocation) => ({
    ...defaultFlakeFlags(invocation),
    build: true,
    allSystems: false,
    outLink: undefined,
    printOutPaths: false,
  }),
  positional: takeFlake,
  run: (flags, invocation) =>
    withDebuggedFlakes(
      flags,
      {
        appliesConfig: true,
        readOnly: !flags.build,
        mayBuild: flags.build,
        recalled: (code) => code,
      },
      (session) => [session.parseRef(flags.flake ?? ".")],
      ({ session }) => ({
        enters: (names) => names.length < 3 && !UNCHECKED.has(names[0] ?? ""),
        visits: ([, system]) =>
          flags.allSystems || !system?.includes("-") || system === session.io.system(),
        order: inSymbolOrder,
        needs: [["drvPath"]],
        keepsGoing: invocation.settings.building.get("keep-going") === "true",
      }),
      async ({ flakes, session }) => {
        const isSet = invocation.settings.overridden.has("allow-import-from-derivation");
        const keepGoing = invocation.settings.building.get("keep-going") === "true";
        for (const { outputs } of flakes) {
          const checked = checkFlake(outputs, {
            session,
            invocation,
            system: session.io.system(),
            allSystems: flags.allSystems,
            keepGoing,
            allowBuilding: (allowed) => {
              if (!isSet) session.evaluation.allowImportFromDerivation(allowed);
            },
          });
          await finish(flags, checked, session, invocation, keepGoing);
        }
        return 0;
      },
    ),
};

/** Outputs whose attributes are not derivations, or are checked without builds. */
const UNCHECKED: ReadonlySet<string> = new Set(["hydraJobs", "legacyPackages"]);

async function finish(
  flags: CheckFlags,
  checked: CheckedFlake,
  session: Session,
  invocation: Invocation,
  keepGoing: boolean,
): Promise<void> {
  const { checks, omittedSystems } = checked;
  let { hasErrors } = checked;
  let built: readonly BuiltPath[] = [];
  if (flags.build && checks.size > 0) {
    invocation.inputs?.giveUp("checks may be built");
    const realisation = new Realisation(session, invocation);
    const all = [...checks.keys()].sort().map(allOutputs);
    // Nix: what can be fetched need not be built to know that it can be built.
    const missing = realisation.store.missing(all).willBuild.map(allOutputs);
    const wanted = flags.printOutPaths || flags.outLink !== undefined ? all : missing;
    invocation.inform(`running ${missing.length} flake checks...`);
    const results = await realisation.tryBuild(wanted, "normal");
    for (const result of results) {
      if (isBuildSuccess(result.status)) continue;
      const drvPath = rootOfDerivedPath(result.path);
      const names = checks.get(drvPath) ?? [undefined];
      for (const name of names) {
        const subject =
          name === undefined
            ? `build of '${drvPath}^*' failed`
            : `failed to build attribute '${name}', build of '${drvPath}^*' failed`;
        const error = new EvalError("value", marked`${subject}: ${failureText(result)}`);
        if (!keepGoing) throw error;
        invocation.report(error);
        hasErrors = true;
      }
    }
    if (!hasErrors) built = realisation.builtPaths(wanted, results);
    if (flags.outLink !== undefined) {
      makeLinks(built, realisation.store, session.absolutePath(flags.outLink));
    }
  }
  if (hasErrors) {
    throw new EvalError("value", "some errors were encountered during the evaluation");
  }
  const { color } = invocation.terminal;
  invocation.inform(color ? green("all checks passed!") : "all checks passed!");
  if (omittedSystems.length > 0) {
    invocation.warn(
      `The check omitted these incompatible systems: ${omittedSystems.join(", ")}\nUse '--all-systems' to check all.`,
    );
  }
  if (!flags.printOutPaths) return;
  for (const { outputs } of built) {
    for (const path of outputs.values()) invocation.terminal.writeOut(`${path}\n`);
  }
}

function allOutputs(drvPath: string): DerivedPath {
  return { kind: "built", drv: { kind: "opaque", path: drvPath }, outputs: "all" };
}
