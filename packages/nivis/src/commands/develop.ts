/** `nivis develop` and `nivis print-dev-env`: the environment in which a derivation is built. */
import { EvalError } from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import {
  type BuildEnvironment,
  bashCodeOf,
  buildEnvironmentOf,
  environmentJson,
} from "../build-environment.ts";
import { runChild } from "../child-process.ts";
import type { Invocation } from "../invocation.ts";
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
import { flag, valueFlag } from "../options/option.ts";
import type { WaitingProgram } from "../program.ts";
import { Realisation } from "../realisation.ts";
import { openSession } from "../session.ts";

interface PrintFlags extends BuildingFlags {
  json: boolean;
}

interface DevelopFlags extends BuildingFlags, EnvironmentFlags {
  /** The phase to run instead of a shell; a text. */
  phase: string | undefined;
}

async function environmentOf(
  flags: BuildingFlags,
  invocation: Invocation,
  command: string,
): Promise<{ environment: BuildEnvironment; outputs: string }> {
  const session = openSession(flags, { readOnly: flags.readOnly });
  const installables = new Installables(flags, session, command);
  const wanted = installables.resolve(flags.positionals).flatMap((one) => one.wanted);
  const [only, ...more] = wanted;
  if (only === undefined || more.length > 0) {
    throw new EvalError(
      "value",
      `'${command}' needs a single derivation, but found ${wanted.length}`,
    );
  }
  const drvPath =
    only.kind === "opaque" ? only.path : only.drv.kind === "opaque" ? only.drv.path : undefined;
  if (drvPath?.endsWith(".drv") !== true) {
    throw new EvalError("value", `'${command}' needs a derivation that is known without building`);
  }
  const realisation = new Realisation(session, invocation);
  const environment = await buildEnvironmentOf(drvPath, session, realisation);
  realisation.store.close();
  return { environment, outputs: session.absolutePath("outputs") };
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
    flag<PrintFlags>(["--json"], "Print JSON", (flags) => {
      flags.json = true;
    }),
  ],
  defaults: (invocation) => ({ ...defaultBuildingFlags(invocation), json: false }),
  positional: addArgument,
  run: async (flags, invocation) => {
    const { environment, outputs } = await environmentOf(flags, invocation, "nivis print-dev-env");
    const text = flags.json
      ? `${JSON.stringify(environmentJson(environment))}\n`
      : bashCodeOf(environment, outputs);
    invocation.terminal.writeOut(text);
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
      "The shell is the bash on PATH. The derivation's builder must be bash; its outputs go to ./outputs.",
    ],
    examples: [
      { does: "Enter the environment", command: "nivis develop '<nixpkgs>' hello" },
      { does: "Run a command in it", command: "nivis develop -f . -c make" },
    ],
    options: [
      ...BUILDING_OPTIONS,
      ...ENVIRONMENT_OPTIONS,
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
      ...defaultBuildingFlags(invocation),
      ...defaultEnvironmentFlags(),
      phase: undefined,
    }),
    positional: addArgument,
    run: async (flags, invocation) => {
      const { environment, outputs } = await environmentOf(flags, invocation, "nivis develop");
      const setUp = bashCodeOf(environment, outputs);
      const variables = environmentFor(flags, invocation.terminal.environment);
      if (flags.phase !== undefined) {
        return runInBash(`${setUp}runHook ${encodeUtf8(flags.phase)}Phase\n`, false, variables);
      }
      if (command.length > 0) {
        const words = command.map((word) => `'${encodeUtf8(word).replaceAll("'", "'\\''")}'`);
        return runInBash(`${setUp}exec ${words.join(" ")}\n`, false, variables);
      }
      // Nix: the user's own file comes first, so that the environment wins.
      const own = "[ -e ~/.bashrc ] && source ~/.bashrc\n";
      return runInBash(own + setUp, true, variables);
    },
  };
}

/** Runs code in bash, which then stays open if it is `interactive`. */
async function runInBash(
  code: string,
  interactive: boolean,
  environment: Record<string, string | undefined>,
): Promise<number> {
  const { mkdtempSync, rmSync, writeFileSync } = process.getBuiltinModule("node:fs");
  const { tmpdir } = process.getBuiltinModule("node:os");
  const folder = mkdtempSync(`${tmpdir()}/nivis-develop-`);
  try {
    const file = `${folder}/rc`;
    writeFileSync(file, Buffer.from(code, "latin1"));
    return await runChild("bash", interactive ? ["--rcfile", file] : [file], environment);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
