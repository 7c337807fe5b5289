/**
 * The instructions that only code under a debugger has: they keep its scopes, and stop it. A bundle of its
 * own (see scripts/bundles.mjs).
 */
import type { Lambda } from "../bytecode/lambda.ts";
import { Op } from "../bytecode/opcode.ts";
import { InternalError } from "../errors/eval-error.ts";
import type { Segment } from "./frame.ts";
import type { StepResult } from "./step-result.ts";
import { Environment } from "./with-scope.ts";

/** Runs one instruction, whose operands begin at `code[at]`. Returns the new stack pointer. */
export function debugOp(
  step: StepResult,
  op: Op,
  lambda: Lambda,
  at: number,
  stack: Segment,
  base: number,
  top: number,
): number {
  const { code, constants } = lambda;
  let sp = top;
  switch (op) {
    case Op.OpenScope: {
      const names = constants[code[at + 1] as number] as readonly string[] | null;
      stack[base + (code[at] as number)] = new Environment(names, stack[--sp]);
      return sp;
    }
    case Op.FillScope: {
      const slots = constants[code[at + 1] as number] as readonly number[];
      const environment = stack[base + (code[at] as number)] as Environment;
      environment.values = slots.map((slot) => stack[base + slot] as unknown);
      return sp;
    }
    case Op.Break:
      // It throws a `Stop`, after which the instruction runs that was here.
      step.observer?.breakpoint?.(lambda, at - 1, stack, base, sp);
      throw new InternalError("a breakpoint without a debugger");
    default:
      throw new InternalError(`instruction ${op}`);
  }
}
