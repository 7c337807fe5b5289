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
import { evalErrorOf } from "../errors/from-world.ts";
import {
  contextNotAllowed,
  typeMismatch,
} from "../builtins/checks.ts";
import type { StrictArgument } from "../builtins/definition.ts";
import { Lambda, LambdaKind, MissingFormal, type SelectCache, type SelectStep } from "../bytecode/lambda.ts";
import { Op } from "../bytecode/opcode.ts";
import type { EvalContext } from "../context.ts";
import { bestMatches } from "../errors/suggestions.ts";
import { addNumbers, divideNumbers, multiplyNumbers, subtractNumbers } from "../operations/arithmetic.ts";
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
  applyLambda,
  CALL_MARK,
  HEADER_SIZE,
  NATIVE_POS,
  NativeFrame,
  nativeLambda,
  PLAIN_MARK,
  RETURNING,
  SEGMENT_SIZE,
  SegmentLink,
  type FrameSelf,
  type Segment,
} from "./frame.ts";
import { CallRequest, ForceRequest, type Suspendable } from "./requests.ts";
import { resolveWith, WithScope } from "./with-scope.ts";

const NATIVE_LAMBDA = nativeLambda(Op.ResumeNative);
const SEGMENT_LAMBDA = nativeLambda(Op.LeaveSegment);
const ENTRY_LAMBDA = nativeLambda(Op.Exit);
const APPLY_LAMBDAS: readonly Lambda[] = [1, 2, 3, 4, 5, 6, 7, 8].map(applyLambda);
const MISSING = new MissingFormal();

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

/** What an observer is told; see `observer.ts`. */
export interface RunObserver {
  enterFrame?(lambda: Lambda, depth: number): void;
  leaveFrame?(lambda: Lambda, value: Value, depth: number): void;
  callBuiltin?(builtin: Builtin): void;
  instruction?(lambda: Lambda, pc: number, stack: readonly unknown[], base: number, sp: number): void;
}

/** Forces a slot; the entry into the machine. */
export function runSlot(ctx: EvalContext, slot: Slot, observer?: RunObserver): Value {
  if (!(slot instanceof Thunk)) return slot;
  if (slot.code === null) return slot.a as Value;
  return runLoop(ctx, slot, null, observer) as Value;
}

/** Runs a generator to its end; the other entry into the machine. */
export function runGenerator<Result>(ctx: EvalContext, generator: Suspendable<Result>, observer?: RunObserver): Result {
  return runLoop(ctx, null, generator as Suspendable<unknown>, observer) as Result;
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
      if (typeof value === "number" || typeof value === "bigint" || value instanceof NixFloat) return;
      throw typeMismatch(ctx, value, "a float", strict.context);
    case "bool":
      if (typeof value === "boolean") return;
      throw typeMismatch(ctx, value, "a Boolean", strict.context);
    case "string":
      if (isString(value)) return;
      throw typeMismatch(ctx, value, "a string", strict.context);
    case "string-no-context":
      if (typeof value === "string") return;
      if (value instanceof ContextString) throw contextNotAllowed(value).addTrace(NO_POS, strict.context);
      throw typeMismatch(ctx, value, "a string", strict.context);
    case "list":
      if (isList(value)) return;
      throw typeMismatch(ctx, value, "a list", strict.context);
    case "set":
      if (value instanceof Attrs) return;
      throw typeMismatch(ctx, value, "a set", strict.context);
    case "function":
      if (value instanceof Closure || value instanceof Builtin || value instanceof PartialBuiltin) return;
      if (value instanceof Attrs && value.has("__functor")) return;
      throw typeMismatch(ctx, value, "a function", strict.context);
  }
}

/** Whether C++ Nix adds the context also to errors from forcing, not only to type errors. */
function tracesForcing(strict: StrictArgument): boolean {
  return strict.context !== "" && strict.expect !== "list" && strict.expect !== "set" && strict.expect !== "any";
}

