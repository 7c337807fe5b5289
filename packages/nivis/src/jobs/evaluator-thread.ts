/**
 * The thread of a worker that evaluates. It takes one path at a time and does nothing else meanwhile;
 * `worker-process.ts` starts it and watches over it.
 */
import { parentPort, workerData } from "node:worker_threads";
import { EvalError, evalErrorOf, renderError } from "@nivis/eval";
import type { AttrPath } from "@nivis/jobs";
import { type OpenedImages, openImages, runKeepingImage } from "../images/image-run.ts";
import { describeBug, Invocation } from "../invocation.ts";
import { evaluationGrammar, requireFeatures } from "../options/evaluation-options.ts";
import { parseArguments } from "../options/option.ts";
import { observedTerminal } from "../program.ts";
import type { Launcher, Terminal } from "../terminal.ts";
import { openFlakeEvaluator } from "./flake-evaluator.ts";
import { type EvaluatedJob, JobEvaluator } from "./job-evaluator.ts";
import {
  checkJobFlags,
  defaultJobFlags,
  JOB_OPTIONS,
  type JobFlags,
  MAX_CALL_DEPTH,
  takeSource,
} from "./job-options.ts";
import { PartRecorder } from "./sweep-memory.ts";
import type { EvaluatorStart, FromEvaluator, ToWorker } from "./worker-messages.ts";

/**
 * Evaluates what the messages to this thread ask for. The promise settles with the message that nothing
 * is left, so that the launcher keeps V8's compiled code for the next start.
 */
export function runEvaluatorThread(launcher: Launcher): Promise<number> {
  const port = parentPort as NonNullable<typeof parentPort>;
  const start = workerData as EvaluatorStart;
  if (start.imageOf !== undefined) {
    keepImage(start, start.imageOf, launcher);
    return Promise.resolve(0);
  }
  const thread = new EvaluatorThread(start, launcher, (message) => port.postMessage(message));
  return new Promise((resolve) => {
    port.on("message", (message: ToWorker) => {
      if (message.kind === "path") thread.evaluate(message.path);
      else if (message.kind === "finish") {
        thread.finish();
        resolve(0);
      }
    });
  });
}

/** Evaluates the root and an attribute, and writes a heap image with both. A failure means that there is none. */
function keepImage(start: EvaluatorStart, path: AttrPath, launcher: Launcher): void {
  try {
    runKeepingImage(terminalOf(start, launcher, []), (terminal) => {
      const invocation = new Invocation(terminal, "nivis jobs", MAX_CALL_DEPTH);
      const evaluator = new JobEvaluator(flagsOf(start.args, invocation));
      return evaluator.evaluate(path).reply.kind === "job" ? 0 : 1;
    });
  } catch {
    // Nobody waits for the image.
  }
}

/** A terminal that nobody sees, and whose lines go into a list. */
function terminalOf(start: EvaluatorStart, launcher: Launcher, log: string[]): Terminal {
  return {
    writeOut: () => {},
    writeLine: (bytes) => log.push(bytes),
    readInput: () => start.input,
    color: start.color,
    environment: process.env,
    ...launcher,
  };
}

/** Parses the command line of `nivis jobs`. */
function flagsOf(args: readonly string[], invocation: Invocation): JobFlags {
  const flags = defaultJobFlags(invocation);
  const grammar = { ...evaluationGrammar(JOB_OPTIONS, "modern"), positional: takeSource };
  parseArguments(args, grammar, flags);
  requireFeatures(flags);
  checkJobFlags(flags);
  invocation.finishSettings();
  return flags;
}

class EvaluatorThread {
  readonly #start: EvaluatorStart;
  readonly #send: (message: FromEvaluator) => void;
  readonly #log: string[] = [];
  readonly #terminal: Terminal;
  readonly #memory: PartRecorder | undefined;
  /** The heap image that the evaluation began with. */
  #images: OpenedImages | undefined;
  #invocation: Invocation;
  #evaluator: JobEvaluator | undefined;

  constructor(start: EvaluatorStart, launcher: Launcher, send: (message: FromEvaluator) => void) {
    this.#start = start;
    this.#send = send;
    const terminal = terminalOf(start, launcher, this.#log);
    const memory = start.remembers === "no" ? undefined : new PartRecorder();
    this.#memory = memory;
    this.#terminal = memory === undefined ? terminal : observedTerminal(terminal, memory.inputs);
    // What few attributes need is mostly in an image, if there is one.
    this.#images = start.remembers === "together" ? openImages(this.#terminal) : undefined;
    this.#invocation = this.#open();
  }

  evaluate(path: AttrPath): void {
    const job = this.#evaluated(path);
    const { reply, shown } = job;
    const log = this.#takeLog();
    this.#memory?.add(job, log, this.#evaluator as JobEvaluator);
    this.#send({ kind: "reply", reply, shown, log });
  }

  /** Evaluates an attribute, and once more without the heap image if that may have changed the reply. */
  #evaluated(path: AttrPath): EvaluatedJob {
    const evaluator = this.#evaluator as JobEvaluator;
    const job = evaluator.evaluate(path);
    if (this.#images === undefined) return job;
    if (job.reply.kind !== "error" && !this.#images.mustRepeat()) return job;
    this.#closeImages();
    this.#takeLog();
    this.#invocation = this.#open();
    return (this.#evaluator as JobEvaluator).evaluate(path);
  }

  /** Says what the replies depend on, and keeps the files that were compiled. */
  finish(): void {
    this.#images?.adopt();
    const part = this.#memory === undefined ? "" : this.#memory.finish(this.#evaluator);
    this.#send({ kind: "finished", part });
    this.#invocation.afterOutput?.();
    this.#images?.close();
  }

  #closeImages(): void {
    this.#images?.close();
    this.#images = undefined;
  }

  #open(): Invocation {
    const { args, remembers } = this.#start;
    const terminal = this.#images?.terminal ?? this.#terminal;
    const invocation = new Invocation(terminal, "nivis jobs", MAX_CALL_DEPTH);
    try {
      const flags = flagsOf(args, invocation);
      // The command has shown what there is to say about its command line.
      this.#takeLog();
      if (!flags.isFlake) {
        const evaluator = new JobEvaluator(flags, { warm: remembers === "precisely" });
        if (this.#images?.mustRepeat() === true) {
          this.#closeImages();
          return this.#open();
        }
        this.#use(evaluator);
      } else {
        openFlakeEvaluator(flags, (evaluator) => this.#use(evaluator)).catch((thrown: unknown) =>
          this.#send(this.#failure(thrown, invocation)),
        );
      }
    } catch (thrown) {
      if (this.#images !== undefined) {
        this.#closeImages();
        return this.#open();
      }
      this.#send(this.#failure(thrown, invocation));
    }
    return invocation;
  }

  #use(evaluator: JobEvaluator): void {
    this.#evaluator = evaluator;
    this.#send({ kind: "ready", log: this.#takeLog() });
  }

  #failure(thrown: unknown, invocation: Invocation): FromEvaluator {
    const { positions, settings, terminal } = invocation;
    const error = evalErrorOf(thrown);
    const show = (color: boolean): string =>
      error instanceof EvalError
        ? renderError(error, positions, { showTrace: settings.showTrace, color })
        : describeBug(thrown);
    const isUsage =
      error instanceof EvalError && (error.kind === "usage" || error.kind === "not-supported");
    const log = this.#takeLog();
    return { kind: "failed", message: show(false), shown: show(terminal.color), isUsage, log };
  }

  /** What was logged since the last call. */
  #takeLog(): readonly string[] {
    return this.#log.splice(0);
  }
}
