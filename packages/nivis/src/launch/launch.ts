/**
 * Launch: gives the remembered result of a command, lets a server run it (`NIVIS_SERVER`), or loads the
 * bundle that has the command and runs it.
 *
 * Built as a small file of its own, so that V8 can be given what it compiled in an earlier run
 * together with the bundle. `bin/` calls it.
 */
import { join } from "node:path";
import type { CommandName } from "../main.ts";
import { recall } from "../results/recall.ts";
import { isRepeatable, type ResultSlot, slotOf } from "../results/result-slot.ts";
import { runOnServer, wantsServer } from "../server/server-client.ts";
import { type LoadedScript, loadScript } from "./code-cache.ts";
import { EngineFlags } from "./engine-flags.ts";
import { namesLockCommand } from "./lock-words.ts";

/** The file name of the main bundle, which has a hash of its content in it; put in by the build. */
declare const BUNDLE: string;
/** The file name of the bundle of the commands that lock flakes. */
declare const LOCK_BUNDLE: string;

/**
 * What the bundle is: a script whose value takes what a CommonJS module is given, and a function that
 * loads the script of another bundle and returns its value.
 */
type Bundle = (
  require: NodeJS.Require,
  module: { exports?: typeof import("../main.ts") },
  loadBundle: (file: string) => unknown,
) => void;

/** Whether the arguments name a command that needs nothing of the main bundle. */
function takesLockBundle(command: CommandName): boolean {
  const isProgram = command === "nivis" || command === "nivis-nix";
  return isProgram && namesLockCommand(process.argv.slice(2));
}

/**
 * Runs a command and ends the process, at once unless the command waits for something. `isThread`: this
 * is the thread that {@link runInThread} has started.
 */
export function launch(command: CommandName, isThread = false): void {
  if (isThread) {
    runHere(command, undefined, isThread);
    return;
  }
  const slot = slotOf(command, BUNDLE);
  const known = slot === undefined ? undefined : recall(slot);
  if (known !== undefined) process.exit(known);
  const isServed = wantsServer() && isRepeatable(command, process.argv.slice(2));
  if (isServed) runOnServer({ program: command, build: BUNDLE }, () => runHere(command, slot));
  else runHere(command, slot);
}

/**
 * Runs the command in a thread whose heap has room for so many MiB of young objects, and returns its exit
 * code: V8 sets that room when a heap is made, so this process cannot change its own.
 */
function runInThread(command: CommandName, youngGeneration: number): Promise<number> {
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const script = `require(${JSON.stringify(__filename)}).launch(${JSON.stringify(command)}, true)`;
  return new Promise((resolve, reject) => {
    const worker = new Worker(script, {
      eval: true,
      argv: process.argv.slice(2),
      resourceLimits: { maxYoungGenerationSizeMb: youngGeneration },
    });
    worker.on("error", reject);
    worker.on("exit", resolve);
  });
}

/** Loads the bundle, runs the command in this thread, and ends it. */
function runHere(command: CommandName, slot: ResultSlot | undefined, isThread = false): void {
  const scripts: LoadedScript[] = [];
  const flags = new EngineFlags();
  const onLongRun = (moment: number, isContinued: boolean): void => {
    if (moment === 0) flags.prepare(isContinued);
    flags.limitYoungGeneration();
  };
  const loadBundle = (file: string): unknown => {
    // V8 accepts cached code only under the flags of the run that wrote it.
    flags.reset();
    const script = loadScript(join(__dirname, file));
    flags.restore();
    scripts.push(script);
    return script.run();
  };
  const module: Parameters<Bundle>[1] = {};
  const bundle = takesLockBundle(command) ? LOCK_BUNDLE : BUNDLE;
  (loadBundle(bundle) as Bundle)(require, module, loadBundle);
  const { main } = module.exports as typeof import("../main.ts");
  const launcher = {
    storeWorker: join(__dirname, "store-worker.cjs"),
    fetchWorker: join(__dirname, "fetch-worker.cjs"),
    build: BUNDLE,
    onLongRun,
    runInThread: isThread ? undefined : (size: number) => runInThread(command, size),
  };
  const code = main(command, launcher, slot);
  const end = (exitCode: number): never => {
    for (const script of scripts) script.keep(() => flags.reset());
    // All output is written; draining the event loop and tearing down the heap would only cost
    // time.
    process.exit(exitCode);
  };
  if (typeof code === "number") end(code);
  else void code.then(end);
}
