/**
 * Observers are told what the machine does, for traces, profiles and statistics. They see everything and
 * change nothing. Without an observer the machine does no work for them.
 */
import type { Expr } from "@nivis/syntax";
import type { Lambda } from "../bytecode/lambda.ts";
import type { EvalError } from "../errors/eval-error.ts";
import type { Builtin, Value } from "../value/value.ts";
import type { FrameSelf } from "./frame.ts";
import type { Machine } from "./machine.ts";
import type { Stop } from "./pending.ts";

/** Callbacks for the events of a machine; each is optional. */
export interface RunObserver {
  /** A text was parsed; `lambda` is its code. */
  parsed?(expr: Expr, lambda: Lambda): void;
  /** A call or thunk begins. `depth` counts the calls around it. */
  enterFrame?(lambda: Lambda, depth: number): void;
  /** A call or thunk ended with a value. */
  leaveFrame?(lambda: Lambda, value: Value, depth: number): void;
  /** A builtin runs; its strict arguments are forced. */
  callBuiltin?(builtin: Builtin): void;
  /** A builtin has its result, which may still be a thunk. */
  returnBuiltin?(builtin: Builtin, result: unknown): void;
  /**
   * An instruction is about to run; the operands lie in `stack` from `base` to `sp`, and `self` is the owner
   * of the frame. An observer with this callback must see every instruction, so the second tier stays off.
   */
  instruction?(
    lambda: Lambda,
    pc: number,
    stack: readonly unknown[],
    base: number,
    sp: number,
    self: FrameSelf,
  ): void;
  /** The instruction BREAK was reached; throws a {@link Stop}. Only debuggers have this. */
  breakpoint?(
    lambda: Lambda,
    pc: number,
    stack: readonly unknown[],
    base: number,
    sp: number,
  ): void;
  /** An error is about to leave the code that made it; the machine waits for what is returned. */
  failing?(machine: Machine, error: EvalError): Stop | undefined;
  /**
   * An error has ended what the frame at `base` of `stack` was doing: it leaves the frame, or the frame has
   * caught it and continues.
   */
  interruptFrame?(stack: readonly unknown[], base: number): void;
}

/** An observer that forwards to two others, in order. */
export function bothObservers(first: RunObserver, second: RunObserver): RunObserver {
  return {
    parsed: (expr, lambda) => {
      first.parsed?.(expr, lambda);
      second.parsed?.(expr, lambda);
    },
    enterFrame: (lambda, depth) => {
      first.enterFrame?.(lambda, depth);
      second.enterFrame?.(lambda, depth);
    },
    leaveFrame: (lambda, value, depth) => {
      first.leaveFrame?.(lambda, value, depth);
      second.leaveFrame?.(lambda, value, depth);
    },
    callBuiltin: (builtin) => {
      first.callBuiltin?.(builtin);
      second.callBuiltin?.(builtin);
    },
    returnBuiltin: (builtin, result) => {
      first.returnBuiltin?.(builtin, result);
      second.returnBuiltin?.(builtin, result);
    },
    instruction: (lambda, pc, stack, base, sp, self) => {
      first.instruction?.(lambda, pc, stack, base, sp, self);
      second.instruction?.(lambda, pc, stack, base, sp, self);
    },
    interruptFrame: (stack, base) => {
      first.interruptFrame?.(stack, base);
      second.interruptFrame?.(stack, base);
    },
    breakpoint: (lambda, pc, stack, base, sp) => {
      first.breakpoint?.(lambda, pc, stack, base, sp);
      second.breakpoint?.(lambda, pc, stack, base, sp);
    },
    failing: (machine, error) =>
      first.failing?.(machine, error) ?? second.failing?.(machine, error),
  };
}
