/** Evaluates Nix texts for the tests of builtins: `evaluate("1 + 1")` is `"2"`. */

import { EvalError } from "../../src/errors/eval-error.ts";
import { renderLogMessage } from "../../src/errors/log-message.ts";
import { Evaluation } from "../../src/evaluation.ts";
import { type MemoryFile, memoryIo } from "../../src/memory-io.ts";
import { printAmbiguous } from "../../src/print/print.ts";
import type { Settings } from "../../src/settings.ts";

/** What a test may set up. */
export interface TestOptions {
  readonly settings?: Partial<Settings>;
  readonly files?: Readonly<Record<string, MemoryFile>>;
  /** Gets what is traced and warned. */
  readonly log?: string[];
}

/** An evaluation in a small world of its own. */
export function evaluationFor(options: TestOptions = {}): Evaluation {
  const { log, settings, files } = options;
  return new Evaluation({
    io: memoryIo({
      files: files ?? {},
      environment: { HOME: "/home/u" },
      now: 1_234_567_890,
      log: (message) => log?.push(renderLogMessage(message, false)),
    }),
    ...(settings === undefined ? {} : { settings }),
    searchPath: [{ prefix: "nixpkgs", path: "/nixpkgs" }],
  });
}

/** The value of a text, evaluated deeply, in the form of `nix-instantiate --eval --strict`. */
export function evaluate(text: string, options: TestOptions = {}): string {
  const evaluation = evaluationFor(options);
  return printAmbiguous(evaluation.deepForce(evaluation.evaluate(text, { basePath: "/dir" })));
}

/** The value of a text, evaluated to weak head normal form; what is not evaluated prints `<CODE>`. */
export function evaluateLazily(text: string, options: TestOptions = {}): string {
  return printAmbiguous(evaluationFor(options).evaluate(text, { basePath: "/dir" }));
}

/** The error that a text ends in: its message, and its traces from the outside in. */
export function errorOf(text: string, options: TestOptions = {}): string[] {
  const evaluation = evaluationFor(options);
  try {
    evaluation.deepForce(evaluation.evaluate(text, { basePath: "/dir" }));
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return [...error.traces.map((trace) => trace.message).reverse(), error.message];
  }
  throw new Error(`no error: ${text}`);
}
