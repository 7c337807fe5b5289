/**
 * The page's side of the worker: one request at a time is enough, the newest one wins, and a worker that
 * does not stop when it is told to is ended and replaced.
 */
import type { FromWorker, Method, Requests, ToWorker, World } from "../worker/protocol.ts";

/** Milliseconds that a worker has to stop. */
const PATIENCE = 1000;

/** An evaluation was stopped. */
export class Stopped extends Error {
  override readonly name = "Stopped";
}

interface Waiting {
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** See the head of this file. */
export class Client {
  readonly #start: () => Worker;
  #worker: Worker | undefined;
  readonly #waiting = new Map<number, Waiting>();
  #next = 0;
  #world: World | undefined;

  constructor(start: () => Worker) {
    this.#start = start;
  }

  /** Whether a request has no answer yet. */
  get isBusy(): boolean {
    return this.#waiting.size > 0;
  }

  /** Gives the worker the files for what follows. */
  async open(world: World): Promise<void> {
    this.#world = world;
    await this.ask("open", world);
  }

  /** Asks the worker. Rejects with {@link Stopped} if it was stopped. */
  ask<Name extends Method>(
    method: Name,
    params: Requests[Name]["params"],
  ): Promise<Requests[Name]["answer"]> {
    const worker = this.#running();
    const id = this.#next++;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve: resolve as (answer: unknown) => void, reject });
      worker.postMessage({ id, method, params } satisfies ToWorker);
    });
  }

  /** Stops what runs, and resolves when nothing does. */
  async stop(): Promise<void> {
    if (!this.isBusy) return;
    const worker = this.#running();
    const ended = Promise.allSettled(
      Array.from(this.#waiting.values(), (waiting) => {
        const { resolve, reject } = waiting;
        return new Promise<void>((end) => {
          waiting.resolve = (answer) => {
            resolve(answer);
            end();
          };
          waiting.reject = (error) => {
            reject(error);
            end();
          };
        });
      }),
    );
    worker.postMessage({ stop: true } satisfies ToWorker);
    const isLate = await Promise.race([
      ended.then(() => false),
      new Promise<boolean>((resolve) => setTimeout(() => resolve(true), PATIENCE)),
    ]);
    if (!isLate || this.#worker !== worker) return;
    worker.terminate();
    this.#worker = undefined;
    for (const { reject } of this.#waiting.values()) reject(new Stopped("stopped"));
    this.#waiting.clear();
    if (this.#world !== undefined) await this.ask("open", this.#world);
  }

  #running(): Worker {
    if (this.#worker !== undefined) return this.#worker;
    const worker = this.#start();
    worker.addEventListener("message", ({ data }: MessageEvent<FromWorker>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (waiting === undefined) return;
      if ("answer" in data) waiting.resolve(data.answer);
      else waiting.reject(data.stopped ? new Stopped(data.error) : new Error(data.error));
    });
    worker.addEventListener("error", (event) => {
      const error = new Error(event.message || "the evaluator ended, perhaps out of memory");
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
      this.#worker = undefined;
    });
    this.#worker = worker;
    return worker;
  }
}
