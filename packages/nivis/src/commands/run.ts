/** `nivis run`: builds a package and runs its program. */
import {
  Attrs,
  EvalError,
  type Slot,
  type Suspendable,
  Thunk,
  textOf,
  type Value,
} from "@nivis/eval";
import { type DerivedPath, decodeUtf8, isInStore } from "@nivis/formats";
import { runChild } from "../child-process.ts";
import {
  addArgument,
  BUILDING_OPTIONS,
  type BuildingFlags,
  defaultBuildingFlags,
  Installables,
} from "../options/building-options.ts";
import {
  defaultEnvironmentFlags,
  ENVIRONMENT_OPTIONS,
  type EnvironmentFlags,
  environmentFor,
} from "../options/environment-options.ts";
import { usageError } from "../options/option.ts";
import type { WaitingProgram } from "../program.ts";
import { Realisation } from "../realisation.ts";
import { textAttribute, textPath } from "../selection/wanted-paths.ts";
import { openSession, type Session } from "../session.ts";

interface RunFlags extends BuildingFlags, EnvironmentFlags {}

/** What is run: the program below the store, and what must be built for it. */
interface App {
  readonly program: string;
  readonly wanted: DerivedPath;
  /** The program's name below `bin` of what is built; absent if `program` is whole. */
  readonly name?: string;
}

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
    run: async (flags, invocation) => {
      const session = openSession(flags, { readOnly: flags.readOnly });
      const installables = new Installables(flags, session, "nivis run");
      const [attrPath = "", ...more] = installables.takeFile();
      const app = session.run(
        appOf(session, installables.select(attrPath === "." ? "" : attrPath)),
      );
      const realisation = new Realisation(session, invocation);
      realisation.printMissing([app.wanted], false);
      const [built] = await realisation.build([app.wanted], "normal");
      const out = built === undefined ? undefined : [...built.outputs.values()][0];
      const program = app.name === undefined ? app.program : `${out}/bin/${app.name}`;
      realisation.store.close();
      const real = session.realPath(program);
      const args = [...more.map(decodeUtf8), ...programArguments];
      return runChild(
        decodeUtf8(real),
        args,
        environmentFor(flags, invocation.terminal.environment),
      );
    },
  };
}

function* appOf(session: Session, slot: Slot): Suspendable<App> {
  const { context } = session.evaluation;
  const value = (slot instanceof Thunk ? yield slot : slot) as Value;
  if (!(value instanceof Attrs)) throw usageError("what is to be run is not a set");
  const type = (yield textAttribute(value, "type")) as string | undefined;
  if (type === "app") {
    const program = value.get("program");
    if (program === undefined) throw new EvalError("value", "the app has no attribute 'program'");
    const { text, wanted } = (yield textPath(context, program)) as {
      text: string;
      wanted: DerivedPath;
    };
    if (!isInStore(text, session.store.storeDir)) {
      throw new EvalError("value", `app program '${text}' is not in the Nix store`);
    }
    return { program: text, wanted };
  }
  if (type !== "derivation") {
    throw new EvalError("value", "attribute 'type' is neither 'app' nor 'derivation'");
  }
  const { wanted } = (yield textPath(context, value)) as { text: string; wanted: DerivedPath };
  const meta = value.get("meta");
  const metaSet = (meta instanceof Thunk ? yield meta : meta) as Value | undefined;
  const mainProgram =
    metaSet instanceof Attrs
      ? ((yield textAttribute(metaSet, "mainProgram")) as string | undefined)
      : undefined;
  const pname = (yield textAttribute(value, "pname")) as string | undefined;
  const name = (yield textAttribute(value, "name")) as string | undefined;
  // Nix: the version begins at the first dash that no letter follows.
  const own = mainProgram ?? pname ?? textOf(name ?? "").replace(/-[^a-zA-Z].*$/, "");
  return { program: "", wanted, name: own };
}
