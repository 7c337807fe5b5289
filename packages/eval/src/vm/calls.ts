/**
 * Calls of everything that is not a closure (builtins, sets with a `__functor`), and the steps of native
 * code. They tell their driver what to do next through the fields of a {@link StepResult}.
 */

import { marked } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { StrictArgument } from "../builtins/definition.ts";
import {
  FormalsCache,
  Lambda,
  LambdaKind,
  MissingFormal,
  type NativeCode,
} from "../bytecode/lambda.ts";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { bestMatches } from "../errors/suggestions.ts";
import { WORK_PER_BUILTIN } from "../limits/meter.ts";
import { contextNotAllowed, isCallable, typeMismatch } from "../operations/checks.ts";
import { checkNesting } from "../operations/nesting.ts";
import { CALL_SITE, NO_POS, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { isEmptyList } from "../value/open-list.ts";
import { APPLY, enterCall, restoreCall, settle, Thunk } from "../value/thunk.ts";
import {
  Builtin,
  Closure,
  ContextString,
  isList,
  isString,
  NixFloat,
  type NixList,
  PartialBuiltin,
  type Slot,
  type Value,
} from "../value/value.ts";
import {
  APPLY_LAMBDAS,
  CALL_MARK,
  NativeFrame,
  NO_SLOTS,
  PLAIN_MARK,
  RETURNING,
  type Segment,
} from "./frame.ts";
import { notAFunction } from "./instruction-errors.ts";

import { callFunctor } from "./operators.ts";
import { Pending } from "./pending.ts";
import { CallPlaceRequest, CallRequest, ForceRequest, type Suspendable } from "./requests.ts";
import { enterThunk, LEVELS_PER_STEP } from "./second-tier.ts";
import type { StepResult } from "./step-result.ts";
import { addCallTraces, failThunk } from "./unwind.ts";

/** Fills the slot of a formal that the caller did not give, until its default is made. */
export const MISSING = new MissingFormal();
/** The input of native code that has not requested anything yet. */
export const NOTHING = Symbol("nothing");

/** Checks a strict argument; the message is C++ Nix's. */
export function checkArgument(ctx: EvalContext, value: Value, strict: StrictArgument): void {
  checkType(ctx, value, strict);
  if (strict.check !== undefined) strict.check(ctx, value as never);
}

function checkType(ctx: EvalContext, value: Value, strict: StrictArgument): void {
  switch (strict.expect) {
    case "any":
      return;
    case "int":
      if (typeof value === "number" || typeof value === "bigint") return;
      throw typeMismatch(ctx, value, "an integer", strict.trace);
    case "float":
      if (typeof value === "number" || typeof value === "bigint" || value instanceof NixFloat)
        return;
      throw typeMismatch(ctx, value, "a float", strict.trace);
    case "bool":
      if (typeof value === "boolean") return;
      throw typeMismatch(ctx, value, "a Boolean", strict.trace);
    case "string":
      if (isString(value)) return;
      throw typeMismatch(ctx, value, "a string", strict.trace);
    case "string-no-context":
      if (typeof value === "string") return;
      if (value instanceof ContextString)
        throw contextNotAllowed(value).addTrace(NO_POS, strict.trace);
      throw typeMismatch(ctx, value, "a string", strict.trace);
    case "list":
      if (isList(value)) return;
      throw typeMismatch(ctx, value, "a list", strict.trace);
    case "set":
      if (value instanceof Attrs) return;
      throw typeMismatch(ctx, value, "a set", strict.trace);
    case "function":
      if (isCallable(value)) return;
      throw typeMismatch(ctx, value, "a function", strict.trace);
  }
}

/** Runs a builtin's code; its arguments are checked. */
function runBuiltin(
  ctx: EvalContext,
  builtin: Builtin,
  args: readonly Slot[],
): Slot | Suspendable<Slot> {
  const { run } = builtin;
  ctx.limits?.work(WORK_PER_BUILTIN);
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

/** How a step of native code ended: what the driver does next. */
export const enum StepOutcome {
  /** {@link StepResult.result} is the result of the native code. */
  Done,
  /** {@link StepResult.thunk} is to be forced. */
  Force,
  /** {@link StepResult.request} is to be called. */
  Call,
  /** The frame of {@link StepResult.entering} is to be pushed. */
  Enter,
  /** The position of the call of the frame's builtin is wanted. */
  Place,
}

/**
 * {@link callValue} for a plain builtin of one or two arguments whose strict arguments are forced already;
 * returns -1 otherwise.
 */
function callPlain(step: StepResult, builtin: Builtin, stack: Segment, sp: number): number {
  const { ctx, observer } = step;
  const { arity, strict, run } = builtin;
  let first: Slot = stack[sp - 2];
  let second: Slot = arity === 1 ? null : stack[sp - 3];
  step.running = builtin;
  for (let i = 0; i < strict.length; i++) {
    const argument = strict[i] as StrictArgument;
    if (argument.unlessEmpty && isEmptyList(second as NixList)) continue;
    const slot = argument.arg === 0 ? first : second;
    let value: Value;
    if (slot instanceof Thunk) {
      if (slot.code !== null) {
        step.running = null;
        return -1;
      }
      value = slot.a as Value;
      if (argument.arg === 0) first = value;
      else second = value;
    } else value = slot;
    checkArgument(ctx, value, argument);
  }
  observer?.callBuiltin?.(builtin);
  ctx.limits?.work(WORK_PER_BUILTIN);
  const result = (arity === 1 ? run(ctx, first) : run(ctx, first, second)) as Slot;
  step.running = null;
  observer?.returnBuiltin?.(builtin, result);
  step.consumed = arity;
  return leaveResult(step, builtin, result, stack, sp - 1 - arity);
}

/** Puts the result of a plain builtin at `top`, or has it forced first; returns the new `sp`. */
function leaveResult(
  step: StepResult,
  builtin: Builtin,
  result: Slot,
  stack: Segment,
  top: number,
): number {
  if (!(result instanceof Thunk)) stack[top] = result;
  else if (result.code === null) stack[top] = result.a;
  else {
    // The frame stays while the result is forced, so that traces name the builtin.
    step.entering = new NativeFrame(builtin, [result], RETURNING, null);
    step.enteringMark = CALL_MARK;
    return top;
  }
  return top + 1;
}

/**
 * Calls a builtin or functor with the first of the `count` arguments that lie on the stack below `sp`; the
 * callee is on the top. Returns the new `sp`; {@link StepResult.consumed} says how many arguments the call
 * took. Either the result is on the stack or {@link StepResult.entering} is to be entered.
 */
export function callValue(
  step: StepResult,
  callee: Value,
  count: number,
  stack: Segment,
  sp: number,
): number {
  const ctx = step.ctx;
  let builtin: Builtin;
  let given: readonly Slot[] = NO_SLOTS;
  if (callee instanceof Builtin) {
    builtin = callee;
    const { arity } = builtin;
    if (builtin.plain && arity <= 2 && arity <= count) {
      const top = callPlain(step, builtin, stack, sp);
      if (top >= 0) return top;
    }
  } else if (callee instanceof PartialBuiltin) {
    builtin = callee.builtin;
    given = callee.args;
  } else if (callee instanceof Attrs && callee.has("__functor")) {
    step.consumed = 1;
    step.entering = new NativeFrame(null, NO_SLOTS, 0, callFunctor(callee, stack[sp - 2]));
    step.enteringMark = CALL_MARK;
    return sp - 2;
  } else throw notAFunction(ctx, callee);
  const needed = builtin.arity - given.length;
  let top = sp - 1;
  if (needed > count) {
    const args = new Array<Slot>(given.length + count);
    for (let i = 0; i < given.length; i++) args[i] = given[i] as Slot;
    for (let i = given.length; i < args.length; i++) args[i] = stack[--top];
    stack[top] = new PartialBuiltin(builtin, args);
    step.consumed = count;
    return top + 1;
  }
  step.consumed = needed;
  const args: Slot[] = new Array<Slot>(builtin.arity);
  for (let i = 0; i < given.length; i++) args[i] = given[i] as Slot;
  for (let i = given.length; i < args.length; i++) args[i] = stack[--top];
  // In most calls the strict arguments are forced already, so no frame is needed.
  const { strict } = builtin;
  step.running = builtin;
  let ready = 0;
  for (; ready < strict.length; ready++) {
    const argument = strict[ready] as StrictArgument;
    if (argument.unlessEmpty && isEmptyList(args[1] as NixList)) continue;
    const slot = args[argument.arg] as Slot;
    let value: Value;
    if (slot instanceof Thunk) {
      if (slot.code !== null) break;
      value = slot.a as Value;
      args[argument.arg] = value;
    } else value = slot;
    checkArgument(ctx, value, argument);
  }
  if (ready === strict.length && builtin.plain) {
    step.observer?.callBuiltin?.(builtin);
    const result = runBuiltin(ctx, builtin, args) as Slot;
    step.running = null;
    step.observer?.returnBuiltin?.(builtin, result);
    return leaveResult(step, builtin, result, stack, top);
  }
  step.running = null;
  step.entering = new NativeFrame(builtin, args, ready, null);
  step.enteringMark = CALL_MARK;
  return top;
}

/** Requests that `thunk` be forced; errors about forcing it get the position `pos`. */
function askFor(step: StepResult, thunk: Thunk, pos: PosIdx): void {
  step.thunk = thunk;
  step.askedPos = pos;
}

/**
 * Runs native code until it is done or requests something. `mark` is the mark of its frame, `calls` the
 * number of open calls. Where there is `room` for native frames, a request that translated code can serve
 * is served at once.
 */
export function stepNative(
  step: StepResult,
  frame: NativeFrame,
  input: unknown,
  mark: Thunk | null | undefined,
  calls: number,
  room: number,
): StepOutcome {
  const { nesting } = step.ctx;
  const deepest = nesting.levels + LEVELS_PER_STEP;
  let answer = input;
  for (;;) {
    let result: unknown;
    if (frame.suspendable !== null) {
      const answered = frame.suspendable.next(answer);
      if (answered.done !== true) {
        const wanted = answered.value;
        if (wanted instanceof CallRequest) {
          if (room > 0 && wanted.callee instanceof Closure) {
            const js = translationFor(wanted.callee.code, wanted.args.length);
            if (js !== null) {
              answer = callTranslation(step.ctx, js, wanted, calls + 1, room);
              continue;
            }
          }
          step.request = wanted;
          return StepOutcome.Call;
        }
        if (wanted instanceof Thunk || wanted instanceof ForceRequest) {
          let thunk: Thunk;
          let pos: PosIdx = NO_POS;
          if (wanted instanceof Thunk) thunk = wanted;
          else {
            thunk = wanted.thunk;
            pos = wanted.pos;
          }
          if (thunk.code === null) {
            answer = thunk.a;
            continue;
          }
          if (room > 0 && nesting.levels <= deepest) {
            const value = tryForce(step.ctx, thunk, pos, calls, room);
            if (value !== undefined) {
              answer = value;
              continue;
            }
          }
          askFor(step, thunk, pos);
          return StepOutcome.Force;
        }
        if (wanted instanceof CallPlaceRequest) return StepOutcome.Place;
        if (wanted instanceof Pending) {
          step.yielded = true;
          throw wanted;
        }
        step.entering = new NativeFrame(null, NO_SLOTS, 0, wanted);
        step.enteringMark = PLAIN_MARK;
        return StepOutcome.Enter;
      }
      result = answered.value;
      if (frame.builtin !== null) step.observer?.returnBuiltin?.(frame.builtin, result);
    } else if (frame.next === RETURNING) {
      if (answer === NOTHING) {
        askFor(step, frame.args[0] as Thunk, NO_POS);
        return StepOutcome.Force;
      }
      result = answer;
    } else {
      const builtin = frame.builtin as Builtin;
      while (gatherArguments(step, frame, builtin, answer)) {
        if (room <= 0 || nesting.levels > deepest) return StepOutcome.Force;
        const value = tryForce(step.ctx, step.thunk as Thunk, NO_POS, calls, room);
        if (value === undefined) return StepOutcome.Force;
        step.thunk = null;
        answer = value;
      }
      step.observer?.callBuiltin?.(builtin);
      const outcome = runBuiltin(step.ctx, builtin, frame.args);
      if (!builtin.plain) {
        frame.suspendable = outcome as Suspendable<unknown>;
        answer = undefined;
        continue;
      }
      result = outcome;
      step.observer?.returnBuiltin?.(builtin, result);
    }
    // The result of a builtin, or of native code of a thunk, is forced while its frame is still there.
    if (result instanceof Thunk && mark !== PLAIN_MARK) {
      if (result.code !== null) {
        frame.suspendable = null;
        frame.next = RETURNING;
        askFor(step, result, NO_POS);
        return StepOutcome.Force;
      }
      result = result.a;
    }
    step.result = result;
    return StepOutcome.Done;
  }
}

/** The translation that takes exactly `count` arguments. */
function translationFor(lambda: Lambda, count: number): NativeCode | null {
  if (count === 1) return lambda.js;
  const { fused } = lambda;
  return fused !== null && fused.extraArguments === count - 1 ? fused.js : null;
}

/** Serves a request for a call by the translation of the function. */
function callTranslation(
  ctx: EvalContext,
  js: NativeCode,
  { callee, args, pos }: CallRequest,
  calls: number,
  room: number,
): Value {
  try {
    if (args.length === 1) return js(callee, args[0], calls, room);
    if (args.length === 2) return js(callee, args[0], args[1], calls, room);
    return js(callee, ...args, calls, room);
  } catch (error) {
    // If the call site is where the native code was called, the caller adds the traces.
    if (pos !== CALL_SITE) arriveAt(ctx, error, pos);
    throw error;
  }
}

/** The value of an unforced thunk if translated code can compute it, else `undefined`. */
function tryForce(
  ctx: EvalContext,
  thunk: Thunk,
  pos: PosIdx,
  calls: number,
  room: number,
): Value | undefined {
  const { code } = thunk;
  if (code instanceof Lambda) {
    const { js, kind } = code;
    return js !== null && kind === LambdaKind.Thunk
      ? enterThunk(js, thunk, calls, room)
      : undefined;
  }
  if (code !== APPLY || pos === CALL_SITE) return undefined;
  const { a: callee } = thunk;
  const js = callee instanceof Closure ? callee.code.js : null;
  return js === null ? undefined : forceApplied(ctx, js, thunk, pos, calls + 1, room);
}

/** Forces a thunk that is a call with one argument, by the translation of the function. */
function forceApplied(
  ctx: EvalContext,
  js: NativeCode,
  thunk: Thunk,
  pos: PosIdx,
  calls: number,
  room: number,
): Value {
  const { a: callee, b: argument } = thunk;
  enterCall(thunk);
  try {
    const value = js(callee as Closure, argument, calls, room);
    settle(thunk, value);
    return value;
  } catch (thrown) {
    const error = evalErrorOf(thrown);
    arriveAt(ctx, error, pos);
    restoreCall(thunk, callee, undefined, argument);
    failThunk(thunk, error, APPLY_LAMBDAS[0] as Lambda);
    throw error;
  }
}

/** Adds the traces of the call at `pos` to an error that leaves a translation. */
function arriveAt(ctx: EvalContext, error: unknown, pos: PosIdx): void {
  if (!(error instanceof EvalError)) return;
  if (error.leaving !== null) addCallTraces(error, error.leaving, pos, ctx.settings.showTrace);
  error.resolveCallSite(pos);
}

/** Stores the argument that was forced and looks for the next; returns whether one is to be forced. */
function gatherArguments(
  step: StepResult,
  frame: NativeFrame,
  builtin: Builtin,
  input: unknown,
): boolean {
  const ctx = step.ctx;
  const { strict } = builtin;
  if (input !== NOTHING) {
    const argument = strict[frame.next] as StrictArgument;
    if (argument.nested) ctx.nesting.levels--;
    frame.args[argument.arg] = input as Value;
    checkArgument(ctx, input as Value, argument);
    frame.next++;
  }
  for (; frame.next < strict.length; frame.next++) {
    const argument = strict[frame.next] as StrictArgument;
    if (argument.unlessEmpty && isEmptyList(frame.args[1] as NixList)) continue;
    const slot = frame.args[argument.arg] as Slot;
    if (slot instanceof Thunk && slot.code !== null) {
      if (argument.nested) {
        // Undone above, or by `leaveArgument` if forcing fails.
        ctx.nesting.levels++;
        checkNesting(ctx, NO_POS, -1);
      }
      askFor(step, slot, NO_POS);
      return true;
    }
    const value = (slot instanceof Thunk ? slot.a : slot) as Value;
    frame.args[argument.arg] = value;
    checkArgument(ctx, value, argument);
  }
  return false;
}

/** Stands for the names of an open shape, which reports what is looked up in it. */
const NO_NAMES: readonly string[] = [];

/**
 * Binds the formals of a function to the attributes of its argument, from the local `first` on. The
 * indexes of the formals are remembered per shape: see docs/design/006-calls-and-sets.md.
 */
export function bindFormals(lambda: Lambda, argument: Attrs, stack: Segment, first: number): void {
  const { shape, values } = argument;
  const isFlat = argument.base === null;
  const cache = lambda.formalsCache;
  const again = isFlat && cache !== null && cache.shape === shape;
  if (again) {
    const { indexes } = cache;
    if (indexes !== null) {
      for (let i = 0; i < indexes.length; i++) {
        const at = indexes[i] as number;
        stack[first + i] = at < 0 ? MISSING : values[at];
      }
      return;
    }
  }
  const formals = lambda.formals as NonNullable<Lambda["formals"]>;
  const names = formals.names;
  let used = 0;
  // Attributes often have the order of the formals.
  const given = shape.open === null ? shape.blindNames : NO_NAMES;
  let next = 0;
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    let slot: Slot | undefined;
    if (given[next] === name) slot = values[next++];
    else {
      const at = shape.indexOf(name);
      if (at >= 0) {
        slot = values[at];
        next = at + 1;
      } else if (!isFlat) slot = (argument.base as Attrs).get(name);
    }
    if (slot === undefined) stack[first + i] = MISSING;
    else {
      used++;
      stack[first + i] = slot;
    }
  }
  if (used < names.length) {
    for (let i = 0; i < names.length; i++) {
      if (stack[first + i] === MISSING && !(formals.defaults[i] as boolean)) {
        throw new EvalError(
          "missing-argument",
          marked`function '${lambda.name ?? "anonymous lambda"}' called without required argument '${names[i]}'`,
          lambda.pos,
        );
      }
    }
  }
  if (!formals.ellipsis && used !== argument.size()) {
    for (const name of argument.names()) {
      if (!names.includes(name)) {
        throw new EvalError(
          "type",
          marked`function '${lambda.name ?? "anonymous lambda"}' called with unexpected argument '${printIdentifier(name)}'`,
          lambda.pos,
        ).suggest(bestMatches(names, name));
      }
    }
  }
  if (again) cache.indexes = names.map((name) => shape.indexOf(name));
  else if (isFlat) {
    if (cache === null) lambda.formalsCache = new FormalsCache(shape);
    else {
      cache.shape = shape;
      cache.indexes = null;
    }
  }
}
