/**
 * Runs attributes with Nivis: a thread for each attempt, all of them in one process (thread-host.ts).
 * An attempt that must be alone gets a process of its own. If the process dies, so do all attempts in
 * it, and the next one starts another.
 */
import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import type { Answer } from "./answers.ts";
import { CostMeter, type ProcessCost } from "./process-cost.ts";
import type { Attempt, Runner } from "./run-chunk.ts";
import type { ThreadMessage, ThreadTask } from "./thread-host.ts";

/** What the threads need to know and whom they tell. */
export interface ThreadPoolOptions {
  /** The bundle of thread-host.ts. */
  readonly host: string;
  /** The program of a thread: posts a `ThreadAnswer` for each name, in order. */
  readonly program: string;
  /** What the program gets as `workerData`. */
  data(names: readonly string[]): unknown;
  readonly environment: NodeJS.ProcessEnv;
  /** Mebibytes for the old generation of each thread. */
  readonly memory: number;
  /** Seconds without an answer. */
  readonly timeout: number;
  /** What the process cost until a thread ended, and since the one before. */
  ended(cost: ProcessCost): void;
}

/** See the head of this file. */
export class ThreadPool implements Runner {
  private shared: Host | undefined;
  private closed = false;

  constructor(private readonly options: ThreadPoolOptions) {}

  async attempt(
    names: readonly string[],
    alone: boolean,
    answered: (name: string, answer: Answer) => void,
  ): Promise<Attempt> {
    if (this.closed) throw new Error("the threads have been ended");
    if (!alone) {
      if (this.shared?.running !== true) this.shared = new Host(this.options);
      return this.shared.run(names, answered);
    }
    const host = new Host(this.options);
    const attempt = await host.run(names, answered);
    await host.close();
    const { crashed } = attempt.ending;
    return crashed !== undefined && host.ranOutOfMemory
      ? { ...attempt, ending: { outOfMemory: crashed } }
      : attempt;
  }

  /** Ends the process with all threads; there are no attempts after this. */
  async close(): Promise<void> {
    this.closed = true;
    await this.shared?.close();
  }
}

interface Run {
  answered: number;
  readonly tell: (name: string, answer: Answer) => void;
  readonly end: (attempt: Attempt) => void;
}

/** The last bytes of standard error that are looked at. */
const TAIL = 8192;

/** A process with threads. */
class Host {
  running = true;
  private readonly child: ChildProcess;
  private readonly meter: CostMeter;
  private readonly runs = new Map<number, Run>();
  private started = 0;
  private tail = "";

  constructor(private readonly options: ThreadPoolOptions) {
    this.child = fork(options.host, [], {
      cwd: "/",
      env: options.environment,
      execArgv: [],
      stdio: ["ignore", "ignore", "pipe", "ipc"],
    });
    this.meter = new CostMeter(this.child.pid as number);
    this.child.stderr?.setEncoding("latin1").on("data", (text: string) => {
      this.tail = (this.tail + text).slice(-TAIL);
    });
    this.child.on("message", (message: ThreadMessage) => this.receive(message));
    this.child.on("exit", () => {
      this.running = false;
      this.meter.stop();
    });
    this.child.on("close", (code, signal) => this.died(signal ?? `exit code ${code}`));
  }

  /** Whether V8 says that this was why it died. */
  get ranOutOfMemory(): boolean {
    return /^FATAL ERROR: .*out of memory/m.test(this.tail);
  }

  run(names: readonly string[], tell: Run["tell"]): Promise<Attempt> {
    const { program, memory, timeout } = this.options;
    const id = this.started++;
    const task: ThreadTask = { id, program, data: this.options.data(names), memory, timeout };
    return new Promise((resolve) => {
      this.runs.set(id, { answered: 0, tell, end: resolve });
      // If it is gone already, its end is still to come.
      this.child.send(task, () => {});
    });
  }

  async close(): Promise<void> {
    if (!this.running) return;
    const exit = once(this.child, "exit");
    if (this.child.connected) this.child.disconnect();
    await exit;
  }

  private receive(message: ThreadMessage): void {
    const run = this.runs.get(message.id) as Run;
    if ("name" in message) {
      run.answered++;
      run.tell(message.name, message.answer);
      return;
    }
    this.runs.delete(message.id);
    this.options.ended(this.meter.lap());
    run.end({ answered: run.answered, ending: message.ending });
  }

  private died(how: string): void {
    const [fatal = ""] = /^FATAL ERROR: .*/m.exec(this.tail) ?? [];
    for (const { answered, end } of this.runs.values()) {
      this.options.ended(this.meter.lap());
      end({ answered, ending: { crashed: `${how}: ${fatal}` } });
    }
    this.runs.clear();
  }
}