/** Runs a builtin's code; its arguments are checked. */
function runBuiltin(ctx: EvalContext, builtin: Builtin, args: readonly Slot[]): Slot | Suspendable<Slot> {
  const run = builtin.definition.run as (ctx: EvalContext, ...args: Slot[]) => Slot | Suspendable<Slot>;
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
function* addStrings(ctx: EvalContext, left: Value | CoercedOperand, right: Value): Suspendable<Value> {
  const first = left instanceof CoercedOperand ? left.text : left;
  const isPath = first instanceof NixPath;
  const copy = isString(first) && !(left instanceof CoercedOperand) ? CoerceMode.CopyPaths : CoerceMode.Weak;
  const text = (yield coerceToString(ctx, right, copy, CALL_SITE, "while evaluating a path segment")) as
    | string
    | ContextString;
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
      throw new EvalError("value", "a string that refers to a store path cannot be appended to a path", CALL_SITE);
    }
    text += part instanceof NixPath ? part.path : (part as string);
  }
  if (text.includes("\0")) {
    throw new EvalError("value", `path segment '${text.replaceAll("\0", "\xe2\x90\x80")}' must not contain null (\\0) bytes`);
  }
  return new NixPath(canonPath(text));
}

/** Coerces the left operand of `+` that is a set, null, Boolean, list or function. */
function* coerceLeftOperand(ctx: EvalContext, left: Value): Suspendable<Value> {
  const text = (yield coerceToString(ctx, left, CoerceMode.Weak, CALL_SITE, "while evaluating a path segment")) as
    | string
    | ContextString;
  return new CoercedOperand(text) as unknown as Value;
}

