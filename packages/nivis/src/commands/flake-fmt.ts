/**
 * `nivis fmt` in a flake, and `nix fmt`: runs the formatter of the flake around the current directory (C++
 * Nix: nix/formatter.cc).
 */
import { decodeUtf8, encodeUtf8 } from "@nivis/formats";
import { runChild } from "../child-process.ts";
import { FlakeArgument, withArguments } from "../flakes/flake-arguments.ts";
import {
  defaultFlakeFlags,
  FLAKE_OPTIONS,
  type FlakeCommandFlags,
} from "../options/flake-options.ts";
import { usageError } from "../options/option.ts";
import type { WaitingProgram } from "../program.ts";
import { makeLinks, Realisation } from "../realisation.ts";

/** Builds the formatter, and calls back with its program and the directory of the flake. */
async function withFormatter(
  flags: FlakeCommandFlags,
  work: (
    program: string,
    directory: string,
    link: (path: string) => void,
  ) => Promise<number> | number,
): Promise<number> {
  const { invocation } = flags;
  const request = { use: "formatter", readOnly: false } as const;
  return withArguments(flags, ["."], request, async ({ session, flakeSession, installables }) => {
    const [argument] = installables;
    if (!(argument instanceof FlakeArgument)) {
      throw usageError("the current directory is not in a flake");
    }
    const app = argument.app();
    const realisation = new Realisation(session, invocation);
    realisation.printMissing(app.wanted, false);
    const built = await realisation.build(app.wanted, "normal");
    const out = [...(built[0]?.outputs.values() ?? [])][0];
    const program = app.name === undefined ? app.program : `${out}/bin/${app.name}`;
    const directory = flakeSession.fetcher.sourcePath(argument.parsed.ref.input) ?? "";
    const code = await work(session.realPath(program), directory, (path) =>
      makeLinks(built, realisation.store, session.absolutePath(path)),
    );
    return code;
  });
}

/** The command; `args` are those of the formatter. */
export const flakeFmtCommand: WaitingProgram<FlakeCommandFlags> = {
  name: "nivis fmt",
  summary: "format files with the formatter of a flake",
  usage: "[FLAG]... [-- ARGUMENT...]",
  examples: [{ does: "Format all files of the flake", command: "nivis fmt" }],
  options: FLAKE_OPTIONS,
  defaults: defaultFlakeFlags,
  positional: (flags, argument) => flags.positionals.push(encodeUtf8(argument)),
  run: (flags, invocation) =>
    withFormatter(flags, (program, directory) =>
      runChild(decodeUtf8(program), flags.positionals.map(decodeUtf8), {
        ...invocation.terminal.environment,
        PRJ_ROOT: decodeUtf8(directory),
      }),
    ),
};

/** `nix formatter build`: builds the formatter, links to it and prints its program. */
export const formatterBuildCommand: WaitingProgram<FlakeCommandFlags> = {
  ...flakeFmtCommand,
  name: "nivis formatter build",
  summary: "build the formatter of a flake",
  usage: "[FLAG]...",
  examples: [{ does: "Build it", command: "nivis formatter build" }],
  run: (flags, invocation) =>
    withFormatter(flags, (program, _directory, link) => {
      link("result");
      invocation.terminal.writeOut(`${program}\n`);
      return 0;
    }),
};

/** `nix formatter run`: the same as `nivis fmt` in a flake. */
export const formatterRunCommand: WaitingProgram<FlakeCommandFlags> = {
  ...flakeFmtCommand,
  name: "nivis formatter run",
};
