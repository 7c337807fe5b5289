/**
 * Formats many files with worker threads while the calling thread waits.
 *
 * The workers take files from a common counter, so that none is idle while another has a long list. A
 * command is synchronous, so the calling thread sleeps on shared memory and takes results from the
 * ports; the event loop never runs. A worker that stops without a word is noticed by the time that it
 * takes, and its file is named.
 */
import type { MessagePort } from "node:worker_threads";
import { EditorConfigs } from "./editor-configs.ts";
import { type FileJob, type FileResult, formatFile, formatText } from "./format-file.ts";
import { Shared, type WorkerMessage, type WorkerTask } from "./format-task.ts";

/** The file that the build puts beside the commands. */
const WORKER_PROGRAM = "./format-worker.cjs";
/** Below this many files a worker costs more than it saves. */
const FILES_PER_WORKER = 100;
const MAX_WORKERS = 16;
/**
 * Deeper texts are refused on any thread: their indentation alone makes results of gigabytes, since it grows
 * with the square of the depth.
 */
const MAX_NESTING = 2000;
/** The stack of a thread for them, in MiB; memory that is not used is not taken. */
const DEEP_STACK = 256;
/** How long the calling thread sleeps at most before it shows progress, in milliseconds. */
const TICK = 100;
/** A worker that does nothing for so long has stopped, in milliseconds. */
const STALL = 300_000;

/** Where the worker's program lies; `undefined` where the commands are not built. */
function workerProgram(): string | undefined {
  if (typeof require !== "function") return undefined;
  try {
    // The commands are one script, which is given the `require` of its folder.
    return require.resolve(WORKER_PROGRAM);
  } catch {
    return undefined;
  }
}

/** Formats all files and calls `progress` with the number done. Results are in the order of `paths`. */
export function formatFiles(
  paths: readonly string[],
  job: FileJob,
  progress: (done: number) => void,
): FileResult[] {
  const processors = process.getBuiltinModule("node:os").availableParallelism();
  const count = Math.min(MAX_WORKERS, processors, Math.floor(paths.length / FILES_PER_WORKER));
  const program = count < 2 ? undefined : workerProgram();
  const configs = new EditorConfigs();
  const results =
    program !== undefined
      ? new Pool(program, { paths, text: undefined, job }, count).run(progress)
      : paths.map((path, index) => {
          const result = formatFile(path, job, configs);
          progress(index + 1);
          return result;
        });
  return results.map((result, index) =>
    isDeep(result) ? formatDeeply(paths[index] as string, undefined, job, result) : result,
  );
}

/** Formats a text that is called `name`, however deeply it nests. */
export function formatAnyText(name: string, text: string, job: FileJob): FileResult {
  const result = formatText(name, text, job, new EditorConfigs());
  return isDeep(result) ? formatDeeply(name, text, job, result) : result;
}

function isDeep(result: FileResult): boolean {
  return result.kind === "refused" && result.isDeep;
}

/** Formats a file, or a text, that nests deeply: on a thread with a large stack. */
function formatDeeply(
  path: string,
  text: string | undefined,
  job: FileJob,
  refused: FileResult,
): FileResult {
  const program = workerProgram();
  if (program === undefined) return refused;
  const task = { paths: [path], text, job: { ...job, maxNesting: MAX_NESTING } };
  const [result] = new Pool(program, task, 1, DEEP_STACK).run(() => {});
  return result ?? refused;
}

class Pool {
  readonly #threads = process.getBuiltinModule("node:worker_threads");
  readonly #shared: Int32Array;
  readonly #ports: MessagePort[] = [];
  readonly #results: FileResult[];
  readonly #paths: readonly string[];

  /** @param stack The stack of each worker, in MiB; that of Node.js if there is none. */
  constructor(
    program: string,
    given: Pick<WorkerTask, "paths" | "text" | "job">,
    workers: number,
    stack?: number,
  ) {
    const { paths } = given;
    this.#paths = paths;
    this.#results = new Array<FileResult>(paths.length).fill({ kind: "same" });
    this.#shared = new Int32Array(new SharedArrayBuffer(4 * (Shared.Current + workers)));
    for (let worker = 0; worker < workers; worker += 1) {
      const { port1, port2 } = new this.#threads.MessageChannel();
      this.#shared[Shared.Current + worker] = -1;
      const task: WorkerTask = { ...given, port: port2, shared: this.#shared, worker };
      new this.#threads.Worker(program, {
        workerData: task,
        transferList: [port2],
        // Trees are short-lived, and collecting them often copies those that are still in use.
        resourceLimits: {
          maxYoungGenerationSizeMb: 64,
          ...(stack === undefined ? {} : { stackSizeMb: stack }),
        },
      }).unref();
      this.#ports.push(port1);
    }
  }

  run(progress: (done: number) => void): FileResult[] {
    let seen = 0;
    let since = performance.now();
    while (seen < this.#paths.length) {
      Atomics.wait(this.#shared, Shared.Done, seen, TICK);
      const done = Atomics.load(this.#shared, Shared.Done);
      this.#receive();
      const now = performance.now();
      if (done !== seen) since = now;
      else if (now - since > STALL) {
        this.#nameStalled();
        break;
      }
      seen = done;
      progress(seen);
    }
    this.#receive();
    for (const port of this.#ports) port.close();
    return this.#results;
  }

  #receive(): void {
    const { receiveMessageOnPort } = this.#threads;
    for (const port of this.#ports) {
      for (;;) {
        const received = receiveMessageOnPort(port);
        if (received === undefined) break;
        const { index, result } = received.message as WorkerMessage;
        this.#results[index] = result;
      }
    }
  }

  /** Marks the files of workers that stopped, and those that no worker took. */
  #nameStalled(): void {
    const failed = (message: string): FileResult => ({ kind: "failed", message });
    for (let worker = 0; worker < this.#ports.length; worker += 1) {
      const index = Atomics.load(this.#shared, Shared.Current + worker);
      if (index >= 0) this.#results[index] = failed("the worker that formatted it has stopped");
    }
    for (let i = Atomics.load(this.#shared, Shared.Next); i < this.#paths.length; i += 1)
      this.#results[i] = failed("not reached, since all workers have stopped");
  }
}