/** Calls a set with a `__functor`. */
function* callFunctor(set: Attrs, argument: Slot): Suspendable<Value> {
  try {
    return (yield new CallRequest(set.get("__functor") as Slot, [set, argument], set.positionOf("__functor"))) as Value;
  } catch (error) {
    if (error instanceof EvalError) {
      error.addTrace(CALL_SITE, "while calling a functor (an attribute set with a '__functor' attribute)");
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
  return new EvalError("missing-attribute", `attribute '${name}' missing`).suggest(bestMatches(set.names(), name));
}

function functionName(lambda: Lambda): string {
  return lambda.name === undefined ? "anonymous lambda" : `'${lambda.name}'`;
}

/** Marks on an infinite recursion which thunk it came back to. */
class RecursionError extends EvalError {
  constructor(
    readonly thunk: Thunk,
    pos: PosIdx,
  ) {
    super("infinite-recursion", "infinite recursion encountered", pos);
  }
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
  for (let i = 2; i < captures.length; i++) rest[i - 2] = capture(captures[i] as number, stack, base, self);
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

/** The position of the call that a frame is about, going down through native frames. */
function positionOf(lambda: Lambda, self: FrameSelf, pc: number, base: number, stack: Segment): PosIdx {
  for (;;) {
    if (lambda === NATIVE_LAMBDA) {
      // Native code has no positions: it speaks of where it was called.
    } else if (lambda === SEGMENT_LAMBDA) {
      const link = self as SegmentLink;
      lambda = link.lambda;
      self = link.self;
      pc = link.pc;
      base = link.base;
      stack = link.stack;
      continue;
    } else if (lambda === ENTRY_LAMBDA) {
      return NO_POS;
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

/** Adds the traces that a selection `a.b.c` gives to an error that passes through it. */
function addSelectTraces(error: EvalError, steps: readonly SelectStep[], pc: number, pos: PosIdx, stack: Segment, base: number): void {
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
    texts.push(name ?? `"\${${step.text}}"`);
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
  if (definedAt !== NO_POS) error.addTrace(definedAt, `from the definition of '${path}'`);
  error.addTrace(pos, `while evaluating the attribute '${texts.join(".")}'`);
}

/** See the head of this file. Exactly one of `entryThunk` and `entryGenerator` is given. */
function runLoop(
  ctx: EvalContext,
  entryThunk: Thunk | null,
  entryGenerator: Suspendable<unknown> | null,
  observer: RunObserver | undefined,
): unknown {
  const showTrace = ctx.settings.showTrace;
  const maxCallDepth = ctx.settings.maxCallDepth;
  const tracing = observer?.instruction !== undefined;
  const observing = observer !== undefined;

  let stack: Segment = newSegment();
  let stackSlots = SEGMENT_SIZE;
  let spareSegment: Segment | null = null;
  let sp = 0;
  let lambda: Lambda = ENTRY_LAMBDA;
  let self: FrameSelf = 0;
  let pc = 0;
  let base = 0;
  let code: Int32Array = ENTRY_LAMBDA.code;
  let depth = 0;

  // What to do after the switch: force `thunk`, or resume native code with `input`.
  let thunk: Thunk | null = entryThunk;
  let native: NativeFrame | null = null;
  let input: unknown;
  /** Native code whose frame is still to be pushed, and the mark of that frame. */
  let entering: NativeFrame | null = null;
  let enteringMark: Thunk | null | undefined;
  /** Where native code said that `thunk` is forced. */
  let askedPos: PosIdx = NO_POS;
  /** A call that native code asked for. */
  let request: CallRequest | null = null;
  /** The builtin that runs on top of a call frame, for traces. */
  let running: Builtin | null = null;

  if (entryGenerator !== null) {
    entering = new NativeFrame(null, NO_SLOTS, 0, entryGenerator);
    enteringMark = PLAIN_MARK;
  }

  for (;;) {
    try {
      for (;;) {
        // ── Force ──────────────────────────────────────────────────────────────────────────────
        if (thunk !== null) {
          const forced: Thunk = thunk;
          thunk = null;
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
        }

        // ── Enter native code ──────────────────────────────────────────────────────────────────
        if (entering !== null) {
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
          self = native = entering;
          pc = 0;
          code = NATIVE_LAMBDA.code;
          input = NOTHING;
          entering = null;
        } else if (request !== null) {
          const args = request.args;
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
          self = request.pos;
          pc = 0;
          code = lambda.code;
          for (let i = args.length - 1; i >= 0; i--) stack[sp++] = args[i];
          stack[sp++] = request.callee;
          request = null;
        }

        // ── Native code ────────────────────────────────────────────────────────────────────────
        while (native !== null) {
          // The frame of `native` is the top frame; its operand stack is empty.
          const frame: NativeFrame = native;
          native = null;
          let result: unknown;
          if (frame.generator !== null) {
            const answer: IteratorResult<unknown, unknown> = frame.generator.next(input as never);
            if (answer.done !== true) {
              const wanted = answer.value;
              if (wanted instanceof Thunk) {
                if (wanted.code === null) {
                  native = frame;
                  input = wanted.a;
                  continue;
                }
                thunk = wanted;
              } else if (wanted instanceof CallRequest) {
                request = wanted;
              } else if (wanted instanceof ForceRequest) {
                thunk = wanted.thunk;
                askedPos = wanted.pos;
              } else {
                entering = new NativeFrame(null, NO_SLOTS, 0, wanted as Suspendable<unknown>);
                enteringMark = PLAIN_MARK;
              }
              break;
            }
            result = answer.value;
          } else {
            // A builtin gathers its arguments, or waits for the thunk that it answered.
            const builtin = frame.builtin as Builtin;
            if (frame.next === RETURNING) {
              if (input === NOTHING) {
                thunk = frame.args[0] as Thunk;
                break;
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
              if (waits) break;
              if (observing) observer.callBuiltin?.(builtin);
              const answer = runBuiltin(ctx, builtin, frame.args);
              if (builtin.definition.kind === "generator") {
                frame.generator = answer as Suspendable<unknown>;
                native = frame;
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
              break;
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
          } else {
            stack[sp++] = result;
          }
        }
        if (thunk !== null || entering !== null || request !== null) continue;

        // ── Bytecode ───────────────────────────────────────────────────────────────────────────
        dispatch: for (;;) {
          if (tracing) observer?.instruction?.(lambda, pc, stack, base, sp);
          switch (code[pc++] as Op) {
            case Op.Const:
              stack[sp++] = lambda.constants[code[pc++] as number];
              continue;
            case Op.Int:
              stack[sp++] = code[pc++];
              continue;
            case Op.Local:
              stack[sp++] = stack[base + (code[pc++] as number)];
              continue;
            case Op.LocalForce: {
              const slot = stack[base + (code[pc++] as number)];
              if (slot instanceof Thunk) {
                if (slot.code !== null) {
                  thunk = slot;
                  break dispatch;
                }
                stack[sp++] = slot.a;
              } else stack[sp++] = slot;
              continue;
            }
            case Op.Upvalue0:
              stack[sp++] = (self as Closure).a;
              continue;
            case Op.Upvalue1:
              stack[sp++] = (self as Closure).b;
              continue;
            case Op.Upvalue:
              stack[sp++] = ((self as Closure).rest as Slot[])[code[pc++] as number];
              continue;
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
                  break dispatch;
                }
                stack[sp++] = slot.a;
              } else stack[sp++] = slot;
              continue;
            }
            case Op.Force: {
              const slot = stack[sp - 1];
              if (slot instanceof Thunk) {
                if (slot.code !== null) {
                  sp--;
                  thunk = slot;
                  break dispatch;
                }
                stack[sp - 1] = slot.a;
              }
              continue;
            }
            case Op.SetLocal:
              stack[base + (code[pc++] as number)] = stack[--sp];
              continue;
            case Op.Pop:
              sp--;
              continue;
            case Op.Nip:
              sp--;
              stack[sp - 1] = stack[sp];
              continue;
            case Op.Slide: {
              const count = code[pc++] as number;
              stack[sp - 1 - count] = stack[sp - 1];
              sp -= count;
              continue;
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
              continue;
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
              continue;
            }
            case Op.Refill: {
              const made = stack[base + (code[pc++] as number)] as Thunk;
              const captures = (made.code as Lambda).captures;
              const count = captures.length;
              if (count > 0) made.a = capture(captures[0] as number, stack, base, self);
              if (count > 1) made.b = capture(captures[1] as number, stack, base, self);
              if (count > 2) made.rest = captureRest(captures, stack, base, self);
              continue;
            }
            case Op.SkipIfBound: {
              const slot = stack[base + (code[pc++] as number)];
              const target = code[pc++] as number;
              if (slot !== MISSING) pc = target;
              continue;
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
                continue;
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
                  continue;
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
                    continue;
                  }
                  if (result.code === null) {
                    stack[sp++] = result.a;
                    continue;
                  }
                  // The frame stands while the result is forced, for the trace.
                  entering = new NativeFrame(builtin, [result], RETURNING, null);
                  enteringMark = CALL_MARK;
                  depth++;
                  break dispatch;
                }
                running = null;
                if (++depth > maxCallDepth) {
                  depth--;
                  throw stackOverflow();
                }
                entering = new NativeFrame(builtin, args, ready, null);
                enteringMark = CALL_MARK;
                break dispatch;
              }
              if (callee instanceof Attrs && callee.has("__functor")) {
                const argument = stack[sp - 2];
                sp -= 2;
                entering = new NativeFrame(null, NO_SLOTS, 0, callFunctor(callee, argument));
                enteringMark = PLAIN_MARK;
                break dispatch;
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
              continue;
            }
            case Op.Jump:
              pc = code[pc] as number;
              continue;
            case Op.JumpIfFalse:
              if (stack[--sp] === false) pc = code[pc] as number;
              else pc++;
              continue;
            case Op.And:
              if (stack[sp - 1] === false) pc = code[pc] as number;
              else {
                sp--;
                pc++;
              }
              continue;
            case Op.Or:
              if (stack[sp - 1] === true) pc = code[pc] as number;
              else {
                sp--;
                pc++;
              }
              continue;
            case Op.CheckBool: {
              const value = stack[sp - 1];
              if (typeof value !== "boolean") throw notABoolean(ctx, value);
              continue;
            }
            case Op.Not:
              stack[sp - 1] = !stack[sp - 1];
              continue;
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
                continue;
              }
              sp--;
              entering = new NativeFrame(null, NO_SLOTS, 0, coerceLeftOperand(ctx, value));
              enteringMark = PLAIN_MARK;
              break dispatch;
            }
            case Op.Add: {
              const right = stack[sp - 1];
              const left = stack[sp - 2];
              sp -= 2;
              if (typeof left === "number" && typeof right === "number") {
                const sum = left + right;
                if (Number.isSafeInteger(sum)) {
                  stack[sp++] = sum;
                  continue;
                }
              } else if (typeof left === "string" && typeof right === "string") {
                stack[sp++] = left + right;
                continue;
              }
              if (typeof left === "number" || typeof left === "bigint" || left instanceof NixFloat) {
                if (typeof right !== "number" && typeof right !== "bigint" && !(right instanceof NixFloat)) {
                  const what = left instanceof NixFloat ? "a float" : "an integer";
                  throw new EvalError("type", `cannot add ${typeWithArticle(right)} to ${what}`, CALL_SITE);
                }
                if (isInt(left) && isInt(right) && addInt(left, right) === undefined) {
                  throw new EvalError("arithmetic", `integer overflow in adding ${left} + ${right}`, CALL_SITE);
                }
                stack[sp++] = addNumbers(ctx, left, right);
                continue;
              }
              if (isString(left) && isString(right)) {
                stack[sp++] = concatTexts(left, right);
                continue;
              }
              entering = new NativeFrame(null, NO_SLOTS, 0, addStrings(ctx, left, right));
              enteringMark = PLAIN_MARK;
              break dispatch;
            }
            case Op.Sub: {
              const right = stack[--sp];
              const left = stack[sp - 1];
              if (typeof left === "number" && typeof right === "number") {
                const difference = left - right;
                if (Number.isSafeInteger(difference)) {
                  stack[sp - 1] = difference;
                  continue;
                }
              }
              stack[sp - 1] = subtractNumbers(ctx, left, right);
              continue;
            }
            case Op.Mul: {
              const right = stack[--sp];
              stack[sp - 1] = multiplyNumbers(ctx, stack[sp - 1], right);
              continue;
            }
            case Op.Div: {
              const right = stack[--sp];
              stack[sp - 1] = divideNumbers(ctx, stack[sp - 1], right);
              continue;
            }
            case Op.Negate:
              stack[sp - 1] = subtractNumbers(ctx, 0, stack[sp - 1]);
              continue;
            case Op.Less: {
              const right = stack[sp - 1];
              const left = stack[sp - 2];
              const answer =
                typeof left === "number" && typeof right === "number" ? left < right : lessThanFast(left, right);
              sp -= 2;
              if (answer !== undefined) {
                stack[sp++] = answer;
                continue;
              }
              entering = new NativeFrame(null, NO_SLOTS, 0, lessThan(ctx, left, right, NO_POS, ""));
              enteringMark = PLAIN_MARK;
              break dispatch;
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
                continue;
              }
              const comparison = equalValues(
                ctx,
                left,
                right,
                CALL_SITE,
                negate ? "while testing two values for inequality" : "while testing two values for equality",
              );
              entering = new NativeFrame(null, NO_SLOTS, 0, negate ? negated(comparison) : comparison);
              enteringMark = PLAIN_MARK;
              break dispatch;
            }
            case Op.Interpolate: {
              const value = stack[sp - 1];
              if (typeof value === "string" || value instanceof ContextString) continue;
              sp--;
              entering = new NativeFrame(
                null,
                NO_SLOTS,
                0,
                coerceToString(ctx, value, CoerceMode.CopyPaths, CALL_SITE, "while evaluating a path segment"),
              );
              enteringMark = PLAIN_MARK;
              break dispatch;
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
              continue;
            }
            case Op.PathSegment: {
              const value = stack[sp - 1];
              if (typeof value === "string" || value instanceof ContextString) continue;
              if (value instanceof NixPath) {
                stack[sp - 1] = value.path;
                continue;
              }
              sp--;
              entering = new NativeFrame(
                null,
                NO_SLOTS,
                0,
                coerceToString(ctx, value, CoerceMode.Weak, CALL_SITE, "while evaluating a path segment"),
              );
              enteringMark = PLAIN_MARK;
              break dispatch;
            }
            case Op.ConcatPath: {
              const count = code[pc++] as number;
              sp -= count;
              const path = joinPath(stack.slice(sp, sp + count));
              stack[sp++] = path;
              continue;
            }
            case Op.List: {
              const count = code[pc++] as number;
              sp -= count;
              const list = stack.slice(sp, sp + count);
              stack[sp++] = list;
              continue;
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
              stack[sp++] = right.length === 0 ? left : left.length === 0 ? right : concatLists(left, right);
              continue;
            }
            case Op.Attrs: {
              const shape = lambda.constants[code[pc++] as number] as Shape;
              sp -= shape.names.length;
              const set = new Attrs(shape, stack.slice(sp, sp + shape.names.length));
              stack[sp++] = set;
              continue;
            }
            case Op.DynamicBegin:
              stack[sp - 1] = new AttrsBuilder(stack[sp - 1]);
              continue;
            case Op.DynamicAttr: {
              const pos = code[pc++] as number;
              const value = stack[sp - 1];
              const name = stack[sp - 2];
              sp -= 2;
              if (name === null) continue;
              if (typeof name !== "string") throw badName(ctx, name, "while evaluating the name of a dynamic attribute");
              const earlier = (stack[sp - 1] as AttrsBuilder).add(name, value, pos);
              if (earlier !== undefined) {
                throw new EvalError(
                  "value",
                  `dynamic attribute '${name}' already defined at ${describePosition(ctx.positions, earlier)}`,
                  pos,
                );
              }
              if (value instanceof Thunk && value.code instanceof Lambda && value.code.kind === LambdaKind.Function) {
                value.code.name ??= name;
              }
              continue;
            }
            case Op.DynamicEnd:
              stack[sp - 1] = (stack[sp - 1] as AttrsBuilder).finish();
              continue;
            case Op.NewCell:
              stack[base + (code[pc++] as number)] = forcedThunk(null);
              continue;
            case Op.SetCell:
              (stack[base + (code[pc++] as number)] as Thunk).a = stack[sp - 1];
              continue;
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
              continue;
            }
            case Op.CheckSet: {
              const value = stack[sp - 1];
              if (!(value instanceof Attrs)) throw typeMismatch(ctx, value, "a set", "");
              continue;
            }
            case Op.Update: {
              const count = code[pc++] as number;
              // The leftmost operand lies on the top.
              let set = stack[--sp] as Attrs;
              for (let i = 1; i < count; i++) set = updateAttrs(set, stack[--sp] as Attrs);
              stack[sp++] = set;
              continue;
            }
            case Op.CheckName: {
              const value = stack[sp - 1];
              if (typeof value !== "string") throw badName(ctx, value, "while evaluating an attribute name");
              continue;
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
                  if (slot.code === BLACKHOLE) throw recursionAt(set, lambda.constants[code[pc - 2] as number] as string, slot);
                  break dispatch;
                }
                stack[sp - 1] = slot.a;
              } else stack[sp - 1] = slot;
              pc++;
              continue;
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
                  break dispatch;
                }
                stack[sp++] = slot.a;
              } else stack[sp++] = slot;
              continue;
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
                break dispatch;
              }
              stack[sp++] = slot instanceof Thunk ? slot.a : slot;
              continue;
            }
            case Op.SelectOr: {
              const set = stack[sp - 1];
              const slot =
                set instanceof Attrs ? set.get(lambda.constants[code[pc] as number] as string) : undefined;
              if (slot === undefined) {
                sp = base + (code[pc + 2] as number);
                pc = code[pc + 1] as number;
                continue;
              }
              pc += 3;
              if (slot instanceof Thunk) {
                if (slot.code !== null) {
                  thunk = slot;
                  break dispatch;
                }
                stack[sp++] = slot.a;
              } else stack[sp++] = slot;
              continue;
            }
            case Op.SelectOrDynamic: {
              const name = stack[sp - 1] as string;
              const set = stack[sp - 2];
              const slot = set instanceof Attrs ? set.get(name) : undefined;
              if (slot === undefined) {
                sp = base + (code[pc + 1] as number);
                pc = code[pc] as number;
                continue;
              }
              pc += 2;
              if (slot instanceof Thunk) {
                if (slot.code !== null) {
                  thunk = slot;
                  break dispatch;
                }
                stack[sp++] = slot.a;
              } else stack[sp++] = slot;
              continue;
            }
            case Op.HasAttr: {
              const set = stack[sp - 1];
              const slot =
                set instanceof Attrs ? set.get(lambda.constants[code[pc] as number] as string) : undefined;
              if (slot === undefined) {
                stack[sp - 1] = false;
                pc = code[pc + 1] as number;
              } else {
                stack[sp - 1] = slot;
                pc += 2;
              }
              continue;
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
              continue;
            }
            case Op.With: {
              const namespace = stack[sp - 1];
              const parent = stack[sp - 2] as WithScope | null;
              sp -= 2;
              stack[base + (code[pc++] as number)] = new WithScope(namespace, parent, lambda.positionBefore(pc));
              continue;
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
                continue;
              }
              if (settled) throw new EvalError("undefined-variable", `undefined variable '${name}'`, CALL_SITE);
              sp--;
              entering = new NativeFrame(null, NO_SLOTS, 0, resolveWith(ctx, innermost as WithScope, name));
              enteringMark = PLAIN_MARK;
              break dispatch;
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
              continue;
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
              entering = new NativeFrame(null, NO_SLOTS, 0, explainAssertion(ctx, left, right, assertion));
              enteringMark = PLAIN_MARK;
              break dispatch;
            }
            case Op.CurPos:
              stack[sp++] = positionValue(ctx, code[pc++] as number);
              continue;
            case Op.ResumeNative:
              native = self as NativeFrame;
              input = stack[--sp];
              // The operand stack of a native frame is empty while it runs.
              sp = base;
              pc = 0;
              break dispatch;
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
              continue;
            }
            case Op.Exit:
              return stack[sp - 1];
          }
        }
      }
    } catch (thrown) {
      // ── Unwinding ──────────────────────────────────────────────────────────────────────────────
      let error = evalErrorOf(thrown);
      thunk = null;
      native = null;
      entering = null;
      request = null;
      if (running !== null) {
        const builtin: Builtin = running;
        running = null;
        if (error instanceof EvalError) {
          const pos = positionOf(lambda, self, pc, base, stack);
          error.resolveCallSite(pos);
          if (builtin.definition.noTrace !== true) {
            error.addTrace(pos, `while calling the '${builtin.definition.name}' builtin`);
          }
        }
      }
      for (;;) {
        if (lambda === ENTRY_LAMBDA) throw error;
        if (lambda === SEGMENT_LAMBDA) {
          const link = self as SegmentLink;
          spareSegment = stack;
          stackSlots -= SEGMENT_SIZE;
          stack = link.stack;
          sp = link.sp;
          lambda = link.lambda;
          self = link.self;
          pc = link.pc;
          base = link.base;
          continue;
        }
        if (lambda === NATIVE_LAMBDA) {
          const frame = self as NativeFrame;
          if (frame.generator !== null) {
            let answer: IteratorResult<unknown, unknown> | undefined;
            try {
              answer = frame.generator.throw(error);
            } catch (next) {
              error = evalErrorOf(next);
            }
            if (answer !== undefined) {
              // The generator caught the error: what it yields or returns counts.
              sp = base;
              code = NATIVE_LAMBDA.code;
              pc = 0;
              frame.generator = continued(answer, frame.generator);
              native = frame;
              input = undefined;
              break;
            }
          } else if (error instanceof EvalError && frame.builtin !== null && frame.next >= 0) {
            addForcingTrace(error, frame);
          }
          if (error instanceof EvalError) {
            const header = base - HEADER_SIZE;
            const builtin = frame.builtin;
            if (builtin !== null) {
              const pos = positionOf(stack[header], stack[header + 1], stack[header + 2], stack[header + 3], stack);
              error.resolveCallSite(pos);
              if (builtin.definition.noTrace !== true) {
                error.addTrace(pos, `while calling the '${builtin.definition.name}' builtin`);
              }
            }
          }
        } else if (error instanceof EvalError) {
          error.resolveCallSite(positionOf(lambda, self, pc, base, stack));
          const contexts = lambda.contexts;
          for (let i = 0; i < contexts.length; i++) {
            const context = contexts[i] as (typeof contexts)[number];
            if (context.start >= pc || pc > context.end) continue;
            if (context.message !== undefined) error.addTrace(context.pos, context.message);
            else addSelectTraces(error, context.select as readonly SelectStep[], pc, context.pos, stack, base);
          }
        }
        // Leave the frame.
        const mark = stack[base - 1];
        const header = base - HEADER_SIZE;
        const failed = lambda;
        const failedPc = pc;
        lambda = stack[header];
        self = stack[header + 1];
        pc = stack[header + 2];
        base = stack[header + 3];
        sp = header;
        if (mark === CALL_MARK) {
          depth--;
          if (error instanceof EvalError && failed !== NATIVE_LAMBDA) {
            const inBody = failedPc > failed.bodyStart;
            if (inBody && showTrace) error.addTrace(failed.pos, `while calling ${functionName(failed)}`);
            if (!inBody || showTrace) {
              const pos = positionOf(lambda, self, pc, base, stack);
              if (pos !== NO_POS) error.addTrace(pos, "from call site");
            }
          }
        } else if (mark !== PLAIN_MARK) {
          const forced = mark as Thunk;
          if (error instanceof EvalError && error.kind !== "interrupted") {
            if (error instanceof RecursionError && error.thunk === forced) {
              error.addTrace(NO_POS, "entering the infinite recursion", true);
            }
            forced.code = FAILED;
            forced.a = error as unknown as Slot;
            forced.b = undefined;
            forced.rest = null;
          }
        }
      }
    }
  }
}

