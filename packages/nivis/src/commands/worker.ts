/** `nivis worker`: evaluates for `nivis jobs --queue` on other machines. */
import { encodeUtf8, marked } from "@nivis/formats";
import { CommandFailure } from "../command-failure.ts";
import { LocalChunkEvaluator } from "../jobs/chunk-evaluator.ts";
import { MIN_WORKER_SIZE, positiveNumber } from "../jobs/job-options.ts";
import { loadQueue } from "../jobs/queue-package.ts";
import { queueFailure } from "../jobs/queued-sweep.ts";
import { scriptPath } from "../jobs/script-path.ts";
import { defaultFlags, type EvaluationFlags } from "../options/evaluation-options.ts";
import { usageError, valueFlag } from "../options/option.ts";
import type { WaitingProgram } from "../program.ts";
import { jobTopic } from "./job-topics.ts";

interface WorkerFlags extends EvaluationFlags {
  queue: string | undefined;
  workers: number;
  maxMemorySize: number;
  /** In seconds. */
  stalledAfter: number;
  /** In seconds. */
  idleExit: number | undefined;
}

/** Exit code of a command that the user stopped: 128 and the number of SIGINT. */
const INTERRUPTED = 130;

/** `nivis worker`. */
export const workerCommand: WaitingProgram<WorkerFlags> = {
  ...jobTopic("worker"),
  description: [
    "Takes work from the Redis server at URL until it is stopped. Give all workers and 'nivis jobs' the same --store if derivations are to be in one store. Any number of workers may run, on any number of machines; if one is lost, another takes over its work.",
    "Whoever can write to the Redis server decides what is evaluated here.",
  ],
  options: [
    valueFlag(["--queue"], "URL", "The Redis server, such as redis://HOST:6379", (flags, url) => {
      flags.queue = url;
    }),
    valueFlag(["--workers"], "N", "Evaluate with N local workers (1 unless given)", (flags, n) => {
      flags.workers = positiveNumber("--workers", n);
    }),
    valueFlag(
      ["--max-memory-size"],
      "MIB",
      "Let all local workers together take no more than N * MIB mebibytes (4096 unless given)",
      (flags, size) => {
        flags.maxMemorySize = positiveNumber("--max-memory-size", size);
      },
    ),
    valueFlag(
      ["--stalled-after"],
      "SECONDS",
      "Take a worker for lost after SECONDS without a sign of life (30 unless given)",
      (flags, seconds) => {
        flags.stalledAfter = positiveNumber("--stalled-after", seconds);
      },
    ),
    valueFlag(["--idle-exit"], "SECONDS", "End after SECONDS without work", (flags, seconds) => {
      flags.idleExit = positiveNumber("--idle-exit", seconds);
    }),
  ],
  defaults: (invocation) => ({
    ...defaultFlags(invocation),
    queue: undefined,
    workers: 1,
    maxMemorySize: 4096,
    stalledAfter: 30,
    idleExit: undefined,
  }),
  positional: (_, argument) => {
    throw usageError(marked`unexpected argument '${encodeUtf8(argument)}'`);
  },
  run: async (flags, invocation) => {
    if (flags.queue === undefined) throw usageError("'nivis worker' needs '--queue URL'");
    const { runQueueWorker, QueueError } = loadQueue();
    const controller = new AbortController();
    const stopListening = invocation.terminal.onInterrupt?.(() => controller.abort());
    process.once("SIGTERM", () => controller.abort());
    const evaluator = new LocalChunkEvaluator(invocation, {
      processScript: scriptPath("./job-worker.cjs"),
      threadScript: scriptPath("./launch.cjs"),
      count: flags.workers,
      maxMemorySize: Math.max(flags.maxMemorySize, MIN_WORKER_SIZE),
      extraArgs: storeArgs(flags),
    });
    try {
      await runQueueWorker({
        url: flags.queue,
        evaluator,
        stalledAfter: flags.stalledAfter,
        idleExit: flags.idleExit,
        warn: (message) => invocation.warn(encodeUtf8(message)),
        note: (message) => invocation.note(encodeUtf8(message)),
        signal: controller.signal,
      });
    } catch (error) {
      throw error instanceof QueueError ? queueFailure(error) : error;
    } finally {
      evaluator.close();
      stopListening?.();
    }
    if (controller.signal.aborted) {
      throw new CommandFailure("interrupted", "stopped by the user", INTERRUPTED);
    }
    return 0;
  },
};

/** The stores of this machine, for the command line of each request; texts. */
function storeArgs({ store, evalStore, invocation }: EvaluationFlags): readonly string[] {
  const text = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8");
  const { machine } = invocation;
  const absolute = (uri: string): string =>
    /^\.{0,2}\//.test(uri) && !uri.startsWith("/") ? `${machine.currentDirectory()}/${uri}` : uri;
  return [
    ...(store === undefined ? [] : ["--store", text(absolute(store))]),
    ...(evalStore === undefined ? [] : ["--eval-store", text(absolute(evalStore))]),
  ];
}
