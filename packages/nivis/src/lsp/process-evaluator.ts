/**
 * ProcessEvaluator: evaluates for the language server in a child process.
 *
 * One question is asked at a time; newer ones wait in a queue in which checks of whole files come last. A
 * question that nobody waits for any more leaves the queue, or interrupts its evaluation. A process that
 * dies fails its question, and the next question starts another. After a while without questions the
 * process ends, so that an editor that nobody uses takes neither memory nor time; one that is larger than the
 * limit for processes at rest ends much sooner, and at once if a change makes all that it knows worthless.
 */
import type { ChildProcess } from "node:child_process";
import type {
  Cancelled,
  DescribedValue,
  Evaluated,
  EvaluationLimits,
  EvaluationProblem,
  EvaluationQuery,
  Evaluator,
  ListedAttribute,
  OpenText,
} from "@nivis/lsp";
import type { FromEvaluator, Question, Reply, ToEvaluator } from "./evaluator-messages.ts";

/** How a {@link ProcessEvaluator} starts its process. */
export interface ProcessEvaluatorOptions {
  /** The script of the process, and that of the commands; texts. */
  readonly processScript: string;
  readonly commandScript: string;
  readonly limits: EvaluationLimits;
  /** Flags that evaluation has, too; texts. */
  readonly args: readonly string[];
  /** How long a process above {@link EvaluationLimits.resting} stays, in milliseconds. Defaults to 30,000. */
  readonly largeIdle?: number;
}

const MIB = 1024 * 1024;
/** The process ends after so long without a question, in milliseconds. */
const IDLE = 10 * 60_000;
/** The same for a process above {@link EvaluationLimits.resting}. */
const LARGE_IDLE = 30_000;
/** What a process has left after its limit of time to say so before it is killed, in milliseconds. */
const GRACE = 5000;
/** A process that dies so soon so often is not started again, until the server is. */
const MAX_CRASHES = 5;

const CANCELLED: Reply = { kind: "failure", message: "cancelled" };

interface Waiting {
  readonly id: number;
  readonly question: Question;
  readonly settle: (reply: Reply) => void;
}

/** See the head of this file. */
export class ProcessEvaluator implements Evaluator {
  readonly #options: ProcessEvaluatorOptions;
  #process: ChildProcess | undefined;
  readonly #queue: Waiting[] = [];
  #running: Waiting | undefined;
  #lastId = 0;
  #crashes = 0;
  /** The resident memory of the process after its last reply, in bytes. */
  #memory = 0;
  /** The texts of open documents, for a process that starts later. */
  readonly #texts = new Map<string, string>();
  #idleTimer: NodeJS.Timeout | undefined;
  #deadline: NodeJS.Timeout | undefined;

  constructor(options: ProcessEvaluatorOptions) {
    this.#options = options;
  }

  /** The number of the process; `undefined` while there is none. */
  get processId(): number | undefined {
    return this.#process?.pid;
  }

  attributes(
    query: EvaluationQuery,
    prefix: string,
    limit: number,
    cancelled: Cancelled,
  ): Promise<Evaluated<readonly ListedAttribute[]>> {
    return this.#ask({ kind: "attributes", query, prefix, limit }, cancelled);
  }

  describe(query: EvaluationQuery, cancelled: Cancelled): Promise<Evaluated<DescribedValue>> {
    return this.#ask({ kind: "describe", query }, cancelled);
  }

  check(path: string, cancelled: Cancelled): Promise<Evaluated<readonly EvaluationProblem[]>> {
    return this.#ask({ kind: "check", path }, cancelled);
  }

  openTexts(texts: readonly OpenText[]): void {
    for (const { path, text } of texts) {
      if (text === undefined) this.#texts.delete(path);
      else this.#texts.set(path, text);
    }
    this.#send({ kind: "texts", texts });
  }

  filesChanged(paths: readonly string[]): void {
    this.#send({ kind: "files", paths });
  }

  dispose(): void {
    clearTimeout(this.#idleTimer);
    this.#end("the evaluator was ended");
    for (const { settle } of this.#queue.splice(0)) settle(CANCELLED);
  }

  #ask<T>(question: Question, cancelled: Cancelled): Promise<Evaluated<T>> {
    return new Promise((resolve) => {
      if (cancelled.isCancellationRequested) {
        resolve(CANCELLED as Evaluated<T>);
        return;
      }
      this.#lastId += 1;
      const id = this.#lastId;
      const watch = cancelled.onCancellationRequested(() => this.#cancel(id));
      this.#queue.push({
        id,
        question,
        settle: (reply) => {
          watch.dispose();
          resolve(reply as Evaluated<T>);
        },
      });
      this.#next();
    });
  }

