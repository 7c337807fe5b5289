/** What the calling thread and the workers of `nivis fmt` share: the task, the counters and the messages. */
import type { MessagePort } from "node:worker_threads";
import type { FileJob, FileResult } from "./format-file.ts";

/** What a worker is given. */
export interface WorkerTask {
  readonly paths: readonly string[];
  /** The text instead of that of the only path. */
  readonly text: string | undefined;
  readonly job: FileJob;
  readonly port: MessagePort;
  /** See {@link Shared}. */
  readonly shared: Int32Array;
  readonly worker: number;
}

/** The places in shared memory; from `Current` on, one for each worker: the file that it formats. */
export const enum Shared {
  /** The next file. */
  Next,
  /** How many files are done. */
  Done,
  Current,
}

/** A message from a worker: the index of a file that is not formatted, and the result for it. */
export interface WorkerMessage {
  readonly index: number;
  readonly result: FileResult;
}
