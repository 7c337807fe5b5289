/**
 * BlockingThread: a thread that does asynchronous work for one that waits for it.
 *
 * Evaluation is synchronous, connections are not. The evaluating thread posts a question and waits
 * on shared memory; the other thread posts notices, such as warnings, and at last the answer, and
 * counts each message there. The thread is started by the first question.
 * docs/design/010-waiting.md has the measurements.
 */
import type { MessagePort, Worker } from "node:worker_threads";

/** What a thread is started with, beside data of its own. */
export interface ThreadStart {
  /** Counts messages: the waiting thread waits for it to change. */
  readonly signal: SharedArrayBuffer;
  readonly port: MessagePort;
}

/** A message of the thread: the answer to the question, or something to be shown meanwhile. */
export type ThreadMessage<Answer, Notice> =
  | { readonly answer: Answer }
  | { readonly notice: Notice };

interface Running {
  readonly worker: Worker;
  readonly signal: Int32Array;
  readonly port: MessagePort;
}

/** The side of the thread that waits. */
export class BlockingThread<Question, Answer, Notice = never> {
  readonly #start: () => { readonly script: string | URL; readonly data: object };
  readonly #onNotice: (notice: Notice) => void;
  #running: Running | undefined;

  /** @param start - returns the script of the thread and the data that it gets as `workerData` */
  constructor(
    start: () => { readonly script: string | URL; readonly data: object },
    onNotice: (notice: Notice) => void = () => {},
  ) {
    this.#start = start;
    this.#onNotice = onNotice;
  }

  /** Whether anything was ever asked. */
  get isRunning(): boolean {
    return this.#running !== undefined;
  }

  /** Asks a question and waits for the answer. */
  ask(question: Question): Answer {
    const { port, signal } = this.#run();
    const { receiveMessageOnPort } = process.getBuiltinModule("node:worker_threads");
    port.postMessage(question);
    for (;;) {
      const seen = Atomics.load(signal, 0);
      const received = receiveMessageOnPort(port);
      if (received === undefined) {
        Atomics.wait(signal, 0, seen);
        continue;
      }
      const message = received.message as ThreadMessage<Answer, Notice>;
      if ("answer" in message) return message.answer;
      this.#onNotice(message.notice);
    }
  }

  /** Ends the thread. */
  end(): void {
    void this.#running?.worker.terminate();
    this.#running = undefined;
  }

  #run(): Running {
    this.#running ??= this.#open();
    return this.#running;
  }

  #open(): Running {
    const { MessageChannel, Worker } = process.getBuiltinModule("node:worker_threads");
    const { script, data } = this.#start();
    const signal = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
    const { port1, port2 } = new MessageChannel();
    const start: ThreadStart = { signal, port: port2 };
    const worker = new Worker(script, {
      workerData: { ...data, ...start },
      transferList: [port2],
      stdout: false,
      stderr: false,
    });
    worker.unref();
    port1.unref();
    return { worker, signal: new Int32Array(signal), port: port1 };
  }
}

/** The side of the thread that works. */
export class ThreadPort<Question, Answer, Notice = never> {
  readonly #port: MessagePort;
  readonly #signal: Int32Array;

  constructor({ port, signal }: ThreadStart) {
    this.#port = port;
    this.#signal = new Int32Array(signal);
  }

  onQuestion(listener: (question: Question) => void): void {
    this.#port.on("message", listener);
  }

  answer(answer: Answer): void {
    this.#post({ answer });
  }

  notify(notice: Notice): void {
    this.#post({ notice });
  }

  #post(message: ThreadMessage<Answer, Notice>): void {
    this.#port.postMessage(message);
    Atomics.add(this.#signal, 0, 1);
    Atomics.notify(this.#signal, 0);
  }
}
