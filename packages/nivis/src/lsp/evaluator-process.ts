/**
 * The process that evaluates for `nivis lsp`: the entry point of a script. Its main thread only passes
 * messages on and sets the flag that interrupts an evaluation; it ends the process when the server is
 * gone, whatever the evaluating thread is doing. It is a process because V8 aborts all of it when a large
 * object does not fit into the heap of a thread.
 */
import { Worker } from "node:worker_threads";
import { evaluatorLimits } from "../evaluator-limits.ts";
import type { FromEvaluator, ToEvaluator } from "./evaluator-messages.ts";

/** The number of the question that is to stop; the thread looks at it. */
const stopped = new Int32Array(new SharedArrayBuffer(4));

function begin({ script, heapSize, start }: Extract<ToEvaluator, { kind: "start" }>): Worker {
  const worker = new Worker(`require(${JSON.stringify(script)}).launch("nivis-lsp-evaluator")`, {
    eval: true,
    workerData: { ...start, stopped },
    resourceLimits: evaluatorLimits(heapSize),
    // Nothing that a program prints may reach the stream of the protocol.
    stdout: true,
  });
  worker.on("message", (message: FromEvaluator) => {
    if (process.connected) process.send?.(message);
  });
  worker.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") throw error;
    process.send?.({ kind: "heap-full" } satisfies FromEvaluator, undefined, undefined, () =>
      process.exit(1),
    );
  });
  return worker;
}

process.once("message", (first: ToEvaluator) => {
  if (first.kind !== "start") return;
  const thread = begin(first);
  process.on("message", (message: ToEvaluator) => {
    if (message.kind === "cancel") Atomics.store(stopped, 0, message.id);
    else thread.postMessage(message);
  });
});
process.on("disconnect", () => process.exit(0));
// Ctrl-C in a terminal reaches all processes; the server decides what it means.
process.on("SIGINT", () => {});
