/** Evaluating a program through a heap image, and looking at everything that can be seen of it. */
import {
  deepForce,
  EvalError,
  Evaluation,
  memoryBytecodeCache,
  openHeapImage,
  printAmbiguous,
  renderError,
  renderLogMessage,
  searchPathOf,
} from "@nivis/eval";
import { nodeHashes, nodeIo } from "@nivis/node";
import { testEnvironment } from "@nivis/testkit";

/** How much of the program is evaluated before the image is written. */
export const DEPTHS = ["outside", "whole"] as const;

export interface Run {
  readonly evaluation: Evaluation;
  readonly log: string[];
}

/** An evaluation with a cache of compiled files, and perhaps with an image. */
export function open(
  bytecodeCache: ReturnType<typeof memoryBytecodeCache>,
  heapImage?: {
    readonly bytes?: Uint8Array;
    readonly keeps?: boolean;
    readonly changed?: readonly string[];
  },
): Run {
  const log: string[] = [];
  const evaluation: Evaluation = new Evaluation({
    io: nodeIo({
      environment: { ...testEnvironment(), TEST_VAR: "foo" },
      log: (message) => log.push(renderLogMessage(message, false)),
      homeDirectory: () => "/fake-home",
    }),
    hashes: nodeHashes,
    settings: { maxCallDepth: 2000 },
    searchPath: searchPathOf([], ""),
    bytecodeCache,
    // As `nivis cache warm` does.
    warm: heapImage?.keeps === true,
    ...(heapImage === undefined
      ? {}
      : {
          heapImage: {
            open: openHeapImage,
            keeps: heapImage.keeps === true,
            changed: heapImage.changed ?? [],
            ...(heapImage.bytes === undefined ? {} : { bytes: sourceOf(heapImage.bytes) }),
            text: (bytes) => Buffer.from(bytes).toString("latin1"),
          },
        }),
  });
  return { evaluation, log };
}

/** Bytes that are read as those of a file. */
function sourceOf(bytes: Uint8Array) {
  return {
    length: bytes.length,
    read: (target: Uint8Array, offset: number): boolean => {
      if (offset + target.length > bytes.length) return false;
      target.set(bytes.subarray(offset, offset + target.length));
      return true;
    },
  };
}

/** What an action gives, or its error as text. */
function shown({ evaluation }: Run, action: () => string): string {
  try {
    return action();
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
    return renderError(error, evaluation.positions, { showTrace: true, color: false });
  }
}

/** Everything that can be seen of a program, in this order. */
function look(run: Run, program: string): string[] {
  const { evaluation } = run;
  const slot = evaluation.loadText(program);
  return [
    shown(run, () => {
      evaluation.force(slot);
      return printAmbiguous(slot);
    }),
    shown(run, () => {
      evaluation.run(deepForce(evaluation.context, slot));
      return printAmbiguous(slot);
    }),
    shown(run, () => evaluation.print(slot)),
    shown(run, () => evaluation.toXml(slot)),
    shown(run, () => evaluation.toJson(slot)),
    ...run.log,
  ];
}

/** The image of an evaluation that has evaluated a program as far as asked, and its log. */
export function imageOf(
  program: string,
  depth: (typeof DEPTHS)[number],
  cache: ReturnType<typeof memoryBytecodeCache>,
): { bytes: Uint8Array; log: readonly string[] } {
  const run = open(cache, { keeps: true });
  const { evaluation } = run;
  shown(run, () => {
    const value = evaluation.force(evaluation.loadText(program));
    if (depth === "whole") evaluation.run(deepForce(evaluation.context, value));
    return "";
  });
  const bytes = evaluation.heapImage?.encode() as Uint8Array;
  evaluation.saveCompiledFiles();
  return { bytes, log: run.log };
}

/** What became of a program that was evaluated through an image. */
export type Passage =
  /** What was seen, and what is seen without an image. */
  | {
      readonly kind: "seen";
      readonly seen: readonly string[];
      readonly expected: readonly string[];
    }
  /** The product repeats such a run without the image. */
  | { readonly kind: "repeated" }
  /** The product keeps no image of an evaluation that has logged something. */
  | { readonly kind: "logged" };

/** Evaluates a program, writes an image, and looks at the program in an evaluation with that. */
export function passThrough(program: string, depth: (typeof DEPTHS)[number]): Passage {
  const cache = memoryBytecodeCache();
  const expected = look(open(cache), program);
  const { bytes, log } = imageOf(program, depth, cache);
  const run = open(cache, { bytes });
  try {
    const seen = look(run, program);
    if (log.length > 0) return { kind: "logged" };
    // More is evaluated than would be.
    if (depth === "whole") seen[0] = expected[0] as string;
    return { kind: "seen", seen, expected };
  } catch (error) {
    if (run.evaluation.heapImage?.mustRepeat !== true) throw error;
    return { kind: "repeated" };
  }
}
