/** A chunk survives attributes that end the process of the reference. */
import { expect, test } from "vitest";
import type { Answer } from "../../scripts/sweep/answers.ts";
import { referenceRunner } from "../../scripts/sweep/reference-process.ts";
import { runChunk } from "../../scripts/sweep/run-chunk.ts";

/** An evaluator in which the name of an attribute determines its behaviour. */
const EVALUATOR = `
  const { writeSync } = require("node:fs");
  const names = process.argv.slice(1);
  names.forEach((name, done) => {
    if (name.startsWith("goes-on")) {
      writeSync(2, "error: " + name + " is wrong\\n  at a place\\ntrace: sweep: end\\n");
      return;
    }
    if (name.startsWith("fails")) {
      writeSync(2, "error: " + name + " is wrong\\n");
      process.exit(1);
    }
    if (name.startsWith("needs")) {
      writeSync(2, "error: out of memory\\n");
      process.exit(1);
    }
    if (name.startsWith("dies")) process.kill(process.pid, "SIGKILL");
    if (name.startsWith("greedy") && done > 0) process.kill(process.pid, "SIGKILL");
    if (name.startsWith("hangs")) for (;;);
    writeSync(2, "warning: looking at " + name + "\\n");
    writeSync(2, "trace: sweep: " + JSON.stringify({ name, type: "int" }) + "\\n");
    if (name.startsWith("full")) process.exit(0);
    if (names.some((some) => some.startsWith("goes-on"))) writeSync(2, "trace: sweep: end\\n");
  });
`;

async function run(
  names: readonly string[],
): Promise<{ answers: Record<string, Answer>; asked: string[] }> {
  const answers: Record<string, Answer> = {};
  const asked: string[] = [];
  const runner = referenceRunner({
    command: (some) => {
      asked.push(some.join(" "));
      return { program: process.execPath, args: ["-e", EVALUATOR, ...some], stdin: "" };
    },
    environment: process.env,
    timeout: 2,
    ended: () => {},
  });
  await runChunk(runner, names, (name, answer) => {
    expect(answers[name]).toBeUndefined();
    answers[name] = answer;
  });
  return { answers, asked };
}

const FINE: Answer = { type: "int" };

test("one process is enough if nothing fails", async () => {
  const { answers, asked } = await run(["a", "b"]);
  expect(answers).toEqual({ a: FINE, b: FINE });
  expect(asked).toEqual(["a b"]);
});

test("an error affects only its own attribute", async () => {
  const { answers, asked } = await run(["a", "fails", "b", "fails-too"]);
  expect(answers).toEqual({
    a: FINE,
    fails: { aborted: "fails is wrong" },
    b: FINE,
    "fails-too": { aborted: "fails-too is wrong" },
  });
  expect(asked).toEqual(["a fails b fails-too", "b fails-too"]);
});

test("an attribute counts as crashing only if it also crashes alone", async () => {
  const { answers, asked } = await run(["a", "dies", "b", "greedy", "c"]);
  expect(answers["dies"]?.crashed).toMatch(/^SIGKILL/);
  expect(answers["greedy"]).toEqual(FINE);
  expect(Object.keys(answers)).toEqual(["a", "dies", "b", "greedy", "c"]);
  expect(asked).toEqual(["a dies b greedy c", "dies", "b greedy c", "greedy", "c"]);
});

test("running out of memory is a separate kind of failure", async () => {
  const { answers, asked } = await run(["a", "needs-all", "b"]);
  expect(answers).toEqual({ a: FINE, "needs-all": { outOfMemory: "out of memory" }, b: FINE });
  expect(asked).toEqual(["a needs-all b", "needs-all b", "b"]);
});

test("a silent process is killed", async () => {
  const { answers } = await run(["hangs", "a"]);
  expect(answers).toEqual({ hangs: { crashed: "no answer in 2 s" }, a: FINE });
});

test("a process may end early to make room", async () => {
  const { answers, asked } = await run(["full", "a"]);
  expect(answers).toEqual({ full: FINE, a: FINE });
  expect(asked).toEqual(["full a", "a"]);
});

test("an evaluator may continue after an error", async () => {
  const { answers, asked } = await run(["a", "goes-on", "goes-on-too", "b"]);
  expect(answers).toEqual({
    a: FINE,
    "goes-on": { aborted: "goes-on is wrong" },
    "goes-on-too": { aborted: "goes-on-too is wrong" },
    b: FINE,
  });
  expect(asked).toHaveLength(1);
});
