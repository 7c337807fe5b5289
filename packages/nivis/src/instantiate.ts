/** The entry point of the command `nivis-instantiate`. */
import { nixInstantiate } from "./nix-instantiate.ts";
import { runProgram } from "./program.ts";
import { processTerminal } from "./terminal.ts";

process.exitCode = runProgram(nixInstantiate, process.argv.slice(2), processTerminal());
