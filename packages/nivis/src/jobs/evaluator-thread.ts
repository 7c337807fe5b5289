/**
 * The thread of a worker that evaluates. It takes one path at a time and does nothing else meanwhile;
 * `worker-process.ts` starts it and watches over it.
 */
import { parentPort, workerData } from "node:worker_threads";
import { EvalError, evalErrorOf, renderError } from "@nivis/eval";
import type { AttrPath } from "@nivis/jobs";
import { describeBug, Invocation } from "../invocation.ts";
import { evaluationGrammar, requireFeatures } from "../options/evaluation-options.ts";
import { parseArguments } from "../options/option.ts";
import { observedTerminal } from "../program.ts";
import type { Launcher, Terminal } from "../terminal.ts";
import { openFlakeEvaluator } from "./flake-evaluator.ts";
import { JobEvaluator } from "./job-evaluator.ts";
import {
  checkJobFlags,
  defaultJobFlags,
  JOB_OPTIONS,
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
  const thread = new EvaluatorThread(workerData as EvaluatorStart, launcher, (message) =>
    port.postMessage(message),
  );
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

class EvaluatorThread {
  readonly #send: (message: FromEvaluator) => void;
  readonly #log: string[] = [];
  readonly #invocation: Invocation;
  readonly #memory: PartRecorder | undefined;
  /** Whether the evaluation notes what each reply depends on. */
  readonly #isWarm: boolean;
  #evaluator: JobEvaluator | undefined;

  constructor(start: EvaluatorStart, launcher: Launcher, send: (message: FromEvaluator) => void) {
    this.#send = send;
    const terminal: Terminal = {
      writeOut: () => {},
      writeLine: (bytes) => this.#log.push(bytes),
      readInput: () => start.input,
      color: start.color,
      environment: process.env,
      ...launcher,
    };
    const memory = start.remembers === "no" ? undefined : new PartRecorder();
    this.#isWarm = start.remembers === "precisely";
    this.#memory = memory;
    const observed = memory === undefined ? terminal : observedTerminal(terminal, memory.inputs);
    this.#invocation = new Invocation(observed, "nivis jobs", MAX_CALL_DEPTH);
    this.#open(start.args);
  }

  evaluate(path: AttrPath): void {
    if (this.#evaluator === undefined) return;
    const job = this.#evaluator.evaluate(path);
    const { reply, shown } = job;
    const log = this.#takeLog();
    this.#memory?.add(job, log, this.#evaluator);
    this.#send({ kind: "reply", reply, shown, log });
  }

  /** Says what the replies depend on, and keeps the files that were compiled. */
  finish(): void {
    const part = this.#memory === undefined ? "" : this.#memory.finish(this.#evaluator);
    this.#send({ kind: "finished", part });
    this.#invocation.afterOutput?.();
  }

  #open(args: readonly string[]): void {
    const invocation = this.#invocation;
    try {
      const flags = defaultJobFlags(invocation);
      const grammar = { ...evaluationGrammar(JOB_OPTIONS, "modern"), positional: takeSource };
      parseArguments(args, grammar, flags);
      requireFeatures(flags);
      checkJobFlags(flags);
      invocation.finishSettings();
      // The command has shown what there is to say about its command line.
      this.#takeLog();
      if (!flags.isFlake) this.#use(new JobEvaluator(flags, { warm: this.#isWarm }));
      else {
        openFlakeEvaluator(flags, (evaluator) => this.#use(evaluator)).catch((thrown: unknown) =>
          this.#send(this.#failure(thrown)),
        );
      }
    } catch (thrown) {
      this.#send(this.#failure(thrown));
    }
  }

  #use(evaluator: JobEvaluator): void {
    this.#evaluator = evaluator;
    this.#send({ kind: "ready", log: this.#takeLog() });
  }

  #failure(thrown: unknown): FromEvaluator {
    const { positions, settings, terminal } = this.#invocation;
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
