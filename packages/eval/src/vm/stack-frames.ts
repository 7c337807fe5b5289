/**
 * Stack frames as a debugger sees them: a walk from the top frame of a machine that has stopped to its
 * bottom.
 */
import { Lambda, LambdaKind } from "../bytecode/lambda.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { BLACKHOLE, FAILED, Thunk } from "../value/thunk.ts";
import type { Closure, Slot } from "../value/value.ts";
import {
  ENTRY_LAMBDA,
  type FrameSelf,
  HEADER_SIZE,
  NATIVE_LAMBDA,
  NATIVE_POS,
  type NativeFrame,
  SEGMENT_LAMBDA,
  type Segment,
  type SegmentLink,
} from "./frame.ts";
import type { Machine } from "./machine.ts";
import { callPosition } from "./unwind.ts";

/** One frame. It is valid while its machine has stopped. */
export interface StackFrame {
  /** Nix code, a builtin or other native code, or a call that was suspended in a thunk. */
  readonly kind: "code" | "native" | "call";
  readonly lambda: Lambda;
  /** A code offset inside of the instruction at which the frame stands. */
  readonly at: number;
  readonly self: FrameSelf;
  readonly stack: Segment;
  readonly base: number;
  /** The thunk that is being forced, if this frame gives it its value. */
  readonly thunk: Thunk | undefined;
  /** The position at which the frame stands; of native code, that of its call. */
  readonly pos: PosIdx;
}

/**
 * The frames of a machine that has stopped, innermost first, up to a limit. `isBefore` says that the top frame's
 * instruction has not begun.
 */
export function stackFrames(
  machine: Machine,
  isBefore: boolean,
  limit = Number.POSITIVE_INFINITY,
): StackFrame[] {
  const frames: StackFrame[] = [];
  let { stack, lambda, self, pc, base } = machine;
  let isTop = isBefore;
  while (lambda !== ENTRY_LAMBDA && frames.length < limit) {
    if (lambda === SEGMENT_LAMBDA) {
      ({ stack, lambda, self, pc, base } = self as SegmentLink);
      continue;
    }
    const mark: unknown = stack[base - 1];
    frames.push({
      kind: lambda === NATIVE_LAMBDA ? "native" : lambda.pos === NATIVE_POS ? "call" : "code",
      lambda,
      at: isTop ? pc : Math.max(pc - 1, 0),
      self,
      stack,
      base,
      thunk: mark instanceof Thunk ? mark : undefined,
      pos: callPosition(lambda, self, isTop ? pc + 1 : pc, base, stack),
    });
    isTop = false;
    const header = base - HEADER_SIZE;
    lambda = stack[header];
    self = stack[header + 1];
    pc = stack[header + 2];
    base = stack[header + 3];
  }
  return frames;
}

/** The upvalue with an index of a frame of Nix code. */
export function upvalueOf({ self }: StackFrame, index: number): Slot | undefined {
  const holder = self as Closure | Thunk;
  if (index === 0) return holder.a;
  if (index === 1) return holder.b;
  return holder.rest?.[index - 2];
}

/** Whether a frame of Nix code is a call, and not the evaluation of a thunk. */
export function isCallFrame({ kind, lambda }: StackFrame): boolean {
  return kind === "code" && lambda.kind === LambdaKind.Function;
}

/** The name of the builtin that a native frame runs, if it runs one. */
export function builtinOf({ kind, self }: StackFrame): string | undefined {
  return kind === "native" ? (self as NativeFrame).builtin?.definition.name : undefined;
}

/** Whether `second` is a frame of the same call or thunk as `first`, or inside of it. */
export function isInside(
  stack: readonly unknown[],
  base: number,
  outer: readonly unknown[],
  outerBase: number,
): boolean {
  if (stack === outer) return base >= outerBase;
  // The bottom of each segment but the first is a link to the segment before.
  let segment = stack as Segment;
  while (segment[0] === SEGMENT_LAMBDA) {
    segment = (segment[1] as SegmentLink).stack;
    if (segment === outer) return true;
  }
  return false;
}

/** What has become of a thunk. */
export interface ThunkReport {
  readonly state: "suspended" | "blackhole" | "forced" | "failed";
  /** The position of the deferred expression, if it is one of a text. */
  readonly pos: PosIdx | undefined;
  /** Of a thunk that has failed. */
  readonly error: unknown;
}

/** The state of a thunk; evaluates nothing. */
export function thunkState(thunk: Thunk): ThunkReport {
  const { code } = thunk;
  if (code === null) return { state: "forced", pos: undefined, error: undefined };
  if (code === BLACKHOLE) return { state: "blackhole", pos: undefined, error: undefined };
  if (code === FAILED) return { state: "failed", pos: undefined, error: thunk.a };
  const pos = code instanceof Lambda && code.pos > NO_POS ? code.pos : undefined;
  return { state: "suspended", pos, error: undefined };
}
