/**
 * Launch: loads the bundle of the commands and runs one of them.
 *
 * Built as a small file of its own, so that V8 can be given what it compiled in an earlier run
 * together with the bundle. `bin/` calls it.
 */
import { join } from "node:path";
import type { CommandName } from "../main.ts";
import { loadScript } from "./code-cache.ts";
import { setInitialFlags } from "./engine-flags.ts";

/** The file name of the bundle, which has a hash of its content in it; put in by the build. */
declare const BUNDLE: string;

/** What the bundle is: a script whose value takes what a CommonJS module is given. */
type Bundle = (require: NodeJS.Require, module: { exports?: typeof import("../main.ts") }) => void;

/** Runs a command and ends the process, at once unless the command waits for something. */
export function launch(command: CommandName): void {
  const script = loadScript(join(__dirname, BUNDLE));
  const module: Parameters<Bundle>[1] = {};
  (script.run() as Bundle)(require, module);
  const code = (module.exports as typeof import("../main.ts")).main(
    command,
    join(__dirname, "store-worker.cjs"),
  );
  const end = (exitCode: number): never => {
    script.keep(setInitialFlags);
    // All output is written; draining the event loop and tearing down the heap would only cost
    // time.
    process.exit(exitCode);
  };
  if (typeof code === "number") end(code);
  else void code.then(end);
}
