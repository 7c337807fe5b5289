/**
 * `npm start -- ARGUMENTS`: runs the command line of Nivis from a fresh clone.
 *
 * Installs the dependencies and builds if something has changed, then
 * runs the built command with the same standard streams and the same exit code. The output of
 * the preparation goes to standard error.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { buildWhenNeeded, installWhenNeeded, root } from "./workspace.mjs";

installWhenNeeded();
buildWhenNeeded();

const command = join(root, "packages", "nivis", "bin", "nivis.cjs");
const child = spawn(process.execPath, [command, ...process.argv.slice(2)], {
  stdio: "inherit",
  // npm runs scripts in the root folder; relative paths refer to the user's current directory.
  cwd: process.env["INIT_CWD"] ?? process.cwd(),
});
// The terminal sends Ctrl-C to the whole group: wait for the child, which decides how to end.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("error", (error) => {
  process.stderr.write(`cannot start ${command}: ${error.message}\n`);
  process.exit(127);
});
child.on("exit", (code, signal) => {
  if (signal !== null) process.kill(process.pid, signal);
  else process.exit(code ?? 1);
});
