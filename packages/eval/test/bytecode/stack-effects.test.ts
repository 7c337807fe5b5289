/**
 * The stack effects of the table of instructions, against code: each unit of the language cases and of the
 * warm-up program is run symbolically. Red means that the emitter counts wrong, that the table says
 * something else than the instruction does, or that two branches meet with different stacks.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { EvalError } from "@nivis/eval";
import { expect, test } from "vitest";
import type { Lambda } from "../../src/bytecode/lambda.ts";
import { effectOf, OPCODES, Op } from "../../src/bytecode/opcode.ts";
import { Evaluation } from "../../src/evaluation.ts";
import { memoryIo } from "../../src/memory-io.ts";
import { decode, type Instruction } from "../../src/tier/blocks.ts";
import type { Shape } from "../../src/value/shape.ts";
import { WARM_UP_NIX } from "../../src/warm-up/program.ts";

const cases = join(dirname(fileURLToPath(import.meta.url)), "../../../../tests/lang");

function programs(folder: string): string[] {
  const found = readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => programs(join(folder, name)));
  const file = join(folder, "in.nix");
  return existsSync(file) ? [...found, readFileSync(file, "latin1")] : found;
}

/** The units of a program, or none if it does not parse. */
function unitsOf(text: string): Set<Lambda> {
  const units = new Set<Lambda>();
  let root: Lambda;
  try {
    root = new Evaluation({ io: memoryIo() }).loadText(text).code as Lambda;
  } catch (error) {
    if (error instanceof EvalError) return units;
    throw error;
  }
  units.add(root);
  for (const unit of units) {
    unit.ensureCompiled();
    for (const inner of unit.lambdas) units.add(inner);
    if (unit.fused !== null) units.add(unit.fused);
  }
  return units;
}

/** The effect of not jumping. */
function effect({ op, operands }: Instruction, unit: Lambda): number {
  const count = operands[0] as number;
  switch (op as Op) {
    case Op.List:
    case Op.ConcatStrings:
    case Op.ConcatPath:
    case Op.Update:
      return 1 - count;
    case Op.Slide:
      return -count;
    case Op.Call:
      return -1;
    case Op.Attrs:
      return 1 - (unit.constants[count] as Shape).names.length;
    default:
      return effectOf(op as Op);
  }
}

/** The depth with which an instruction that is entered at `depth` jumps. */
function depthAfterJump({ op, operands }: Instruction, depth: number, unit: Lambda): number {
  switch (op as Op) {
    case Op.And:
    case Op.Or:
      return depth;
    case Op.SelectOr:
      return (operands[2] as number) - unit.localCount;
    case Op.SelectOrDynamic:
      return (operands[1] as number) - unit.localCount;
    default:
      return depth + effectOf(op as Op);
  }
}

function check(unit: Lambda): void {
  const landings = new Map<number, number>();
  let depth = 0;
  let deepest = 0;
  for (const instruction of decode(unit)) {
    const { op, start, target } = instruction;
    const landing = landings.get(start);
    if (landing !== undefined) {
      if (depth >= 0) expect(depth, `branches meet at ${start}`).toBe(landing);
      depth = landing;
    }
    // Code that nothing reaches.
    if (depth < 0) continue;
    if (target >= 0) {
      const there = depthAfterJump(instruction, depth, unit);
      expect(landings.get(target) ?? there, `jumps to ${target} meet`).toBe(there);
      landings.set(target, there);
    }
    if (op === Op.Return) expect(depth, "a unit leaves one value").toBe(1);
    depth += effect(instruction, unit);
    expect(depth, `${OPCODES[op]?.name} at ${start}`).toBeGreaterThanOrEqual(0);
    deepest = Math.max(deepest, depth);
    if (op === Op.Jump || op === Op.AssertFail || op === Op.Return) depth = -1;
  }
  expect(unit.frameSize).toBe(unit.localCount + deepest + 2);
}

test("all code of the language cases has the effects of the table", () => {
  let count = 0;
  for (const text of programs(cases)) {
    for (const unit of unitsOf(text)) {
      check(unit);
      count++;
    }
  }
  expect(count).toBeGreaterThan(2000);
});

test("so has every instruction", () => {
  const used = new Set<number>();
  for (const unit of unitsOf(WARM_UP_NIX)) {
    check(unit);
    for (const { op } of decode(unit)) used.add(op);
  }
  expect(used.size).toBeGreaterThan(55);
});

test("the growth of the stack is what the texts of the effects say", () => {
  const words = (side = ""): number =>
    side
      .replace("…", "")
      .replace(/\(.*?\)/, "")
      .split(/\s+/)
      .filter(Boolean).length;
  for (const { name, effect: text, growth } of OPCODES) {
    const [before, after] = text.split("→");
    expect(growth, name).toBe(/\S…\S/.test(text) ? undefined : words(after) - words(before));
  }
});

test("instructions whose effect depends on an operand have none in the table", () => {
  const sized = OPCODES.filter(({ op }) => {
    try {
      effectOf(op);
      return false;
    } catch {
      return true;
    }
  });
  expect(sized.map(({ name }) => name)).toEqual([
    "SLIDE",
    "CALL",
    "CONCAT_STRINGS",
    "CONCAT_PATH",
    "LIST",
    "ATTRS",
    "UPDATE",
  ]);
});
