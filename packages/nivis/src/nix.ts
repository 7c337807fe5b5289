/**
 * `nivis-nix`: takes the command line of `nix` and runs the commands of `nivis` that correspond.
 */

import { runNivis } from "./nivis.ts";
import type { Terminal } from "./terminal.ts";

/** Runs `nix` with its arguments and returns the exit code. */
export function runNix(args: readonly string[], terminal: Terminal): number | Promise<number> {
  return runNivis(args, terminal);
}
