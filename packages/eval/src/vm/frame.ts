/**
 * Frames: how calls lie on the stack.
 *
 * Call frames and frames of native code share one value stack, in segments that are linked as they
 * fill. Entering a frame writes a header; the locals and operands lie above it:
 *
 *     … caller's operands │ lambda self pc base mark │ locals … │ operands …
 *                           └─ the caller's state ─┘   ↑ base
 *
 * `mark` says what returning does: a Thunk receives the value, `CALL_MARK` ends a call (for the call
 * depth), `PLAIN_MARK` does neither. Frames that are not Nix code have a lambda of their own whose code is
 * one instruction, so returning to them needs no test:
 *
 *     NATIVE    RESUME_NATIVE   self is a NativeFrame: a generator, or a builtin that gathers its arguments;
 *                               the rest of its code are the calls that native code requests
 *     SEGMENT   LEAVE_SEGMENT   self is a SegmentLink: the frame continues in the previous segment
 *     ENTRY     EXIT            the bottom of a run
 *     apply(n)  FORCE CALL n …  the frame of a thunk that is a suspended call; self is the position of the call
 */
import { Lambda, LambdaKind } from "../bytecode/lambda.ts";
import { Op } from "../bytecode/opcode.ts";
import { CALL_SITE, type PosIdx } from "../position.ts";
import type { Thunk } from "../value/thunk.ts";
import type { Builtin, Closure, Slot } from "../value/value.ts";
import type { Suspendable } from "./requests.ts";

/** The position of lambdas that are not Nix code. */
export const NATIVE_POS = -2 as PosIdx;
/** Slots of a frame's header. */
export const HEADER_SIZE = 5;
/**
 * Slots of a segment of the stack: large enough that crossing is rare, small enough to waste little.
 * A quarter of that helps some programs and hurts others more: see docs/design/007-warm-up.md, "Dropped".
 */
export const SEGMENT_SIZE = 32_768;

/** Slots that a native frame or a call from native code may need for its operands. */
export const NATIVE_ROOM = 12;

/** What a stack segment holds: slots, and the headers' lambdas, numbers and marks between them. */
// biome-ignore lint/suspicious/noExplicitAny: the stack is untyped by nature; every read knows what it wrote
export type Segment = any[];

/** Header mark: the frame is a call. */
export const CALL_MARK = null;
/** Header mark: the frame neither updates a thunk nor counts as a call. */
export const PLAIN_MARK = undefined;

/** Native code that is suspended until a value arrives. */
export class NativeFrame {
  /** The position of the call that the native code requested last. */
  calledFrom: PosIdx = CALL_SITE;

  constructor(
    /** The builtin, for traces; `null` for the slow path of an instruction. */
    readonly builtin: Builtin | null,
    /** The arguments while they are being forced. */
    readonly args: Slot[],
    /** Index into the builtin's strict arguments; {@link RETURNING} once it has returned a thunk. */
    public next: number,
    /** The generator or routine once it runs. */
    public suspendable: Suspendable<unknown> | null,
  ) {}
}

/** {@link NativeFrame.next}: the value that comes is the builtin's result. */
export const RETURNING = -1;

/** Where a frame continues that left its segment. */
export class SegmentLink {
  constructor(
    readonly stack: Segment,
    readonly sp: number,
    readonly lambda: Lambda,
    readonly self: FrameSelf,
    readonly pc: number,
    readonly base: number,
  ) {}
}

/** The translated code that started a run, as `self` of the run's bottom: positions are found through it. */
export class CallingCode {
  /** `null` if `at` is a position already. */
  lambda: Lambda | null = null;
  /** The code offset behind the instruction, or the position. */
  at = 0;

  /** Where the run was started. */
  get pos(): PosIdx {
    return positionAt(this.lambda, this.at);
  }
}

/** The position of the instruction of `lambda` that ends at `at`; without a lambda, `at` itself. */
export function positionAt(lambda: Lambda | null, at: number): PosIdx {
  return lambda === null ? (at as PosIdx) : lambda.positionBefore(at);
}

/** The owner of a frame's upvalues, or the state of a native frame. */
export type FrameSelf = Closure | Thunk | NativeFrame | SegmentLink | CallingCode | PosIdx;

/** A lambda with the given code, which is not Nix code. */
export function nativeLambda(...code: number[]): Lambda {
  const lambda = new Lambda(LambdaKind.Thunk, NATIVE_POS);
  lambda.code = Int32Array.from(code);
  lambda.frameSize = 8;
  return lambda;
}

/** Code that calls the function on the top of the stack with the `count` arguments below it. */
function callCode(count: number): number[] {
  const code: number[] = [Op.Force];
  for (let n = count; n > 0; n--) code.push(Op.Call, n);
  return code;
}

/** Calls with 1, 2, … arguments; no builtin calls with more. */
const CALLS: readonly (readonly number[])[] = [1, 2, 3, 4, 5, 6, 7, 8].map(callCode);

/** An instruction that takes a value, followed by the calls whose result it takes. */
function codeWithCalls(op: Op): number[] {
  return [op, ...CALLS.flatMap((call) => [...call, op])];
}

/** Offsets in the code of native frames, and of a run's bottom, of a call with 1, 2, … arguments. */
export const NATIVE_CALLS: readonly number[] = callOffsets();

function callOffsets(): number[] {
  let next = 1;
  return CALLS.map(({ length }) => {
    const at = next;
    next += length + 1;
    return at;
  });
}

/** The lambda of native frames. */
export const NATIVE_LAMBDA = nativeLambda(...codeWithCalls(Op.ResumeNative));
/** The lambda at the bottom of each segment but the first. */
export const SEGMENT_LAMBDA = nativeLambda(Op.LeaveSegment);
/** The lambda at the bottom of a run. */
export const ENTRY_LAMBDA = nativeLambda(...codeWithCalls(Op.Exit));
/** The lambdas of suspended calls with 1, 2, … arguments. */
export const APPLY_LAMBDAS: readonly Lambda[] = CALLS.map((call) =>
  nativeLambda(...call, Op.Return),
);

/** The shared empty row of slots. */
export const NO_SLOTS: Slot[] = [];

/** A fresh stack segment. */
export function newSegment(): Segment {
  return new Array(SEGMENT_SIZE).fill(undefined);
}