  #cancel(id: number): void {
    const at = this.#queue.findIndex((one) => one.id === id);
    if (at >= 0) {
      const [waiting] = this.#queue.splice(at, 1);
      waiting?.settle(CANCELLED);
    } else if (this.#running?.id === id) this.#send({ kind: "cancel", id });
  }

  #next(): void {
    if (this.#running !== undefined || this.#queue.length === 0) return;
    const at = this.#queue.findIndex(({ question }) => question.kind !== "check");
    const [waiting] = this.#queue.splice(Math.max(at, 0), 1) as [Waiting];
    clearTimeout(this.#idleTimer);
    if (this.#crashes >= MAX_CRASHES) {
      waiting.settle({ kind: "failure", message: "the evaluator keeps crashing" });
      this.#next();
      return;
    }
    this.#put(waiting);
  }

  /** Asks the process, which is started if there is none. */
  #put(waiting: Waiting): void {
    this.#running = waiting;
    this.#process ??= this.#startProcess();
    this.#send({ kind: "ask", id: waiting.id, question: waiting.question });
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(
      () => this.#end("the evaluation took too long"),
      this.#options.limits.time + GRACE,
    );
  }

  #startProcess(): ChildProcess {
    const { processScript, commandScript, limits, args } = this.#options;
    const { fork } = process.getBuiltinModule("node:child_process");
    const child = fork(processScript, [], {
      // The streams of the server belong to the protocol.
      stdio: ["ignore", "ignore", "ignore", "ipc"],
      execArgv: [],
      serialization: "advanced",
    });
    child.on("message", (message: FromEvaluator) => {
      if (child === this.#process) this.#take(message);
    });
    child.on("error", () => this.#lost(child, "the evaluator could not be started"));
    child.on("exit", () => this.#lost(child, "the evaluator ended unexpectedly"));
    const maxMemory = Math.floor(limits.memory / MIB);
    const start = { maxTime: limits.time, maxMemory, maxResting: limits.resting, args };
    // The meter stops an evaluation before V8 does.
    const heapSize = Math.ceil(maxMemory * 1.3) + 128;
    const first: ToEvaluator = { kind: "start", script: commandScript, heapSize, start };
    child.send(first);
    const texts = Array.from(this.#texts, ([path, text]) => ({ path, text }));
    if (texts.length > 0) child.send({ kind: "texts", texts } satisfies ToEvaluator);
    return child;
  }

  #send(message: ToEvaluator): void {
    if (this.#process?.connected === true) this.#process.send(message, () => {});
  }

  #take(message: FromEvaluator): void {
    if (message.kind === "heap-full") {
      this.#end("the evaluation needs more memory than nivis.evaluation.maxMemory allows");
      return;
    }
    const running = this.#running;
    if (running?.id !== message.id) return;
    if (message.kind === "renew") {
      this.#kill();
      this.#put(running);
      return;
    }
    this.#crashes = 0;
    this.#memory = message.memory;
    this.#settle(message.reply);
  }

  #settle(reply: Reply): void {
    const running = this.#running;
    this.#running = undefined;
    clearTimeout(this.#deadline);
    running?.settle(reply);
    this.#next();
    if (this.#running !== undefined) return;
    clearTimeout(this.#idleTimer);
    const { limits, largeIdle = LARGE_IDLE } = this.#options;
    const patience = this.#memory > limits.resting ? largeIdle : IDLE;
    this.#idleTimer = setTimeout(() => this.#end("idle"), patience);
    this.#idleTimer.unref();
  }

  /** A process has died by itself. */
  #lost(child: ChildProcess, message: string): void {
    if (child !== this.#process) return;
    this.#process = undefined;
    this.#crashes += 1;
    this.#settle({ kind: "failure", message });
  }

  #kill(): void {
    const child = this.#process;
    this.#process = undefined;
    this.#memory = 0;
    child?.kill("SIGKILL");
  }

  /** Ends the process; its question fails. */
  #end(message: string): void {
    this.#kill();
    if (this.#running !== undefined) this.#settle({ kind: "failure", message });
  }
}
