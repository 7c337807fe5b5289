/** The commands about flakes. Loaded on demand (see scripts/bundles.mjs). */
import { type AsyncProgram, type CommonFlags, runAsyncProgram } from "../async-program.ts";
import { openFlakeInstallables } from "../flakes/flake-arguments.ts";
import { runRemembering } from "../flakes/flake-run.ts";
import type { BuildingFlags } from "../options/building-options.ts";
import type { EvaluationFlags } from "../options/evaluation-options.ts";
import { FLAKE_OPTIONS } from "../options/flake-options.ts";
import { emptyLockChoices, type LockingFlags } from "../options/lock-options.ts";
import { runWaitingProgram, type WaitingProgram } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { buildCommand } from "./build.ts";
import { type Command, splitArguments } from "./command.ts";
import { developCommand, printDevEnvCommand } from "./develop.ts";
import { flakeArchiveCommand } from "./flake-archive.ts";
import { flakeCheckCommand } from "./flake-check.ts";
import { flakeCloneCommand } from "./flake-clone.ts";
import { positionalsOf } from "./flake-detection.ts";
import { flakeEvalCommand } from "./flake-eval.ts";
import { flakeFmtCommand, formatterBuildCommand, formatterRunCommand } from "./flake-fmt.ts";
import { flakeInitCommand, flakeNewCommand } from "./flake-init.ts";
import { flakeLockCommand } from "./flake-lock.ts";
import { flakeInfoCommand, flakeMetadataCommand } from "./flake-metadata.ts";
import { flakePrefetchCommand } from "./flake-prefetch.ts";
import { flakePrefetchInputsCommand } from "./flake-prefetch-inputs.ts";
import { flakeShowCommand } from "./flake-show.ts";
import { flakeTopic } from "./flake-topics.ts";
import { flakeUpdateCommand } from "./flake-update.ts";
import { groupOf } from "./group.ts";
import { prefetchCommand } from "./prefetch.ts";
import { registryAddCommand } from "./registry-add.ts";
import { registryListCommand } from "./registry-list.ts";
import { registryPinCommand } from "./registry-pin.ts";
import { registryRemoveCommand } from "./registry-remove.ts";
import { registryResolveCommand } from "./registry-resolve.ts";
import { runCommand } from "./run.ts";
import { searchCommand } from "./search.ts";
import { shellCommand } from "./shell.ts";

/** What the help says of a program, behind its word. */
function topicOf(
  word: string,
  { name, summary, usage, examples }: Pick<Command, "name" | "summary" | "usage" | "examples">,
) {
  return { word, name, summary, usage, examples };
}

function command<Flags extends CommonFlags>(word: string, program: AsyncProgram<Flags>): Command {
  return {
    ...topicOf(word, program),
    start: (args, terminal) => runAsyncProgram(program, args, terminal),
  };
}

function evaluating<Flags extends EvaluationFlags>(
  word: string,
  program: WaitingProgram<Flags>,
): Command {
  return {
    ...topicOf(word, program),
    start: (args, terminal) => runWaitingProgram(program, args, terminal),
  };
}

/** A command that only evaluates and prints. */
function remembering<Flags extends EvaluationFlags>(
  word: string,
  program: WaitingProgram<Flags>,
): Command {
  return {
    ...topicOf(word, program),
    start: (args, terminal) =>
      runRemembering(terminal, [word, ...args], (own) => runWaitingProgram(program, args, own)),
  };
}

/** A command that builds, for arguments that name attributes of flakes. */
function building<Flags extends BuildingFlags>(
  word: string,
  programFor: (rest: readonly string[]) => WaitingProgram<Flags>,
  ends: readonly string[] = [],
): Command {
  const { options } = programFor([]);
  return {
    ...topicOf(word, programFor([])),
    start: (args, terminal) => {
      const split = splitArguments(args, ends);
      // Nix: the first argument of `nix run` is what to run, also behind `--`.
      const takesFirst =
        ends.includes("--") &&
        positionalsOf(split.own, [...options, ...FLAKE_OPTIONS]).length === 0;
      const own = takesFirst ? [...split.own, ...split.rest.slice(0, 1)] : split.own;
      const rest = takesFirst ? split.rest.slice(1) : split.rest;
      return runFlakeProgram(programFor(rest), own, terminal);
    },
  };
}

/** Runs a program whose arguments may name attributes of flakes; returns its exit code. */
export function runFlakeProgram<Flags extends EvaluationFlags>(
  program: WaitingProgram<Flags>,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const withLocking: WaitingProgram<Flags & LockingFlags> = {
    ...program,
    options: [...program.options, ...FLAKE_OPTIONS],
    defaults: (invocation) => {
      invocation.requireFlakes();
      return { ...program.defaults(invocation), locking: emptyLockChoices() };
    },
  };
  return runWaitingProgram(withLocking, args, terminal, openFlakeInstallables);
}

const FLAKE_COMMANDS: readonly Command[] = [
  groupOf(flakeTopic("flake"), [
    remembering("show", flakeShowCommand),
    remembering("check", flakeCheckCommand),
    command("metadata", flakeMetadataCommand),
    command("info", flakeInfoCommand),
    command("lock", flakeLockCommand),
    command("update", flakeUpdateCommand),
    evaluating("init", flakeInitCommand),
    evaluating("new", flakeNewCommand),
    command("clone", flakeCloneCommand),
    evaluating("prefetch", flakePrefetchCommand),
    evaluating("prefetch-inputs", flakePrefetchInputsCommand),
    evaluating("archive", flakeArchiveCommand),
  ]),
  groupOf(flakeTopic("registry"), [
    command("list", registryListCommand),
    command("add", registryAddCommand),
    command("remove", registryRemoveCommand),
    command("pin", registryPinCommand),
    command("resolve", registryResolveCommand),
  ]),
  groupOf(flakeTopic("formatter"), [
    evaluating("run", formatterRunCommand),
    evaluating("build", formatterBuildCommand),
  ]),
  command("prefetch", prefetchCommand),
  evaluating("search", searchCommand),
  evaluating("fmt", flakeFmtCommand),
  remembering("eval", flakeEvalCommand),
  building("build", () => buildCommand),
  building("run", runCommand, ["--"]),
  building("shell", shellCommand, ["-c", "--command"]),
  building("develop", developCommand, ["-c", "--command"]),
  building("print-dev-env", () => printDevEnvCommand),
];

/** Runs the command or group with this word and returns the exit code. */
export async function startFlakeCommand(
  word: string,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const found = FLAKE_COMMANDS.find((one) => one.word === word) as Command;
  return found.start(args, terminal);
}
