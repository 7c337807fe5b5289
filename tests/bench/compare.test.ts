/** The comparison of paired runs, the options, the programs and the reports of `npm run bench`. */
import { describe, expect, test } from "vitest";
import { comparePaired, isMeasured, type Lanes } from "../../scripts/bench/compare.ts";
import type { Run } from "../../scripts/bench/measure.ts";
import { historyLine } from "../../scripts/bench/record.ts";
import {
  comparisonTable,
  formatTable,
  summarize,
  summaryLine,
} from "../../scripts/bench/report.ts";

const PROGRAM = { name: "p", group: "bench" };

function run(parts: Partial<Run>): Run {
  return { wall: 1, user: 1, peak: 1, code: 0, stdout: "1\n", stderr: "", ...parts };
}

/** Lanes that return the given runs in turn, and a log of the order in which they ran. */
function lanesOf(nivis: readonly Run[], reference: readonly Run[]): Lanes & { order: string } {
  const left = { nivis: [...nivis], reference: [...reference] };
  const lanes = {
    order: "",
    nivis: () => {
      lanes.order += "N";
      return left.nivis.shift() as Run;
    },
    reference: () => {
      lanes.order += "R";
      return left.reference.shift() as Run;
    },
  };
  return lanes;
}

function times(...walls: number[]): Run[] {
  return walls.map((wall) => run({ wall, user: wall, peak: 10 * wall }));
}

describe("comparePaired", () => {
  test("warms up, then runs in pairs with alternating order", () => {
    const lanes = lanesOf(times(99, 2, 4, 6), times(99, 1, 1, 2));
    const comparison = comparePaired(PROGRAM, lanes, 3);
    expect(lanes.order).toBe("RNNRRNNR");
    expect(comparison).toEqual({
      ...PROGRAM,
      nivis: { wall: [2, 4, 6], user: [2, 4, 6], peak: [20, 40, 60] },
      reference: { wall: [1, 1, 2], user: [1, 1, 2], peak: [10, 10, 20] },
      ratio: { lower: 2.5, median: 3, upper: 3.5 },
      userRatio: 4,
      peakRatio: 4,
    });
  });

  test("omits memory if it is not measured", () => {
    const bare = [
      run({ user: undefined, peak: undefined }),
      run({ user: undefined, peak: undefined }),
    ];
    const comparison = comparePaired(PROGRAM, lanesOf(bare, bare), 1);
    expect(comparison).toMatchObject({ userRatio: undefined, peakRatio: undefined });
    expect(comparisonTable([comparison])).toContain("?");
  });

  test.each([
    [
      "another result",
      [run({ stdout: "2\n" })],
      [run({})],
      "Nivis prints\n2\n\nthe reference\n1\n",
    ],
    ["a failure of Nivis", [run({ code: 1, stderr: "oh" })], [run({})], "Nivis fails:\noh"],
    [
      "a failure of the reference",
      [run({})],
      [run({ code: 1, stderr: "no" })],
      "the reference fails:\nno",
    ],
    [
      "another result later on",
      [run({}), run({ stdout: "3\n" })],
      [run({}), run({})],
      "Nivis prints\n3\n",
    ],
  ])("fails on %s", (_title, nivis, reference, message) => {
    const comparison = comparePaired(PROGRAM, lanesOf(nivis, reference), 1);
    expect(isMeasured(comparison)).toBe(false);
    expect(comparison).toMatchObject({ failure: expect.stringContaining(message) as string });
  });
});

describe("reports", () => {
  const measured = (name: string, group: string, ratio: number, peak: number) =>
    comparePaired(
      { name, group },
      lanesOf([run({}), run({ wall: ratio, peak })], [run({}), run({ wall: 1, peak: 1 })]),
      1,
    );
  const comparisons = [
    measured("a", "bench", 4, 1),
    measured("b", "bench", 1, 3),
    { name: "c", group: "bench", failure: "why" },
    measured("d", "nixpkgs", 5, 2),
  ];

  test("summarises each group without failed programs", () => {
    const summaries = summarize(comparisons);
    expect(summaries).toEqual([
      {
        group: "bench",
        programs: 2,
        geometricMean: expect.closeTo(2) as number,
        worst: { name: "a", ratio: 4 },
        worstPeak: { name: "b", ratio: 3 },
      },
      {
        group: "nixpkgs",
        programs: 1,
        geometricMean: expect.closeTo(5) as number,
        worst: { name: "d", ratio: 5 },
        worstPeak: { name: "d", ratio: 2 },
      },
    ]);
    expect(summaryLine(summaries[0] as (typeof summaries)[0])).toBe(
      "bench: 2 programs, geometric mean 2.00, worst 4.00 (a), highest memory 3.00 (b)\n",
    );
  });

  test("aligns tables: text left, numbers right", () => {
    expect(
      formatTable(
        ["name", "x"],
        [
          ["a", "10.5"],
          ["bcdef", "1"],
        ],
      ),
    ).toBe(
      ["| name  |    x |", "| ----- | ---: |", "| a     | 10.5 |", "| bcdef |    1 |", ""].join(
        "\n",
      ),
    );
  });

  test("keeps a line of ratios for the history", () => {
    const line = historyLine({
      date: "2026-01-01T00:00:00.000Z",
      commit: "abc",
      machine: { cpu: "c", cores: 2, memory: 1, system: "s", loadBefore: 0.5 },
      node: "v20",
      reference: "r",
      nivisArguments: [],
      runs: 1,
      summaries: [],
      comparisons,
    });
    expect(line.indexOf("\n")).toBe(line.length - 1);
    const { ratios, ...rest } = JSON.parse(line);
    expect(ratios).toEqual({ a: [4, 1, 1], b: [1, 1, 3], c: "failed", d: [5, 1, 2] });
    expect(rest).not.toHaveProperty("comparisons");
  });
});
