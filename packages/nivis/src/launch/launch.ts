/**
 * Launch: loads the bundle of the commands and runs one of them.
 *
 * It is built as a small file of its own so that V8 can load the bundle together with the compiled code
 * of an earlier run. `bin/` calls it.
 */
import { join } from "node:path";
import type { CommandName } from "../main.ts";
import { loadScript } from "./code-cache.ts";
import { setInitialFlags } from "./engine-flags.ts";

/** The file name of the bundle, which contains a hash of its content; defined by the build. */
declare const BUNDLE: string;

/** The bundle: a script whose value is a function that takes what a CommonJS module receives. */
type Bundle = (require: NodeJS.Require, module: { exports?: typeof import("../main.ts") }) => void;

/** Runs a command and ends the process, at once unless the command waits for something. */
export function launch(command: CommandName): void {
  const script = loadScript(join(__dirname, BUNDLE));
  const module: Parameters<Bundle>[1] = {};
  (script.run() as Bundle)(require, module);
  const code = (module.exports as typeof import("../main.ts")).main(command);
  const end = (exitCode: number): never => {
    script.keep(setInitialFlags);
    // All output is written; draining the event loop and tearing down the heap would only cost time.
    process.exit(exitCode);
  };
  if (typeof code === "number") end(code);
  else void code.then(end);
}
