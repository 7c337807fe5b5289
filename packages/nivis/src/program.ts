/**
 * Program: what every command has in common from the first argument to the exit code.
 *
 * It reads the arguments, handles `--help` and `--version`, runs the command, and prints what goes
 * wrong: the user's mistakes as C++ Nix prints them, ours as bugs of Nivis.
 */
import { evalErrorOf } from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { Invocation } from "./invocation.ts";
import {
  type EvaluationFlags,
  requireFeatures,
  sharedOptions,
} from "./options/evaluation-options.ts";
import { type HelpTopic, renderHelp } from "./options/help.ts";
import { type Option, type ParseStyle, parseArguments } from "./options/option.ts";
import type { Terminal } from "./terminal.ts";
import { NIX_VERSION, VERSION } from "./version.ts";

/** A command: its help, its options and what it does. */
export interface Program<Flags extends EvaluationFlags = EvaluationFlags> extends HelpTopic {
  /** Its own options; the shared ones are added. */
  readonly options: readonly Option<Flags>[];
  /** How its command line is read; `modern` unless given. */
  readonly style?: ParseStyle;
  /** Its default of `max-call-depth`; that of the library is as deep as memory goes. */
  readonly maxCallDepth?: number;
  /** The state before the first option. */
  defaults(invocation: Invocation): Flags;
  /** Handles a positional argument. */
  positional(flags: Flags, argument: string): void;
  /** Does the work; errors are thrown. */
  run(flags: Flags, invocation: Invocation): void;
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
  const invocation = new Invocation(terminal, program.name, program.maxCallDepth);
  const code = runAndReport(program, args, invocation);
  invocation.afterOutput?.();
  return code;
}

function runAndReport<Flags extends EvaluationFlags>(
  program: Program<Flags>,
  args: readonly string[],
  invocation: Invocation,
): number {
  const { terminal } = invocation;
  try {
    const flags = program.defaults(invocation);
    const { own, shared, style } = grammarOf(program);
    const { positional } = program;
    switch (parseArguments(args, { own, shared, style, positional }, flags)) {
      case "help":
        terminal.writeOut(encodeUtf8(renderHelp(program, [...own, ...shared])));
        break;
      case "version":
        terminal.writeOut(versionLine(program.name.split(" ")[0] as string));
        break;
      default:
        requireFeatures(flags);
        program.run(flags, invocation);
    }
    invocation.statistics?.print();
    return 0;
  } catch (error) {
    invocation.report(evalErrorOf(error));
    invocation.statistics?.print();
    return 1;
  }
}

/** The options of a program: its own, and those of all programs that they do not replace. */
function grammarOf<Flags extends EvaluationFlags>(program: Program<Flags>) {
  const { options: own, style = "modern" } = program;
  return { own, shared: sharedOptions(own, style), style };
}
