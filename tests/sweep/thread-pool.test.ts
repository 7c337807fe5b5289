/** A chunk survives attributes that end the thread, or the process with all threads. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Answer } from "../../scripts/sweep/answers.ts";
import { buildThreads } from "../../scripts/sweep/evaluators.ts";
import type { ProcessCost } from "../../scripts/sweep/process-cost.ts";
import { runChunk } from "../../scripts/sweep/run-chunk.ts";
import { ThreadPool } from "../../scripts/sweep/thread-pool.ts";

/** An evaluator in which the name of an attribute determines its behaviour. */
const PROGRAM = `
  import { parentPort, workerData } from "node:worker_threads";
  const kept = [];
  let done = 0;
  for (const name of workerData) {
    if (name.startsWith("exhausts")) for (;;) kept.push({ name });
    if (name.startsWith("greedy") && done > 0) for (;;) kept.push({ name });
    // A single object that does not fit: V8 ends the process.
    if (name.startsWith("huge")) for (const map = new Map(); ; ) map.set(map.size, name);
    if (name.startsWith("dies")) process.kill(process.pid, "SIGKILL");
    if (name.startsWith("hangs")) for (;;);
    if (name.startsWith("throws")) throw new Error(name);
    parentPort.postMessage({ name, answer: { type: "int" } });
    done++;
    if (name.startsWith("full")) break;
  }
`;
const FINE: Answer = { type: "int" };

const folder = mkdtempSync(join(tmpdir(), "nivis-threads-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const program = join(folder, "program.mjs");
let host: string;
beforeAll(async () => {
  ({ host } = await buildThreads(folder));
  writeFileSync(program, PROGRAM);
});

interface PoolRun {
  /** The answers for each chunk, in the order of their arrival. */
  readonly answers: readonly Readonly<Record<string, Answer>>[];
  readonly asked: readonly string[];
  readonly costs: readonly ProcessCost[];
}

/** Runs the chunks concurrently. */
async function run(...chunks: readonly (readonly string[])[]): Promise<PoolRun> {
  const asked: string[] = [];
  const costs: ProcessCost[] = [];
  const pool = new ThreadPool({
    host,
    program,
    data: (names) => {
      asked.push(names.join(" "));
      return names;
    },
    environment: process.env,
    memory: 32,
    timeout: 5,
    ended: (cost) => costs.push(cost),
  });
  const answers = await Promise.all(
    chunks.map(async (names) => {
      const told: Record<string, Answer> = {};
      await runChunk(pool, names, (name, answer) => {
        expect(told[name]).toBeUndefined();
        told[name] = answer;
      });
      return told;
    }),
  );
  await pool.close();
  return { answers, asked, costs };
}

test("chunks run in threads of one process", async () => {
  const { answers, asked, costs } = await run(["a", "b"], ["c"]);
  expect(answers).toEqual([{ a: FINE, b: FINE }, { c: FINE }]);
  expect(asked).toEqual(["a b", "c"]);
  expect(costs).toHaveLength(2);
});

test("running out of memory ends the thread, and the rest is tried in halves", async () => {
  const { answers, asked } = await run(["a", "b", "exhausts", "c", "greedy", "d"], ["e"]);
  expect(answers[0]).toEqual({
    a: FINE,
    b: FINE,
    exhausts: { outOfMemory: "more than 32 MiB" },
    c: FINE,
    greedy: FINE,
    d: FINE,
  });
  expect(answers[1]).toEqual({ e: FINE });
  expect(asked).toEqual([
    "a b exhausts c greedy d",
    "e",
    "exhausts c greedy",
    "c greedy d",
    "greedy d",
  ]);
});

test("a crash counts only against an attribute that crashes twice", async () => {
  const { answers, asked } = await run(["a", "dies", "b"], ["full", "hangs", "c"]);
  expect(answers[0]).toEqual({ a: FINE, dies: { crashed: "SIGKILL: " }, b: FINE });
  expect(answers[1]).toEqual({ full: FINE, hangs: { crashed: "no answer in 5 s" }, c: FINE });
  expect(asked).toContain("dies");
  expect(asked).toContain("hangs");
});

test("an object that does not fit also counts as out of memory, although it ends the process", async () => {
  const { answers } = await run(["a", "huge", "b"]);
  expect(answers[0]).toEqual({
    a: FINE,
    huge: { outOfMemory: expect.stringMatching(/memory|MiB/) },
    b: FINE,
  });
});

test("an error of the thread itself is a crash", async () => {
  const { answers } = await run(["throws", "a"]);
  expect(answers[0]).toEqual({ throws: { crashed: "Error: throws" }, a: FINE });
});

test("a thread may end early to make room", async () => {
  const { answers, asked } = await run(["full", "a"]);
  expect(answers[0]).toEqual({ full: FINE, a: FINE });
  expect(asked).toEqual(["full a", "a"]);
});
