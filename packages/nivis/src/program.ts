/**
 * Program: the parts common to all commands, from the first argument to the exit code.
 *
 * It parses the arguments, handles `--help` and `--version`, runs the command and prints errors:
 * the user's as C++ Nix prints them, those of Nivis as bugs.
 */
import { writeFileSync } from "node:fs";
import { EvalError, evalErrorWithPlaces, isPassingKind } from "@nivis/eval";
import { encodeUtf8, HASH_MISMATCH_EXIT_CODE, marked } from "@nivis/formats";
import { errnoMessage, InputRecorder, inputLines } from "@nivis/node";
import { DebuggerExit } from "./debugger-exit.ts";
import { Invocation } from "./invocation.ts";
import type { InstallablesOpener } from "./options/building-options.ts";
import {
  type EvaluationFlags,
  evaluationGrammar,
  requireFeatures,
} from "./options/evaluation-options.ts";
import { type HelpTopic, renderHelp } from "./options/help.ts";
import { type Option, type ParseStyle, parseArguments } from "./options/option.ts";
import type { Terminal } from "./terminal.ts";
import { NIX_VERSION, VERSION } from "./version.ts";

/** A command but for what it does: its help, its options and its arguments. */
interface ProgramHead<Flags extends EvaluationFlags> extends HelpTopic {
  /** Its own options; the shared ones are added. */
  readonly options: readonly Option<Flags>[];
  /** How the command line is parsed. Defaults to `modern`. */
  readonly style?: ParseStyle;
  /** The command's default for `max-call-depth`. Defaults to the library's, which memory bounds. */
  readonly maxCallDepth?: number;
  /** Returns the values before the first option. */
  defaults(invocation: Invocation): Flags;
  /** Handles a positional argument. */
  positional(flags: Flags, argument: string): void;
}

/** A command that evaluates. */
export interface Program<Flags extends EvaluationFlags = EvaluationFlags>
  extends ProgramHead<Flags> {
  /** Does the work; errors are thrown. */
  run(flags: Flags, invocation: Invocation): void;
}

/** A command that evaluates and then waits for builds or for another process. */
export interface WaitingProgram<Flags extends EvaluationFlags = EvaluationFlags>
  extends ProgramHead<Flags> {
  /** Does the work and returns the exit code; errors are thrown. */
  run(flags: Flags, invocation: Invocation): Promise<number>;
}

/** The line of `--version`. */
export function versionLine(name: string): string {
  return `${name} (Nivis) ${VERSION}, follows Nix ${NIX_VERSION}\n`;
}

/** Runs a program and returns its exit code. */
export function runProgram<Flags extends EvaluationFlags>(
  program: Program<Flags>,
  args: readonly string[],
  terminal: Terminal,
): number {
  const invocation = invocationOf(program, args, terminal);
  let code = 0;
  try {
    const flags = readArguments(program, args, invocation);
    if (flags !== undefined) program.run(flags, invocation);
  } catch (error) {
    code = report(invocation, error);
  }
  return finish(invocation, code);
}

/**
 * Runs a program that waits for something and returns its exit code. With `openFlakes`, arguments may
 * name flakes.
 */
export async function runWaitingProgram<Flags extends EvaluationFlags>(
  program: WaitingProgram<Flags>,
  args: readonly string[],
  terminal: Terminal,
  openFlakes?: InstallablesOpener,
): Promise<number> {
  const invocation = invocationOf(program, args, terminal);
  invocation.openFlakes = openFlakes;
  let code = 0;
  try {
    const flags = readArguments(program, args, invocation);
    if (flags !== undefined) code = await program.run(flags, invocation);
  } catch (error) {
    code = report(invocation, error);
  }
  return finish(invocation, code);
}

