/**
 * The calls that profilers see, against what C++ Nix 2.36 wrote for the same programs:
 * `recorded-calls.json` has the stacks of `--eval-profiler flamegraph` with a frequency of 0, sorted,
 * and the lines of `--trace-function-calls` without their times.
 */
import { readFileSync } from "node:fs";
import { encodeUtf8 } from "@nivis/formats";
import { describe, expect, test } from "vitest";
import { EvalError } from "../../src/errors/eval-error.ts";
import { Evaluation } from "../../src/evaluation.ts";
import { memoryIo } from "../../src/memory-io.ts";
import { CallTracker } from "../../src/profiling/call-tracker.ts";
import { FlameGraph } from "../../src/profiling/flame-graph.ts";
import { FunctionTrace } from "../../src/profiling/function-trace.ts";

interface Recording {
  readonly expression: string;
  readonly stacks: readonly string[];
  readonly trace: readonly string[];
}

const RECORDED = JSON.parse(
  readFileSync(new URL("recorded-calls.json", import.meta.url), "utf8"),
) as Recording[];

/** The names that positions have, as text. */
const text = (bytes: string): string => Buffer.from(bytes, "latin1").toString("utf8");

/** Profiles a program, with a clock that advances by `step` milliseconds whenever it is read. */
function profile(
  program: string,
  { frequency = 0, step = 0 } = {},
): { readonly stacks: string[]; readonly trace: string[] } {
  const stacks: string[] = [];
  const trace: string[] = [];
  let time = 0;
  const graph = new FlameGraph({
    frequency,
    milliseconds: () => {
      time += step;
      return time;
    },
    write: (lines) => stacks.push(...text(lines).trimEnd().split("\n")),
  });
  const calls = new FunctionTrace({
    nanoseconds: () => 7n,
    write: (line) => trace.push(text(line)),
  });
  const evaluation = new Evaluation({
    io: memoryIo({ files: {} }),
    observer: new CallTracker([graph, calls]),
  });
  graph.positions = calls.positions = evaluation.positions;
  try {
    evaluation.deepForce(evaluation.loadText(encodeUtf8(program)));
  } catch (error) {
    if (!(error instanceof EvalError)) throw error;
  }
  graph.flush();
  return { stacks, trace };
}

describe("calls are those of C++ Nix", () => {
  test.each(RECORDED)("$expression", ({ expression, stacks, trace }) => {
    const found = profile(expression);
    expect(found.stacks.sort()).toEqual(stacks);
    const lines = found.trace.map((line) =>
      line.replace(/^function-trace (\w+) (\S+) at 7$/, "$1 $2"),
    );
    expect(lines).toEqual(trace);
  });
});

describe("sampling", () => {
  const program = "builtins.foldl' (a: b: a + (x: x) b) 0 (builtins.genList (i: i) 1000)";

  test("takes as many samples as the frequency allows", () => {
    // 2001 calls and the clock is read once for each: 2 ms apart, and a sample every 10 ms or later.
    const { stacks } = profile(program, { frequency: 100, step: 2 });
    const samples = stacks.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0);
    const all = profile(program).stacks.reduce(
      (sum, line) => sum + Number(line.split(" ").at(-1)),
      0,
    );
    expect(samples).toBeGreaterThan(all / 6 - 5);
    expect(samples).toBeLessThan(all / 6 + 5);
  });

  test("writes every two seconds and begins anew", () => {
    const { stacks } = profile(program, { step: 1 });
    const distinct = new Set(stacks.map((line) => line.slice(0, line.lastIndexOf(" "))));
    expect(stacks.length).toBeGreaterThan(distinct.size);
    const single = profile(program).stacks;
    expect(single.length).toBe(distinct.size);
  });
});
