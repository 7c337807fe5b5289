/** `nivis develop` and `nivis print-dev-env`: the environment in which a derivation is built. */

import { EvalError, evalErrorOf } from "@nivis/eval";
import {
  type DerivedPath,
  decodeUtf8,
  encodeUtf8,
  marked,
  rootOfDerivedPath,
} from "@nivis/formats";
import {
  attributeFiles,
  type BuiltEnvironment,
  bashCodeOf,
  buildEnvironmentOf,
  environmentJson,
  mentions,
  readEnvironment,
  type ShellPlaces,
} from "../build-environment.ts";
import { withInstallables } from "../installables.ts";
import type { Invocation } from "../invocation.ts";
import {
  addArgument,
  BUILDING_OPTIONS,
  type BuildingFlags,
  defaultBuildingFlags,
  type Installable,
  type OpenedInstallables,
} from "../options/building-options.ts";
import {
  defaultEnvironmentFlags,
  ENVIRONMENT_OPTIONS,
  type EnvironmentFlags,
  environmentFor,
} from "../options/environment-options.ts";
import { flag, type Option, usageError, valueFlag } from "../options/option.ts";
import { PROFILE_OPTION, setProfile } from "../profile.ts";
import type { WaitingProgram } from "../program.ts";
import { Realisation } from "../realisation.ts";
import type { Session } from "../session.ts";
import { runInStore } from "../store-namespace.ts";

interface CommonFlags extends BuildingFlags {
  /** Store paths, or what stands for them, and where to go instead; bytes. */
  readonly redirects: (readonly [installable: string, directory: string])[];
  profile: string | undefined;
}

interface PrintFlags extends CommonFlags {
  json: boolean;
}

interface DevelopFlags extends CommonFlags, EnvironmentFlags {
  /** The phase to run instead of a shell; a text. */
  phase: string | undefined;
}

const COMMON_OPTIONS: readonly Option<CommonFlags>[] = [
  {
    names: ["--redirect"],
    values: ["PATH", "DIRECTORY"],
    doc: "Use DIRECTORY where the environment has the store path PATH",
    apply: (flags, path, directory) =>
      flags.redirects.push([encodeUtf8(path as string), encodeUtf8(directory as string)]),
  },
  PROFILE_OPTION,
];

function commonDefaults(invocation: Invocation): CommonFlags {
  return { ...defaultBuildingFlags(invocation), redirects: [], profile: undefined };
}

/** An environment, the store path that keeps it, and what of it is elsewhere in a shell. */
interface Prepared extends BuiltEnvironment {
  readonly session: Session;
  readonly places: Omit<ShellPlaces, "attributes">;
  /** The bash for people, if there is one; bytes. */
  readonly shell: string | undefined;
}

function environmentOf(
  flags: CommonFlags,
  invocation: Invocation,
  command: string,
  wantsShell: boolean,
): Promise<Prepared> {
  return withInstallables(flags, { command, use: "dev-shell" }, (opened) =>
    prepareIn(flags, invocation, opened, wantsShell),
  );
}

async function prepareIn(
  flags: CommonFlags,
  invocation: Invocation,
  { session, resolve, resolveOthers, interactiveShell }: OpenedInstallables,
  wantsShell: boolean,
): Promise<Prepared> {
  const resolved = await resolve();
  const wanted = resolved.flatMap((one) => one.wanted);
  const realisation = new Realisation(session, invocation);
  const [only] = wanted;
  const isEnvironment = only?.kind === "opaque" && only.path.endsWith("-env");
  const built = isEnvironment
    ? readEnvironment(only.path, session)
    : await buildEnvironmentOf(singleDerivation(resolved), session, realisation);
  if (flags.profile !== undefined) {
    setProfile(session.absolutePath(flags.profile), [built.path], realisation);
  }
  const redirects = new Map<string, string>();
  for (const [argument, directory] of flags.redirects) {
    const target = session.absolutePath(directory);
    for (const { wanted } of await resolveOthers([argument])) {
      for (const path of wanted.flatMap((one) => plannedPaths(one, realisation))) {
        if (mentions(built.environment, path)) redirects.set(path, target);
        else {
          const text = `'${argument}' (path '${path}') is not used by this build environment`;
          invocation.warn(text);
        }
      }
    }
  }
  const shell =
    wantsShell && interactiveShell !== undefined
      ? await bashOf(interactiveShell, session, realisation, invocation)
      : undefined;
  realisation.store.close();
  return {
    ...built,
    places: { outputs: session.absolutePath("outputs"), redirects },
    shell,
    session,
  };
}

