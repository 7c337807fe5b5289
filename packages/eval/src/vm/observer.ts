/**
 * Observers: are told what the machine does, for traces and profiles. They see everything and change
 * nothing; without one the machine does no work for them.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import type { Builtin, Value } from "../value/value.ts";

/** See the head of this file. */
export interface RunObserver {
  /** A call or thunk begins. `depth` counts the calls around it. */
  enterFrame?(lambda: Lambda, depth: number): void;
  /** A call or thunk ended with a value. */
  leaveFrame?(lambda: Lambda, value: Value, depth: number): void;
  /** A builtin runs; its strict arguments are there. */
  callBuiltin?(builtin: Builtin): void;
  /** An instruction is about to run; the operands lie in `stack` from `base` to `sp`. */
  instruction?(
    lambda: Lambda,
    pc: number,
    stack: readonly unknown[],
    base: number,
    sp: number,
  ): void;
}
