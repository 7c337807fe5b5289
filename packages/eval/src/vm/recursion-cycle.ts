/**
 * The way that an infinite recursion went round: from the place where a thunk was needed again back
 * to that thunk. Read off the stack when the error is made, before unwinding takes the frames away.
 */
import { NO_POS, type PosIdx } from "../position.ts";
import {
  ENTRY_LAMBDA,
  HEADER_SIZE,
  NATIVE_LAMBDA,
  NATIVE_POS,
  SEGMENT_LAMBDA,
  type SegmentLink,
} from "./frame.ts";
import type { Machine } from "./machine.ts";
import type { RecursionError } from "./recursion-error.ts";

/** Places that are kept of a long way; more help nobody. */
const MAX_PLACES = 100;

/** The places where each thunk or call on the way needed the next, the innermost first. */
export function cycleOf(machine: Machine, error: RecursionError): PosIdx[] {
  const cycle: PosIdx[] = [];
  let { stack, lambda, self, pc, base } = machine;
  while (lambda !== ENTRY_LAMBDA) {
    if (lambda === SEGMENT_LAMBDA) {
      ({ stack, lambda, self, pc, base } = self as SegmentLink);
      continue;
    }
    if (lambda !== NATIVE_LAMBDA && lambda.pos !== NATIVE_POS) {
      const pos = lambda.positionBefore(pc);
      if (pos !== NO_POS && pos !== cycle.at(-1) && cycle.length < MAX_PLACES) cycle.push(pos);
    }
    if (stack[base - 1] === error.thunk) return cycle;
    const header = base - HEADER_SIZE;
    lambda = stack[header];
    self = stack[header + 1];
    pc = stack[header + 2];
    base = stack[header + 3];
  }
  return [];
}
