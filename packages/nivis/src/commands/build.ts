/** `nivis build`: builds derivations, or fetches paths, and links to the results. */

import {
  type DerivedPath,
  decodeUtf8,
  encodeUtf8,
  formatDerivedPath,
  rootOfDerivedPath,
} from "@nivis/formats";
import { withInstallables } from "../installables.ts";
import type { Invocation } from "../invocation.ts";
import {
  addArgument,
  BUILDING_OPTIONS,
  type BuildingFlags,
  defaultBuildingFlags,
  type OpenedInstallables,
} from "../options/building-options.ts";
import { flag, valueFlag } from "../options/option.ts";
import { PROFILE_OPTION, setProfile } from "../profile.ts";
import type { WaitingProgram } from "../program.ts";
import { type BuiltPath, makeLinks, Realisation } from "../realisation.ts";

interface BuildFlags extends BuildingFlags {
  /** Where the first link goes; `undefined` for none. */
  outLink: string | undefined;
  json: boolean;
  printOutPaths: boolean;
  dryRun: boolean;
  mode: "normal" | "check" | "repair";
  profile: string | undefined;
}

/** See the head of this file. */
export const buildCommand: WaitingProgram<BuildFlags> = {
  name: "nivis build",
  summary: "build derivations",
  usage: "[FLAG]... [FILE] [ATTRPATH | STOREPATH | DRV^OUTPUTS]...",
  description: [
    "Without --expr or --file the first argument is the file, and all others are attribute paths, which may end in ^out,dev or ^*; or all arguments are store paths. Everything is built in the store of this machine, or the one that --store names. The link to the first result is ./result, those to others are result-1, result-dev and so on.",
  ],
  examples: [
    { does: "Build an attribute of a file", command: "nivis build -f examples/hello.nix hello" },
    {
      does: "Print where the results are",
      command: "nivis build -f . --no-link --print-out-paths",
    },
    { does: "See what would be done", command: "nivis build --dry-run '<nixpkgs>' hello" },
  ],
  options: [
    ...BUILDING_OPTIONS,
    PROFILE_OPTION,
    valueFlag<BuildFlags>(
      ["--out-link", "-o"],
      "PATH",
      "Call the link to the result PATH instead of ./result",
      (flags, path) => {
        flags.outLink = encodeUtf8(path);
      },
    ),
    flag<BuildFlags>(["--no-link"], "Make no link to the result", (flags) => {
      flags.outLink = undefined;
    }),
    flag<BuildFlags>(["--print-out-paths"], "Print the paths of the results", (flags) => {
      flags.printOutPaths = true;
    }),
    flag<BuildFlags>(["--json"], "Print the results as JSON", (flags) => {
      flags.json = true;
    }),
    flag<BuildFlags>(["--dry-run"], "Only say what would be built and fetched", (flags) => {
      flags.dryRun = true;
    }),
    flag<BuildFlags>(["--rebuild"], "Build again and compare with what is there", (flags) => {
      flags.mode = "check";
    }),
    flag<BuildFlags>(["--repair"], "Build again what is damaged", (flags) => {
      flags.mode = "repair";
    }),
    flag<BuildFlags>(
      ["--stdin"],
      "Read more arguments from standard input, one a line",
      (flags) => {
        flags.standardInput = true;
      },
    ),
  ],
  defaults: (invocation) => ({
    ...defaultBuildingFlags(invocation),
    outLink: "result",
    json: false,
    printOutPaths: false,
    dryRun: false,
    mode: "normal",
    profile: undefined,
  }),
  positional: addArgument,
  run: (flags, invocation) =>
    withInstallables(flags, { command: "nivis build", use: "package" }, (opened) =>
      build(flags, invocation, opened),
    ),
};

async function build(
  flags: BuildFlags,
  invocation: Invocation,
  { session, resolve }: OpenedInstallables,
): Promise<number> {
  const { terminal } = invocation;
  const wanted = (await resolve()).flatMap((one) => one.wanted);
  const realisation = new Realisation(session, invocation);
  realisation.printMissing(wanted, flags.dryRun);
  if (flags.dryRun) {
    if (flags.json) {
      const documents = wanted.map((path) => plannedJson(path, realisation));
      const indent = terminal.isOutTerminal === true ? 2 : undefined;
      terminal.writeOut(encodeUtf8(`${JSON.stringify(documents, undefined, indent)}\n`));
    }
    return 0;
  }
  const built = await realisation.build(wanted, flags.mode);
  if (flags.json) {
    terminal.writeOut(encodeUtf8(`${JSON.stringify(built.map(builtJson))}\n`));
  }
  if (flags.outLink !== undefined) {
    makeLinks(built, realisation.store, session.absolutePath(flags.outLink));
  }
  const paths = built.flatMap(({ outputs }) => [...outputs.values()]);
  if (flags.printOutPaths) for (const path of paths) terminal.writeOut(`${path}\n`);
  if (flags.profile !== undefined) {
    setProfile(session.absolutePath(flags.profile), paths, realisation);
  }
  return 0;
}

/** What is to be built, as JSON: outputs that are not known before they are built are null. */
function plannedJson(path: DerivedPath, realisation: Realisation): unknown {
  if (path.kind === "opaque") return decodeUtf8(path.path);
  const drvPath = rootOfDerivedPath(path);
  if (path.drv.kind === "built") {
    return { drvPath: decodeUtf8(formatDerivedPath(path)), outputs: {} };
  }
  const known = realisation.store.outputs(drvPath);
  const names = path.outputs === "all" ? [...known.keys()].sort() : path.outputs;
  return {
    drvPath: decodeUtf8(drvPath),
    outputs: Object.fromEntries(names.map((name) => [name, known.get(name) ?? null])),
  };
}

function builtJson({ wanted, outputs, result }: BuiltPath): unknown {
  if (wanted.kind === "opaque") return decodeUtf8(wanted.path);
  const { cpuSystem, cpuUser, startTime, stopTime } = result;
  return {
    ...(cpuSystem === undefined ? {} : { cpuSystem: cpuSystem / 1e6 }),
    ...(cpuUser === undefined ? {} : { cpuUser: cpuUser / 1e6 }),
    drvPath: decodeUtf8(rootOfDerivedPath(wanted)),
    outputs: Object.fromEntries(outputs),
    ...(startTime === 0 ? {} : { startTime }),
    ...(stopTime === 0 ? {} : { stopTime }),
  };
}
