/** Runs of the same files with and without a cache of compiled files, and all that can be seen of them. */
import {
  type BytecodeCache,
  deepForce,
  EvalError,
  Evaluation,
  memoryIo,
  printAmbiguous,
  renderError,
  renderLogMessage,
  type Settings,
  type Value,
} from "@nivis/eval";

/** What a run is made of. */
export interface Run {
  readonly files: Readonly<Record<string, string>>;
  /** The file to evaluate. */
  readonly main: string;
  readonly settings?: Partial<Settings>;
  readonly home?: string;
  /** Evaluate everything inside as well. */
  readonly strict?: boolean;
}

/** What came of it. */
export interface Seen {
  readonly text: string;
  readonly log: readonly string[];
  readonly hits: number;
  readonly misses: number;
}

/** Evaluates, and leaves in the cache what the run would leave. */
export function evaluate(run: Run, cache?: BytecodeCache): Seen {
  const log: string[] = [];
  const evaluation = new Evaluation({
    io: memoryIo({
      files: run.files,
      environment: { HOME: run.home ?? "/home" },
      log: (message) => log.push(renderLogMessage(message, false)),
    }),
    ...(run.settings === undefined ? {} : { settings: run.settings }),
    ...(cache === undefined ? {} : { bytecodeCache: cache }),
  });
  let text: string;
  try {
    const value: Value = evaluation.evaluateFile(run.main);
    if (run.strict !== false) evaluation.run(deepForce(evaluation.context, value));
    text = printAmbiguous(value);
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    text = renderError(error, evaluation.positions, { showTrace: true, color: false });
  }
  evaluation.saveCompiledFiles();
  return { text, log, ...evaluation.cacheUse };
}
