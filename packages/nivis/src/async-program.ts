/** AsyncProgram: a command that waits for a network or for other programs, and evaluates nothing. */
import { marked } from "@nivis/formats";
import type { Invocation } from "./invocation.ts";
import { defaultFlags, type EvaluationFlags } from "./options/evaluation-options.ts";
import { flag, usageError } from "./options/option.ts";
import { runWaitingProgram, type WaitingProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/** What all these commands gather: the flags that all commands share. */
export type CommonFlags = EvaluationFlags;

/** The state before the first option. */
export function commonFlags(invocation: Invocation): CommonFlags {
  invocation.requireFlakes();
  return defaultFlags(invocation);
}

/** A command: its help, its options and what it does. */
export interface AsyncProgram<Flags extends CommonFlags>
  extends Omit<WaitingProgram<Flags>, "run"> {
  /** Does the work; errors are thrown. */
  run(flags: Flags, invocation: Invocation): Promise<void>;
}

/** Runs a program and returns its exit code. */
export function runAsyncProgram<Flags extends CommonFlags>(
  program: AsyncProgram<Flags>,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  const waiting: WaitingProgram<Flags> = {
    ...program,
    // Nix: it is taken by all commands that could evaluate something.
    options: [...program.options, { ...flag<Flags>(["--debugger"], "", () => {}), hidden: true }],
    run: async (flags, invocation) => {
      await program.run(flags, invocation);
      return 0;
    },
  };
  return runWaitingProgram(waiting, args, terminal);
}

/** Refuses an argument too many. */
export function unexpectedArgument(argument: string): never {
  throw usageError(marked`unexpected argument '${argument}'`);
}
