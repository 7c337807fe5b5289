/**
 * A worker process of `nivis jobs`: the entry point of a script. Its main thread only watches: it passes
 * messages on, reports the memory of the process, and ends the process when the command is gone,
 * whatever the evaluating thread is doing.
 *
 * Evaluation is in a process of its own, not only in a thread, because V8 aborts the whole process when a
 * large object does not fit into the heap of a thread; docs/design/013-jobs.md has the measurements.
 */
import { constants, setPriority } from "node:os";
import { Worker } from "node:worker_threads";
import { evaluatorLimits } from "../evaluator-limits.ts";
import type {
  EvaluatorStart,
  FromEvaluator,
  FromWorker,
  ToWorker,
  WorkerStart,
} from "./worker-messages.ts";

/** The time between two reports of memory, in milliseconds. */
const MEMORY_INTERVAL = 100;
/** The most that writing a heap image may take, in milliseconds. */
const IMAGE_TIME = 60_000;

function send(message: FromWorker, sent?: () => void): void {
  if (process.connected) process.send?.(message, undefined, undefined, sent);
}

function begin(start: WorkerStart): Worker {
  const { script, heapSize, ...rest } = start;
  const worker = new Worker(`require(${JSON.stringify(script)}).launch("nivis-job-evaluator")`, {
    eval: true,
    workerData: rest satisfies EvaluatorStart,
    resourceLimits: evaluatorLimits(heapSize),
  });
  // What the replies depend on takes more than fits into the channel at once.
  let finished: Promise<void> | undefined;
  worker.on("message", (message: FromEvaluator) => {
    if (message.kind === "finished") finished = new Promise((sent) => send(message, sent));
    else send(message);
  });
  worker.on("exit", () => void finished?.then(() => process.exit(0)));
  worker.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "ERR_WORKER_OUT_OF_MEMORY") throw error;
    if (!process.connected) end();
    // The process has nothing left to do once this is sent.
    process.send?.({ kind: "heap-full" } satisfies FromWorker, undefined, undefined, () =>
      process.exit(1),
    );
  });
  return worker;
}

/** Lets the thread write a heap image, which nobody waits for. */
function writeImage(start: WorkerStart): void {
  process.off("disconnect", end);
  // Threads that are started later have this priority, too.
  setPriority(constants.priority.PRIORITY_LOW);
  setTimeout(end, IMAGE_TIME);
  begin(start).on("exit", end);
}

function end(): void {
  process.exit(0);
}

process.once("message", (start: ToWorker) => {
  if (start.kind !== "start") return;
  if (start.imageOf !== undefined) {
    writeImage(start);
    return;
  }
  const thread = begin(start);
  process.on("message", (message: ToWorker) => thread.postMessage(message));
});
process.on("disconnect", end);
// Ctrl-C in a terminal reaches all processes; the command decides what it means.
process.on("SIGINT", () => {});
setInterval(() => send({ kind: "memory", resident: process.memoryUsage.rss() }), MEMORY_INTERVAL);
