/**
 * The entry point of the bundle with both commands, which `launch/launch.ts` loads.
 */
import { runNivis } from "./nivis.ts";
import { nixInstantiate } from "./nix-instantiate.ts";
import { runProgram } from "./program.ts";
import { processTerminal } from "./terminal.ts";

/** The commands, by the names under which they are installed. */
export type CommandName = "nivis" | "nivis-instantiate";

/** Runs a command with the arguments and streams of this process, and returns its exit code. */
export function main(command: CommandName): number | Promise<number> {
  const args = process.argv.slice(2);
  const terminal = processTerminal();
  return command === "nivis"
    ? runNivis(args, terminal)
    : runProgram(nixInstantiate, args, terminal);
}
