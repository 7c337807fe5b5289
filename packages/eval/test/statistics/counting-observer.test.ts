/** The counters of NIX_SHOW_STATS, and the report. */
import { describe, expect, test } from "vitest";
import { allBuiltins } from "../../src/builtins/registry.ts";
import { Evaluation } from "../../src/evaluation.ts";
import { memoryIo } from "../../src/memory-io.ts";
import {
  CountingObserver,
  LIST_MAKERS,
  SET_MAKERS,
} from "../../src/statistics/counting-observer.ts";
import {
  type ProcessStatistics,
  renderStatistics,
  statisticsReport,
} from "../../src/statistics/report.ts";

const PROCESS: ProcessStatistics = {
  cpuTime: 2,
  gcTime: 0.5,
  gcCycles: 3,
  heapSize: 1000,
  allocated: 5000,
  more: { peak: 7 },
};

function count(
  text: string,
  everyCall = false,
): { counts: CountingObserver; evaluation: Evaluation } {
  const counts = new CountingObserver(everyCall);
  const evaluation = new Evaluation({
    io: memoryIo({ files: { "/f.nix": "x: x.a" } }),
    observer: counts,
  });
  evaluation.deepForce(evaluation.evaluate(text));
  return { counts, evaluation };
}

describe("what is counted", () => {
  // The figures of this table are those that C++ Nix prints for the same programs.
  test.each([
    ["let f = x: x + 1; in f 1 + f 2", { functionCalls: 2, builtinCalls: 0 }],
    ["let f = a: b: a; in f 1 2", { functionCalls: 2 }],
    ["builtins.map (x: x) [ 1 2 3 ]", { functionCalls: 3, builtinCalls: 1 }],
    ["builtins.foldl' (a: b: a - b) 0 [ 1 2 ]", { functionCalls: 4, builtinCalls: 3 }],
    ["let n = 2; in 1 < n && 3 * n / n == -n", { builtinCalls: 4 }],
    ["{ a = 1 + 1; b = [ (1 + 1) ]; c = x: x; }", { thunks: 4 }],
    ["[ 1 2 ] ++ [ 3 ] ++ [ ]", { concats: 2, lists: 4, listElements: 6 }],
    ["{ a = 1; } // { b = 2; }", { updates: 1, slotsCopied: 2, sets: 3, setElements: 4 }],
    ["{ a = 1; } // { }", { updates: 1, slotsCopied: 0 }],
    ["{ a = 1; } // { b = 2; } // { c = 3; }", { updates: 2, slotsCopied: 5 }],
    ["{ a.b.c = 1; }.a.b.c", { lookups: 3 }],
    ['{ a = 1; }.${"a"} + ({ }.b or 2)', { lookups: 2 }],
    ["builtins.attrNames (builtins.mapAttrs (n: v: v) { a = 1; b = 2; })", { sets: 2, lists: 1 }],
  ])("%s", (text, expected) => {
    const { counts } = count(text);
    expect(counts).toMatchObject(expected);
  });

  test("counts expressions and names of the text", () => {
    const { counts } = count("let f = { a, b ? 1 }@c: a; in f { a = 1; } + ({ d = 2; }).d");
    expect(counts.expressions).toBeGreaterThan(8);
    expect(Array.from(counts.names).sort()).toEqual(["a", "b", "c", "d", "f"]);
  });

  test("knows how deep calls went", () => {
    const { counts } = count("let f = n: if n == 0 then 0 else 1 + f (n - 1); in f 20");
    expect(counts.deepest).toBe(21);
  });

  test("names only builtins that exist", () => {
    const names = new Set(allBuiltins.map(({ name }) => name));
    expect([...SET_MAKERS, ...LIST_MAKERS].filter((name) => !names.has(name))).toEqual([]);
  });
});

describe("the report", () => {
  test("has the keys of C++ Nix in their order", () => {
    const { counts, evaluation } = count("[ 1 ]");
    const report = statisticsReport(
      counts,
      PROCESS,
      evaluation.context.counters.read(),
      evaluation.positions,
    );
    const read = JSON.parse(renderStatistics(report));
    expect(Object.keys(read)).toEqual([
      "cpuTime",
      "envs",
      "gc",
      "list",
      "nivis",
      "nrAvoided",
      "nrExprs",
      "nrFunctionCalls",
      "nrLookups",
      "nrOpUpdateValuesCopied",
      "nrOpUpdates",
      "nrPrimOpCalls",
      "nrThunks",
      "sets",
      "sizes",
      "symbols",
      "time",
      "values",
    ]);
    expect(read.time).toEqual({ cpu: 2, gc: 0.5, gcFraction: 0.25 });
    expect(read.gc).toEqual({ cycles: 3, heapSize: 1000, totalBytes: 5000 });
    expect(read.list).toEqual({ bytes: 8, concats: 0, elements: 1 });
    expect(read.nivis.process).toEqual({ peak: 7 });
    expect(read.nivis.machine.instructions).toBe(counts.instructions);
  });

  test("without an observer has only what is counted anyway", () => {
    const { evaluation } = count("1");
    evaluation.context.counters.add("part", () => ({ hits: 4 }));
    const report = statisticsReport(
      undefined,
      PROCESS,
      evaluation.context.counters.read(),
      evaluation.positions,
    ) as Record<string, Record<string, unknown>>;
    expect(Object.keys(report).sort()).toEqual(["cpuTime", "gc", "nivis", "time"]);
    expect(report["nivis"]?.["part"]).toEqual({ hits: 4 });
  });

  test("tells of every function, builtin and attribute when asked", () => {
    const { counts, evaluation } = count(
      "let g = import /f.nix;\n  s = { a = 2; };\nin builtins.map g [ s s ] ++ [ (3 - 1) ]",
      true,
    );
    const report = JSON.parse(
      renderStatistics(statisticsReport(counts, PROCESS, {}, evaluation.positions)),
    );
    expect(report.primops).toEqual({ import: 1, map: 1, sub: 1 });
    expect(report.functions).toEqual([
      { name: null, file: "/f.nix", line: 1, column: 1, count: 2 },
    ]);
    expect(report.attributes).toEqual([{ line: 2, column: 9, count: 2 }]);
    expect(report.nivis.machine.opcodes.SUB).toBe(1);
  });
});
