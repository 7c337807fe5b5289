/**
 * A thread that evaluates a chunk with Nivis, in its own evaluation; compiled files are cached
 * for the other threads. Posts each answer immediately.
 *
 * After an error it continues with the next attribute. Near its memory limit it ends early
 * with success, and its parent starts another thread for the rest.
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

/** The `workerData` of the thread. */
export interface NivisTask {
  readonly file: string;
  readonly arguments: Readonly<Record<string, string>>;
  /** The memory limit in mebibytes. */
  readonly memory: number;
  /** The value of `builtins.nixVersion`, if not that of Nivis. */
  readonly nixVersion: string | undefined;
  /** The directory of the cache of compiled files. */
  readonly cache: string;
  readonly names: readonly string[];
}

/** The fraction of the limit at which a thread ends early. */
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
 * Some packages put the version of Nix into their derivations, which then rightly
 * differ. Nothing has been evaluated yet, so the set of builtins can still change.
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

/**
 * The answer, and whether the evaluation is still usable, which it is not after an internal error.
 */
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
