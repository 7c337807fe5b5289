/** `nivis/worker` in Node, Deno and Bun: sessions in threads of their own. */
import { NixWorker, type WorkerThread } from "@nivis/embed";
import { nodeHost } from "../library/node-host.ts";
import type { NixWorkerOptions } from "../library/worker-options.ts";

export { NixWorker, type WorkerEvaluateOptions, type WorkerThread } from "@nivis/embed";
export type { NixWorkerOptions } from "../library/worker-options.ts";

/** Starts a thread with a session. */
export function createNixWorker(given: NixWorkerOptions = {}): NixWorker {
  const { options = {}, module, memory } = given;
  const { Worker } = process.getBuiltinModule("node:worker_threads");
  const worker = new Worker(new URL("./worker-main.js", import.meta.url), {
    workerData: { options, module: module === undefined ? undefined : String(module) },
    ...(memory === undefined ? {} : { resourceLimits: { maxOldGenerationSizeMb: memory } }),
  });
  const thread: WorkerThread = {
    path: nodeHost().path,
    postMessage: (message, transfer) => {
      // A thread keeps the process alive while it has something to do.
      worker.ref();
      worker.postMessage(message, transfer as ArrayBuffer[]);
    },
    receive: (listener) => {
      worker.on("message", listener);
    },
    ended: (listener) => {
      worker.on("error", (error) =>
        listener(error instanceof Error ? error : new Error(String(error))),
      );
      worker.on("exit", (code) => listener(new Error(`the worker ended with code ${code}`)));
    },
    terminate: () => {
      void worker.terminate();
    },
  };
  const nix = new NixWorker(thread, () => worker.unref());
  worker.unref();
  return nix;
}
