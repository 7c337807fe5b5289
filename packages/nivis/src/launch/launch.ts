/**
 * Launch: loads the bundle of the commands and runs one of them.
 *
 * Built as a small file of its own, so that V8 can be told about its flags, and be given what it
 * compiled in an earlier run, before it sees the bundle. `bin/` calls it.
 */
import { join } from "node:path";
import type { CommandName } from "../main.ts";
import { loadScript } from "./code-cache.ts";

/** The file name of the bundle, which has a hash of its content in it; put in by the build. */
declare const BUNDLE: string;

/** What the bundle is: a script whose value takes what a CommonJS module is given. */
type Bundle = (require: NodeJS.Require, module: { exports?: typeof import("../main.ts") }) => void;

/**
 * The flags that pay, by the major version of Node; docs/design/002-start-up.md has the figures.
 * Version 20 starts to optimise functions after so little of their code has run that half of it has
 * to be thrown away and done again; later versions count differently and have no such flag. It also
 * compiles running loops a second time, which the dispatch loop, being entered anew now and then, does
 * not need, and puts so much of other functions into it that compiling takes a second core for itself.
 */
const FLAGS: Readonly<Record<string, string>> = {
  "20": "--interrupt-budget=300000 --no-use-osr --max-inlined-bytecode-size-cumulative=200",
};

/** Runs a command and ends the process. */
export function launch(command: CommandName): never {
  const flags = FLAGS[process.versions.node.split(".", 1)[0] as string];
  // Before anything is compiled: V8 takes compiled code back only under the flags it was made under.
  if (flags !== undefined) process.getBuiltinModule("node:v8").setFlagsFromString(flags);
  const script = loadScript(join(__dirname, BUNDLE));
  const module: Parameters<Bundle>[1] = {};
  (script.run() as Bundle)(require, module);
  const code = (module.exports as typeof import("../main.ts")).main(command);
  script.keep();
  // All is written; to let the event loop run dry and to take the heap down in order would be for nobody.
  process.exit(code);
}
