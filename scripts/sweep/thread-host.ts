/**
 * The process in which the threads of a sweep run: starts a thread for each task that comes over the
 * channel, and passes on what it answers and how it ended.
 *
 * It is not the process of the sweep itself, because running out of memory does not always end only
 * the thread: where a single object does not fit (the table of a large `Map`), V8 ends the process.
 */
import { Worker } from "node:worker_threads";
import type { Answer } from "./answers.ts";
import type { Attempt } from "./run-chunk.ts";

/** What {@link ThreadPool} sends. */
export interface ThreadTask {
  /** Tells tasks apart. */
  readonly id: number;
  /** The program of the thread, and what it gets as `workerData`. */
  readonly program: string;
  readonly data: unknown;
  /** Mebibytes that its old generation may take. */
  readonly memory: number;
  /** Seconds without an answer. */
  readonly timeout: number;
}

/** What a thread posts for each attribute. */
export interface ThreadAnswer {
  readonly name: string;
  readonly answer: Answer;
}

/** What comes back: answers, and then how it ended. */
export type ThreadMessage = { readonly id: number } & (
  | ThreadAnswer
  | { readonly ending: Attempt["ending"] }
);

process.on("message", start);
// The sweep is gone, whatever the reason: nobody wants the answers.
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