/**
 * Builds the bash for people and returns its path; `undefined` with a message if that fails. Nix: the bash
 * that builds packages cannot edit lines.
 */
async function bashOf(
  interactiveShell: NonNullable<OpenedInstallables["interactiveShell"]>,
  session: Session,
  realisation: Realisation,
  invocation: Invocation,
): Promise<string | undefined> {
  try {
    const built = await realisation.build([await interactiveShell()], "normal");
    for (const path of built.flatMap(({ outputs }) => [...outputs.values()])) {
      const shell = `${path}/bin/bash`;
      if (session.exists(session.realPath(shell))) return shell;
    }
    invocation.note(
      "error (ignored): package 'nixpkgs#bashInteractive' does not provide a 'bin/bash'",
    );
  } catch (error) {
    const reported = evalErrorOf(error);
    if (!(reported instanceof EvalError) || reported.kind === "interrupted") throw error;
    invocation.note(`error (ignored): ${reported.message}`);
  }
  return undefined;
}

/** The one derivation that an argument stands for. */
function singleDerivation(installables: readonly Installable[]): string {
  const drvPaths = new Set<string>();
  for (const { shown, wanted } of installables) {
    for (const path of wanted) {
      if (path.kind === "opaque" && !path.path.endsWith(".drv")) {
        throw new EvalError("value", marked`argument '${shown}' did not evaluate to a derivation`);
      }
      drvPaths.add(rootOfDerivedPath(path));
    }
  }
  const [only] = drvPaths;
  if (only === undefined || drvPaths.size > 1) {
    const shown = installables.map((one) => one.shown).join(" ");
    throw new EvalError(
      "value",
      marked`'${shown}' needs to evaluate to a single derivation, but it evaluated to ${drvPaths.size} derivations`,
    );
  }
  return only;
}

function plannedPaths(path: DerivedPath, { store }: Realisation): readonly string[] {
  if (path.kind === "opaque") return [path.path];
  const known = store.outputs(rootOfDerivedPath(path));
  const names = path.outputs === "all" ? [...known.keys()] : path.outputs;
  return names.flatMap((name) => known.get(name) ?? []);
}

/** See the head of this file. */
export const printDevEnvCommand: WaitingProgram<PrintFlags> = {
  name: "nivis print-dev-env",
  summary: "print the build environment of a derivation",
  usage: "[FLAG]... [FILE] [ATTRPATH | DRV]",
  description: [
    "Prints code for bash that makes the environment; with --json its variables and functions. The derivation's builder must be bash.",
  ],
  examples: [
    { does: "Enter it in this shell", command: ". <(nivis print-dev-env -f . )" },
    { does: "See its variables", command: "nivis print-dev-env --json '<nixpkgs>' hello" },
  ],
  options: [
    ...BUILDING_OPTIONS,
    ...COMMON_OPTIONS,
    flag<PrintFlags>(["--json"], "Print JSON", (flags) => {
      flags.json = true;
    }),
  ],
  defaults: (invocation) => ({ ...commonDefaults(invocation), json: false }),
  positional: addArgument,
  run: async (flags, invocation) => {
    const { environment, places } = await environmentOf(
      flags,
      invocation,
      "nivis print-dev-env",
      false,
    );
    if (flags.json) {
      invocation.terminal.writeOut(`${JSON.stringify(environmentJson(environment))}\n`);
      return 0;
    }
    const { tmpdir } = process.getBuiltinModule("node:os");
    // Nix: files with structured attributes are named although they are gone when this ends.
    const attributes = encodeUtf8(`${tmpdir()}/nix-dev-env`);
    invocation.terminal.writeOut(bashCodeOf(environment, { ...places, attributes }));
    return 0;
  },
};

