/** The warm-up: that it does everything once, ends well in every tier, and is called for once. */
import { expect, test } from "vitest";
import { OPCODES, type Op } from "../../src/bytecode/opcode.ts";
import { WARM_UP_FILE } from "../../src/core-files.ts";
import { Evaluation, type EvaluationOptions, memoryIo, warmUp } from "../../src/index.ts";

/** What the program leaves out: `__overrides`, `__curPos`, failing comparisons, very deep stacks. */
const LEFT_OUT = [
  "ASSERT_EQUAL",
  "BREAK",
  "CUR_POS",
  "FILL_SCOPE",
  "LEAVE_SEGMENT",
  "NEW_CELL",
  "OPEN_SCOPE",
  "OVERRIDES",
  "SET_CELL",
];

function evaluation(options: Partial<EvaluationOptions> = {}): Evaluation {
  return new Evaluation({ io: memoryIo(), ...options });
}

test("every instruction is in it", () => {
  const seen = new Set<Op>();
  const observer = {
    instruction: (lambda: { readonly code: Int32Array }, pc: number): void => {
      seen.add(lambda.code[pc] as Op);
    },
  };
  expect(evaluation({ observer }).evaluateFile(WARM_UP_FILE)).toBe(null);
  const steps = ["ENTER_THUNK", "ENTER_NATIVE", "CALL_FROM_NATIVE", "STEP_NATIVE", "PAUSE"];
  const unseen = OPCODES.filter(({ op }) => !seen.has(op)).map(({ name }) => name);
  expect(unseen.filter((name) => !steps.includes(name)).sort()).toEqual(LEFT_OUT);
});

test.each(["vm", "js", "auto"] as const)("it ends well in tier %s", (tier) => {
  expect(evaluation({ tier, tierStress: true }).evaluateFile(WARM_UP_FILE)).toBe(null);
});

test("lambdas are translated in it", () => {
  const machine = evaluation({ tierThreshold: 40 });
  machine.evaluateFile(WARM_UP_FILE);
  expect(machine.tierCounters?.translated).toBeGreaterThan(10);
  expect(machine.tierCounters?.untranslatable).toBe(0);
});

test("who is busy is told so at a few moments, and goes on", () => {
  const moments: number[] = [];
  const onLongRun = (moment: number): void => {
    moments.push(moment);
    if (moment === 0) warmUp({ io: memoryIo() });
  };
  const machine = evaluation({ onLongRun });
  const text = (count: number): string =>
    `builtins.foldl' (a: x: a + (b: b) x) 0 (builtins.genList (x: x) ${count})`;
  expect(machine.evaluate(text(10))).toBe(45);
  expect(moments).toEqual([]);
  for (let i = 0; i < 5; i++) {
    expect(machine.evaluate(text(10_000))).toBe(49_995_000);
    expect(moments.length).toBeGreaterThan(0);
    expect(moments).toEqual(Array.from(moments.keys()));
  }
  expect(moments.length).toBeLessThanOrEqual(10);
});
