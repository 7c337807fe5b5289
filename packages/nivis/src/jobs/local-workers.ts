/**
 * LocalWorkers: the workers of a sweep on this machine, and the memory that they share.
 *
 * Each worker is a process that evaluates one attribute at a time and keeps what it evaluated. All
 * processes together, this one included, stay below one budget: each has an equal share, ends between
 * two attributes once it has used most of it, and is killed if the sum is exceeded all the same. An
 * attribute whose worker is lost that way is evaluated again at the end, alone, with all of the budget;
 * only if that fails, too, it is reported.
 *
 * Replies that an earlier sweep knew are not evaluated again, so a worker may have evaluated less than it
 * would have without them. A reply that shows what is not evaluated is therefore asked of a worker that has
 * evaluated everything before it.
 */
import type { ChildProcess } from "node:child_process";
import { encodeUtf8 } from "@nivis/formats";
import {
  type AttrPath,
  type JobReply,
  joinAttrPath,
  type Lane,
  type PathSource,
} from "@nivis/jobs";
import { WORKER_FLAGS } from "../worker-flags.ts";
import { writeImageInBackground } from "./background-image.ts";
import { MIN_HEAP, PROCESS_OVERHEAD } from "./job-options.ts";
import type { RememberedJob } from "./sweep-memory.ts";
import type { EvaluatorStart, FromWorker, Remembering, WorkerStart } from "./worker-messages.ts";

/** How workers are started. */
export interface LocalWorkersOptions extends Omit<EvaluatorStart, "remembers"> {
  /** How a worker that begins now remembers. */
  readonly remembers: () => Remembering;
  /** The scripts of a worker process and of its evaluating thread; texts. */
  readonly processScript: string;
  readonly threadScript: string;
  readonly count: number;
  /** In MiB, for each of the workers. */
  readonly maxMemorySize: number;
  /** The milliseconds that one attribute may take. */
  readonly maxTime: number | undefined;
  /** The directory in which the workers run; this one unless given. A text. */
  readonly directory?: string;
  /** Variables of the environment that differ from those of this process; texts. */
  readonly environment?: Readonly<Record<string, string>>;
  /** Returns what an earlier sweep found out about a path, if that still holds. */
  readonly recall?: (path: AttrPath) => RememberedJob | undefined;
  /** Shows lines for the user. */
  readonly show: (lines: readonly string[]) => void;
}

/** The root could not be evaluated, so nothing can. */
export class RootFailure {
  constructor(
    /** The error with its traces. */
    readonly message: string,
    readonly shown: string,
    /** Whether the command line is wrong, not the expression. */
    readonly isUsage: boolean,
  ) {}
}

/** Why a worker was lost. */
type Loss =
  | { readonly kind: "memory" }
  | { readonly kind: "time" }
  | { readonly kind: "crash"; readonly text: string };

/** What a worker says about a path, and the lines to show with it. */
interface Evaluated {
  readonly kind: "evaluated";
  readonly reply: JobReply;
  readonly lines: readonly string[];
}

/** A taker of paths and its worker. */
interface WorkerLane {
  readonly position: Lane;
  /** The workers that a lane without a memory has at a time. */
  readonly count: number;
  worker: WorkerHandle | undefined;
  /** All paths that it took, in this order; empty unless an earlier sweep is recalled. */
  readonly taken: AttrPath[];
  /** Whether its workers have not evaluated some of these, because an earlier sweep knew them. */
  hasSkipped: boolean;
  /** Whether nothing is recalled any longer; see `#catchUp`. */
  isWhole: boolean;
}

const MIB = 1024 * 1024;
/** How errors and traces show what is not evaluated. */
const UNEVALUATED = encodeUtf8("«thunk»");
/** The share of its part of the budget at which a worker ends between two attributes. */
const SOFT_SHARE = 0.8;
/** The share of the budget at which a worker is killed: memory grows until the process has ended. */
const HARD_SHARE = 0.95;
/** The time between two looks at all memory, in milliseconds. */
const BUDGET_INTERVAL = 50;

/** Sweeps that take less do not leave a heap image, in milliseconds. */
const LONG_SWEEP = 1000;

