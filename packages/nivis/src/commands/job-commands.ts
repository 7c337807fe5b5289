/** The commands about jobs: the entry point of their bundle, which `commands/index.ts` loads. */
import { runWaitingProgram } from "../program.ts";
import type { Terminal } from "../terminal.ts";
import { jobsCommand } from "./jobs.ts";
import { workerCommand } from "./worker.ts";

/** Runs the command with this word and returns the exit code. */
export async function startJobCommand(
  word: string,
  args: readonly string[],
  terminal: Terminal,
): Promise<number> {
  if (word === "worker") return runWaitingProgram(workerCommand, args, terminal);
  return runWaitingProgram(jobsCommand(args), args, terminal);
}
