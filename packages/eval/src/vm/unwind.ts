/**
 * Unwinding: carries an error out of frame after frame, adding the traces that C++ Nix adds, until native
 * code catches it (the machine then continues there) or the bottom is reached (the error is thrown).
 */

import { colored, type MarkedText, marked } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { StrictArgument } from "../builtins/definition.ts";
import { type Lambda, LambdaKind, type SelectStep } from "../bytecode/lambda.ts";
import type { EvalContext } from "../context.ts";
import { EvalError, type LeftFunction } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { isPassingKind } from "../errors/kinds.ts";
import { CALL_SITE, NO_POS, NO_TRACE_POS, OPERATOR_SITE, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { APPLY, APPLY2, fail, NATIVE, resuspend, Thunk } from "../value/thunk.ts";
import { type Builtin, isString, textOf } from "../value/value.ts";
import {
  APPLY_LAMBDAS,
  CALL_MARK,
  CallingCode,
  ENTRY_LAMBDA,
  type FrameSelf,
  HEADER_SIZE,
  NATIVE_LAMBDA,
  NATIVE_POS,
  type NativeFrame,
  PLAIN_MARK,
  SEGMENT_LAMBDA,
  SEGMENT_SIZE,
  type Segment,
  type SegmentLink,
} from "./frame.ts";
import type { Machine } from "./machine.ts";
import { RecursionError } from "./recursion-error.ts";
import type { Suspendable } from "./requests.ts";

/**
 * Frames that traces of an interruption are about: the innermost say what ran, and the user waits while
 * millions of others are left.
 */
const MAX_INTERRUPTED_FRAMES = 1000;

/** Frames between two looks at whether the user wants to stop: some milliseconds. */
const FRAMES_PER_LOOK = 20_000;

/** Unwinds `machine.error`. Returns when a frame has caught it; throws it when none does. */
export function unwind(machine: Machine): void {
  const showTrace = machine.ctx.settings.showTrace;
  let error = evalErrorOf(machine.error);
  machine.error = undefined;
  const builtin = machine.step.running;
  machine.step.running = null;
  let { stack, lambda, self, pc, base, depth } = machine;
  let told = error instanceof EvalError;
  /** Frames that traces of an interruption may still be about. */
  let untold = MAX_INTERRUPTED_FRAMES;
  let unseen = FRAMES_PER_LOOK;
  if (error instanceof EvalError) {
    if (error.leaving !== null) {
      addCallTraces(error, error.leaving, callPosition(lambda, self, pc, base, stack), showTrace);
    }
    if (builtin !== null) {
      addBuiltinTrace(error, builtin, callPosition(lambda, self, pc, base, stack));
    }
  }
  for (;;) {
    if (told && --untold < 0) told = !(error instanceof EvalError && error.kind === "interrupted");
    if (--unseen === 0) {
      unseen = FRAMES_PER_LOOK;
      const interruption = machine.ctx.limits?.interruption();
      if (interruption !== undefined) {
        error = interruption;
        told = false;
      }
    }
    if (lambda === ENTRY_LAMBDA) {
      machine.observation?.escape(error);
      machine.observer?.interruptFrame?.(stack, base);
      throw error;
    }
    if (lambda === SEGMENT_LAMBDA) {
      const link = self as SegmentLink;
      machine.stackSlots -= SEGMENT_SIZE;
      ({ stack, lambda, self, pc, base } = link);
      continue;
    }
    if (lambda === NATIVE_LAMBDA) {
      const frame = self as NativeFrame;
      if (pc > 1 && told && error instanceof EvalError) {
        // The error comes from a call that the native code requested.
        error.resolveCallSite(callPosition(lambda, self, pc, base, stack));
      }
      if (frame.suspendable !== null) {
        const next = throwInto(frame, error);
        if (next === undefined) {
          machine.observer?.interruptFrame?.(stack, base);
          Object.assign(machine, {
            stack,
            sp: base,
            lambda,
            self,
            pc: 0,
            base,
            depth,
            resuming: frame,
          });
          return;
        }
        error = next;
        told = error instanceof EvalError;
      } else if (frame.next >= 0) leaveArgument(machine.ctx, error, frame);
      if (told && error instanceof EvalError && frame.builtin !== null) {
        const header = base - HEADER_SIZE;
        const pos = callPosition(
          stack[header],
          stack[header + 1],
          stack[header + 2],
          stack[header + 3],
          stack,
        );
        addBuiltinTrace(error, frame.builtin, pos);
      }
    } else if (told && error instanceof EvalError) {
      const pos = callPosition(lambda, self, pc, base, stack);
      addFrameTraces(machine.ctx, error, lambda, pc, pos, stack, base);
    }
    machine.observer?.interruptFrame?.(stack, base);
    // Leave the frame.
    const header = base - HEADER_SIZE;
    const mark = stack[base - 1];
    const left = lambda;
    const inBody = pc > left.bodyStart;
    lambda = stack[header];
    self = stack[header + 1];
    pc = stack[header + 2];
    base = stack[header + 3];
    if (mark === CALL_MARK) {
      depth--;
      if (told && error instanceof EvalError && left.kind === LambdaKind.Function) {
        const pos = callPosition(lambda, self, pc, base, stack);
        addCallTraces(error, leftFunction(left, inBody), pos, showTrace);
      }
    } else if (mark !== PLAIN_MARK) {
      if (machine.observation === undefined) failThunk(mark as Thunk, error, left);
      else machine.observation.fail(mark as Thunk, error, left);
    }
  }
}

/** Adds the traces of the code regions of a frame that an error leaves at `pc`. */
export function addFrameTraces(
  ctx: EvalContext,
  error: EvalError,
  lambda: Lambda,
  pc: number,
  pos: PosIdx,
  stack: readonly unknown[],
  base: number,
): void {
  error.resolveCallSite(pos);
  lambda.ensureDebugInfo();
  if (error.pos === OPERATOR_SITE && lambda.pos !== NATIVE_POS) {
    error.pos = lambda.operatorBefore(pc);
  }
  for (const region of lambda.traceRegions) {
    if (region.start >= pc || pc > region.end) continue;
    if (region.message !== undefined) {
      error.addTrace(region.pos, region.message.replace(OPERATOR_TRACE, builtinTrace));
    } else {
      const steps = region.select as readonly SelectStep[];
      addSelectTraces(ctx, error, steps, pc, region.pos, stack, base);
    }
  }
}

/** What traces say about a function that an error has left. */
export function leftFunction(lambda: Lambda, inBody: boolean): LeftFunction {
  return { pos: lambda.pos, title: functionName(lambda), inBody };
}

/** Adds the traces of a failed call; `pos` is its position. */
export function addCallTraces(
  error: EvalError,
  left: LeftFunction,
  pos: PosIdx,
  showTrace: boolean,
): void {
  error.leaving = null;
  if (left.inBody && showTrace) error.addTrace(left.pos, marked`while calling ${left.title}`);
  if ((!left.inBody || showTrace) && pos !== NO_POS) error.addTrace(pos, "from call site");
}

/**
 * Ends the evaluation of a thunk with an error; `frame` is the lambda of its frame. From now on the thunk
 * fails with the same error. If the error says nothing about the value, the thunk is suspended again.
 */
export function failThunk(thunk: Thunk, error: unknown, frame: Lambda): void {
  if (isPassing(error)) {
    const code = suspendedCode(thunk, frame);
    if (code !== null) {
      resuspend(thunk, code);
      return;
    }
  }
  if (error instanceof RecursionError && error.thunk === thunk) {
    error.addTrace(NO_TRACE_POS, colored("magenta", "entering the infinite recursion"), true);
    error.closed = true;
  }
  fail(thunk, error);
}

/** Whether an error is about the run (a limit, an interruption, an exception of the host) and not the value. */
function isPassing(error: unknown): boolean {
  if (error instanceof RecursionError && error.passing) return true;
  return !(error instanceof EvalError) || isPassingKind(error.kind);
}

/** The code of a blackhole before it was entered; `null` if it no longer has its captures. */
export function suspendedCode(thunk: Thunk, frame: Lambda): Thunk["code"] {
  if (frame === NATIVE_LAMBDA) return NATIVE;
  if (frame.pos !== NATIVE_POS) return frame;
  // A suspended call. Its function is gone unless the machine is `keeping` calls.
  if (thunk.a === undefined) return null;
  return frame === APPLY_LAMBDAS[0] ? APPLY : APPLY2;
}

/** The traces of operators that C++ Nix's parser turns into calls of builtins. */
const OPERATOR_TRACE = /^while calling the '(.*)' builtin$/;

function builtinTrace(_: string, name: string): MarkedText {
  return marked`while calling the '${name}' builtin`;
}

/** Adds the trace of a failed builtin; `pos` is the position of its call. */
export function addBuiltinTrace(error: EvalError, builtin: Builtin, pos: PosIdx): void {
  error.resolveCallSite(pos);
  if (builtin.definition.noTrace !== true) {
    error.addTrace(pos, builtinTrace("", builtin.definition.name));
  }
}

function functionName(lambda: Lambda): string {
  return lambda.name === undefined ? "anonymous lambda" : `'${lambda.name}'`;
}

/** The position of the instruction at which a frame stands; native frames stand where they were called. */
export function callPosition(
  lambda: Lambda,
  self: FrameSelf,
  pc: number,
  base: number,
  stack: Segment,
): PosIdx {
  for (;;) {
    if (lambda === NATIVE_LAMBDA) {
      // Native code has no positions of its own, except for calls that it requests with one.
      const { calledFrom } = self as NativeFrame;
      if (pc > 1 && calledFrom !== CALL_SITE) return calledFrom;
    } else if (lambda === SEGMENT_LAMBDA) {
      const link = self as SegmentLink;
      lambda = link.lambda;
      self = link.self;
      pc = link.pc;
      base = link.base;
      stack = link.stack;
      continue;
    } else if (lambda === ENTRY_LAMBDA) {
      return self instanceof CallingCode ? self.pos : NO_POS;
    } else if (lambda.pos === NATIVE_POS) {
      // An apply frame.
      if (self !== CALL_SITE) return self as PosIdx;
    } else {
      return lambda.positionBefore(pc);
    }
    const header = base - HEADER_SIZE;
    lambda = stack[header];
    self = stack[header + 1];
    pc = stack[header + 2];
    base = stack[header + 3];
  }
}

/** Adds the traces of a selection `a.b.c` to an error that passes through it. */
function addSelectTraces(
  ctx: EvalContext,
  error: EvalError,
  steps: readonly SelectStep[],
  pc: number,
  pos: PosIdx,
  stack: readonly unknown[],
  base: number,
): void {
  const texts: string[] = [];
  let reached = true;
  let definedAt = NO_POS;
  let path = "";
  for (const step of steps) {
    let name = step.name;
    if (reached && name === undefined && pc >= step.pc) {
      const computed = stack[base + step.depth + 1] as unknown;
      if (isString(computed)) name = textOf(computed);
    }
    texts.push(name !== undefined ? printIdentifier(name) : `"\${${step.text()}}"`);
    if (reached) {
      const set = stack[base + step.depth] as unknown;
      const found = name !== undefined && pc >= step.pc && set instanceof Attrs && set.has(name);
      if (found) {
        definedAt = set.positionOf(name as string);
        path = texts.join(".");
      } else reached = false;
      if (pc <= step.pc) reached = false;
    }
  }
  // Nix: no trace points into the file that defines `derivation`.
  if (definedAt !== NO_POS && !ctx.positions.isInDerivationFile(definedAt)) {
    error.addTrace(definedAt, marked`from the definition of '${path}'`);
  }
  error.addTrace(pos, marked`while evaluating the attribute '${texts.join(".")}'`);
}

/** Whether C++ Nix adds the trace to errors from forcing, too, and not only to type errors. */
function tracesForcing(strict: StrictArgument): boolean {
  return (
    strict.trace !== "" &&
    strict.expect !== "list" &&
    strict.expect !== "set" &&
    strict.expect !== "any"
  );
}

/** Adds the trace of the strict argument that was being forced; a failed check has added its own. */
export function leaveArgument(ctx: EvalContext, error: unknown, frame: NativeFrame): void {
  const strict = frame.builtin?.definition.strict[frame.next];
  if (strict === undefined) return;
  const slot = frame.args[strict.arg];
  if (!(slot instanceof Thunk) || slot.code === null) return;
  if (strict.nested) ctx.nesting.levels--;
  if (error instanceof EvalError && tracesForcing(strict)) error.addTrace(NO_POS, strict.trace);
}

/**
 * Throws an error into the code of a native frame. Returns the error that comes out, or `undefined` if the
 * code caught it: the frame is then to be resumed, and continues with what the code yielded or returned.
 */
export function throwInto(frame: NativeFrame, error: unknown): unknown {
  const generator = frame.suspendable as Suspendable<unknown>;
  try {
    frame.suspendable = continued(generator.throw(error), generator);
    return undefined;
  } catch (next) {
    return evalErrorOf(next);
  }
}

/** A suspendable whose first step is the one that `generator` has returned already. */
function continued(
  answer: IteratorResult<unknown, unknown>,
  generator: Suspendable<unknown>,
): Suspendable<unknown> {
  let pending: IteratorResult<unknown, unknown> | undefined = answer;
  const wrapper = {
    next(input: unknown): IteratorResult<unknown, unknown> {
      if (pending !== undefined) {
        const first = pending;
        pending = undefined;
        return first;
      }
      return generator.next(input as never);
    },
    throw(error: unknown): IteratorResult<unknown, unknown> {
      return generator.throw(error);
    },
  };
  return wrapper as unknown as Suspendable<unknown>;
}
