/**
 * The messages between `nivis jobs`, its worker processes, and the thread in each that evaluates. All are
 * plain data; texts are byte strings unless they say otherwise.
 */
import type { AttrPath, JobReply } from "@nivis/jobs";

/**
 * Whether a worker says at its end what its replies depend on: each on what its own evaluation looked at, or
 * all of them on everything that the worker looked at, which costs nothing.
 */
export type Remembering = "no" | "precisely" | "together";

/** What an evaluator needs to begin. */
export interface EvaluatorStart {
  /** The command line of `nivis jobs`; texts. */
  readonly args: readonly string[];
  /** All of standard input, if the command line reads it. */
  readonly input: string;
  readonly color: boolean;
  readonly remembers: Remembering;
  /**
   * Asks for a heap image with the root and this attribute instead of replies; the process ends once it is
   * written.
   */
  readonly imageOf?: AttrPath | undefined;
}

/** What a worker process needs to begin. */
export interface WorkerStart extends EvaluatorStart {
  readonly kind: "start";
  /** The script that launches the commands, for the thread that evaluates; a text. */
  readonly script: string;
  /** The most that the heap of the thread may take, in MiB. */
  readonly heapSize: number;
}

/** To a worker process. */
export type ToWorker =
  | WorkerStart
  | { readonly kind: "path"; readonly path: AttrPath }
  /** Nothing is left: asks what the replies depend on, and the process ends by itself. */
  | { readonly kind: "finish" };

/** From the thread. */
export type FromEvaluator =
  /** The root is evaluated. `log` is what there is to show. */
  | { readonly kind: "ready"; readonly log: readonly string[] }
  /** The root could not be evaluated: the error without and with colours. */
  | {
      readonly kind: "failed";
      readonly message: string;
      readonly shown: string;
      readonly isUsage: boolean;
      readonly log: readonly string[];
    }
  /** An attribute is evaluated. `shown` is the error as people see it. */
  | {
      readonly kind: "reply";
      readonly reply: JobReply;
      readonly shown: string | undefined;
      readonly log: readonly string[];
    }
  /** What the replies depend on, as `encodePart` makes it; empty if that cannot be checked later. */
  | { readonly kind: "finished"; readonly part: string };

/** From a worker process. */
export type FromWorker =
  | FromEvaluator
  /** The resident memory of the process, in bytes. */
  | { readonly kind: "memory"; readonly resident: number }
  /** The heap of the thread is full. */
  | { readonly kind: "heap-full" };