/** See the head of this file. */
export class LocalWorkers {
  readonly #options: LocalWorkersOptions;
  readonly #source: PathSource;
  readonly #running = new Set<WorkerHandle>();
  /** Workers that wait for the next run. */
  #idle: WorkerHandle[] = [];
  /** Attributes to evaluate alone. */
  readonly #lost: AttrPath[] = [];
  #isCancelled = false;
  #failure: unknown;
  #hasShownRoot = false;
  /** What ended workers said that their replies depend on; see `sweep-memory.ts`. */
  readonly #parts: string[] = [];
  /** The attribute that a heap image is made of. */
  #imageOf: AttrPath | undefined;
  /** The most that all processes ever took, in bytes. */
  peak = 0;

  constructor(source: PathSource, options: LocalWorkersOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** The bytes that all processes take. */
  get resident(): number {
    let sum = process.memoryUsage.rss();
    for (const worker of this.#running) sum += worker.resident;
    return sum;
  }

  /**
   * Evaluates until nothing is left; workers then wait for the next run. Throws a {@link RootFailure},
   * after which no other run is possible.
   */
  async run(): Promise<void> {
    const timer = setInterval(() => this.#watchBudget(), BUDGET_INTERVAL);
    timer.unref();
    try {
      do {
        await this.#inParallel();
        await this.#alone();
      } while (!this.#isOver && this.#source.schedule.todo > 0);
      if (this.#failure !== undefined) throw this.#failure;
    } finally {
      clearInterval(timer);
    }
  }

  /**
   * Ends all workers, which keep what they compiled for the next start, and returns what their replies
   * depend on; to be called when nothing is left.
   */
  async finish(): Promise<readonly string[]> {
    await Promise.all(this.#idle.splice(0).map((worker) => this.#finishWorker(worker)));
    return this.#parts;
  }

  /**
   * Starts to write a heap image if workers have noted for a while what each attribute depends on; see
   * `background-image.ts`.
   */
  async keepImage(): Promise<void> {
    const { args, input, color, threadScript, processScript, maxMemorySize } = this.#options;
    const imageOf = this.#imageOf;
    if (imageOf === undefined) return;
    const heapSize = Math.max(MIN_HEAP, maxMemorySize - PROCESS_OVERHEAD);
    const start = { args, input, color, heapSize, script: threadScript };
    await writeImageInBackground({ processScript, imageOf, ...start });
  }

  async #finishWorker(worker: WorkerHandle): Promise<void> {
    const part = await worker.finish();
    if (part !== "") this.#parts.push(part);
    await worker.ended;
  }

  /** Ends all workers at once. */
  cancel(): void {
    this.#isCancelled = true;
    for (const worker of this.#running) worker.kill();
  }

  get #isOver(): boolean {
    return this.#isCancelled || this.#failure !== undefined;
  }

  get #budget(): number {
    return this.#options.count * this.#options.maxMemorySize * MIB;
  }

  /** The part of each worker when `count` of them run, in MiB. */
  #shareOf(count: number): number {
    return (this.#budget - process.memoryUsage.rss()) / count / MIB;
  }

  async #inParallel(): Promise<void> {
    const { count } = this.#options;
    await Promise.all(Array.from({ length: count }, () => this.#runLane(count)));
  }

  async #runLane(count: number): Promise<void> {
    const { schedule } = this.#source;
    const lane: WorkerLane = {
      position: schedule.openLane(),
      count,
      worker: this.#idle.pop(),
      taken: [],
      hasSkipped: false,
      isWhole: false,
    };
    try {
      for (;;) {
        const path = this.#isOver ? undefined : schedule.take(lane.position);
        if (path === undefined) {
          if (this.#isOver || !this.#mayGetMore()) return;
          await schedule.changed();
          continue;
        }
        const known = lane.isWhole ? undefined : this.#options.recall?.(path);
        if (known === undefined) await this.#evaluate(lane, path);
        else {
          lane.hasSkipped = true;
          this.#deliver(known.reply, linesOf(known));
        }
        if (this.#options.recall !== undefined) lane.taken.push(path);
      }
    } catch (error) {
      this.#failure ??= error;
      this.cancel();
    } finally {
      schedule.closeLane(lane.position);
      if (lane.worker !== undefined) {
        if (this.#isOver) lane.worker.kill();
        else this.#idle.push(lane.worker);
      }
    }
  }

  #deliver(reply: JobReply, lines: readonly string[]): void {
    this.#options.show(lines);
    this.#source.deliver(reply);
  }

  /** Whether attributes that are being evaluated may turn out to be sets. */
  #mayGetMore(): boolean {
    const { schedule } = this.#source;
    return schedule.todo > 0 || schedule.open > this.#lost.length;
  }

  /** Evaluates what was lost, one at a time. */
  async #alone(): Promise<void> {
    const lost = this.#lost.splice(0);
    if (lost.length > 0) {
      for (const worker of this.#idle) worker.kill();
      this.#idle = [];
    }
    for (const path of lost) {
      if (this.#isOver) return;
      const worker = this.#start(1);
      try {
        const result = await worker.evaluate(path, this.#options.maxTime);
        if (this.#isOver) return;
        if (result.kind === "evaluated") this.#deliver(result.reply, result.lines);
        else this.#source.deliver(this.#lossReply(path, result));
      } finally {
        worker.kill();
      }
    }
  }

  /** Evaluates a path and delivers the reply. */
  async #evaluate(lane: WorkerLane, path: AttrPath): Promise<void> {
    let result = await this.#ask(lane, path);
    if (lane.hasSkipped && result.kind === "evaluated" && showsUnevaluated(result)) {
      await this.#catchUp(lane);
      if (this.#isOver) return;
      result = await this.#ask(lane, path);
    }
    if (this.#isOver) return;
    if (result.kind === "evaluated") this.#deliver(result.reply, result.lines);
    else if (result.kind === "time") this.#source.deliver(this.#lossReply(path, result));
    else {
      this.#lost.push(path);
      // Others may wait for this path; it will not bring them anything now.
      this.#source.schedule.wake();
    }
    await this.#endIfFull(lane);
  }

  /** Lets the worker of a lane evaluate a path. */
  async #ask(lane: WorkerLane, path: AttrPath): Promise<Evaluated | Loss> {
    lane.worker ??= this.#start(lane.count, lane.isWhole);
    const { worker } = lane;
    const result = await worker.evaluate(path, this.#options.maxTime);
    if (result.kind !== "evaluated" && !this.#isOver) {
      worker.kill();
      lane.worker = undefined;
    }
    return result;
  }

  /** Ends the worker of a lane if it has used most of its share. */
  async #endIfFull(lane: WorkerLane): Promise<void> {
    const { worker, count } = lane;
    if (worker === undefined || this.#isOver) return;
    if (worker.resident <= this.#shareOf(count) * MIB * SOFT_SHARE) return;
    lane.worker = undefined;
    await this.#finishWorker(worker);
  }

  /**
   * Gives a lane a new worker that has evaluated everything that the lane has taken, as if there were no
   * memory. All replies are known already. What comes later is evaluated by that worker, too.
   */
  async #catchUp(lane: WorkerLane): Promise<void> {
    const { worker } = lane;
    lane.worker = undefined;
    lane.hasSkipped = false;
    lane.isWhole = true;
    if (worker !== undefined) await this.#finishWorker(worker);
    for (const path of lane.taken.splice(0)) {
      if (this.#isOver) return;
      await this.#ask(lane, path);
      await this.#endIfFull(lane);
    }
  }

  /** Starts a worker, which remembers nothing if it is whole. */
  #start(count: number, isWhole = false): WorkerHandle {
    const heapSize = Math.max(MIN_HEAP, Math.floor(this.#shareOf(count)) - PROCESS_OVERHEAD);
    const started = performance.now();
    const remembers = isWhole ? "no" : this.#options.remembers();
    const worker = new WorkerHandle(this.#options, heapSize, remembers, {
      evaluated: ({ reply, lines }) => {
        const isLong = performance.now() - started >= LONG_SWEEP;
        if (isLong && remembers === "precisely" && reply.kind === "job" && lines.length === 0) {
          this.#imageOf ??= reply.path;
        }
      },
      ready: (log) => {
        // Each worker evaluates the root, which has the same to say each time.
        if (!this.#hasShownRoot) this.#options.show(log);
        this.#hasShownRoot = true;
      },
    });
    this.#running.add(worker);
    void worker.ended.then(() => this.#running.delete(worker));
    return worker;
  }

  /** Ends the largest worker if all take more than they may. */
  #watchBudget(): void {
    const { resident } = this;
    this.peak = Math.max(this.peak, resident);
    if (resident <= this.#budget * HARD_SHARE) return;
    let largest: WorkerHandle | undefined;
    for (const worker of this.#running) {
      if (largest === undefined || worker.resident > largest.resident) largest = worker;
    }
    largest?.exceed();
  }

  #lossReply(path: AttrPath, loss: Loss): JobReply {
    const message = this.#lossMessage(path, loss);
    this.#options.show([message]);
    return { kind: "error", path, message, incomplete: true };
  }

  #lossMessage(path: AttrPath, loss: Loss): string {
    const { count, maxMemorySize, maxTime } = this.#options;
    switch (loss.kind) {
      case "memory":
        return `error: evaluation exceeded the memory budget of ${count * maxMemorySize} MiB (workers * max-memory-size) even when run alone`;
      case "time":
        return `error: out of time; max-time (${maxTime} ms) exceeded`;
      case "crash":
        return `error: while reading result for attrPath '${joinAttrPath(path)}', ${loss.text}`;
    }
  }
}

/** The lines to show with a reply. */
function linesOf({ log, shown }: Pick<RememberedJob, "log" | "shown">): readonly string[] {
  return shown === undefined ? log : [...log, shown];
}

/**
 * Whether a reply tells evaluated values from unevaluated ones. Had its worker evaluated more before, the
 * text could first differ only where it shows that something is not evaluated.
 */
function showsUnevaluated({ reply, lines }: Evaluated): boolean {
  const texts = reply.kind === "error" ? [reply.message, ...lines] : lines;
  return texts.some((text) => text.includes(UNEVALUATED));
}

/** What a worker tells. */
interface WorkerEvents {
  evaluated(result: Evaluated): void;
  ready(log: readonly string[]): void;
}

/** One worker process. */
class WorkerHandle {
  /** In bytes, as the process said last. */
  resident = 0;
  /** Settled when the process has ended. */
  readonly ended: Promise<void>;
  readonly #process: ChildProcess;
  readonly #ready: Promise<void>;
  readonly #events: WorkerEvents;
  /** Ends the wait for a reply. */
  #settle: ((result: Evaluated | Loss) => void) | undefined;
  #settlePart: ((part: string) => void) | undefined;
  #loss: Loss | undefined;
  #failure: RootFailure | undefined;

  constructor(
    options: LocalWorkersOptions,
    heapSize: number,
    remembers: Remembering,
    events: WorkerEvents,
  ) {
    this.#events = events;
    const { fork } = process.getBuiltinModule("node:child_process");
    const child = fork(options.processScript, [], {
      execArgv: [...WORKER_FLAGS],
      stdio: ["ignore", 2, "pipe", "ipc"],
      ...(options.directory === undefined ? {} : { cwd: options.directory }),
      env: { ...process.env, ...options.environment },
    });
    this.#process = child;
    forwardLines(child.stderr as NonNullable<typeof child.stderr>, options.show);
    let isReady = (): void => {};
    this.#ready = new Promise((resolve) => {
      isReady = resolve;
    });
    this.ended = new Promise((resolve) => {
      child.once("exit", (code, signal) => {
        this.resident = 0;
        // V8 aborts when there is no room for a large object.
        const isFull = signal === "SIGABRT";
        this.#lose(
          isFull ? { kind: "memory" } : { kind: "crash", text: describeEnd(code, signal) },
        );
        isReady();
        resolve();
      });
      child.once("error", (error) => {
        this.#lose({
          kind: "crash",
          text: `evaluation worker could not be started: ${error.message}`,
        });
        isReady();
        resolve();
      });
    });
    child.on("message", (message: FromWorker) => this.#receive(message, isReady));
    const { args, input, color, threadScript } = options;
    const start: WorkerStart = {
      kind: "start",
      args,
      input,
      color,
      remembers,
      script: threadScript,
      heapSize,
    };
    // A process that could not be started has said so.
    child.send(start, () => {});
  }

  /** Evaluates a path; returns why the worker was lost if it was. Throws a {@link RootFailure}. */
  async evaluate(path: AttrPath, maxTime: number | undefined): Promise<Evaluated | Loss> {
    await this.#inTime(this.#ready, maxTime);
    if (this.#failure !== undefined) throw this.#failure;
    if (this.#loss !== undefined) return this.#loss;
    const settled = new Promise<Evaluated | Loss>((resolve) => {
      this.#settle = resolve;
    });
    this.#process.send({ kind: "path", path }, () => {});
    return this.#inTime(settled, maxTime);
  }

  /** Waits, and gives up the process after some time; the wait then ends with it. */
  async #inTime<Result>(work: Promise<Result>, maxTime: number | undefined): Promise<Result> {
    if (maxTime === undefined) return work;
    const timer = setTimeout(() => this.#giveUp({ kind: "time" }), maxTime);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Returns what the replies depend on; empty if the worker was lost. */
  finish(): Promise<string> {
    if (this.#loss !== undefined) return Promise.resolve("");
    return new Promise((resolve) => {
      this.#settlePart = resolve;
      void this.ended.then(() => resolve(""));
      this.#process.send({ kind: "finish" }, () => {});
    });
  }

  /** Ends the process because all of them take too much. */
  exceed(): void {
    this.#giveUp({ kind: "memory" });
  }

  kill(): void {
    this.#process.kill("SIGKILL");
  }

  #giveUp(loss: Loss): void {
    this.#lose(loss);
    this.kill();
  }

  #lose(loss: Loss): void {
    this.#loss ??= loss;
    this.#settle?.(this.#loss);
    this.#settle = undefined;
  }

  #receive(message: FromWorker, isReady: () => void): void {
    switch (message.kind) {
      case "memory":
        this.resident = message.resident;
        return;
      case "ready":
        this.#events.ready(message.log);
        isReady();
        return;
      case "failed": {
        this.#failure = new RootFailure(message.message, message.shown, message.isUsage);
        this.#events.ready(message.log);
        isReady();
        return;
      }
      case "finished":
        this.#settlePart?.(message.part);
        return;
      case "heap-full":
        this.#lose({ kind: "memory" });
        return;
      case "reply": {
        // What a worker says after it was given up counts no more.
        if (this.#settle === undefined) return;
        const settle = this.#settle;
        this.#settle = undefined;
        const result = {
          kind: "evaluated",
          reply: message.reply,
          lines: linesOf(message),
        } as const;
        this.#events.evaluated(result);
        settle(result);
      }
    }
  }
}

/**
 * Shows the lines that a process and its threads write, such as those of builds. What V8 writes before it
 * aborts is for its developers, and the reason is reported with the attribute.
 */
function forwardLines(
  stream: NodeJS.ReadableStream,
  show: (lines: readonly string[]) => void,
): void {
  let rest = "";
  let isAborting = false;
  stream.setEncoding("latin1");
  stream.on("data", (chunk: string) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() as string;
    const shown = lines.filter((line) => {
      isAborting ||= line.startsWith("<--- Last few GCs") || line.startsWith("FATAL ERROR: ");
      return !isAborting && line !== "";
    });
    show(shown);
  });
}

/** How a process ended, in the words of nix-eval-jobs. */
function describeEnd(code: number | null, signal: NodeJS.Signals | null): string {
  switch (signal) {
    case "SIGKILL":
      return "evaluation worker got killed by SIGKILL, maybe memory limit reached?";
    case "SIGSEGV":
    case "SIGBUS":
      return `evaluation worker got killed by ${signal}, (possible infinite recursion)`;
    case null:
      return `evaluation worker exited with exit code ${code}`;
    default:
      return `evaluation worker got killed by signal ${signal}`;
  }
}
