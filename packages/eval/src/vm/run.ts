/**
 * The dispatch loop: runs bytecode and native frames until the requested value is computed.
 *
 * The state between two instructions lives in the locals of {@link runLoop}: the stack segment, the stack
 * pointer, and the top frame's lambda, upvalues, code offset and base. An instruction that must force a
 * thunk sets `thunk` and continues with the step ENTER_THUNK, which pushes the thunk's frame, so that its
 * value appears on the operand stack when the frame returns. Nothing here recurses natively: depth is
 * bounded by memory alone.
 *
 * The loop is kept small: V8 compiles it in the background while it runs, and every further instruction
 * delays the moment when it is fast. Rare things live in `stack-ops.ts` and `calls.ts`. The lines that push a
 * frame stand four times, and those that select and force twice, because a helper that changes the loop's
 * locals moves them from registers to a heap context. See docs/design/001-the-machine.md.
 */

import { Lambda, LambdaKind, type SelectCache } from "../bytecode/lambda.ts";
import { OPERAND_COUNTS, Op } from "../bytecode/opcode.ts";
import { tooDeep } from "../errors/too-deep.ts";
import { CALL_SITE, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import type { Shape } from "../value/shape.ts";
import { APPLY, APPLY2, BLACKHOLE, firstArgument, Thunk, TrackedState } from "../value/thunk.ts";
import { Closure, ContextString, type Slot } from "../value/value.ts";
import { bindFormals, callValue, MISSING, NOTHING, StepOutcome, stepNative } from "./calls.ts";
import {
  APPLY_LAMBDAS,
  CALL_MARK,
  type FrameSelf,
  HEADER_SIZE,
  NATIVE_CALLS,
  NATIVE_LAMBDA,
  NATIVE_POS,
  NATIVE_ROOM,
  type NativeFrame,
  newSegment,
  PLAIN_MARK,
  SEGMENT_LAMBDA,
  SEGMENT_SIZE,
  type Segment,
  SegmentLink,
} from "./frame.ts";
import {
  missingAttribute,
  notABoolean,
  notASet,
  notFormals,
  recursionAt,
  startThunk,
} from "./instruction-errors.ts";
import type { Machine } from "./machine.ts";
import type { CallRequest } from "./requests.ts";
import { enterFunction, enterThunk } from "./second-tier.ts";
import { selectUncached } from "./select.ts";
import { stackOp } from "./stack-ops.ts";
import { callPosition } from "./unwind.ts";

/** Bytes of a slot of the stack. */
const BYTES_PER_SLOT = 8;

/** Slots of all segments together beyond which the stack has overflowed; 1 GB. */
const MAX_STACK_SLOTS = 125_000_000;

/** The captures from the third on, as an array. */
function captureRest(captures: Int32Array, stack: Segment, base: number, self: FrameSelf): Slot[] {
  const rest = new Array<Slot>(captures.length - 2);
  for (let i = 2; i < captures.length; i++)
    rest[i - 2] = capture(captures[i] as number, stack, base, self);
  return rest;
}

function capture(source: number, stack: Segment, base: number, self: FrameSelf): Slot {
  const index = source >> 1;
  if ((source & 1) === 0) return stack[base + index];
  return upvalue(self, index);
}

function upvalue(self: FrameSelf, index: number): Slot {
  const holder = self as Closure;
  if (index === 0) return holder.a as Slot;
  if (index === 1) return holder.b as Slot;
  return (holder.rest as Slot[])[index - 2] as Slot;
}

/** Throws unless another segment may be taken: the stack has an end, and an evaluation may have limits. */
function checkStackSpace(machine: Machine, stackSlots: number): void {
  if (stackSlots >= MAX_STACK_SLOTS) throw tooDeep(CALL_SITE);
  machine.ctx.limits?.reserve(SEGMENT_SIZE * BYTES_PER_SLOT);
}

/** How a run of the loop ended. */
export const enum RunStatus {
  /** {@link Machine.result} is the value. */
  Done,
  /** Not finished; re-enter the loop so that V8 can switch to optimised code and limits are checked. */
  Again,
  /** {@link Machine.error} is to be unwound. */
  Failed,
}

/** Runs until there is a value, an error, or no budget left. Between runs the state lies in `machine`. */
export function runLoop(machine: Machine): RunStatus {
  const observer = machine.observer;
  const observing = observer !== undefined;
  const tracing = observer?.instruction !== undefined;
  /** The lambda whose frames continue with a result without an instruction; `null` if an observer must see it. */
  const resumed = observer?.interruptFrame === undefined ? NATIVE_LAMBDA : null;
  const { step } = machine;
  const nesting = machine.ctx.nesting;
  // Nix: the check comes before the count, so one call more than the setting may nest.
  const callLimit = machine.ctx.settings.maxCallDepth + 1;
  // Each level of a value that native code is in counts like a call.
  let maxCallDepth = callLimit - nesting.levels;

  const room = machine.room;
  const tier = room > 0 ? machine.tier : undefined;
  const threshold = tier === undefined ? 0 : tier.threshold;
  const nativeCalls = tier === undefined ? 0 : tier.nativeCalls;

  let stack: Segment = machine.stack;
  let stackSlots = machine.stackSlots;
  let spareSegment: Segment | null = null;
  let sp = machine.sp;
  let lambda: Lambda = machine.lambda;
  let self: FrameSelf = machine.self;
  let pc = machine.pc;
  let base = machine.base;
  let depth = machine.depth;
  let code: Int32Array = lambda.code;
  let budget = machine.budget;

  const keeping = machine.keeping;
  const observation = machine.observation;

  // The operands of the last five opcodes, which are steps of the machine and never occur in code.
  /** The thunk to force. */
  let thunk: Thunk | null = machine.thunk;
  /** The native code of the top frame, to be resumed with `input`. */
  let native: NativeFrame | null = machine.resuming;
  let input: unknown = machine.input;

  let op: number;
  if (thunk !== null) op = Op.EnterThunk;
  else if (native !== null) op = Op.StepNative;
  else if (step.entering !== null) op = Op.EnterNative;
  else op = code[pc++] as number;
  try {
    for (;;) {
      if (tracing && op < Op.EnterThunk) {
        observer?.instruction?.(lambda, pc - 1, stack, base, sp, self);
      }
      switch (op as Op) {
        case Op.Const:
          stack[sp++] = lambda.constants[code[pc++] as number];
          break;
        case Op.Int:
          stack[sp++] = code[pc++];
          break;
        case Op.Local:
          stack[sp++] = stack[base + (code[pc++] as number)];
          break;
        case Op.LocalForce: {
          const slot = stack[base + (code[pc++] as number)];
          if (slot instanceof Thunk) {
            if (slot.code !== null) {
              thunk = slot;
              op = Op.EnterThunk;
              continue;
            }
            stack[sp++] = slot.a;
          } else stack[sp++] = slot;
          break;
        }
        case Op.Upvalue0:
          stack[sp++] = (self as Closure).a;
          break;
        case Op.Upvalue1:
          stack[sp++] = (self as Closure).b;
          break;
        case Op.Upvalue:
          stack[sp++] = ((self as Closure).rest as Slot[])[code[pc++] as number];
          break;
        case Op.UpvalueForce: {
          const index = code[pc++] as number;
          const slot =
            index === 0
              ? (self as Closure).a
              : index === 1
                ? (self as Closure).b
                : ((self as Closure).rest as Slot[])[index - 2];
          if (slot instanceof Thunk) {
            if (slot.code !== null) {
              thunk = slot;
              op = Op.EnterThunk;
              continue;
            }
            stack[sp++] = slot.a;
          } else stack[sp++] = slot;
          break;
        }
        case Op.Force: {
          const slot = stack[sp - 1];
          if (slot instanceof Thunk) {
            if (slot.code !== null) {
              sp--;
              thunk = slot;
              op = Op.EnterThunk;
              continue;
            }
            stack[sp - 1] = slot.a;
          }
          break;
        }
        case Op.SetLocal:
          stack[base + (code[pc++] as number)] = stack[--sp];
          break;
        case Op.Pop:
          sp--;
          break;
        case Op.Nip:
          sp--;
          stack[sp - 1] = stack[sp];
          break;
        case Op.Slide: {
          const count = code[pc++] as number;
          stack[sp - 1 - count] = stack[sp - 1];
          sp -= count;
          break;
        }
        case Op.Thunk: {
          const index = code[pc++] as number;
          const child = lambda.lambdas[index] as Lambda;
          const captures = lambda.captures[index] as Int32Array;
          const count = captures.length;
          stack[sp++] = new Thunk(
            child,
            count > 0 ? capture(captures[0] as number, stack, base, self) : undefined,
            count > 1 ? capture(captures[1] as number, stack, base, self) : undefined,
            count > 2 ? captureRest(captures, stack, base, self) : null,
          );
          break;
        }
        case Op.Closure: {
          const index = code[pc++] as number;
          const child = lambda.lambdas[index] as Lambda;
          const captures = lambda.captures[index] as Int32Array;
          const count = captures.length;
          stack[sp++] = new Closure(
            child,
            count > 0 ? capture(captures[0] as number, stack, base, self) : undefined,
            count > 1 ? capture(captures[1] as number, stack, base, self) : undefined,
            count > 2 ? captureRest(captures, stack, base, self) : null,
          );
          break;
        }
        case Op.Refill: {
          const made = stack[base + (code[pc++] as number)] as Thunk;
          const captures = lambda.captures[code[pc++] as number] as Int32Array;
          const count = captures.length;
          if (count > 0) made.a = capture(captures[0] as number, stack, base, self);
          if (count > 1) made.b = capture(captures[1] as number, stack, base, self);
          if (count > 2) made.rest = captureRest(captures, stack, base, self);
          break;
        }
        case Op.SkipIfBound: {
          const slot = stack[base + (code[pc++] as number)];
          const target = code[pc++] as number;
          if (slot !== MISSING) pc = target;
          break;
        }
        case Op.Call: {
          const count = code[pc++] as number;
          const callee = stack[sp - 1];
          if (callee instanceof Closure) {
            let next = callee.code;
            let extra = 0;
            if (count > 1) {
              const fused = next.fused;
              if (fused !== null && fused.extraArguments < count) {
                next = fused;
                extra = fused.extraArguments;
                pc += 2 * extra;
              }
            }
            if (tier !== undefined) {
              let js = next.js;
              if (js === null && ++next.heat === threshold) js = tier.translate(next);
              if (js !== null && depth < maxCallDepth - nativeCalls) {
                const value = enterFunction(js, callee, extra, stack, sp, depth + 1, room);
                sp -= 2 + extra;
                stack[sp++] = value;
                break;
              }
            }
            if (next.pending !== null) next.ensureCompiled();
            if (observation !== undefined && next.formals !== null) {
              // Calls of native code are thunks already, or would be this one.
              const call =
                extra > 0 || observing || lambda.pos === NATIVE_POS
                  ? undefined
                  : observation.call(callee, stack[sp - 2] as Slot, lambda, stack, base);
              if (call !== undefined) {
                sp -= 2;
                if (call.code === null) {
                  stack[sp++] = call.a;
                  break;
                }
                thunk = call;
                op = Op.EnterThunk;
                continue;
              }
            }
            if (++depth > maxCallDepth) {
              depth--;
              throw tooDeep(CALL_SITE);
            }
            // The arguments lie where the header goes, the last one at the bottom.
            const caller = stack;
            const last = sp - 2 - extra;
            const argument = caller[last];
            sp = last;
            if (sp + HEADER_SIZE + next.frameSize > SEGMENT_SIZE) {
              checkStackSpace(machine, stackSlots);
              self = new SegmentLink(stack, sp, lambda, self, pc, base);
              stack = spareSegment ?? newSegment();
              spareSegment = null;
              stackSlots += SEGMENT_SIZE;
              lambda = SEGMENT_LAMBDA;
              sp = pc = base = 0;
            }
            if (extra > 0) {
              const first = sp + HEADER_SIZE + next.localCount - extra;
              for (let i = 0; i < extra; i++) stack[first + i] = caller[last + extra - i];
            }
            stack[sp] = lambda;
            stack[sp + 1] = self;
            stack[sp + 2] = pc;
            stack[sp + 3] = base;
            stack[sp + 4] = CALL_MARK;
            base = sp + HEADER_SIZE;
            stack[base] = argument;
            lambda = next;
            self = callee;
            pc = 0;
            code = next.code;
            sp = base + next.localCount;
            if (observing) observer.enterFrame?.(lambda, depth);
            if (--budget === 0) {
              op = Op.Pause;
              continue;
            }
            break;
          }
          if (depth >= maxCallDepth) throw tooDeep(CALL_SITE);
          sp = callValue(step, callee, count, stack, sp);
          // A builtin took more than one argument: skip the CALLs for the others.
          pc += 2 * (step.consumed - 1);
          if (step.entering !== null) {
            op = Op.EnterNative;
            continue;
          }
          break;
        }
        case Op.Return: {
          const value = stack[sp - 1];
          const mark = stack[base - 1];
          if (observing) observer.leaveFrame?.(lambda, value, depth);
          sp = base - HEADER_SIZE;
          if (mark === CALL_MARK) depth--;
          else if (mark !== PLAIN_MARK) {
            const updated = mark as Thunk;
            if (observation !== undefined) observation.settle(updated, value, lambda);
            else {
              updated.code = null;
              updated.a = value;
              updated.b = undefined;
              updated.rest = null;
            }
          }
          lambda = stack[sp];
          self = stack[sp + 1];
          pc = stack[sp + 2];
          base = stack[sp + 3];
          code = lambda.code;
          stack[sp++] = value;
          break;
        }
        case Op.Jump:
          pc = code[pc] as number;
          break;
        case Op.JumpIfFalse:
          if (stack[--sp] === false) pc = code[pc] as number;
          else pc++;
          break;
        case Op.And:
          if (stack[sp - 1] === false) pc = code[pc] as number;
          else {
            sp--;
            pc++;
          }
          break;
        case Op.Or:
          if (stack[sp - 1] === true) pc = code[pc] as number;
          else {
            sp--;
            pc++;
          }
          break;
        case Op.CheckBool: {
          const value = stack[sp - 1];
          if (typeof value !== "boolean") throw notABoolean(machine.ctx, value);
          break;
        }
        case Op.Not:
          stack[sp - 1] = !stack[sp - 1];
          break;
        case Op.List: {
          const count = code[pc++] as number;
          sp -= count;
          const list = stack.slice(sp, sp + count);
          stack[sp++] = list;
          break;
        }
        case Op.Attrs: {
          const shape = lambda.constants[code[pc++] as number] as Shape;
          sp -= shape.blindNames.length;
          const set = new Attrs(shape, stack.slice(sp, sp + shape.blindNames.length));
          stack[sp++] = set;
          break;
        }
        case Op.Select: {
          const set = stack[sp - 1];
          if (!(set instanceof Attrs)) {
            pc += 2;
            throw notASet(machine.ctx, set);
          }
          const cache = lambda.constants[code[pc + 1] as number] as SelectCache;
          let slot: Slot | undefined;
          if (set.shape === cache.shape) {
            slot = set.values[cache.index];
            pc += 2;
          } else {
            const name = lambda.constants[code[pc] as number] as string;
            pc += 2;
            slot = selectUncached(set, name, cache);
          }
          if (slot instanceof Thunk) {
            if (slot.code !== null) {
              // The set stays below for traces; the NIP that follows drops it.
              thunk = slot;
              if (slot.code === BLACKHOLE)
                throw recursionAt(set, lambda.constants[code[pc - 2] as number] as string, slot);
              op = Op.EnterThunk;
              continue;
            }
            stack[sp - 1] = slot.a;
          } else stack[sp - 1] = slot;
          pc++;
          break;
        }
        case Op.SelectKeep: {
          const set = stack[sp - 1];
          const name = lambda.constants[code[pc] as number] as string;
          const cache = lambda.constants[code[pc + 1] as number] as SelectCache;
          pc += 2;
          if (!(set instanceof Attrs)) throw notASet(machine.ctx, set);
          let slot: Slot | undefined;
          if (set.shape === cache.shape) slot = set.values[cache.index];
          else slot = selectUncached(set, name, cache);
          if (slot instanceof Thunk) {
            if (slot.code !== null) {
              thunk = slot;
              if (slot.code === BLACKHOLE) throw recursionAt(set, name, slot);
              op = Op.EnterThunk;
              continue;
            }
            stack[sp++] = slot.a;
          } else stack[sp++] = slot;
          break;
        }
        case Op.SelectDynamic: {
          const name = stack[sp - 1] as string;
          const set = stack[sp - 2];
          if (!(set instanceof Attrs)) throw notASet(machine.ctx, set);
          const slot = set.get(name);
          if (slot === undefined) throw missingAttribute(name, set);
          if (slot instanceof Thunk && slot.code !== null) {
            thunk = slot;
            if (slot.code === BLACKHOLE) throw recursionAt(set, name, slot);
            op = Op.EnterThunk;
            continue;
          }
          stack[sp++] = slot instanceof Thunk ? slot.a : slot;
          break;
        }
        case Op.SelectOr: {
          const set = stack[sp - 1];
          const slot =
            set instanceof Attrs
              ? set.get(lambda.constants[code[pc] as number] as string)
              : undefined;
          if (slot === undefined) {
            sp = base + (code[pc + 2] as number);
            pc = code[pc + 1] as number;
            break;
          }
          pc += 3;
          if (slot instanceof Thunk) {
            if (slot.code !== null) {
              thunk = slot;
              op = Op.EnterThunk;
              continue;
            }
            stack[sp++] = slot.a;
          } else stack[sp++] = slot;
          break;
        }
        case Op.SelectOrDynamic: {
          const name = stack[sp - 1] as string;
          const set = stack[sp - 2];
          const slot = set instanceof Attrs ? set.get(name) : undefined;
          if (slot === undefined) {
            sp = base + (code[pc + 1] as number);
            pc = code[pc] as number;
            break;
          }
          pc += 2;
          if (slot instanceof Thunk) {
            if (slot.code !== null) {
              thunk = slot;
              op = Op.EnterThunk;
              continue;
            }
            stack[sp++] = slot.a;
          } else stack[sp++] = slot;
          break;
        }
        case Op.HasAttr: {
          const set = stack[sp - 1];
          const slot =
            set instanceof Attrs
              ? set.get(lambda.constants[code[pc] as number] as string)
              : undefined;
          if (slot === undefined) {
            stack[sp - 1] = false;
            pc = code[pc + 1] as number;
          } else {
            stack[sp - 1] = slot;
            pc += 2;
          }
          break;
        }
        case Op.BindFormals: {
          const first = code[pc++] as number;
          const argument = stack[--sp];
          if (!(argument instanceof Attrs)) throw notFormals(machine.ctx, argument, lambda);
          bindFormals(lambda, argument, stack, base + first);
          break;
        }
        case Op.ResumeNative:
          native = self as NativeFrame;
          input = stack[--sp];
          // The operand stack of a native frame is empty while it runs.
          sp = base;
          pc = 0;
          op = Op.StepNative;
          continue;
        case Op.LeaveSegment: {
          const value = stack[sp - 1];
          const link = self as SegmentLink;
          spareSegment = stack;
          stackSlots -= SEGMENT_SIZE;
          stack = link.stack;
          sp = link.sp;
          lambda = link.lambda;
          self = link.self;
          pc = link.pc;
          base = link.base;
          code = lambda.code;
          stack[sp++] = value;
          break;
        }
        case Op.HasAttrDynamic: {
          const name = stack[--sp] as string;
          const set = stack[sp - 1];
          const slot = set instanceof Attrs ? set.get(name) : undefined;
          if (slot === undefined) {
            stack[sp - 1] = false;
            pc = code[pc] as number;
          } else {
            stack[sp - 1] = slot;
            pc++;
          }
          break;
        }
        // The fast paths of instructions that `stack-ops.ts` has in full.
        case Op.AddFirst: {
          const value = stack[sp - 1];
          if (typeof value === "string" || typeof value === "number") break;
          sp = stackOp(step, op, lambda, pc, stack, base, sp);
          if (step.entering === null) break;
          op = Op.EnterNative;
          continue;
        }
        case Op.Add: {
          const right = stack[sp - 1];
          const left = stack[sp - 2];
          if (typeof left === "number" && typeof right === "number") {
            const sum = left + right;
            if (Number.isSafeInteger(sum)) {
              stack[--sp - 1] = sum;
              break;
            }
          } else if (typeof left === "string" && typeof right === "string") {
            stack[--sp - 1] = left + right;
            break;
          }
          sp = stackOp(step, op, lambda, pc, stack, base, sp);
          if (step.entering === null) break;
          op = Op.EnterNative;
          continue;
        }
        case Op.Sub: {
          const right = stack[sp - 1];
          const left = stack[sp - 2];
          if (typeof left === "number" && typeof right === "number") {
            const difference = left - right;
            if (Number.isSafeInteger(difference)) {
              stack[--sp - 1] = difference;
              break;
            }
          }
          sp = stackOp(step, op, lambda, pc, stack, base, sp);
          break;
        }
        case Op.Less: {
          const right = stack[sp - 1];
          const left = stack[sp - 2];
          if (typeof left === "number" && typeof right === "number") {
            stack[--sp - 1] = left < right;
            break;
          }
          sp = stackOp(step, op, lambda, pc, stack, base, sp);
          if (step.entering === null) break;
          op = Op.EnterNative;
          continue;
        }
        case Op.Interpolate: {
          const value = stack[sp - 1];
          if (typeof value === "string" || value instanceof ContextString) break;
          sp = stackOp(step, op, lambda, pc, stack, base, sp);
          if (step.entering === null) break;
          op = Op.EnterNative;
          continue;
        }
        case Op.Exit:
          machine.result = stack[sp - 1];
          machine.budget = budget;
          return RunStatus.Done;
        case Op.EnterThunk: {
          const forced = thunk as Thunk;
          const next = forced.code;
          if (next instanceof Lambda && next.kind === LambdaKind.Thunk) {
            if (tier !== undefined) {
              let js = next.js;
              if (js === null && ++next.heat === threshold) js = tier.translate(next);
              if (js !== null && depth < maxCallDepth - nativeCalls) {
                stack[sp++] = enterThunk(js, forced, depth, room);
                break;
              }
            }
            if (next.pending !== null) next.ensureCompiled();
            forced.code = BLACKHOLE;
            if (sp + HEADER_SIZE + next.frameSize > SEGMENT_SIZE) {
              checkStackSpace(machine, stackSlots);
              self = new SegmentLink(stack, sp, lambda, self, pc, base);
              stack = spareSegment ?? newSegment();
              spareSegment = null;
              stackSlots += SEGMENT_SIZE;
              lambda = SEGMENT_LAMBDA;
              sp = pc = base = 0;
            }
            if (observation !== undefined) observation.enter();
            stack[sp] = lambda;
            stack[sp + 1] = self;
            stack[sp + 2] = pc;
            stack[sp + 3] = base;
            stack[sp + 4] = forced;
            base = sp + HEADER_SIZE;
            lambda = next;
            self = forced;
            pc = 0;
            code = next.code;
            sp = base + next.localCount;
            if (observing) observer.enterFrame?.(lambda, depth);
            if (--budget === 0) {
              op = Op.Pause;
              continue;
            }
            break;
          }
          if (next instanceof Lambda) {
            const closure = new Closure(next, forced.a, forced.b, forced.rest);
            forced.code = null;
            forced.a = closure;
            forced.b = undefined;
            forced.rest = null;
            stack[sp++] = closure;
            break;
          }
          if (next instanceof TrackedState) {
            const value = next.enter(forced);
            if (value === undefined) continue;
            stack[sp++] = value;
            break;
          }
          const pos: PosIdx = lambda === NATIVE_LAMBDA ? step.askedPos : CALL_SITE;
          if (next === APPLY || next === APPLY2) {
            const callee = forced.a;
            const argument = forced.b;
            const first = next === APPLY2 ? firstArgument(forced) : null;
            forced.code = BLACKHOLE;
            if (!keeping) {
              forced.a = undefined;
              forced.b = undefined;
              forced.rest = null;
            }
            if (sp + HEADER_SIZE + NATIVE_ROOM > SEGMENT_SIZE) {
              checkStackSpace(machine, stackSlots);
              self = new SegmentLink(stack, sp, lambda, self, pc, base);
              stack = spareSegment ?? newSegment();
              spareSegment = null;
              stackSlots += SEGMENT_SIZE;
              lambda = SEGMENT_LAMBDA;
              sp = pc = base = 0;
            }
            if (observation !== undefined) observation.enter();
            stack[sp] = lambda;
            stack[sp + 1] = self;
            stack[sp + 2] = pc;
            stack[sp + 3] = base;
            stack[sp + 4] = forced;
            base = sp = sp + HEADER_SIZE;
            lambda = APPLY_LAMBDAS[first === null ? 0 : 1] as Lambda;
            self = pos;
            pc = 0;
            code = lambda.code;
            stack[sp++] = argument;
            if (first !== null) stack[sp++] = first;
            stack[sp++] = callee;
            break;
          }
          step.entering = startThunk(forced, pos);
          step.enteringMark = forced;
          op = Op.EnterNative;
          continue;
        }
        case Op.EnterNative: {
          const mark = step.enteringMark;
          if (mark === CALL_MARK) depth++;
          else if (observation !== undefined && mark !== PLAIN_MARK) observation.enter();
          if (sp + HEADER_SIZE + NATIVE_ROOM > SEGMENT_SIZE) {
            checkStackSpace(machine, stackSlots);
            self = new SegmentLink(stack, sp, lambda, self, pc, base);
            stack = spareSegment ?? newSegment();
            spareSegment = null;
            stackSlots += SEGMENT_SIZE;
            lambda = SEGMENT_LAMBDA;
            sp = pc = base = 0;
          }
          stack[sp] = lambda;
          stack[sp + 1] = self;
          stack[sp + 2] = pc;
          stack[sp + 3] = base;
          stack[sp + 4] = mark;
          base = sp = sp + HEADER_SIZE;
          lambda = NATIVE_LAMBDA;
          self = native = step.entering as NativeFrame;
          pc = 0;
          code = NATIVE_LAMBDA.code;
          input = NOTHING;
          step.entering = null;
          op = Op.StepNative;
          continue;
        }
        case Op.CallFromNative: {
          const request = step.request as CallRequest;
          const args = request.args;
          (self as NativeFrame).calledFrom = request.pos;
          step.askedPos = CALL_SITE;
          pc = NATIVE_CALLS[args.length - 1] as number;
          for (let i = args.length - 1; i >= 0; i--) stack[sp++] = args[i];
          stack[sp++] = request.callee;
          step.request = null;
          break;
        }
        case Op.StepNative: {
          // The operand stack of a native frame is empty while it runs.
          const mark = stack[base - 1];
          nesting.calls = depth;
          const outcome = stepNative(
            step,
            native as NativeFrame,
            input,
            mark,
            depth,
            depth < maxCallDepth - nativeCalls ? room : 0,
          );
          maxCallDepth = callLimit - nesting.levels;
          if (outcome === StepOutcome.Force) {
            thunk = step.thunk;
            op = Op.EnterThunk;
            continue;
          }
          if (outcome === StepOutcome.Place) {
            const at = base - HEADER_SIZE;
            input = callPosition(stack[at], stack[at + 1], stack[at + 2], stack[at + 3], stack);
            op = Op.StepNative;
            continue;
          }
          if (outcome !== StepOutcome.Done) {
            op = outcome === StepOutcome.Call ? Op.CallFromNative : Op.EnterNative;
            continue;
          }
          const result = step.result;
          sp = base - HEADER_SIZE;
          if (mark === CALL_MARK) depth--;
          else if (mark !== PLAIN_MARK) {
            const updated = mark as Thunk;
            if (observation !== undefined) observation.settle(updated, result as Slot, lambda);
            else {
              updated.code = null;
              updated.a = result as Slot;
              updated.b = undefined;
              updated.rest = null;
            }
          }
          lambda = stack[sp];
          self = stack[sp + 1];
          pc = stack[sp + 2];
          base = stack[sp + 3];
          code = lambda.code;
          // Unless arguments of a call are left, native code continues with the result.
          if (lambda === resumed && code[pc] === Op.ResumeNative) {
            native = self as NativeFrame;
            input = result;
            pc = 0;
            continue;
          }
          stack[sp++] = result;
          break;
        }
        case Op.Pause:
          machine.stack = stack;
          machine.stackSlots = stackSlots;
          machine.sp = sp;
          machine.lambda = lambda;
          machine.self = self;
          machine.pc = pc;
          machine.base = base;
          machine.depth = depth;
          machine.budget = 0;
          return RunStatus.Again;
        default:
          sp = stackOp(step, op, lambda, pc, stack, base, sp, self);
          pc += OPERAND_COUNTS[op] as number;
          if (step.entering !== null) {
            op = Op.EnterNative;
            continue;
          }
      }
      op = code[pc++] as number;
    }
  } catch (error) {
    machine.error = error;
    machine.stack = stack;
    machine.stackSlots = stackSlots;
    machine.sp = sp;
    machine.lambda = lambda;
    machine.self = self;
    machine.pc = pc;
    machine.base = base;
    machine.depth = depth;
    machine.budget = budget;
    return RunStatus.Failed;
  }
}
