/**
 * Main: the entry point of the main bundle, which holds what every evaluation needs; other commands
 * are loaded on demand (see scripts/bundles.mjs). `launch/launch.ts` loads the bundle.
 */
import { runEvaluatorThread } from "./jobs/evaluator-thread.ts";
import { runNivis } from "./nivis.ts";
import { runNix } from "./nix.ts";
import { runNixBuild } from "./nix-build.ts";
import { nixInstantiate } from "./nix-instantiate.ts";
import { runProgram } from "./program.ts";
import { processTerminal, type ThreadScripts } from "./terminal.ts";

/** The commands by the name under which they are installed, and the thread of `nivis jobs`. */
export type CommandName =
  | "nivis"
  | "nivis-instantiate"
  | "nivis-build"
  | "nivis-nix"
  | "nivis-job-evaluator";

/**
 * Runs a command with the arguments and the streams of this process, and returns its exit code.
 */
export function main(command: CommandName, scripts: ThreadScripts): number | Promise<number> {
  const args = process.argv.slice(2);
  const terminal = processTerminal(scripts);
  switch (command) {
    case "nivis":
      return runNivis(args, terminal);
    case "nivis-instantiate":
      return runProgram(nixInstantiate, args, terminal);
    case "nivis-build":
      return runNixBuild(args, terminal);
    case "nivis-nix":
      return runNix(args, terminal);
    case "nivis-job-evaluator":
      return runEvaluatorThread(scripts);
  }
}
