/**
 * The thread that evaluates a chunk with Nivis, in an evaluation of its own; what it compiles is kept
 * for the other threads. Posts an answer for each attribute as soon as it is known.
 *
 * After an error it goes on with the next attribute. When it has grown near its limit it ends early
 * with success, and whoever started it starts another for the rest.
 */
import { parentPort, workerData } from "node:worker_threads";
import {
  Attrs,
  EvalError,
  Evaluation,
  evalErrorOf,
  NO_POS,
  type Slot,
  toJson,
  type Value,
} from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { DiskBytecodeCache, nodeHashes, nodeIo } from "@nivis/node";
import type { Answer } from "./answers.ts";
import type { ThreadAnswer } from "./thread-host.ts";

/** What the thread is given. */
export interface NivisTask {
  readonly file: string;
  readonly arguments: Readonly<Record<string, string>>;
  /** Mebibytes. */
  readonly memory: number;
  /** What `builtins.nixVersion` says, if not what Nivis says. */
  readonly nixVersion: string | undefined;
  /** The directory of the cache of compiled files. */
  readonly cache: string;
  readonly names: readonly string[];
}

/** The part of the limit after which a thread makes room for another. */
const FULL = 0.75;

const task = workerData as NivisTask;
const evaluation = new Evaluation({
  io: nodeIo({ environment: process.env as Record<string, string>, log: () => {} }),
  hashes: nodeHashes,
  settings: { readOnlyMode: true },
  bytecodeCache: new DiskBytecodeCache(task.cache),
});
if (task.nixVersion !== undefined) pretendVersion(task.nixVersion);
const answer = answerFunction();
for (const name of task.names) {
  const { said, sound } = answerFor(name);
  parentPort?.postMessage({ name, answer: said } satisfies ThreadAnswer);
  if (!sound || process.memoryUsage().heapUsed > task.memory * 1024 * 1024 * FULL) break;
}
evaluation.saveCompiledFiles();

/**
 * Some packages put the version of Nix into their derivations, and then the reference is right to
 * differ. Nothing has been evaluated yet, so the set of builtins may still be changed.
 */
function pretendVersion(version: string): void {
  const { builtins } = evaluation.context;
  (builtins.slots() as Slot[])[builtins.names().indexOf("nixVersion")] = encodeUtf8(version);
}

function answerFunction(): Slot {
  const slots = Object.entries(task.arguments).map(
    ([name, value]) => [encodeUtf8(name), encodeUtf8(value)] as const,
  );
  const program = evaluation.evaluateFile(encodeUtf8(task.file));
  const attributes = evaluation.call(program, Attrs.fromMap(new Map<string, Slot>(slots)));
  return (attributes as Attrs).get("answer") as Slot;
}

/** The answer, and whether the evaluation can be used further: not after a bug of ours. */
function answerFor(name: string): { said: Answer; sound: boolean } {
  const { context } = evaluation;
  try {
    const value: Value = evaluation.call(answer, encodeUtf8(name));
    const { text } = evaluation.run(toJson(context, value, { pos: NO_POS, copyPaths: false }));
    return {
      said: JSON.parse(Buffer.from(text, "latin1").toString("utf8")) as Answer,
      sound: true,
    };
  } catch (thrown) {
    const error = evalErrorOf(thrown);
    if (error instanceof EvalError) {
      const message = Buffer.from(error.message, "latin1").toString("utf8");
      return { said: { aborted: message.split("\n")[0] as string }, sound: true };
    }
    const bug = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return { said: { crashed: `bug: ${bug.split("\n", 3).join(" ")}` }, sound: false };
  }
}
