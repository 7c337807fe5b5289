/** `nivis flake show`: the outputs of a flake as a tree. */
import { formatFlakeRef } from "@nivis/formats";
import { withDebuggedFlakes } from "../flakes/debugged-flakes.ts";
import { printJson } from "../flakes/json-output.ts";
import { showFlake, shownOutputs } from "../flakes/show-flake.ts";
import { DEBUGGER_OPTIONS } from "../options/building-options.ts";
import {
  defaultFlakeFlags,
  FLAKE_OPTIONS,
  type FlakeCommandFlags,
  JSON_OPTIONS,
  type JsonFlags,
} from "../options/flake-options.ts";
import { takeFlake } from "../options/lock-options.ts";
import { flag } from "../options/option.ts";
import type { WaitingProgram } from "../program.ts";

interface ShowFlags extends FlakeCommandFlags, JsonFlags {
  legacy: boolean;
  allSystems: boolean;
}

/** See the head of this file. */
export const flakeShowCommand: WaitingProgram<ShowFlags> = {
  name: "nivis flake show",
  summary: "show the outputs of a flake",
  usage: "[FLAG]... [FLAKE]",
  examples: [
    { does: "Look at the flake in the current directory", command: "nivis flake show" },
    {
      does: "List everything for all systems as JSON",
      command: "nivis flake show --json --all-systems github:NixOS/patchelf",
    },
  ],
  options: [
    ...FLAKE_OPTIONS,
    ...DEBUGGER_OPTIONS,
    ...JSON_OPTIONS,
    flag<ShowFlags>(["--legacy"], "Show what is in legacyPackages", (flags) => {
      flags.legacy = true;
    }),
    flag<ShowFlags>(["--all-systems"], "Show the outputs for all systems", (flags) => {
      flags.allSystems = true;
    }),
  ],
  defaults: (invocation) => ({
    ...defaultFlakeFlags(invocation),
    json: false,
    pretty: undefined,
    legacy: false,
    allSystems: false,
  }),
  positional: takeFlake,
  run: (flags, invocation) =>
    withDebuggedFlakes(
      flags,
      { appliesConfig: false, readOnly: flags.readOnly, mayBuild: false, recalled: (code) => code },
      (session) => [session.parseRef(flags.flake ?? ".")],
      ({ session }) => shownOutputs({ ...flags, system: session.io.system() }),
      ({ flakes, session }) => {
        const { terminal } = invocation;
        for (const { locked, outputs } of flakes) {
          const json = showFlake(outputs, formatFlakeRef(locked.flake.lockedRef), {
            system: session.io.system(),
            allSystems: flags.allSystems,
            legacy: flags.legacy,
            warn: (message) => invocation.warn(message),
            ...(flags.json ? {} : { line: (text) => terminal.writeOut(`${text}\n`) }),
          });
          if (flags.json) printJson(terminal, json, flags.pretty);
        }
        return 0;
      },
    ),
};
