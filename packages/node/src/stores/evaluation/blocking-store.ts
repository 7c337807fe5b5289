/**
 * BlockingStore: sends requests to the stores of an evaluation and waits for the replies.
 *
 * Stores are asynchronous and a command evaluates synchronously, so a thread of its own holds the
 * connections (`store-worker.ts`) while the evaluating thread waits on shared memory. The thread
 * starts with the first request: most evaluations send none. Writes need no reply at once: `send`
 * returns while the thread works, and `settle` waits for everything that was sent.
 * docs/design/010-waiting.md has the measurements.
 */
import { existsSync } from "node:fs";
import { IoError } from "@nivis/eval";
import {
  CANCEL,
  REPLIES,
  type StoreAnswers,
  type StoreMessage,
  type StoreReply,
  type StoreRequest,
  THREAD_ENDED,
  THREAD_READY,
  THREAD_STATE,
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

/** Milliseconds that the thread may take to start. */
const STARTING_TIME = 60_000;
const DEAD = "the thread that talks to stores did not start";
const ENDED = "the thread that talks to stores ended";

/** What is done with a reply. */
type Taker = (reply: StoreReply) => void;

/** See the head of this file. */
export class BlockingStore {
  readonly #options: BlockingStoreOptions | (() => BlockingStoreOptions);
  #running: Running | undefined;
  /** How many replies were received; the thread counts how many it has sent. */
  #received = 0;
  #lastId = 0;
  /** Those who expect a reply, by the number of the request. */
  readonly #takers = new Map<number, Taker>();
  /** Numbers of requests whose replies nobody waits for. */
  readonly #sent = new Set<number>();
  /** How many promises wait; the process stays alive for them. */
  #promises = 0;
  /** The first failure among the requests that were sent. */
  #failure: StoreReply | undefined;

  /** `options` may be made when the thread is started. */
  constructor(options: BlockingStoreOptions | (() => BlockingStoreOptions)) {
    this.#options = options;
  }

  /** Sends a request and returns its result. Throws an {@link IoError} with the store's message. */
  ask<Ask extends StoreRequest["ask"]>(
    request: Extract<StoreRequest, { readonly ask: Ask }>,
  ): StoreAnswers[Ask] {
    let reply: StoreReply | undefined;
    this.#post(request, (received) => {
      reply = received;
    });
    while (reply === undefined) this.#receive();
    return valueOf(reply) as StoreAnswers[Ask];
  }

  /** Sends a request and does not wait; a failure is thrown by {@link settle}. */
  send(request: StoreRequest): void {
    const id = this.#post(request, (reply) => {
      this.#sent.delete(id);
      if ("failure" in reply) this.#failure ??= reply;
    });
    this.#sent.add(id);
  }

  /** Waits until everything that was sent is done. Throws the first failure. */
  settle(): void {
    while (this.#sent.size > 0) this.#receive();
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) valueOf(failure);
  }

  /**
   * Sends a request without holding up this thread; several may be under way. `cancel` gives up
   * whatever is under way: the promise then fails with an error of code `cancelled`.
   */
  askLater<Ask extends StoreRequest["ask"]>(
    request: Extract<StoreRequest, { readonly ask: Ask }>,
    cancel?: AbortSignal,
  ): Promise<StoreAnswers[Ask]> {
    return new Promise((resolve, reject) => {
      const giveUp = (): void => this.cancel();
      this.#post(request, (reply) => {
        cancel?.removeEventListener("abort", giveUp);
        this.#promises--;
        if (this.#promises === 0) this.#keepAlive(false);
        try {
          resolve(valueOf(reply) as StoreAnswers[Ask]);
        } catch (error) {
          reject(error);
        }
      });
      this.#promises++;
      this.#keepAlive(true);
      if (cancel?.aborted === true) giveUp();
      else cancel?.addEventListener("abort", giveUp);
    });
  }

  /** Starts the thread and opens the stores, so that the first request need not wait for that. */
  warm(): void {
    this.#running ??= this.#start();
  }

  /** Gives up all requests that are under way; they fail with an error of code `cancelled`. */
  cancel(): void {
    this.#running?.port.postMessage(CANCEL);
  }

  /** Whether anything was ever requested, so that there are connections. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Ends the connections and the thread, if there are any. */
  close(): void {
    if (this.#running === undefined) return;
    this.ask({ ask: "close" });
    void this.#running.worker.terminate();
    this.#running = undefined;
    this.#received = 0;
  }

  #post(request: StoreRequest, taker: Taker): number {
    this.#running ??= this.#start();
    const id = ++this.#lastId;
    this.#takers.set(id, taker);
    const message: StoreMessage = { id, request };
    this.#running.port.postMessage(message);
    return id;
  }

  /** Waits for a reply, whatever it belongs to, and hands it over. */
  #receive(): void {
    const { port, signal } = this.#running as Running;
    const { receiveMessageOnPort } = process.getBuiltinModule("node:worker_threads");
    let received = receiveMessageOnPort(port);
    while (received === undefined) {
      const waited = Atomics.wait(signal, REPLIES, this.#received, STARTING_TIME);
      received = receiveMessageOnPort(port);
      if (received !== undefined) break;
      const state = Atomics.load(signal, THREAD_STATE);
      if (state === THREAD_ENDED) throw new IoError("connection", ENDED);
      if (state !== THREAD_READY && waited === "timed-out") throw new IoError("connection", DEAD);
    }
    this.#take(received.message as StoreReply);
  }

  #take(reply: StoreReply): void {
    this.#received++;
    const taker = this.#takers.get(reply.id);
    this.#takers.delete(reply.id);
    taker?.(reply);
  }

  #keepAlive(wanted: boolean): void {
    if (this.#running === undefined) return;
    const { worker, port } = this.#running;
    if (wanted) {
      worker.ref();
      port.ref();
    } else {
      worker.unref();
      port.unref();
    }
  }

  #start(): Running {
    const { MessageChannel, Worker } = process.getBuiltinModule("node:worker_threads");
    const options = this.#options;
    const { worker: script, ...start } = typeof options === "function" ? options() : options;
    const location = script ?? new URL("./store-worker.js", import.meta.url);
    // A thread that cannot start would never answer, and nothing would end the wait.
    if (!existsSync(location)) {
      throw new IoError("ENOENT", `the script of the thread for stores, '${location}', is missing`);
    }
    const signal = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    const { port1, port2 } = new MessageChannel();
    const workerData = { ...start, signal, port: port2 };
    const worker = new Worker(location, {
      workerData,
      transferList: [port2],
      // The thread closes files that this one has opened (nar-spool.ts).
      trackUnmanagedFds: false,
      stdout: false,
      stderr: false,
    });
    // A thread that ends leaves requests without replies.
    worker.once("exit", () => {
      const failure = { code: "connection", message: ENDED };
      for (const [id, taker] of [...this.#takers]) {
        this.#takers.delete(id);
        taker({ id, failure });
      }
    });
    port1.on("message", (reply: StoreReply) => this.#take(reply));
    worker.unref();
    port1.unref();
    return { worker, signal: new Int32Array(signal), port: port1 };
  }
}

function valueOf(reply: StoreReply): unknown {
  if ("failure" in reply) throw new IoError(reply.failure.code, reply.failure.message);
  return reply.value;
}
