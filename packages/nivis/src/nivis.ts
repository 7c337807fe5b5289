/** `nivis`: runs the command that the first argument names. */
import { runAnyCommand } from "./any-command.ts";
import { startDebuggedEval } from "./commands/debug-eval.ts";
import { evalCommand } from "./commands/eval.ts";
import { startFlakeCommand } from "./commands/flake-commands.ts";
import { namesFlakes } from "./commands/flake-detection.ts";
import { instantiateCommand } from "./commands/instantiate.ts";
import { runProgram } from "./program.ts";
import type { Terminal } from "./terminal.ts";

/**
 * Runs `nivis` with its arguments and returns the exit code; commands that wait return a promise.
 */
export function runNivis(args: readonly string[], terminal: Terminal): number | Promise<number> {
  const [word, ...rest] = args;
  // These commands start without loading the others.
  switch (word) {
    case "eval":
      if (rest.includes("--debugger")) return startDebuggedEval(rest, terminal);
      return namesFlakes(rest, evalCommand.options)
        ? startFlakeCommand(word, rest, terminal)
        : runProgram(evalCommand, rest, terminal);
    case "instantiate":
      return runProgram(instantiateCommand, rest, terminal);
    case "flake":
      return startFlakeCommand(word, rest, terminal);
    default:
      return runAnyCommand(args, terminal);
  }
}
