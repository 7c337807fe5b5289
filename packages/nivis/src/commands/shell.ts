/** `nivis shell`: builds packages and starts a shell, or a command, with their programs on PATH. */

import { EvalError } from "@nivis/eval";
import { canonPath, decodeUtf8, marked } from "@nivis/formats";
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
import type { Session } from "../session.ts";
import { runInStore } from "../store-namespace.ts";

interface ShellFlags extends BuildingFlags, EnvironmentFlags {}

/** The command; `command` is what follows `-c`, as texts. */
export function shellCommand(command: readonly string[]): WaitingProgram<ShellFlags> {
  return {
    name: "nivis shell",
    summary: "start a shell in which packages are there",
    usage: "[FLAG]... [FILE] [ATTRPATH | STOREPATH]... [-c COMMAND [ARGUMENT]...]",
    examples: [
      {
        does: "Run a command with a package on PATH",
        command: "nivis shell '<nixpkgs>' hello -c hello",
      },
    ],
    options: [...BUILDING_OPTIONS, ...ENVIRONMENT_OPTIONS],
    defaults: (invocation) => ({
      ...defaultBuildingFlags(invocation),
      ...defaultEnvironmentFlags(),
    }),
    positional: addArgument,
    run: (flags, invocation) =>
      withInstallables(
        flags,
        { command: "nivis shell", use: "package" },
        async ({ session, resolve }) => {
          const wanted = (await resolve()).flatMap((one) => one.wanted);
          const realisation = new Realisation(session, invocation);
          realisation.printMissing(wanted, false);
          const built = await realisation.build(wanted, "normal");
          const outputs = built.flatMap(({ outputs }) => [...outputs.values()]);
          realisation.store.close();
          const environment = environmentFor(flags, invocation.terminal.environment);
          const path = withPropagated(outputs, session).map((one) =>
            decodeUtf8(resolvedInStore(`${one}/bin`, session)),
          );
          const before = environment["PATH"];
          environment["PATH"] = [...path, ...(before === undefined ? [] : [before])].join(":");
          const [program = environment["SHELL"] ?? "bash", ...args] = command;
          return runInStore(session, program, args, environment);
        },
      ),
  };
}

/** Paths, and those that they want in the environment of their users, breadth first. */
function withPropagated(paths: readonly string[], session: Session): readonly string[] {
  const found = new Set(paths);
  // What is added while the loop runs is visited too.
  for (const path of found) {
    const file = session.realPath(
      resolvedInStore(`${path}/nix-support/propagated-user-env-packages`, session),
    );
    if (!session.exists(file)) continue;
    for (const one of session.machine.readFile(file).split(/\s+/)) if (one !== "") found.add(one);
  }
  return [...found];
}

/** How often a link may lead to another. */
const MAX_LINKS = 1024;

/** A path below a store path with all links followed; it must not lead out of the store. */
function resolvedInStore(start: string, session: Session): string {
  const { storeDir } = session.store;
  let done = storeDir;
  const rest = start.slice(storeDir.length).split("/").reverse();
  let links = 0;
  for (let name = rest.pop(); name !== undefined; name = rest.pop()) {
    const path = canonPath(`${done}/${name}`);
    const real = session.realPath(path);
    if (session.machine.fileType(real) !== "symlink") {
      done = path;
      continue;
    }
    if (++links > MAX_LINKS) throw new EvalError("io", marked`too many links in '${start}'`);
    const target = session.machine.readLink(real);
    rest.push(...target.split("/").reverse());
    if (target.startsWith("/")) done = "/";
  }
  if (!done.startsWith(`${storeDir}/`)) {
    throw new EvalError("invalid-path", marked`path '${done}' is not in the Nix store`);
  }
  return done;
}
