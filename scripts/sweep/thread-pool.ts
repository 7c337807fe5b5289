/**
 * Evaluates attributes with Nivis: one thread per attempt, all in one process (thread-host.ts).
 * An attempt that must be alone gets its own process. If the process dies, so do all attempts in
 * it, and the next attempt starts another process.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Answer } from "./answers.ts";
import { CostMeter, type ProcessCost } from "./process-cost.ts";
import type { Attempt, Runner } from "./run-chunk.ts";
import type { ThreadMessage, ThreadTask } from "./thread-host.ts";

/** Options of {@link ThreadPool}. */
export interface ThreadPoolOptions {
  /** The bundle of thread-host.ts. */
  readonly host: string;
  /** The program of a thread, which posts a `ThreadAnswer` for each name, in order. */
  readonly program: string;
  /** The `workerData` of the program. */
  data(names: readonly string[]): unknown;
  readonly environment: NodeJS.ProcessEnv;
  /** The limit of the old generation of each thread in mebibytes. */
  readonly memory: number;
  /** The time in seconds without an answer after which a thread is killed. */
  readonly timeout: number;
  /** Receives the cost of the process between the ends of two threads. */
  ended(cost: ProcessCost): void;
}

/** Evaluates attributes in threads of one process. */
export class ThreadPool implements Runner {
  readonly #options: ThreadPoolOptions;
  #shared: Host | undefined;

  #closed = false;

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
  }

  async attempt(
    names: readonly string[],
    alone: boolean,
    answered: (name: string, answer: Answer) => void,
  ): Promise<Attempt> {
    if (this.#closed) throw new Error("the pool is closed");
    if (!alone) {
      if (this.#shared?.running !== true) this.#shared = new Host(this.#options);
      return this.#shared.run(names, answered);
    }
    const host = new Host(this.#options);
    const attempt = await host.run(names, answered);
    await host.close();
    const { crashed } = attempt.ending;
    return crashed !== undefined && host.ranOutOfMemory
      ? { ...attempt, ending: { outOfMemory: crashed } }
      : attempt;
  }

  /** Ends the process and all threads. No attempts may follow. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#shared?.close();
  }
}

interface Run {
  answered: number;
  readonly tell: (name: string, answer: Answer) => void;
  readonly end: (attempt: Attempt) => void;
}

/** The number of bytes that are kept from the end of standard error. */
const TAIL = 8192;

/** A process that runs threads. */
class Host {
  running = true;
  readonly #options: ThreadPoolOptions;
  readonly #child: ChildProcess;
  readonly #meter: CostMeter;
  readonly #runs = new Map<number, Run>();
  #started = 0;
  #tail = "";

  constructor(options: ThreadPoolOptions) {
    this.#options = options;
    this.#child = fork(options.host, [], {
      cwd: "/",
      env: options.environment,
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.#meter = new CostMeter(this.#child.pid as number);
    this.#child.stderr?.setEncoding("latin1").on("data", (text: string) => {
      this.#tail = (this.#tail + text).slice(-TAIL);
    });
    this.#child.on("message", (message: ThreadMessage) => this.#receive(message));
    this.#child.on("exit", () => {
      this.running = false;
      this.#meter.stop();
    });
    this.#child.on("close", (code, signal) => this.#died(signal ?? `exit code ${code}`));
  }

  /** Whether V8 reported that the process ran out of memory. */
  get ranOutOfMemory(): boolean {
    return /^FATAL ERROR: .*out of memory/m.test(this.#tail);
  }

  run(names: readonly string[], tell: Run["tell"]): Promise<Attempt> {
    const { program, memory, timeout } = this.#options;
    const id = this.#started++;
    const task: ThreadTask = { id, program, data: this.#options.data(names), memory, timeout };
    return new Promise((resolve) => {
      this.#runs.set(id, { answered: 0, tell, end: resolve });
      // If the process has died, its `close` event is still to come.
      this.#child.send(task, () => {});
    });
  }

  async close(): Promise<void> {
    if (!this.running) return;
    const exit = once(this.#child, "exit");
    if (this.#child.connected) this.#child.disconnect();
    await exit;
  }

  #receive(message: ThreadMessage): void {
    const run = this.#runs.get(message.id) as Run;
    if ("name" in message) {
      run.answered++;
      run.tell(message.name, message.answer);
      return;
    }
    this.#runs.delete(message.id);
    this.#options.ended(this.#meter.lap());
    run.end({ answered: run.answered, ending: message.ending });
  }

  #died(how: string): void {
    const [fatal = ""] = /^FATAL ERROR: .*/m.exec(this.#tail) ?? [];
    for (const { answered, end } of this.#runs.values()) {
      this.#options.ended(this.#meter.lap());
      end({ answered, ending: { crashed: `${how}: ${fatal}` } });
    }
    this.#runs.clear();
  }
}
