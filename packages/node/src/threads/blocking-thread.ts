/**
 * BlockingThread: a thread that does asynchronous work for one that waits for it.
 *
 * Evaluation is synchronous, connections are not. The evaluating thread posts a message and waits
 * on shared memory; the other thread posts messages of its own and counts each of them there. The
 * thread is started by the first message. One that cannot start, or that ends, ends the wait with an
 * error. docs/design/010-waiting.md has the measurements.
 */

import { existsSync } from "node:fs";
import type { MessagePort, Worker, WorkerOptions } from "node:worker_threads";
import { EvalError, IoError } from "@nivis/eval";
import { marked } from "@nivis/formats";

/** What a thread is started with, beside data of its own. */
export interface ThreadStart {
  /** Two integers of 32 bits, {@link MESSAGES} and {@link STATE}. */
  readonly signal: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** Where the signal counts the messages of the thread: the one that waits, waits for a change. */
const MESSAGES = 0;
/** Where the signal has the state of the thread: 0 while it starts. */
const STATE = 1;
const READY = 1;
const ENDED = 2;

/** Milliseconds that the thread may take to start. */
const STARTING_TIME = 60_000;

/** Milliseconds that a thread may take to end itself. */
const ENDING_TIME = 1000;

/** Milliseconds between two questions whether a wait is interrupted. */
const INTERRUPTION_WAIT = 20;

/** The script of a thread and how it is started. */
export interface ThreadScript {
  readonly script: string | URL;
  /** Data of its own, which the thread gets as `workerData` together with a {@link ThreadStart}. */
  readonly data: object;
  readonly options?: Pick<WorkerOptions, "trackUnmanagedFds">;
}

/** Who uses a {@link BlockingThread}. */
export interface ThreadUser<Received> {
  /** Names the thread in errors: "the thread that talks to stores". */
  readonly name: string;
  /** Is called when the thread is started. */
  readonly start: () => ThreadScript;
  /** Takes messages that come while nobody waits in {@link BlockingThread.receive}. */
  readonly onMessage?: (message: Received) => void;
  /** Is asked now and then during a wait: `true` ends it with an error of kind `interrupted`. */
  readonly isInterrupted?: (() => boolean) | undefined;
  /** Is called when the thread has ended, with the reason. */
  readonly onEnd?: (reason: string) => void;
}

interface Running {
  readonly worker: Worker;
  readonly signal: Int32Array;
  readonly port: MessagePort;
}

/** The side of the thread that waits. */
export class BlockingThread<Posted, Received> {
  readonly #user: ThreadUser<Received>;
  #running: Running | undefined;

  constructor(user: ThreadUser<Received>) {
    this.#user = user;
  }

  /** Whether the thread was started and not ended by {@link end}. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Starts the thread before the first message. Throws an {@link IoError}. */
  start(): void {
    this.#running ??= this.#open();
  }

  /** Posts a message and starts the thread if necessary. Throws an {@link IoError}. */
  post(message: Posted): void {
    this.#running ??= this.#open();
    this.#running.port.postMessage(message);
  }

  /**
   * Waits for the next message of the thread, which must have been started. Throws an
   * {@link IoError} of code `connection` if the thread has ended or does not start, and an
   * {@link EvalError} of kind `interrupted` if the wait is interrupted.
   */
  receive(): Received {
    const { port, signal } = this.#running as Running;
    const { receiveMessageOnPort } = process.getBuiltinModule("node:worker_threads");
    const { isInterrupted } = this.#user;
    const step = isInterrupted === undefined ? STARTING_TIME : INTERRUPTION_WAIT;
    let waitedFor = 0;
    for (;;) {
      const seen = Atomics.load(signal, MESSAGES);
      const state = Atomics.load(signal, STATE);
      const received = receiveMessageOnPort(port);
      if (received !== undefined) return received.message as Received;
      if (state === ENDED) throw new IoError("connection", `${this.#user.name} ended`);
      if (isInterrupted?.() === true) {
        throw new EvalError("interrupted", "interrupted by the user");
      }
      if (Atomics.wait(signal, MESSAGES, seen, step) === "timed-out") waitedFor += step;
      if (waitedFor >= STARTING_TIME && Atomics.load(signal, STATE) === 0) {
        throw new IoError("connection", `${this.#user.name} did not start`);
      }
    }
  }

  /** Whether the process stays alive while the thread runs; it does not unless asked to. */
  keepAlive(wanted: boolean): void {
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

  /** Ends the thread. */
  end(): void {
    void this.#running?.worker.terminate();
    this.#running = undefined;
  }

  /** Asks the thread to end itself and lets go of it; one that does not is ended. */
  endAfter(message: Posted): void {
    const running = this.#running;
    if (running === undefined) return;
    running.port.postMessage(message);
    this.#running = undefined;
    setTimeout(() => void running.worker.terminate(), ENDING_TIME).unref();
  }

  #open(): Running {
    const { MessageChannel, Worker } = process.getBuiltinModule("node:worker_threads");
    const { name, onMessage, onEnd } = this.#user;
    const { script, data, options } = this.#user.start();
    // A missing script is an event of the worker, which nobody hears who waits.
    if (!existsSync(script)) {
      throw new IoError("ENOENT", marked`the script of ${name}, '${script}', is missing`);
    }
    const signal = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
    const { port1, port2 } = new MessageChannel();
    const start: ThreadStart = { signal, port: port2 };
    const worker = new Worker(script, {
      ...options,
      workerData: { ...data, ...start },
      transferList: [port2],
      stdout: false,
      stderr: false,
    });
    let reason = `${name} ended`;
    worker.once("error", (error) => {
      reason += `: ${error instanceof Error ? error.message : String(error)}`;
    });
    worker.once("exit", () => onEnd?.(reason));
    if (onMessage !== undefined) port1.on("message", onMessage);
    worker.unref();
    port1.unref();
    return { worker, signal: new Int32Array(signal), port: port1 };
  }
}

/** The side of the thread that works. */
export class ThreadPort<Received, Posted> {
  readonly #port: MessagePort;
  readonly #signal: Int32Array;

  /** Tells the other side that the thread has started, and will when it ends. */
  constructor({ port, signal }: ThreadStart) {
    this.#port = port;
    this.#signal = new Int32Array(signal);
    Atomics.store(this.#signal, STATE, READY);
    process.once("exit", () => {
      Atomics.store(this.#signal, STATE, ENDED);
      this.#wake();
    });
  }

  onMessage(listener: (message: Received) => void): void {
    this.#port.on("message", listener);
  }

  post(message: Posted): void {
    this.#port.postMessage(message);
    this.#wake();
  }

  #wake(): void {
    Atomics.add(this.#signal, MESSAGES, 1);
    Atomics.notify(this.#signal, MESSAGES);
  }
}