const NO_SLOTS: Slot[] = [];
/** The input of a builtin that has not asked for anything yet. */
const NOTHING = new MissingFormal();

function stackOverflow(): EvalError {
  return new EvalError("stack-overflow", "stack overflow; max-call-depth exceeded", CALL_SITE);
}

function newSegment(): Segment {
  return new Array(SEGMENT_SIZE).fill(undefined);
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

/** Adds the trace of a strict argument whose forcing failed; a failed check has added its own. */
function addForcingTrace(error: EvalError, frame: NativeFrame): void {
  const strict = frame.builtin?.definition.strict[frame.next];
  if (strict === undefined || !tracesForcing(strict)) return;
  const slot = frame.args[strict.arg];
  if (slot instanceof Thunk && slot.code !== null) error.addTrace(NO_POS, strict.context);
}

function* negated(comparison: Suspendable<boolean>): Suspendable<boolean> {
  return !((yield comparison) as boolean);
}

/** A generator that first gives again what `generator` already answered. */
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

function* explainAssertion(
  ctx: EvalContext,
  left: Value,
  right: Value,
  assertion: AssertionText,
): Suspendable<Value> {
  try {
    yield explainDifference(ctx, left, right, CALL_SITE, "in an equality assertion");
  } catch (error) {
    if (error instanceof EvalError && error.kind === "assertion") {
      error.addTrace(CALL_SITE, `while evaluating the condition of the assertion '${assertion.text()}'`);
    }
    throw error;
  }
  return null;
}
