/** The entry point of the command `nivis`. */
import { runNivis } from "./nivis.ts";
import { processTerminal } from "./terminal.ts";

process.exitCode = runNivis(process.argv.slice(2), processTerminal());
