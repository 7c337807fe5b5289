/** `nivis run`: builds a package and runs its program. */

import { decodeUtf8 } from "@nivis/formats";
import { withInstallables } from "../installables.ts";
import {
  addArgument,
  BUILDING_OPTIONS,
  type BuildingFlags,
  defaultBuildingFlags,
} from "../options/building-options.ts";
import {
  defaultEnvironmentFlags,
  ENVIRONMENT_OPTIONS,
  type EnvironmentFlags,
  environmentFor,
} from "../options/environment-options.ts";
import type { WaitingProgram } from "../program.ts";
import { Realisation } from "../realisation.ts";
import { runInStore } from "../store-namespace.ts";

interface RunFlags extends BuildingFlags, EnvironmentFlags {}

/** The command; `programArguments` are those behind `--`, as texts. */
export function runCommand(programArguments: readonly string[]): WaitingProgram<RunFlags> {
  return {
    name: "nivis run",
    summary: "build a package and run its program",
    usage: "[FLAG]... [FILE] [ATTRPATH] [-- ARGUMENT...]",
    description: [
      'Runs the program `bin/NAME` of a derivation, whose NAME is meta.mainProgram, else pname, else its name without the version; or the program of a set { type = "app"; program = …; }.',
    ],
    examples: [
      {
        does: "Run a program of a package set",
        command: "nivis run '<nixpkgs>' hello -- --greeting hi",
      },
    ],
    options: [...BUILDING_OPTIONS, ...ENVIRONMENT_OPTIONS],
    defaults: (invocation) => ({
      ...defaultBuildingFlags(invocation),
      ...defaultEnvironmentFlags(),
    }),
    positional: addArgument,
    run: (flags, invocation) =>
      withInstallables(flags, { command: "nivis run", use: "app" }, async ({ session, app }) => {
        const { app: found, args } = await app();
        const realisation = new Realisation(session, invocation);
        realisation.printMissing(found.wanted, false);
        const [built] = await realisation.build(found.wanted, "normal");
        const out = built === undefined ? undefined : [...built.outputs.values()][0];
        const program = found.name === undefined ? found.program : `${out}/bin/${found.name}`;
        realisation.store.close();
        return runInStore(
          session,
          decodeUtf8(program),
          [...args.map(decodeUtf8), ...programArguments],
          environmentFor(flags, invocation.terminal.environment),
        );
      }),
  };
}
