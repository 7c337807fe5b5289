/**
 * BlockingStore: asks the stores of an evaluation and waits for the answer.
 *
 * Stores are asynchronous and a command evaluates synchronously, so a thread of its own holds the
 * connections (`store-worker.ts`) while the evaluating thread waits on shared memory. The thread is
 * started by the first question: most evaluations ask none. docs/design/010-waiting.md has the
 * measurements.
 */
import { IoError } from "@nivis/eval";
import type { StoreAnswers, StoreReply, StoreRequest, WorkerStart } from "./requests.ts";

/** See {@link WorkerStart}. */
export interface BlockingStoreOptions extends Omit<WorkerStart, "signal"> {
  /** The script of the thread; `@nivis/node/store-worker` unless given. */
  readonly worker?: string | URL;
}

interface Running {
  readonly worker: import("node:worker_threads").Worker;
  readonly signal: Int32Array;
  readonly port: import("node:worker_threads").MessagePort;
}

/** See the head of this file. */
export class BlockingStore {
  readonly #options: BlockingStoreOptions;
  #running: Running | undefined;
  #answers = 0;

  constructor(options: BlockingStoreOptions) {
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
    const reply = received.message as StoreReply;
    if ("failure" in reply) throw new IoError(reply.failure.code, reply.failure.message);
    return reply.value as StoreAnswers[Ask];
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
    const { worker: script, ...start } = this.#options;
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
