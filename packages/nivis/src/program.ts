/**
 * Program: the parts common to all commands, from the first argument to the exit code.
 *
 * It parses the arguments, handles `--help` and `--version`, runs the command and prints errors: the
 * user's as C++ Nix prints them, those of Nivis as bugs.
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

/** A command: its help, its options and its code. */
export interface Program<Flags extends EvaluationFlags = EvaluationFlags> extends HelpTopic {
  /** The command's own options; the shared ones are added to them. */
  readonly options: readonly Option<Flags>[];
  /** How the command line is parsed. Defaults to `modern`. */
  readonly style?: ParseStyle;
  /** The command's default for `max-call-depth`. Defaults to the library's, which memory bounds. */
  readonly maxCallDepth?: number;
  /** Returns the values before the first option. */
  defaults(invocation: Invocation): Flags;
  /** Handles a positional argument. */
  positional(flags: Flags, argument: string): void;
  /** Does the work; throws on errors. */
  run(flags: Flags, invocation: Invocation): void;
}

/** Returns the output of `--version`. */
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

/** Returns the options of a program: its own, and the shared ones that these do not replace. */
function grammarOf<Flags extends EvaluationFlags>(program: Program<Flags>) {
  const { options: own, style = "modern" } = program;
  return { own, shared: sharedOptions(own, style), style };
}