/** The command; `command` is what follows `-c`, as texts. */
export function developCommand(command: readonly string[]): WaitingProgram<DevelopFlags> {
  return {
    name: "nivis develop",
    summary: "start a shell in the build environment of a derivation",
    usage: "[FLAG]... [FILE] [ATTRPATH | DRV] [-c COMMAND [ARGUMENT]...]",
    description: [
      "The shell is the bash of the flake's input nixpkgs, else the one on PATH. The derivation's builder must be bash; its outputs go to ./outputs.",
    ],
    examples: [
      { does: "Enter the environment", command: "nivis develop '<nixpkgs>' hello" },
      { does: "Run a command in it", command: "nivis develop -f . -c make" },
    ],
    options: [
      ...BUILDING_OPTIONS,
      ...ENVIRONMENT_OPTIONS,
      ...COMMON_OPTIONS,
      valueFlag<DevelopFlags>(["--phase"], "NAME", "Run a phase of stdenv", (flags, name) => {
        flags.phase = name;
      }),
      ...["unpack", "configure", "build", "check", "install", "installcheck"].map((phase) =>
        flag<DevelopFlags>([`--${phase}`], `Run the ${phase} phase`, (flags) => {
          flags.phase = phase === "installcheck" ? "installCheck" : phase;
        }),
      ),
    ],
    defaults: (invocation) => ({
      ...commonDefaults(invocation),
      ...defaultEnvironmentFlags(),
      phase: undefined,
    }),
    positional: addArgument,
    run: async (flags, invocation) => {
      if (flags.phase !== undefined && command.length > 0) {
        throw usageError("you cannot use both '--command' and '--phase'");
      }
      const { environment, path, places, shell, session } = await environmentOf(
        flags,
        invocation,
        "nivis develop",
        true,
      );
      const variables = environmentFor(flags, invocation.terminal.environment);
      variables["NIX_GCROOT"] = decodeUtf8(path);
      const bash = shell === undefined ? "bash" : decodeUtf8(shell);
      variables["SHELL"] = bash;
      return inTemporaryFolder((folder) => {
        const { writeFileSync } = process.getBuiltinModule("node:fs");
        const write = (name: string, text: string): void =>
          writeFileSync(`${folder}/${name}`, Buffer.from(text, "latin1"));
        for (const [name, text] of attributeFiles(environment)) write(name, text);
        const setUp = bashCodeOf(environment, { ...places, attributes: encodeUtf8(folder) });
        write("rc", `${shellCode(setUp, flags.phase, command)}${shellVariables(shell)}`);
        const isInteractive = flags.phase === undefined && command.length === 0;
        const args = isInteractive ? ["--rcfile", `${folder}/rc`] : [`${folder}/rc`];
        return runInStore(session, bash, args, variables);
      });
    },
  };
}

/** Nix: the shell that the user came from must not be the one of the environment. */
function shellVariables(shell: string | undefined): string {
  if (shell === undefined) return 'SHELL="bash"\n';
  const folder = shell.slice(0, shell.lastIndexOf("/"));
  return `SHELL="${shell}"\nPATH="${folder}\${PATH:+:$PATH}"\n`;
}

/** What bash runs: a phase, a command, or what an interactive shell begins with. */
function shellCode(setUp: string, phase: string | undefined, command: readonly string[]): string {
  if (phase !== undefined) {
    const name = encodeUtf8(phase);
    return [
      `${setUp}foundMakefile=1`,
      "if declare -f runPhase >/dev/null; then",
      `  runPhase ${name}Phase`,
      "else",
      `  runHook ${name}Phase`,
      "fi",
      "",
    ].join("\n");
  }
  if (command.length > 0) {
    const words = command.map((word) => `'${encodeUtf8(word).replaceAll("'", "'\\''")}'`);
    return `${setUp}exec ${words.join(" ")}\n`;
  }
  // Nix: the user's own file comes first, so that the environment wins.
  return [
    '[ -n "$PS1" ] && [ -e ~/.bashrc ] && source ~/.bashrc;',
    "shopt -u expand_aliases",
    `${setUp}`,
    "shopt -s expand_aliases",
    "",
  ].join("\n");
}

async function inTemporaryFolder(use: (folder: string) => Promise<number>): Promise<number> {
  const { mkdtempSync, rmSync } = process.getBuiltinModule("node:fs");
  const { tmpdir } = process.getBuiltinModule("node:os");
  const folder = mkdtempSync(`${tmpdir()}/nivis-develop-`);
  try {
    return await use(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
