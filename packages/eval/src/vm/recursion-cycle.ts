/**
 * The cycle of an infinite recursion: the positions from where a thunk was needed again back to that thunk.
 * It is read off the stack when the error is made, before unwinding removes the frames.
 */
import { NO_POS, type PosIdx } from "../position.ts";
import {
  CallingCode,
  ENTRY_LAMBDA,
  HEADER_SIZE,
  NATIVE_LAMBDA,
  NATIVE_POS,
  SEGMENT_LAMBDA,
  type SegmentLink,
} from "./frame.ts";
import type { Machine } from "./machine.ts";
import type { RecursionError } from "./recursion-error.ts";

/** Positions that are kept of a long cycle. */
const MAX_CYCLE = 100;

/** Adds a position to the cycle, further out than those it has. */
export function addCyclePosition(error: RecursionError, pos: PosIdx): void {
  const { cycle } = error;
  if (error.closed || pos === NO_POS || pos === cycle.at(-1) || cycle.length >= MAX_CYCLE) return;
  error.cycle = [...cycle, pos];
}

/**
 * Adds the positions where each thunk or call of the cycle needed the next, as far as `machine` has their
 * frames. Returns whether the cycle is closed, or may be closed by the code that started the run.
 */
export function addCyclePositions(machine: Machine, error: RecursionError): boolean {
  let { stack, lambda, self, pc, base } = machine;
  while (lambda !== ENTRY_LAMBDA) {
    if (lambda === SEGMENT_LAMBDA) {
      ({ stack, lambda, self, pc, base } = self as SegmentLink);
      continue;
    }
    if (lambda !== NATIVE_LAMBDA && lambda.pos !== NATIVE_POS) {
      addCyclePosition(error, lambda.positionBefore(pc));
    }
    if (stack[base - 1] === error.thunk) {
      error.closed = true;
      return true;
    }
    const header = base - HEADER_SIZE;
    lambda = stack[header];
    self = stack[header + 1];
    pc = stack[header + 2];
    base = stack[header + 3];
  }
  // The cycle may continue below translated code; otherwise there is none.
  if (self instanceof CallingCode) return true;
  error.closed = true;
  error.cycle = [];
  return false;
}
