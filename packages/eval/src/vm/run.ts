/**
 * The dispatch loop: runs bytecode and native frames until the value of one thunk is there.
 *
 * All that lasts between two instructions lies in the locals of {@link runLoop}: the stack segment,
 * the stack pointer, and the top frame's lambda, upvalues, code offset and base. An instruction that
 * must force a thunk sets `thunk` and leaves the switch; what follows the switch enters the thunk's
 * frame, so that its value appears on the operand stack when the frame returns. Nothing here recurses
 * natively: depth is bounded by memory alone.
 *
 * An error unwinds frame after frame ({@link unwind}), adding the traces that C++ Nix adds, until a
 * generator catches it or the bottom is reached.
 */
import { EvalError, InternalError } from "../errors/eval-error.ts";
import { contextNotAllowed, typeMismatch } from "../builtins/checks.ts";
import type { StrictArgument } from "../builtins/definition.ts";
import { Lambda, LambdaKind, MissingFormal, type SelectCache } from "../bytecode/lambda.ts";
import { Op } from "../bytecode/opcode.ts";
import type { EvalContext } from "../context.ts";
import { bestMatches } from "../errors/suggestions.ts";
import {
  addNumbers,
  divideNumbers,
  multiplyNumbers,
  subtractNumbers,
} from "../operations/arithmetic.ts";
import { CoerceMode, coerceToString } from "../operations/coerce.ts";
import { lessThan, lessThanFast } from "../operations/compare.ts";
import { equalFast, equalValues, explainDifference } from "../operations/equality.ts";
import { CALL_SITE, NO_POS, type PosIdx } from "../position.ts";
import { printForError } from "../print/print.ts";
import { Attrs, Shape, updateAttrs } from "../value/attrs.ts";
import { addInt } from "../value/number.ts";
import { contextOf, unionContext, withContext, type StringContext } from "../value/context.ts";
import { APPLY, BLACKHOLE, FAILED, forcedThunk, NATIVE, Thunk } from "../value/thunk.ts";
import {
  Builtin,
  Closure,
  ContextString,
  isInt,
  isList,
  isString,
  NixFloat,
  NixPath,
  PartialBuiltin,
  textOf,
  typeWithArticle,
  type NixList,
  type Slot,
  type Value,
} from "../value/value.ts";
import { canonPath } from "@nivis/formats";
import type { AssertionText } from "../compiler/emit.ts";
import { positionValue } from "./position-value.ts";
import { describePosition } from "../errors/position-text.ts";
import {
  APPLY_LAMBDAS,
  CALL_MARK,
  type FrameSelf,
  HEADER_SIZE,
  NATIVE_LAMBDA,
  NativeFrame,
  NO_SLOTS,
  newSegment,
  PLAIN_MARK,
  RETURNING,
  SEGMENT_LAMBDA,
  SEGMENT_SIZE,
  SegmentLink,
  type Segment,
} from "./frame.ts";
import type { Machine } from "./machine.ts";
import { RecursionError } from "./recursion-error.ts";
import { CallRequest, ForceRequest, type Suspendable } from "./requests.ts";
import { resolveWith, WithScope } from "./with-scope.ts";

/** In the slot of a formal that the caller did not give, until its default is made. */
const MISSING = new MissingFormal();
/** The input of native code that has not asked for anything yet. */
const NOTHING = Symbol("nothing");

/** Slots of all segments together beyond which the stack has overflowed; 1 GB. */
const MAX_STACK_SLOTS = 125_000_000;

/** The left operand of `+` that was a set: what follows it is coerced without copying paths. */
class CoercedOperand {
  constructor(readonly text: string | ContextString) {}
}

/** A set under construction, see DYNAMIC_BEGIN. */
class AttrsBuilder {
  readonly names: string[];
  readonly values: Slot[];
  readonly positions: PosIdx[];
  private readonly index = new Map<string, number>();

  constructor(set: Attrs) {
    this.names = set.names().slice();
    this.values = set.slots().slice();
    this.positions = this.names.map((name) => set.positionOf(name));
    this.names.forEach((name, i) => this.index.set(name, i));
  }

  /** Adds an attribute; answers where an earlier one of that name stands, if any. */
  add(name: string, value: Slot, pos: PosIdx): PosIdx | undefined {
    const earlier = this.index.get(name);
    if (earlier !== undefined) return this.positions[earlier] as PosIdx;
    this.index.set(name, this.names.length);
    this.names.push(name);
    this.values.push(value);
    this.positions.push(pos);
    return undefined;
  }

  finish(): Attrs {
    return Attrs.of(this.names, this.values, this.positions);
  }
}