/** Whether arguments ask for the help or the version, or are wrong whatever the files are. */
export function isDecided<Flags extends EvaluationFlags>(
  { defaults, options, style = "modern", positional }: ProgramHead<Flags>,
  args: readonly string[],
  terminal: Terminal,
): boolean {
  const silent = Object.create(terminal, { writeLine: { value: () => {} } }) as Terminal;
  const grammar = { ...evaluationGrammar(options, style), positional };
  try {
    return parseArguments(args, grammar, defaults(new Invocation(silent, ""))) !== undefined;
  } catch (error) {
    return error instanceof EvalError && error.kind === "usage";
  }
}

/** The invocation of a program, with a recorder if an argument asks for what it collects. */
function invocationOf<Flags extends EvaluationFlags>(
  { name, maxCallDepth }: ProgramHead<Flags>,
  args: readonly string[],
  terminal: Terminal,
): Invocation {
  const isTraced = args.some((argument) => /^--trace-inputs(?:=|$)/.test(argument));
  const observed =
    isTraced && terminal.inputs === undefined ? observedTerminal(terminal) : terminal;
  return new Invocation(observed, name, maxCallDepth);
}

/** The same terminal with a recorder, to which its environment reports, too. */
export function observedTerminal(terminal: Terminal, inputs = new InputRecorder()): Terminal {
  return Object.create(terminal, {
    inputs: { value: inputs },
    environment: { value: inputs.observeEnvironment(terminal.environment) },
  }) as Terminal;
}

/**
 * Reads the arguments; returns nothing if they ask for the help or the version, which is then
 * shown.
 */
function readArguments<Flags extends EvaluationFlags>(
  program: ProgramHead<Flags>,
  args: readonly string[],
  invocation: Invocation,
): Flags | undefined {
  const { terminal } = invocation;
  const flags = program.defaults(invocation);
  const { options, style = "modern", positional } = program;
  const grammar = { ...evaluationGrammar(options, style), positional };
  switch (parseArguments(args, grammar, flags)) {
    case "help":
      terminal.writeOut(encodeUtf8(renderHelp(program, [...grammar.own, ...grammar.shared])));
      return undefined;
    case "version":
      terminal.writeOut(versionLine(program.name.split(" ")[0] as string));
      return undefined;
    default:
      requireFeatures(flags);
      return flags;
  }
}

/** Shows what was thrown and returns the exit code. */
function report(invocation: Invocation, error: unknown): number {
  if (error instanceof DebuggerExit) return 0;
  const shown = evalErrorWithPlaces(error, invocation.positions);
  // An error about the run and not about the program need not come again.
  if (!(shown instanceof EvalError) || isPassingKind(shown.kind)) {
    invocation.inputs?.giveUp("the run failed for a reason that is not in its inputs");
    invocation.terminal.keeper?.distrust();
  }
  invocation.report(shown);
  if (!(shown instanceof EvalError)) return 1;
  return shown.exitCode ?? (shown.kind === "hash-mismatch" ? HASH_MISMATCH_EXIT_CODE : 1);
}

/** Ends what the program has begun; returns the exit code. */
function finish(invocation: Invocation, code: number): number {
  const ended = endStore(invocation, code);
  invocation.statistics?.print();
  invocation.afterOutput?.();
  return writeInputs(invocation) ? ended : 1;
}

/** Writes the file of `--trace-inputs`, if there is one; returns whether that went well. */
function writeInputs(invocation: Invocation): boolean {
  const { inputs, inputsFile } = invocation;
  if (inputs === undefined || inputsFile === undefined) return true;
  try {
    writeFileSync(inputsFile, inputLines(inputs.list()), "latin1");
    return true;
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    const message = marked`writing '${encodeUtf8(inputsFile)}': ${errnoMessage(code)}`;
    report(invocation, new EvalError("io", message));
    return false;
  }
}

/** Writes what the evaluation made, unless the command failed, and ends the connections. */
function endStore(invocation: Invocation, code: number): number {
  const { openStore } = invocation;
  if (openStore === undefined) return code;
  try {
    if (code === 0) openStore.close();
    else openStore.abandon();
    return code;
  } catch (error) {
    invocation.inputs?.giveUp("the store could not be closed");
    return report(invocation, error);
  }
}
