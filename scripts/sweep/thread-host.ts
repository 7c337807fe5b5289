/**
 * The process that runs the threads of a sweep: starts a thread for each task that arrives over the
 * channel, and passes on its answers and how it ended.
 *
 * This is not the process of the sweep itself, because running out of memory may end more than
 * the thread: if a single object does not fit (the table of a large `Map`), V8 ends the process.
 */
import { Worker } from "node:worker_threads";
import type { Answer } from "./answers.ts";
import type { Attempt } from "./run-chunk.ts";

/** A task that {@link ThreadPool} sends. */
export interface ThreadTask {
  /** Identifies the task. */
  readonly id: number;
  /** The program of the thread, which receives `data` as `workerData`. */
  readonly program: string;
  readonly data: unknown;
  /** The limit of its old generation in mebibytes. */
  readonly memory: number;
  /** The time in seconds without an answer after which it is killed. */
  readonly timeout: number;
}

/** The message of a thread for each attribute. */
export interface ThreadAnswer {
  readonly name: string;
  readonly answer: Answer;
}

/** The messages to the pool: answers, then how the thread ended. */
export type ThreadMessage = { readonly id: number } & (
  | ThreadAnswer
  | { readonly ending: Attempt["ending"] }
);

process.on("message", start);
// The sweep has ended, so nothing receives the answers.
process.on("disconnect", () => process.exit());

function start({ id, program, data, memory, timeout }: ThreadTask): void {
  const send = (message: ThreadMessage): boolean => process.send?.(message) ?? false;
  const thread = new Worker(program, {
    workerData: data,
    resourceLimits: { maxOldGenerationSizeMb: memory },
  });
  let ending: Attempt["ending"] = {};
  const timer = setTimeout(() => {
    ending = { crashed: `no answer in ${timeout} s` };
    void thread.terminate();
  }, timeout * 1000);
  thread.on("message", ({ name, answer }: ThreadAnswer) => {
    timer.refresh();
    send({ id, name, answer });
  });
  thread.on("error", (error: NodeJS.ErrnoException) => {
    ending =
      error.code === "ERR_WORKER_OUT_OF_MEMORY"
        ? { outOfMemory: `more than ${memory} MiB` }
        : { crashed: String(error) };
  });
  thread.on("exit", () => {
    clearTimeout(timer);
    send({ id, ending });
  });
}
