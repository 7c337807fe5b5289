/**
 * The process that evaluates a chunk with Nivis. Reads its task from standard input and answers like
 * the C++ Nix does: `trace: sweep: {"name":…}` on standard error, a line for each attribute.
 *
 * After an error it goes on with the next attribute. When it has grown near its limit it ends early
 * with success, and whoever started it starts another for the rest.
 */
import { readFileSync, writeSync } from "node:fs";
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
import { nodeHashes, nodeIo } from "@nivis/node";

interface Task {
  readonly file: string;
  readonly arguments: Readonly<Record<string, string>>;
  readonly memory: number;
  /** What `builtins.nixVersion` says, if not what Nivis says. */
  readonly nixVersion: string | undefined;
  readonly names: readonly string[];
}

/** The part of the limit after which a process makes room for another. */
const FULL = 0.75;

const task = JSON.parse(readFileSync(0, "utf8")) as Task;
const evaluation = new Evaluation({
  io: nodeIo({ environment: process.env as Record<string, string>, log: () => {} }),
  hashes: nodeHashes,
  settings: { readOnlyMode: true },
});
if (task.nixVersion !== undefined) pretendVersion(task.nixVersion);
const answer = answerFunction();
for (const name of task.names) {
  const { text, sound } = answerFor(name);
  writeSync(2, `trace: sweep: ${text}\n`);
  if (!sound || process.memoryUsage().heapUsed > task.memory * 1024 * 1024 * FULL) break;
}

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
  const program = evaluation.evalFile(encodeUtf8(task.file));
  const attributes = evaluation.call(program, Attrs.fromMap(new Map<string, Slot>(slots)));
  return (attributes as Attrs).get("answer") as Slot;
}

/** The answer as JSON, and whether the evaluation can be used further: not after a bug of ours. */
function answerFor(name: string): { text: string; sound: boolean } {
  const { context } = evaluation;
  try {
    const value: Value = evaluation.call(answer, encodeUtf8(name));
    const { text } = evaluation.run(toJson(context, value, { pos: NO_POS, copyPaths: false }));
    return { text: `{"name":${JSON.stringify(name)},${text.slice(1)}`, sound: true };
  } catch (thrown) {
    const error = evalErrorOf(thrown);
    if (error instanceof EvalError) {
      const aborted = firstLine(Buffer.from(error.message, "latin1").toString("utf8"));
      return { text: JSON.stringify({ name, aborted }), sound: true };
    }
    const bug = error instanceof Error ? (error.stack ?? error.message) : String(error);
    return {
      text: JSON.stringify({ name, crashed: `bug: ${bug.split("\n", 3).join(" ")}` }),
      sound: false,
    };
  }
}

function firstLine(text: string): string {
  return text.split("\n")[0] as string;
}
