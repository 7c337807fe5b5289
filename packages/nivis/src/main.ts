/**
 * Main: the entry point of the main bundle, which holds what every evaluation needs; other commands
 * are loaded on demand (see scripts/bundles.mjs). `launch/launch.ts` loads the bundle.
 */
import { hasHeapImages } from "./images/image-presence.ts";
import { runThroughImage } from "./images/image-run.ts";
import { runEvaluatorThread } from "./jobs/evaluator-thread.ts";
import { runEditorEvaluator } from "./lsp/evaluator-thread.ts";
import { runNivis } from "./nivis.ts";
import { runNix } from "./nix.ts";
import { runNixBuild } from "./nix-build.ts";
import { nixInstantiate } from "./nix-instantiate.ts";
import { runProgram } from "./program.ts";
import type { ResultSlot } from "./results/result-slot.ts";
import { RunRecording } from "./results/run-recording.ts";
import { runServerWorker } from "./server/server-worker.ts";
import { type Launcher, processTerminal, type Terminal } from "./terminal.ts";

/** The commands by the name under which they are installed, and the workers of `nivis jobs`, `nivis lsp` and `nivis server`. */
export type CommandName =
  | "nivis"
  | "nivis-instantiate"
  | "nivis-build"
  | "nivis-nix"
  | "nivis-job-evaluator"
  | "nivis-lsp-evaluator"
  | "nivis-server-worker";

/**
 * Runs a command with the arguments and the streams of this process, and returns its exit code.
 * `slot` is where the result is kept for the next run, if at all.
 */
export function main(
  command: CommandName,
  launcher: Launcher,
  slot?: ResultSlot,
): number | Promise<number> {
  // Programs that stand for those of C++ Nix make stores as these do.
  const parts = { ...launcher, makesDatabases: command !== "nivis" };
  if (slot === undefined) return start(command, launcher, processTerminal(parts));
  const recording = new RunRecording(slot);
  const terminal = recording.observe(processTerminal(parts, recording.inputs));
  const run = (own: Terminal): number | Promise<number> => start(command, launcher, own);
  const code = hasHeapImages(slot) ? runThroughImage(terminal, run) : run(terminal);
  // Commands that wait have no results that are kept.
  if (typeof code === "number") recording.finish(code);
  return code;
}

function start(
  command: CommandName,
  launcher: Launcher,
  terminal: Terminal,
): number | Promise<number> {
  const args = process.argv.slice(2);
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
      return runEvaluatorThread(launcher);
    case "nivis-lsp-evaluator":
      return runEditorEvaluator(launcher);
    case "nivis-server-worker":
      return runServerWorker(launcher);
  }
}
