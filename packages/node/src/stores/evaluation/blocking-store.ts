/**
 * BlockingStore: asks the stores of an evaluation and waits for the answer.
 *
 * Stores are asynchronous and a command evaluates synchronously, so a thread of its own holds the
 * connections (`store-worker.ts`) while the evaluating thread waits on shared memory. The thread is
 * started by the first question: most evaluations ask none. docs/design/010-waiting.md has the
 * measurements.
 */
import { IoError } from "@nivis/eval";
import {
  CANCEL,
  type StoreAnswers,
  type StoreReply,
  type StoreRequest,
  type WorkerStart,
} from "./requests.ts";

/** See {@link WorkerStart}. */
export interface BlockingStoreOptions extends Omit<WorkerStart, "signal"> {
  /** The script of the thread; `@nivis/node/store-worker` unless given. */
  readonly worker?: string | URL | undefined;
}

interface Running {
  readonly worker: import("node:worker_threads").Worker;
  readonly signal: Int32Array;
  readonly port: import("node:worker_threads").MessagePort;
}

/** See the head of this file. */
export class BlockingStore {
  readonly #options: BlockingStoreOptions | (() => BlockingStoreOptions);
  #running: Running | undefined;
  #answers = 0;

  /** `options` may be made when the thread is started. */
  constructor(options: BlockingStoreOptions | (() => BlockingStoreOptions)) {
    this.#options = options;
  }

  /** The answer to a question. Throws an {@link IoError} with the store's message. */
  ask<Ask extends StoreRequest["ask"]>(
    request: Extract<StoreRequest, { readonly ask: Ask }>,
  ): StoreAnswers[Ask] {
    this.#running ??= this.#start();
    const { port, signal } = this.#running;
    const { receiveMessageOnPort } = process.getBuiltinModule("node:worker_threads");
    port.postMessage(request);
    let received = receiveMessageOnPort(port);
    while (received === undefined) {
      Atomics.wait(signal, 0, this.#answers);
      received = receiveMessageOnPort(port);
    }
    this.#answers++;
    return valueOf(received.message as StoreReply) as StoreAnswers[Ask];
  }

  /**
   * The answer to a question, without holding up this thread; only one question can be under way.
   * `cancel` gives it up: the promise then fails with an error of code `cancelled`.
   */
  askLater<Ask extends StoreRequest["ask"]>(
    request: Extract<StoreRequest, { readonly ask: Ask }>,
    cancel?: AbortSignal,
  ): Promise<StoreAnswers[Ask]> {
    this.#running ??= this.#start();
    const { port, worker } = this.#running;
    const giveUp = (): void => port.postMessage(CANCEL);
    return new Promise((resolve, reject) => {
      const fail = (): void =>
        reject(new IoError("connection", "the thread that talks to stores ended"));
      worker.once("exit", fail);
      // Nothing else may keep the process alive.
      worker.ref();
      port.once("message", (reply: StoreReply) => {
        worker.off("exit", fail);
        worker.unref();
        port.unref();
        this.#answers++;
        cancel?.removeEventListener("abort", giveUp);
        try {
          resolve(valueOf(reply) as StoreAnswers[Ask]);
        } catch (error) {
          reject(error);
        }
      });
      port.ref();
      port.postMessage(request);
      if (cancel?.aborted === true) giveUp();
      else cancel?.addEventListener("abort", giveUp);
    });
  }

  /** Whether anything was ever asked, so that there are connections. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Ends the connections and the thread, if there are any. */
  close(): void {
    if (this.#running === undefined) return;
    this.ask({ ask: "close" });
    void this.#running.worker.terminate();
    this.#running = undefined;
    this.#answers = 0;
  }

  #start(): Running {
    const { MessageChannel, Worker } = process.getBuiltinModule("node:worker_threads");
    const options = this.#options;
    const { worker: script, ...start } = typeof options === "function" ? options() : options;
    const signal = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const { port1, port2 } = new MessageChannel();
    const workerData = { ...start, signal, port: port2 };
    const worker = new Worker(script ?? new URL("./store-worker.js", import.meta.url), {
      workerData,
      transferList: [port2],
      stdout: false,
      stderr: false,
    });
    worker.unref();
    port1.unref();
    return { worker, signal: new Int32Array(signal), port: port1 };
  }
}

function valueOf(reply: StoreReply): unknown {
  if ("failure" in reply) throw new IoError(reply.failure.code, reply.failure.message);
  return reply.value;
}