/** Checks a strict argument; the message is C++ Nix's. */
function checkArgument(ctx: EvalContext, value: Value, strict: StrictArgument): void {
  switch (strict.expect) {
    case "any":
      return;
    case "int":
      if (typeof value === "number" || typeof value === "bigint") return;
      throw typeMismatch(ctx, value, "an integer", strict.context);
    case "float":
      if (typeof value === "number" || typeof value === "bigint" || value instanceof NixFloat)
        return;
      throw typeMismatch(ctx, value, "a float", strict.context);
    case "bool":
      if (typeof value === "boolean") return;
      throw typeMismatch(ctx, value, "a Boolean", strict.context);
    case "string":
      if (isString(value)) return;
      throw typeMismatch(ctx, value, "a string", strict.context);
    case "string-no-context":
      if (typeof value === "string") return;
      if (value instanceof ContextString)
        throw contextNotAllowed(value).addTrace(NO_POS, strict.context);
      throw typeMismatch(ctx, value, "a string", strict.context);
    case "list":
      if (isList(value)) return;
      throw typeMismatch(ctx, value, "a list", strict.context);
    case "set":
      if (value instanceof Attrs) return;
      throw typeMismatch(ctx, value, "a set", strict.context);
    case "function":
      if (value instanceof Closure || value instanceof Builtin || value instanceof PartialBuiltin)
        return;
      if (value instanceof Attrs && value.has("__functor")) return;
      throw typeMismatch(ctx, value, "a function", strict.context);
  }
}

/** Runs a builtin's code; its arguments are checked. */
function runBuiltin(
  ctx: EvalContext,
  builtin: Builtin,
  args: readonly Slot[],
): Slot | Suspendable<Slot> {
  const run = builtin.definition.run as (
    ctx: EvalContext,
    ...args: Slot[]
  ) => Slot | Suspendable<Slot>;
  switch (args.length) {
    case 1:
      return run(ctx, args[0] as Slot);
    case 2:
      return run(ctx, args[0] as Slot, args[1] as Slot);
    case 3:
      return run(ctx, args[0] as Slot, args[1] as Slot, args[2] as Slot);
    default:
      return run(ctx, ...args);
  }
}

/** The slow path of `+`: the right operand is coerced as the left one demands. */
function* addStrings(
  ctx: EvalContext,
  left: Value | CoercedOperand,
  right: Value,
): Suspendable<Value> {
  const first = left instanceof CoercedOperand ? left.text : left;
  const isPath = first instanceof NixPath;
  const copy =
    isString(first) && !(left instanceof CoercedOperand) ? CoerceMode.CopyPaths : CoerceMode.Weak;
  const text = (yield coerceToString(
    ctx,
    right,
    copy,
    CALL_SITE,
    "while evaluating a path segment",
  )) as string | ContextString;
  if (isPath) return joinPath([first, text]);
  return concatTexts(first as string | ContextString, text);
}

function concatTexts(a: string | ContextString, b: string | ContextString): string | ContextString {
  if (typeof a === "string" && typeof b === "string") return a + b;
  return withContext(textOf(a) + textOf(b), unionContext(contextOf(a), contextOf(b)));
}

/** Joins a path and strings to a path. */
function joinPath(parts: readonly Value[]): NixPath {
  let text = (parts[0] as NixPath).path;
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i] as Value;
    if (part instanceof ContextString) {
      throw new EvalError(
        "value",
        "a string that refers to a store path cannot be appended to a path",
        CALL_SITE,
      );
    }
    text += part instanceof NixPath ? part.path : (part as string);
  }
  if (text.includes("\0")) {
    throw new EvalError(
      "value",
      `path segment '${text.replaceAll("\0", "\xe2\x90\x80")}' must not contain null (\\0) bytes`,
    );
  }
  return new NixPath(canonPath(text));
}

/** Coerces the left operand of `+` that is a set, null, Boolean, list or function. */
function* coerceLeftOperand(ctx: EvalContext, left: Value): Suspendable<Value> {
  const text = (yield coerceToString(
    ctx,
    left,
    CoerceMode.Weak,
    CALL_SITE,
    "while evaluating a path segment",
  )) as string | ContextString;
  return new CoercedOperand(text) as unknown as Value;
}

/** Calls a set with a `__functor`. */
function* callFunctor(set: Attrs, argument: Slot): Suspendable<Value> {
  try {
    return (yield new CallRequest(
      set.get("__functor") as Slot,
      [set, argument],
      set.positionOf("__functor"),
    )) as Value;
  } catch (error) {
    if (error instanceof EvalError) {
      error.addTrace(
        CALL_SITE,
        "while calling a functor (an attribute set with a '__functor' attribute)",
      );
    }
    throw error;
  }
}

function notAFunction(ctx: EvalContext, value: Value): EvalError {
  return new EvalError(
    "type",
    `attempt to call something which is not a function but ${typeWithArticle(value)}: ${printForError(value, ctx.positions)}`,
    CALL_SITE,
  );
}

function notABoolean(ctx: EvalContext, value: Value): EvalError {
  return typeMismatch(ctx, value, "a Boolean", "", CALL_SITE);
}

function notASet(ctx: EvalContext, value: Value): EvalError {
  return typeMismatch(ctx, value, "a set", "").addTrace(CALL_SITE, "while selecting an attribute");
}

function missingAttribute(name: string, set: Attrs): EvalError {
  return new EvalError("missing-attribute", `attribute '${name}' missing`).suggest(
    bestMatches(set.names(), name),
  );
}

