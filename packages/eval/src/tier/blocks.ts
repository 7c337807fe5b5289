/**
 * Blocks: where the labelled blocks of translated code begin, so that each jump of the bytecode is a
 * `break`. All jumps go forward. The block of a target ends at the target and begins at the first jump to
 * it, or earlier where it would otherwise overlap another block.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import { OPCODES } from "../bytecode/opcode.ts";

/** One decoded instruction; offsets are words of the lambda's code. */
export interface Instruction {
  readonly op: number;
  /** Offset of the opcode. */
  readonly start: number;
  /** Offset behind the operands. */
  readonly end: number;
  readonly operands: readonly number[];
  /** The offset that it may jump to, or -1. */
  readonly target: number;
}

/** The instructions of a lambda, in order. */
export function decode(lambda: Lambda): Instruction[] {
  const { code } = lambda;
  const instructions: Instruction[] = [];
  for (let start = 0; start < code.length; ) {
    const op = code[start] as number;
    const kinds = OPCODES[op]?.operands ?? [];
    const end = start + 1 + kinds.length;
    const operands = Array.from(code.subarray(start + 1, end));
    const jump = kinds.indexOf("jump");
    instructions.push({
      op,
      start,
      end,
      operands,
      target: jump < 0 ? -1 : (operands[jump] as number),
    });
    start = end;
  }
  return instructions;
}

/** The targets of the blocks that begin at each offset, outermost first. */
export function blocksOf(instructions: readonly Instruction[]): Map<number, number[]> {
  const begins = new Map<number, number>();
  for (const { start, target } of instructions) {
    if (target >= 0 && !begins.has(target)) begins.set(target, start);
  }
  const targets = Array.from(begins.keys()).sort((a, b) => a - b);
  targets.forEach((target, i) => {
    let begin = begins.get(target) as number;
    for (let j = i - 1; j >= 0; j--) {
      const inner = targets[j] as number;
      if (inner > begin) begin = Math.min(begin, begins.get(inner) as number);
    }
    begins.set(target, begin);
  });
  const blocks = new Map<number, number[]>();
  for (const target of targets.reverse()) {
    const begin = begins.get(target) as number;
    const known = blocks.get(begin);
    if (known === undefined) blocks.set(begin, [target]);
    else known.push(target);
  }
  return blocks;
}
