/** The commands of `nivis`, in the order of its help. */
import type { EvaluationFlags } from "../options/evaluation-options.ts";
import type { HelpTopic } from "../options/help.ts";
import { type Program, runProgram } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { cacheCommand } from "./cache.ts";
import { disassembleCommand } from "./disassemble.ts";
import { evalCommand } from "./eval.ts";
import { instantiateCommand } from "./instantiate.ts";
import { lintCommand } from "./lint.ts";
import { parseCommand } from "./parse.ts";
import { traceCommand } from "./trace.ts";

/** A command whatever it gathers. */
export interface Command extends HelpTopic {
  /** What is typed behind `nivis`. */
  readonly word: string;
  /** Runs it and returns its exit code. */
  start(args: readonly string[], terminal: Terminal): number;
}

function command<Flags extends EvaluationFlags>(word: string, program: Program<Flags>): Command {
  return {
    word,
    name: program.name,
    summary: program.summary,
    usage: program.usage,
    examples: program.examples,
    start: (args, terminal) => runProgram(program, args, terminal),
  };
}

/** See the head of this file. */
export const commands: readonly Command[] = [
  command("eval", evalCommand),
  command("instantiate", instantiateCommand),
  command("parse", parseCommand),
  command("lint", lintCommand),
  command("disassemble", disassembleCommand),
  command("trace", traceCommand),
  command("cache", cacheCommand),
];