/** Binds the formals of a function to the attributes of its argument, from the local `first` on. */
function bindFormals(lambda: Lambda, argument: Attrs, stack: Segment, first: number): void {
  const formals = lambda.formals as NonNullable<Lambda["formals"]>;
  const names = formals.names;
  let used = 0;
  let missing = false;
  for (let i = 0; i < names.length; i++) {
    const slot = argument.get(names[i] as string);
    if (slot === undefined) {
      missing = true;
      stack[first + i] = MISSING;
    } else {
      used++;
      stack[first + i] = slot;
    }
  }
  if (missing) {
    for (let i = 0; i < names.length; i++) {
      if (stack[first + i] === MISSING && !(formals.defaults[i] as boolean)) {
        throw new EvalError(
          "missing-argument",
          `function '${lambda.name ?? "anonymous lambda"}' called without required argument '${names[i]}'`,
          lambda.pos,
        );
      }
    }
  }
  if (!formals.ellipsis && used !== argument.size) {
    for (const name of argument.names()) {
      if (!names.includes(name)) {
        throw new EvalError(
          "type",
          `function '${lambda.name ?? "anonymous lambda"}' called with unexpected argument '${name}'`,
          lambda.pos,
        ).suggest(bestMatches(names, name));
      }
    }
  }
}

/** Makes a thunk or closure field by field from its captures. */
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

/** How a run of the loop ended. */
export const enum RunStatus {
  /** The value is on the stack. */
  Done,
  /** Nothing is the matter: entering the loop anew lets the engine switch to optimised code. */
  Again,
  /** {@link Machine.error} is to be unwound. */
  Failed,
}

/**
 * Frames that are left before the loop is entered anew. V8 can replace running code only by "on-stack
 * replacement", whose compilation of a loop as large as this one takes ten times as long.
 */
const FRAMES_PER_RUN = 10_000;

