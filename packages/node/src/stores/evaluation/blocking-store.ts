/**
 * BlockingStore: sends requests to the stores of an evaluation and waits for the replies.
 *
 * Stores are asynchronous and a command evaluates synchronously, so a thread of its own holds the
 * connections (`store-worker.ts`) while the evaluating thread waits on shared memory. The thread
 * starts with the first request: most evaluations send none. Writes need no reply at once: `send`
 * returns while the thread works, and `settle` waits for everything that was sent.
 * docs/design/010-waiting.md has the measurements.
 */
import { IoError } from "@nivis/eval";
import { BlockingThread } from "../../threads/blocking-thread.ts";
import {
  CANCEL,
  type StoreAnswers,
  type StoreMessage,
  type StoreReply,
  type StoreRequest,
  type WorkerStart,
} from "./requests.ts";

/** See {@link WorkerStart}. */
export interface BlockingStoreOptions extends WorkerStart {
  /** The script of the thread; `@nivis/node/store-worker` unless given. */
  readonly worker?: string | URL | undefined;
}

/** What is done with a reply. */
type Taker = (reply: StoreReply) => void;

/** See the head of this file. */
export class BlockingStore {
  readonly #thread: BlockingThread<StoreMessage | typeof CANCEL, StoreReply>;
  #lastId = 0;
  /** Those who expect a reply, by the number of the request. */
  readonly #takers = new Map<number, Taker>();
  /** Numbers of requests whose replies nobody waits for. */
  readonly #sent = new Set<number>();
  /** How many promises wait; the process stays alive for them. */
  #promises = 0;
  /** The first failure among the requests that were sent. */
  #failure: StoreReply | undefined;

  /** `options` may be made when the thread is started; `isInterrupted` ends waits. */
  constructor(
    options: BlockingStoreOptions | (() => BlockingStoreOptions),
    isInterrupted?: () => boolean,
  ) {
    this.#thread = new BlockingThread({
      name: "the thread that talks to stores",
      isInterrupted,
      start: () => {
        const { worker, ...data } = typeof options === "function" ? options() : options;
        return {
          script: worker ?? new URL("./store-worker.js", import.meta.url),
          data,
          // The thread closes files that this one has opened (nar-spool.ts).
          options: { trackUnmanagedFds: false },
        };
      },
      onMessage: (reply: StoreReply) => this.#take(reply),
      // A thread that ends leaves requests without replies.
      onEnd: (message) => {
        const failure = { code: "connection", message };
        for (const id of [...this.#takers.keys()]) this.#take({ id, failure });
      },
    });
  }

  /** Sends a request and returns its result. Throws an {@link IoError} with the store's message. */
  ask<Ask extends StoreRequest["ask"]>(
    request: Extract<StoreRequest, { readonly ask: Ask }>,
  ): StoreAnswers[Ask] {
    let reply: StoreReply | undefined;
    const id = this.#post(request, (received) => {
      reply = received;
    });
    try {
      while (reply === undefined) this.#take(this.#thread.receive());
    } catch (error) {
      // Writes that are under way are finished: the evaluation counts on them.
      if (this.#takers.delete(id) && this.#sent.size === 0) this.cancel();
      throw error;
    }
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
    while (this.#sent.size > 0) this.#take(this.#thread.receive());
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
        if (this.#promises === 0) this.#thread.keepAlive(false);
        try {
          resolve(valueOf(reply) as StoreAnswers[Ask]);
        } catch (error) {
          reject(error);
        }
      });
      this.#promises++;
      this.#thread.keepAlive(true);
      if (cancel?.aborted === true) giveUp();
      else cancel?.addEventListener("abort", giveUp);
    });
  }

  /** Starts the thread and opens the stores, so that the first request need not wait for that. */
  warm(): void {
    this.#thread.start();
  }

  /** Gives up all requests that are under way; they fail with an error of code `cancelled`. */
  cancel(): void {
    if (this.#thread.isRunning) this.#thread.post(CANCEL);
  }

  /** Whether anything was ever requested, so that there are connections. */
  get isRunning(): boolean {
    return this.#thread.isRunning;
  }

  /** Ends the connections and the thread, if there are any. */
  close(): void {
    if (!this.#thread.isRunning) return;
    this.ask({ ask: "close" });
    this.#thread.end();
  }

  #post(request: StoreRequest, taker: Taker): number {
    const id = ++this.#lastId;
    this.#takers.set(id, taker);
    try {
      this.#thread.post({ id, request });
    } catch (error) {
      this.#takers.delete(id);
      throw error;
    }
    return id;
  }

  #take(reply: StoreReply): void {
    const taker = this.#takers.get(reply.id);
    this.#takers.delete(reply.id);
    taker?.(reply);
  }
}

function valueOf(reply: StoreReply): unknown {
  if ("failure" in reply) {
    const { code, message, exitCode } = reply.failure;
    throw new IoError(code, message, exitCode);
  }
  return reply.value;
}
