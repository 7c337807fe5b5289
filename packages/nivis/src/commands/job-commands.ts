/** The commands about jobs: the entry point of their bundle, which `commands/index.ts` loads. */
import { runWaitingProgram } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { jobsCommand } from "./jobs.ts";

/** Runs the command with this word and returns the exit code. */
export async function startJobCommand(
  _word: string,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  return runWaitingProgram(jobsCommand(args), args, terminal);
}