/** Runs until the value is there or an error is thrown. The state lies in `machine` in between. */
export function runLoop(machine: Machine): RunStatus {
  const ctx = machine.ctx;
  const observer = machine.observer;
  const observing = observer !== undefined;
  const tracing = observer?.instruction !== undefined;
  const maxCallDepth = ctx.settings.maxCallDepth;

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
  let budget = FRAMES_PER_RUN;

  // The operands of the last four opcodes, which are steps of the machine and never in code.
  /** To be forced. */
  let thunk: Thunk | null = machine.thunk;
  /** Where native code said that `thunk` is forced. */
  let askedPos: PosIdx = NO_POS;
  /** Native code whose frame is to be pushed, and the mark of that frame. */
  let entering: NativeFrame | null = machine.entering;
  let enteringMark: Thunk | null | undefined = PLAIN_MARK;
  /** A call that native code asked for. */
  let request: CallRequest | null = null;
  /** The native code of the top frame, to be resumed with `input`. */
  let native: NativeFrame | null = machine.resuming;
  let input: unknown;
  /** The builtin that runs on top of a call frame, for traces. */
  let running: Builtin | null = null;

  let op: number;
  if (thunk !== null) op = Op.EnterThunk;
  else if (native !== null) op = Op.StepNative;
  else if (entering !== null) op = Op.EnterNative;
  else op = code[pc++] as number;
  try {
    for (;;) {
      if (tracing && op < Op.EnterThunk) observer?.instruction?.(lambda, pc - 1, stack, base, sp);
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
          const child = lambda.lambdas[code[pc++] as number] as Lambda;
          const captures = child.captures;
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
          const child = lambda.lambdas[code[pc++] as number] as Lambda;
          const captures = child.captures;
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
          const captures = (made.code as Lambda).captures;
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
            const next = callee.code;
            if (next.pending !== null) next.ensureCompiled();
            if (++depth > maxCallDepth) {
              depth--;
              throw stackOverflow();
            }
            const argument = stack[sp - 2];
            sp -= 2;
            if (sp + HEADER_SIZE + next.frameSize > SEGMENT_SIZE) {
              if (stackSlots >= MAX_STACK_SLOTS) throw stackOverflow();
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
            stack[sp + 4] = CALL_MARK;
            base = sp + HEADER_SIZE;
            stack[base] = argument;
            lambda = next;
            self = callee;
            pc = 0;
            code = next.code;
            sp = base + next.localCount;
            if (observing) observer.enterFrame?.(lambda, depth);
            break;
          }
          if (callee instanceof Builtin || callee instanceof PartialBuiltin) {
            let builtin: Builtin;
            let given: readonly Slot[] = NO_SLOTS;
            if (callee instanceof Builtin) builtin = callee;
            else {
              builtin = callee.builtin;
              given = callee.args;
            }
            const needed = builtin.arity - given.length;
            sp--;
            if (needed > count) {
              // Not enough: keep what is there. The CALLs that follow are for the same arguments.
              const args: Slot[] = given.slice();
              for (let i = 0; i < count; i++) args.push(stack[--sp]);
              stack[sp++] = new PartialBuiltin(builtin, args);
              pc += 2 * (count - 1);
              break;
            }
            pc += 2 * (needed - 1);
            const args: Slot[] = new Array<Slot>(builtin.arity);
            for (let i = 0; i < given.length; i++) args[i] = given[i] as Slot;
            for (let i = given.length; i < args.length; i++) args[i] = stack[--sp];
            // Most calls have their strict arguments at hand.
            const strict = builtin.definition.strict;
            running = builtin;
            let ready = 0;
            while (ready < strict.length) {
              const argument = strict[ready] as StrictArgument;
              const slot = args[argument.arg] as Slot;
              let value: Value;
              if (slot instanceof Thunk) {
                if (slot.code !== null) break;
                value = slot.a as Value;
                args[argument.arg] = value;
              } else value = slot;
              checkArgument(ctx, value, argument);
              ready++;
            }
            if (ready === strict.length && builtin.definition.kind === "plain") {
              if (observing) observer.callBuiltin?.(builtin);
              const result = runBuiltin(ctx, builtin, args) as Slot;
              running = null;
              if (!(result instanceof Thunk)) {
                stack[sp++] = result;
                break;
              }
              if (result.code === null) {
                stack[sp++] = result.a;
                break;
              }
              // The frame stands while the result is forced, for the trace.
              entering = new NativeFrame(builtin, [result], RETURNING, null);
              enteringMark = CALL_MARK;
              depth++;
              op = Op.EnterNative;
              continue;
            }
            running = null;
            if (++depth > maxCallDepth) {
              depth--;
              throw stackOverflow();
            }
            entering = new NativeFrame(builtin, args, ready, null);
            enteringMark = CALL_MARK;
            op = Op.EnterNative;
            continue;
          }
          if (callee instanceof Attrs && callee.has("__functor")) {
            const argument = stack[sp - 2];
            sp -= 2;
            entering = new NativeFrame(null, NO_SLOTS, 0, callFunctor(callee, argument));
            enteringMark = PLAIN_MARK;
            op = Op.EnterNative;
            continue;
          }
          throw notAFunction(ctx, callee);
        }
        case Op.Return: {
          const value = stack[sp - 1];
          const mark = stack[base - 1];
          if (observing) observer.leaveFrame?.(lambda, value, depth);
          sp = base - HEADER_SIZE;
          if (mark === CALL_MARK) depth--;
          else if (mark !== PLAIN_MARK) {
            const updated = mark as Thunk;
            updated.code = null;
            updated.a = value;
            updated.b = undefined;
            updated.rest = null;
          }
          lambda = stack[sp];
          self = stack[sp + 1];
          pc = stack[sp + 2];
          base = stack[sp + 3];
          code = lambda.code;
          stack[sp++] = value;
          if (--budget === 0) {
            machine.stack = stack;
            machine.stackSlots = stackSlots;
            machine.sp = sp;
            machine.lambda = lambda;
            machine.self = self;
            machine.pc = pc;
            machine.base = base;
            machine.depth = depth;
            return RunStatus.Again;
          }
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
          if (typeof value !== "boolean") throw notABoolean(ctx, value);
          break;
        }
        case Op.Not:
          stack[sp - 1] = !stack[sp - 1];
          break;
        case Op.AddFirst: {
          const value = stack[sp - 1];
          if (
            typeof value === "number" ||
            typeof value === "string" ||
            typeof value === "bigint" ||
            value instanceof ContextString ||
            value instanceof NixPath ||
            value instanceof NixFloat
          ) {
            break;
          }
          sp--;
          entering = new NativeFrame(null, NO_SLOTS, 0, coerceLeftOperand(ctx, value));
          enteringMark = PLAIN_MARK;
          op = Op.EnterNative;
          continue;
        }
        case Op.Add: {
          const right = stack[sp - 1];
          const left = stack[sp - 2];
          sp -= 2;
          if (typeof left === "number" && typeof right === "number") {
            const sum = left + right;
            if (Number.isSafeInteger(sum)) {
              stack[sp++] = sum;
              break;
            }
          } else if (typeof left === "string" && typeof right === "string") {
            stack[sp++] = left + right;
            break;
          }
          if (typeof left === "number" || typeof left === "bigint" || left instanceof NixFloat) {
            if (
              typeof right !== "number" &&
              typeof right !== "bigint" &&
              !(right instanceof NixFloat)
            ) {
              const what = left instanceof NixFloat ? "a float" : "an integer";
              throw new EvalError(
                "type",
                `cannot add ${typeWithArticle(right)} to ${what}`,
                CALL_SITE,
              );
            }
            if (isInt(left) && isInt(right) && addInt(left, right) === undefined) {
              throw new EvalError(
                "arithmetic",
                `integer overflow in adding ${left} + ${right}`,
                CALL_SITE,
              );
            }
            stack[sp++] = addNumbers(ctx, left, right);
            break;
          }
          if (isString(left) && isString(right)) {
            stack[sp++] = concatTexts(left, right);
            break;
          }
          entering = new NativeFrame(null, NO_SLOTS, 0, addStrings(ctx, left, right));
          enteringMark = PLAIN_MARK;
          op = Op.EnterNative;
          continue;
        }
        case Op.Sub: {
          const right = stack[--sp];
          const left = stack[sp - 1];
          if (typeof left === "number" && typeof right === "number") {
            const difference = left - right;
            if (Number.isSafeInteger(difference)) {
              stack[sp - 1] = difference;
              break;
            }
          }
          stack[sp - 1] = subtractNumbers(ctx, left, right);
          break;
        }
        case Op.Mul: {
          const right = stack[--sp];
          stack[sp - 1] = multiplyNumbers(ctx, stack[sp - 1], right);
          break;
        }
        case Op.Div: {
          const right = stack[--sp];
          stack[sp - 1] = divideNumbers(ctx, stack[sp - 1], right);
          break;
        }
        case Op.Negate:
          stack[sp - 1] = subtractNumbers(ctx, 0, stack[sp - 1]);
          break;
        case Op.Less: {
          const right = stack[sp - 1];
          const left = stack[sp - 2];
          const answer =
            typeof left === "number" && typeof right === "number"
              ? left < right
              : lessThanFast(left, right);
          sp -= 2;
          if (answer !== undefined) {
            stack[sp++] = answer;
            break;
          }
          entering = new NativeFrame(null, NO_SLOTS, 0, lessThan(ctx, left, right, NO_POS, ""));
          enteringMark = PLAIN_MARK;
          op = Op.EnterNative;
          continue;
        }
        case Op.Equal:
        case Op.NotEqual: {
          const negate = code[pc - 1] === Op.NotEqual;
          const right = stack[sp - 1];
          const left = stack[sp - 2];
          const answer = equalFast(left, right);
          sp -= 2;
          if (answer !== undefined) {
            stack[sp++] = answer !== negate;
            break;
          }
          const comparison = equalValues(
            ctx,
            left,
            right,
            CALL_SITE,
            negate
              ? "while testing two values for inequality"
              : "while testing two values for equality",
          );
          entering = new NativeFrame(null, NO_SLOTS, 0, negate ? negated(comparison) : comparison);
          enteringMark = PLAIN_MARK;
          op = Op.EnterNative;
          continue;
        }
        case Op.Interpolate: {
          const value = stack[sp - 1];
          if (typeof value === "string" || value instanceof ContextString) break;
          sp--;
          entering = new NativeFrame(
            null,
            NO_SLOTS,
            0,
            coerceToString(
              ctx,
              value,
              CoerceMode.CopyPaths,
              CALL_SITE,
              "while evaluating a path segment",
            ),
          );
          enteringMark = PLAIN_MARK;
          op = Op.EnterNative;
          continue;
        }
        case Op.ConcatStrings: {
          const count = code[pc++] as number;
          sp -= count;
          let text = "";
          let context: StringContext | undefined;
          for (let i = 0; i < count; i++) {
            const part = stack[sp + i];
            if (typeof part === "string") text += part;
            else {
              text += (part as ContextString).text;
              context = unionContext(context, (part as ContextString).context);
            }
          }
          stack[sp++] = context === undefined ? text : new ContextString(text, context);
          break;
        }
        case Op.PathSegment: {
          const value = stack[sp - 1];
          if (typeof value === "string" || value instanceof ContextString) break;
          if (value instanceof NixPath) {
            stack[sp - 1] = value.path;
            break;
          }
          sp--;
          entering = new NativeFrame(
            null,
            NO_SLOTS,
            0,
            coerceToString(
              ctx,
              value,
              CoerceMode.Weak,
              CALL_SITE,
              "while evaluating a path segment",
            ),
          );
          enteringMark = PLAIN_MARK;
          op = Op.EnterNative;
          continue;
        }
        case Op.ConcatPath: {
          const count = code[pc++] as number;
          sp -= count;
          const path = joinPath(stack.slice(sp, sp + count));
          stack[sp++] = path;
          break;
        }
        case Op.List: {
          const count = code[pc++] as number;
          sp -= count;
          const list = stack.slice(sp, sp + count);
          stack[sp++] = list;
          break;
        }
        case Op.Concat: {
          const right = stack[sp - 1];
          const left = stack[sp - 2];
          if (!isList(left) || !isList(right)) {
            throw typeMismatch(ctx, isList(left) ? right : left, "a list", "").addTrace(
              CALL_SITE,
              "while evaluating one of the elements to concatenate",
            );
          }
          sp -= 2;
          stack[sp++] =
            right.length === 0 ? left : left.length === 0 ? right : concatLists(left, right);
          break;
        }
        case Op.Attrs: {
          const shape = lambda.constants[code[pc++] as number] as Shape;
          sp -= shape.names.length;
          const set = new Attrs(shape, stack.slice(sp, sp + shape.names.length));
          stack[sp++] = set;
          break;
        }
        case Op.DynamicBegin:
          stack[sp - 1] = new AttrsBuilder(stack[sp - 1]);
          break;
        case Op.DynamicAttr: {
          const pos = code[pc++] as number;
          const value = stack[sp - 1];
          const name = stack[sp - 2];
          sp -= 2;
          if (name === null) break;
          if (typeof name !== "string")
            throw badName(ctx, name, "while evaluating the name of a dynamic attribute");
          const earlier = (stack[sp - 1] as AttrsBuilder).add(name, value, pos);
          if (earlier !== undefined) {
            throw new EvalError(
              "value",
              `dynamic attribute '${name}' already defined at ${describePosition(ctx.positions, earlier)}`,
              pos,
            );
          }
          if (
            value instanceof Thunk &&
            value.code instanceof Lambda &&
            value.code.kind === LambdaKind.Function
          ) {
            value.code.name ??= name;
          }
          break;
        }
        case Op.DynamicEnd:
          stack[sp - 1] = (stack[sp - 1] as AttrsBuilder).finish();
          break;
        case Op.NewCell:
          stack[base + (code[pc++] as number)] = forcedThunk(null);
          break;
        case Op.SetCell:
          (stack[base + (code[pc++] as number)] as Thunk).a = stack[sp - 1];
          break;
        case Op.Overrides: {
          const cell = stack[base + (code[pc++] as number)] as Thunk;
          const overrides = stack[--sp];
          if (!(overrides instanceof Attrs)) {
            throw typeMismatch(ctx, overrides, "a set", "").addTrace(
              NO_POS,
              "while evaluating the `__overrides` attribute",
            );
          }
          const set = updateAttrs(stack[sp - 1], overrides);
          cell.a = set;
          stack[sp - 1] = set;
          break;
        }
        case Op.CheckSet: {
          const value = stack[sp - 1];
          if (!(value instanceof Attrs)) throw typeMismatch(ctx, value, "a set", "");
          break;
        }
        case Op.Update: {
          const count = code[pc++] as number;
          // The leftmost operand lies on the top.
          let set = stack[--sp] as Attrs;
          for (let i = 1; i < count; i++) set = updateAttrs(set, stack[--sp] as Attrs);
          stack[sp++] = set;
          break;
        }
        case Op.CheckName: {
          const value = stack[sp - 1];
          if (typeof value !== "string")
            throw badName(ctx, value, "while evaluating an attribute name");
          break;
        }
        case Op.Select: {
          const set = stack[sp - 1];
          if (!(set instanceof Attrs)) {
            pc += 2;
            throw notASet(ctx, set);
          }
          const cache = lambda.constants[code[pc + 1] as number] as SelectCache;
          let slot: Slot | undefined;
          if (set.shape === cache.shape) {
            slot = set.values[cache.index];
            pc += 2;
          } else {
            const name = lambda.constants[code[pc] as number] as string;
            pc += 2;
            const index = set.shape.indexOf(name);
            if (index >= 0) {
              cache.shape = set.shape;
              cache.index = index;
              slot = set.values[index];
            } else {
              slot = set.base === null ? undefined : set.base.get(name);
              if (slot === undefined) throw missingAttribute(name, set);
            }
          }
          if (slot instanceof Thunk) {
            if (slot.code !== null) {
              // The set stays below for the trace; the NIP that follows drops it.
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
          if (!(set instanceof Attrs)) throw notASet(ctx, set);
          let slot: Slot | undefined;
          if (set.shape === cache.shape) slot = set.values[cache.index];
          else {
            const index = set.shape.indexOf(name);
            if (index >= 0) {
              cache.shape = set.shape;
              cache.index = index;
              slot = set.values[index];
            } else {
              slot = set.base === null ? undefined : set.base.get(name);
              if (slot === undefined) throw missingAttribute(name, set);
            }
          }
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
          if (!(set instanceof Attrs)) throw notASet(ctx, set);
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
        case Op.With: {
          const namespace = stack[sp - 1];
          const parent = stack[sp - 2] as WithScope | null;
          sp -= 2;
          stack[base + (code[pc++] as number)] = new WithScope(
            namespace,
            parent,
            lambda.positionBefore(pc),
          );
          break;
        }
        case Op.ResolveWith: {
          const name = lambda.constants[code[pc++] as number] as string;
          let scope = stack[sp - 1] as WithScope | null;
          let found: Slot | undefined;
          const innermost = scope;
          let settled = true;
          while (scope !== null) {
            const slot: Slot = scope.namespace;
            const value = slot instanceof Thunk ? (slot.code === null ? slot.a : undefined) : slot;
            if (!(value instanceof Attrs)) {
              settled = false;
              break;
            }
            found = value.get(name);
            if (found !== undefined) break;
            scope = scope.parent;
          }
          if (found !== undefined) {
            stack[sp - 1] = found;
            break;
          }
          if (settled)
            throw new EvalError("undefined-variable", `undefined variable '${name}'`, CALL_SITE);
          sp--;
          entering = new NativeFrame(
            null,
            NO_SLOTS,
            0,
            resolveWith(ctx, innermost as WithScope, name),
          );
          enteringMark = PLAIN_MARK;
          op = Op.EnterNative;
          continue;
        }
        case Op.BindFormals: {
          const first = code[pc++] as number;
          const argument = stack[--sp];
          if (!(argument instanceof Attrs)) {
            throw typeMismatch(ctx, argument, "a set", "").addTrace(
              lambda.pos,
              "while evaluating the value passed for the lambda argument",
            );
          }
          bindFormals(lambda, argument, stack, base + first);
          break;
        }
        case Op.AssertFail: {
          const assertion = lambda.constants[code[pc++] as number] as AssertionText;
          throw new EvalError("assertion", `assertion '${assertion.text()}' failed`, CALL_SITE);
        }
        case Op.AssertEqual: {
          const assertion = lambda.constants[code[pc++] as number] as AssertionText;
          const right = stack[sp - 1];
          const left = stack[sp - 2];
          sp -= 2;
          entering = new NativeFrame(
            null,
            NO_SLOTS,
            0,
            explainAssertion(ctx, left, right, assertion, code[pc++] as number),
          );
          enteringMark = PLAIN_MARK;
          op = Op.EnterNative;
          continue;
        }
        case Op.CurPos:
          stack[sp++] = positionValue(ctx, code[pc++] as number);
          break;
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
        case Op.Exit:
          machine.result = stack[sp - 1];
          return RunStatus.Done;
        case Op.EnterThunk: {
          const forced = thunk as Thunk;
          const forcePos: PosIdx = askedPos;
          askedPos = NO_POS;
          const next = forced.code;
          if (next === null) {
            stack[sp++] = forced.a;
          } else if (next instanceof Lambda) {
            if (next.kind === LambdaKind.Function) {
              const closure = new Closure(next, forced.a, forced.b, forced.rest);
              forced.code = null;
              forced.a = closure;
              forced.b = undefined;
              forced.rest = null;
              stack[sp++] = closure;
            } else {
              if (next.pending !== null) next.ensureCompiled();
              forced.code = BLACKHOLE;
              if (sp + HEADER_SIZE + next.frameSize > SEGMENT_SIZE) {
                if (stackSlots >= MAX_STACK_SLOTS) throw stackOverflow();
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
              stack[sp + 4] = forced;
              base = sp + HEADER_SIZE;
              lambda = next;
              self = forced;
              pc = 0;
              code = next.code;
              sp = base + next.localCount;
              if (observing) observer.enterFrame?.(lambda, depth);
            }
          } else if (next === BLACKHOLE) {
            throw new RecursionError(forced, lambda === NATIVE_LAMBDA ? forcePos : CALL_SITE);
          } else if (next === FAILED) {
            throw cloneError(forced.a as unknown as EvalError);
          } else if (next === NATIVE) {
            const start = forced.a as unknown as () => Suspendable<unknown>;
            forced.code = BLACKHOLE;
            entering = new NativeFrame(null, NO_SLOTS, 0, start());
            enteringMark = forced;
            op = Op.EnterNative;
            continue;
          } else if (next === APPLY) {
            const callee = forced.a as Slot;
            const argument = forced.b as Slot;
            const rest = forced.rest;
            forced.code = BLACKHOLE;
            // What is being called need not be kept by the thunk.
            forced.a = undefined;
            forced.b = undefined;
            forced.rest = null;
            const count = 1 + (rest === null ? 0 : rest.length);
            const applyPos: PosIdx = lambda === NATIVE_LAMBDA ? forcePos : CALL_SITE;
            if (sp + HEADER_SIZE + count + 8 > SEGMENT_SIZE) {
              if (stackSlots >= MAX_STACK_SLOTS) throw stackOverflow();
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
            stack[sp + 4] = forced;
            base = sp = sp + HEADER_SIZE;
            lambda = APPLY_LAMBDAS[count - 1] as Lambda;
            self = applyPos;
            pc = 0;
            code = lambda.code;
            if (rest !== null) for (let i = rest.length - 1; i >= 0; i--) stack[sp++] = rest[i];
            stack[sp++] = argument;
            stack[sp++] = callee;
          } else {
            throw new InternalError(`thunk in state ${String(next.name)}`);
          }
          break;
        }
        case Op.EnterNative: {
          if (sp + HEADER_SIZE + 8 > SEGMENT_SIZE) {
            if (stackSlots >= MAX_STACK_SLOTS) throw stackOverflow();
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
          stack[sp + 4] = enteringMark;
          base = sp = sp + HEADER_SIZE;
          lambda = NATIVE_LAMBDA;
          self = native = entering as NativeFrame;
          pc = 0;
          code = NATIVE_LAMBDA.code;
          input = NOTHING;
          op = Op.StepNative;
          continue;
        }
        case Op.EnterApply: {
          const call = request as CallRequest;
          const args = call.args;
          if (sp + HEADER_SIZE + args.length + 8 > SEGMENT_SIZE) {
            if (stackSlots >= MAX_STACK_SLOTS) throw stackOverflow();
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
          stack[sp + 4] = PLAIN_MARK;
          base = sp = sp + HEADER_SIZE;
          lambda = APPLY_LAMBDAS[args.length - 1] as Lambda;
          self = call.pos;
          pc = 0;
          code = lambda.code;
          for (let i = args.length - 1; i >= 0; i--) stack[sp++] = args[i];
          stack[sp++] = call.callee;
          break;
        }
        case Op.StepNative: {
          // The frame of `native` is the top frame; its operand stack is empty.
          const frame = native as NativeFrame;
          let result: unknown;
          if (frame.generator !== null) {
            const answer: IteratorResult<unknown, unknown> = frame.generator.next(input as never);
            if (answer.done !== true) {
              const wanted = answer.value;
              if (wanted instanceof Thunk) {
                if (wanted.code === null) {
                  input = wanted.a;
                  continue;
                }
                thunk = wanted;
                op = Op.EnterThunk;
              } else if (wanted instanceof CallRequest) {
                request = wanted;
                op = Op.EnterApply;
              } else if (wanted instanceof ForceRequest) {
                thunk = wanted.thunk;
                askedPos = wanted.pos;
                op = Op.EnterThunk;
              } else {
                entering = new NativeFrame(null, NO_SLOTS, 0, wanted as Suspendable<unknown>);
                enteringMark = PLAIN_MARK;
                op = Op.EnterNative;
              }
              continue;
            }
            result = answer.value;
          } else {
            // A builtin gathers its arguments, or waits for the thunk that it answered.
            const builtin = frame.builtin as Builtin;
            if (frame.next === RETURNING) {
              if (input === NOTHING) {
                thunk = frame.args[0] as Thunk;
                op = Op.EnterThunk;
                continue;
              }
              result = input;
            } else {
              const strict = builtin.definition.strict;
              if (frame.next >= 0 && input !== NOTHING) {
                const argument = strict[frame.next] as StrictArgument;
                frame.args[argument.arg] = input as Value;
                checkArgument(ctx, input as Value, argument);
                frame.next++;
              }
              let waits = false;
              while (frame.next < strict.length) {
                const argument = strict[frame.next] as StrictArgument;
                const slot = frame.args[argument.arg] as Slot;
                if (slot instanceof Thunk && slot.code !== null) {
                  thunk = slot;
                  waits = true;
                  break;
                }
                const value = (slot instanceof Thunk ? slot.a : slot) as Value;
                frame.args[argument.arg] = value;
                checkArgument(ctx, value, argument);
                frame.next++;
              }
              if (waits) {
                op = Op.EnterThunk;
                continue;
              }
              if (observing) observer.callBuiltin?.(builtin);
              const answer = runBuiltin(ctx, builtin, frame.args);
              if (builtin.definition.kind === "generator") {
                frame.generator = answer as Suspendable<unknown>;
                input = undefined;
                continue;
              }
              result = answer;
            }
          }
          // The frame is done: `result` may be a thunk, which is forced while the frame still stands.
          if (result instanceof Thunk && stack[base - 1] !== PLAIN_MARK) {
            if (result.code !== null) {
              frame.generator = null;
              frame.next = RETURNING;
              thunk = result;
              op = Op.EnterThunk;
              continue;
            }
            result = result.a;
          }
          // Return.
          const mark = stack[base - 1];
          sp = base - HEADER_SIZE;
          if (mark === CALL_MARK) depth--;
          else if (mark !== PLAIN_MARK) {
            const updated = mark as Thunk;
            updated.code = null;
            updated.a = result as Slot;
            updated.b = undefined;
            updated.rest = null;
          }
          lambda = stack[sp];
          self = stack[sp + 1];
          pc = stack[sp + 2];
          base = stack[sp + 3];
          code = lambda.code;
          if (lambda === NATIVE_LAMBDA) {
            native = self as NativeFrame;
            input = result;
            continue;
          }
          stack[sp++] = result;
          break;
        }
      }
      op = code[pc++] as number;
    }
  } catch (error) {
    machine.error = error;
    machine.running = running;
    machine.stack = stack;
    machine.stackSlots = stackSlots;
    machine.sp = sp;
    machine.lambda = lambda;
    machine.self = self;
    machine.pc = pc;
    machine.base = base;
    machine.depth = depth;
    return RunStatus.Failed;
  }
}

function stackOverflow(): EvalError {
  return new EvalError("stack-overflow", "stack overflow; max-call-depth exceeded", CALL_SITE);
}

function concatLists(left: NixList, right: NixList): NixList {
  const result = new Array<Slot>(left.length + right.length);
  for (let i = 0; i < left.length; i++) result[i] = left[i] as Slot;
  for (let i = 0; i < right.length; i++) result[left.length + i] = right[i] as Slot;
  return result;
}

function badName(ctx: EvalContext, value: Value, context: string): EvalError {
  if (value instanceof ContextString) return contextNotAllowed(value).addTrace(CALL_SITE, context);
  return typeMismatch(ctx, value, "a string", context, CALL_SITE);
}

function recursionAt(set: Attrs, name: string, thunk: Thunk): RecursionError {
  const pos = set.positionOf(name);
  return new RecursionError(thunk, pos === NO_POS ? CALL_SITE : pos);
}

/** The error of a thunk that failed before; a copy, since the traces of this time are its own. */
function cloneError(error: EvalError): EvalError {
  const copy = new EvalError(error.kind, error.message, error.pos);
  copy.suggestions = error.suggestions;
  for (const trace of error.traces) copy.traces.push({ ...trace });
  return copy;
}

function* negated(comparison: Suspendable<boolean>): Suspendable<boolean> {
  return !((yield comparison) as boolean);
}

function* explainAssertion(
  ctx: EvalContext,
  left: Value,
  right: Value,
  assertion: AssertionText,
  pos: PosIdx,
): Suspendable<Value> {
  try {
    yield explainDifference(ctx, left, right, pos, "in an equality assertion");
  } catch (error) {
    if (error instanceof EvalError && error.catchable) {
      error.addTrace(
        CALL_SITE,
        `while evaluating the condition of the assertion '${assertion.text()}'`,
      );
    }
    throw error;
  }
  return null;
}
