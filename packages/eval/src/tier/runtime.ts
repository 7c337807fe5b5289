/**
 * The runtime of translated code: the functions that the sources made by `translate.ts` call. They do what
 * the loop and its instructions do, but recurse natively. Where the room for native frames ends or a lambda
 * has no translation, they hand over to a machine of the pool (deoptimisation, call by call).
 *
 * Everything is passed down as arguments, so an exception needs no clean-up: `calls` is the number of open
 * calls, `room` the words left of the native stack, and `site` and `at` say where the calling code is
 * (`positionAt` makes a position of them). Generators and builtins are those of the machine and stepped by
 * `stepNative`; only the driver is here. See docs/design/005-second-tier.md.
 */
import type { StrictArgument } from "../builtins/definition.ts";
import {
  type AssertionText,
  type Lambda,
  LambdaKind,
  type NativeCode,
  type SelectCache,
} from "../bytecode/lambda.ts";
import { Op } from "../bytecode/opcode.ts";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import {
  addNumbers,
  divideNumbers,
  multiplyNumbers,
  subtractNumbers,
} from "../operations/arithmetic.ts";
import { lessThanFast } from "../operations/compare.ts";
import { equalFast } from "../operations/equality.ts";
import { checkNesting } from "../operations/nesting.ts";
import { CALL_SITE, NO_POS, type PosIdx } from "../position.ts";
import { Attrs, updateAttrs } from "../value/attrs.ts";
import { isEmptyList } from "../value/open-list.ts";
import {
  APPLY2,
  BLACKHOLE,
  enterCall,
  FAILED,
  firstArgument,
  isSuspendedCall,
  NATIVE,
  restoreCall,
  settle,
  Thunk,
  ThunkState,
} from "../value/thunk.ts";
import { Builtin, Closure, NixFloat, type NixList, type Slot, type Value } from "../value/value.ts";
import {
  bindFormals,
  callValue,
  checkArgument,
  NOTHING,
  StepOutcome,
  stepNative,
} from "../vm/calls.ts";
import {
  APPLY_LAMBDAS,
  CALL_MARK,
  NATIVE_CALLS,
  NATIVE_LAMBDA,
  NativeFrame,
  NO_SLOTS,
  PLAIN_MARK,
  positionAt,
  RETURNING,
  type Segment,
} from "../vm/frame.ts";
import {
  missingAttribute,
  notABoolean,
  notASet,
  notFormals,
  recursionAt,
  startThunk,
} from "../vm/instruction-errors.ts";
import type { Machine } from "../vm/machine.ts";
import type { MachinePool } from "../vm/machine-pool.ts";
import { failedAssertion } from "../vm/operators.ts";
import { addCyclePosition } from "../vm/recursion-cycle.ts";
import { RecursionError } from "../vm/recursion-error.ts";
import { type CallRequest, ForceRequest, type Suspendable } from "../vm/requests.ts";
import { selectUncached } from "../vm/select.ts";
import { stackOp } from "../vm/stack-ops.ts";
import { StepResult } from "../vm/step-result.ts";
import {
  addBuiltinTrace,
  addCallTraces,
  addFrameTraces,
  failThunk,
  leaveArgument,
  leftFunction,
  throwInto,
} from "../vm/unwind.ts";
import {
  notANamespace,
  undefinedVariable,
  type WithCache,
  type WithScope,
} from "../vm/with-scope.ts";

/**
 * Words of native stack that driving native code takes, with the functions around it. Like
 * {@link RUN_ROOM} and `FRAME_ROOM` in `translate.ts` it is an estimate on the safe side, checked together
 * and not one by one: with all three, every recursion that was tried stays within 560 KB of V8's 984 KB
 * (docs/design/005-second-tier.md).
 */
const DRIVE_ROOM = 120;
/** The same for a run of the machine. Ten times as much, so that few machines nest: their stacks are large. */
const RUN_ROOM = 1200;
/** Operands that most steps have; those of a long list or string make the array grow. */
const OPERANDS = 64;
/** Arguments that one run of a machine takes. */
const MAX_ARGUMENTS = 8;

type Mark = Thunk | null | undefined;

/** The lambda of the calling code, beside a code offset; `null` beside a position. */
type Site = Lambda | null;

export type { TierRuntime };

/** Creates the runtime of an evaluation. */
export function createRuntime(...args: ConstructorParameters<typeof TierRuntime>): TierRuntime {
  return new TierRuntime(...args);
}

/** What translated code calls as `R`. One for each evaluation. */
class TierRuntime {
  /** The outputs of the steps that this runtime drives. */
  private readonly step: StepResult;
  /** The operands of those steps: an array of the kind that the machine has, so that V8 sees one kind. */
  private readonly operands: Segment = new Array(OPERANDS).fill(undefined);
  private readonly showTrace: boolean;
  private stressCounter = 0;
  /** Runs of the machine that translated code has started. */
  handOvers = 0;

  constructor(
    readonly ctx: EvalContext,
    private readonly machines: MachinePool,
    /** Calls that nest deeper than this are made by the machine. */
    readonly maxDepth: number,
    /** Counts an entry of a lambda without a translation; returns the translation if that reached the threshold. */
    private readonly countEntry: (lambda: Lambda) => NativeCode | null,
    /** For tests: hands over needlessly every third time. */
    private readonly stress: boolean,
  ) {
    this.step = new StepResult(ctx, undefined);
    this.showTrace = ctx.settings.showTrace;
  }

  /** Whether there is room for another native frame. */
  private fits(room: number): boolean {
    return room > 0 && !(this.stress && ++this.stressCounter % 3 === 0);
  }

  // ── Forcing ────────────────────────────────────────────────────────────────────────────────────

  /** The value of a slot. */
  force(slot: Slot, calls: number, room: number, site: Site, at: number): Value {
    if (!(slot instanceof Thunk)) return slot;
    if (slot.code === null) return slot.a as Value;
    return this.forceThunk(slot, calls, room, site, at);
  }

  private forceThunk(thunk: Thunk, calls: number, room: number, site: Site, at: number): Value {
    const code = thunk.code;
    if (code instanceof ThunkState) {
      return this.forceState(thunk, CALL_SITE, calls, room, site, at);
    }
    const lambda = code as Lambda;
    if (lambda.kind === LambdaKind.Function) {
      const closure = new Closure(lambda, thunk.a, thunk.b, thunk.rest);
      settle(thunk, closure);
      return closure;
    }
    if (this.fits(room)) {
      const js = lambda.js ?? this.countEntry(lambda);
      if (js !== null) return js(thunk, calls, room);
    }
    return this.runThunk(thunk, calls, room, site, at);
  }

  /** Forces a thunk in a state without a lambda; errors about forcing it get `pos`. */
  private forceState(
    thunk: Thunk,
    pos: PosIdx,
    calls: number,
    room: number,
    site: Site,
    at: number,
  ): Value {
    const state = thunk.code;
    if (state === BLACKHOLE || state === FAILED || (state === NATIVE && this.fits(room))) {
      return this.drive(startThunk(thunk, pos), thunk, calls, room, site, at) as Value;
    }
    if (isSuspendedCall(state) && this.fits(room))
      return this.forceApply(thunk, pos, calls, room, site, at);
    if (pos === CALL_SITE) return this.runThunk(thunk, calls, room, site, at);
    const frame = new NativeFrame(null, NO_SLOTS, 0, forceAt(thunk, pos));
    return this.runNative(frame, PLAIN_MARK, calls, room, site, at) as Value;
  }

  private forceApply(
    thunk: Thunk,
    pos: PosIdx,
    calls: number,
    room: number,
    site: Site,
    at: number,
  ): Value {
    const { a: callee, b: last } = thunk;
    const first = thunk.code === APPLY2 ? firstArgument(thunk) : undefined;
    enterCall(thunk);
    const callSite = pos === CALL_SITE ? site : null;
    const callAt = pos === CALL_SITE ? at : pos;
    const left = room - DRIVE_ROOM;
    try {
      const f = this.force(callee as Slot, calls, left, callSite, callAt);
      const value =
        first === undefined
          ? this.call1(f, last as Slot, calls, left, callSite, callAt)
          : this.call2(f, first, last as Slot, calls, left, callSite, callAt);
      settle(thunk, value);
      return value;
    } catch (thrown) {
      const error = this.leaveCall(thrown, callSite, callAt);
      restoreCall(thunk, callee, first, last);
      failThunk(thunk, error, APPLY_LAMBDAS[first === undefined ? 0 : 1] as Lambda);
      throw error;
    }
  }

  /** Makes a call that native code requested. `pos` is its position; `CALL_SITE` is where the native code was called. */
  private apply(
    slot: Slot,
    args: readonly Slot[],
    pos: PosIdx,
    calls: number,
    room: number,
    site: Site,
    at: number,
  ): Value {
    const callSite = pos === CALL_SITE ? site : null;
    const callAt = pos === CALL_SITE ? at : pos;
    try {
      const callee = this.force(slot, calls, room, callSite, callAt);
      if (args.length === 1) {
        return this.call1(callee, args[0] as Slot, calls, room, callSite, callAt);
      }
      if (args.length === 2 && !(callee instanceof Closure)) {
        const [first, second] = args as [Slot, Slot];
        return this.call2(callee, first, second, calls, room, callSite, callAt);
      }
      return this.callAll(callee, args, calls, room, callSite, callAt);
    } catch (thrown) {
      throw this.leaveCall(thrown, callSite, callAt);
    }
  }

  /** The error to throw after a call failed that native code requested. */
  private leaveCall(thrown: unknown, site: Site, at: number): unknown {
    const error = evalErrorOf(thrown);
    const where = positionAt(site, at);
    this.arrive(error, where);
    if (error instanceof EvalError) error.resolveCallSite(where);
    return error;
  }

  // ── Calls ──────────────────────────────────────────────────────────────────────────────────────

  /** `callee argument` */
  call1(callee: Value, argument: Slot, calls: number, room: number, site: Site, at: number): Value {
    if (callee instanceof Closure && this.fits(room)) {
      const js = callee.code.js ?? this.countEntry(callee.code);
      if (js !== null) return js(callee, argument, calls + 1, room);
    }
    if (callee instanceof Closure) return this.callAll(callee, [argument], calls, room, site, at);
    if (callee instanceof Builtin && callee.plain && callee.arity === 1 && this.fits(room)) {
      return this.callPlain(callee, argument, null, calls, room, site, at);
    }
    const stack = this.operands;
    stack[0] = argument;
    return this.callOther(callee, 1, calls, room, site, at);
  }

  /** `callee first second` */
  call2(
    callee: Value,
    first: Slot,
    second: Slot,
    calls: number,
    room: number,
    site: Site,
    at: number,
  ): Value {
    if (callee instanceof Closure) {
      return this.callAll(callee, [first, second], calls, room, site, at);
    }
    if (callee instanceof Builtin && callee.plain && callee.arity === 2 && this.fits(room)) {
      return this.callPlain(callee, first, second, calls, room, site, at);
    }
    const { step } = this;
    const stack = this.operands;
    stack[0] = second;
    stack[1] = first;
    const value = this.callOther(callee, 2, calls, room, site, at);
    if (step.consumed === 2) return value;
    return this.call1(value, second, calls, room, site, at);
  }

  /** `callee first second third` */
  call3(
    callee: Value,
    first: Slot,
    second: Slot,
    third: Slot,
    calls: number,
    room: number,
    site: Site,
    at: number,
  ): Value {
    if (callee instanceof Closure) {
      return this.callAll(callee, [first, second, third], calls, room, site, at);
    }
    const { step } = this;
    const stack = this.operands;
    stack[0] = third;
    stack[1] = second;
    stack[2] = first;
    const value = this.callOther(callee, 3, calls, room, site, at);
    if (step.consumed === 3) return value;
    if (step.consumed === 2) return this.call1(value, third, calls, room, site, at);
    return this.call2(value, second, third, calls, room, site, at);
  }

  /** Calls with any number of arguments, the first one first. */
  callAll(
    callee: Value,
    args: readonly Slot[],
    calls: number,
    room: number,
    site: Site,
    at: number,
  ): Value {
    let value = callee;
    let given = 0;
    while (given < args.length) {
      if (!(value instanceof Closure)) {
        const count = args.length - given;
        const stack = this.operands;
        for (let i = 0; i < count; i++) stack[i] = args[args.length - 1 - i];
        value = this.callOther(value, count, calls, room, site, at);
        given += this.step.consumed;
        continue;
      }
      let lambda = value.code;
      let count = 1;
      const { fused } = lambda;
      if (fused !== null && fused.extraArguments < args.length - given) {
        lambda = fused;
        count += fused.extraArguments;
      }
      const js = this.fits(room) ? (lambda.js ?? this.countEntry(lambda)) : null;
      if (js === null) {
        const some = args.slice(given, given + MAX_ARGUMENTS);
        value = this.runCall(value, some, calls, room, site, at);
        given += some.length;
        continue;
      }
      if (count === 2) offerFused(value.code, js, 2);
      else if (count === 3) offerFused(value.code, js, 3);
      value = enter(js, value, args, given, count, calls + 1, room);
      given += count;
    }
    return value;
  }

  /**
   * Calls a builtin or functor; throws for other values. The `count` arguments lie in `operands`, the first
   * one last; `step.consumed` says how many the call took.
   */
  private callOther(
    callee: Value,
    count: number,
    calls: number,
    room: number,
    site: Site,
    at: number,
  ): Value {
    const { step } = this;
    const stack = this.operands;
    stack[count] = callee;
    const sp = callValue(step, callee, count, stack, count + 1);
    const frame = step.entering;
    if (frame === null) return stack[sp - 1] as Value;
    const { enteringMark, consumed } = step;
    step.entering = null;
    const value = this.drive(frame, enteringMark, calls, room, site, at) as Value;
    step.consumed = consumed;
    return value;
  }

  /** Calls a plain builtin with all its arguments, one or two. */
  private callPlain(
    builtin: Builtin,
    firstSlot: Slot,
    secondSlot: Slot,
    calls: number,
    room: number,
    site: Site,
    at: number,
  ): Value {
    const { nesting } = this.ctx;
    const inside = calls + 1;
    const { strict, run } = builtin;
    let first = firstSlot;
    let second = secondSlot;
    let ready = 0;
    let result: Slot;
    try {
      for (; ready < strict.length; ready++) {
        const argument = strict[ready] as StrictArgument;
        if (argument.unlessEmpty && isEmptyList(second as NixList)) continue;
        const slot = argument.arg === 0 ? first : second;
        let value: Value;
        if (!(slot instanceof Thunk)) value = slot;
        else if (slot.code === null) value = slot.a as Value;
        else {
          if (argument.nested) {
            // Undone below, or by `leaveArgument` if forcing fails.
            nesting.calls = inside;
            nesting.levels++;
            checkNesting(this.ctx, NO_POS, -1);
          }
          const left = inside + nesting.levels < this.maxDepth ? room - DRIVE_ROOM : 0;
          value =
            slot.code instanceof ThunkState
              ? this.forceState(slot, NO_POS, inside, left, site, at)
              : this.forceThunk(slot, inside, left, site, at);
          if (argument.nested) nesting.levels--;
        }
        checkArgument(this.ctx, value, argument);
        if (argument.arg === 0) first = value;
        else second = value;
      }
      nesting.calls = inside;
      result = run(this.ctx, first, second) as Slot;
    } catch (thrown) {
      const error = evalErrorOf(thrown);
      const pos = positionAt(site, at);
      this.arrive(error, pos);
      leaveArgument(this.ctx, error, new NativeFrame(builtin, [first, second], ready, null));
      if (error instanceof EvalError) addBuiltinTrace(error, builtin, pos);
      throw error;
    }
    if (!(result instanceof Thunk)) return result;
    if (result.code === null) return result.a as Value;
    const frame = new NativeFrame(builtin, [result], RETURNING, null);
    return this.drive(frame, CALL_MARK, calls, room, site, at) as Value;
  }

  // ── Native code ────────────────────────────────────────────────────────────────────────────────

  /** Runs native code to its end, as the frames of the machine would. */
  private drive(
    frame: NativeFrame,
    mark: Mark,
    calls: number,
    room: number,
    site: Site,
    at: number,
  ): unknown {
    if (!this.fits(room)) return this.runNative(frame, mark, calls, room, site, at);
    const { step } = this;
    const inside = mark === CALL_MARK ? calls + 1 : calls;
    const { nesting } = this.ctx;
    let input: unknown = NOTHING;
    for (;;) {
      // Each level of a value that native code is in counts like a call, and levels change while it runs.
      const left = inside + nesting.levels < this.maxDepth ? room - DRIVE_ROOM : 0;
      nesting.calls = inside;
      try {
        const outcome = stepNative(step, frame, input, mark, inside, left);
        if (outcome === StepOutcome.Done) {
          const { result } = step;
          step.result = undefined;
          if (mark instanceof Thunk) settle(mark, result as Value);
          return result;
        }
        if (outcome === StepOutcome.Force) {
          const thunk = step.thunk as Thunk;
          const pos = step.askedPos;
          step.thunk = null;
          input =
            thunk.code instanceof ThunkState
              ? this.forceState(thunk, pos, inside, left, site, at)
              : this.force(thunk, inside, left, site, at);
        } else if (outcome === StepOutcome.Call) {
          const { callee, args, pos } = step.request as CallRequest;
          step.request = null;
          input = this.apply(callee, args, pos, inside, left, site, at);
        } else if (outcome === StepOutcome.Place) input = positionAt(site, at);
        else {
          const inner = step.entering as NativeFrame;
          const innerMark = step.enteringMark;
          step.entering = null;
          input = this.drive(inner, innerMark, inside, left, site, at);
        }
      } catch (thrown) {
        let error = evalErrorOf(thrown);
        this.arrive(error, positionAt(site, at));
        if (frame.suspendable !== null) {
          const next = throwInto(frame, error);
          if (next === undefined) {
            input = undefined;
            continue;
          }
          error = next;
        } else if (frame.next >= 0) leaveArgument(this.ctx, error, frame);
        if (error instanceof EvalError && frame.builtin !== null) {
          addBuiltinTrace(error, frame.builtin, positionAt(site, at));
        }
        if (mark instanceof Thunk) failThunk(mark, error, NATIVE_LAMBDA);
        throw error;
      }
    }
  }

  // ── Handing over ───────────────────────────────────────────────────────────────────────────────

  private machine(calls: number, room: number, site: Site, at: number): Machine {
    this.handOvers++;
    const machine = this.machines.take();
    machine.depth = calls;
    machine.room = room - RUN_ROOM;
    machine.caller.lambda = site;
    machine.caller.at = at;
    machine.self = machine.caller;
    return machine;
  }

  private runThunk(thunk: Thunk, calls: number, room: number, site: Site, at: number): Value {
    const machine = this.machine(calls, room, site, at);
    machine.thunk = thunk;
    return this.machines.finish(machine) as Value;
  }

  private runCall(
    callee: Value,
    args: readonly Slot[],
    calls: number,
    room: number,
    site: Site,
    at: number,
  ): Value {
    const machine = this.machine(calls, room, site, at);
    const { stack } = machine;
    let sp = 0;
    for (let i = args.length - 1; i >= 0; i--) stack[sp++] = args[i];
    stack[sp++] = callee;
    machine.sp = sp;
    machine.pc = NATIVE_CALLS[args.length - 1] as number;
    return this.machines.finish(machine) as Value;
  }

  private runNative(
    frame: NativeFrame,
    mark: Mark,
    calls: number,
    room: number,
    site: Site,
    at: number,
  ): unknown {
    const machine = this.machine(calls, room, site, at);
    machine.step.entering = frame;
    machine.step.enteringMark = mark;
    return this.machines.finish(machine);
  }

  // ── Errors ─────────────────────────────────────────────────────────────────────────────────────

  /** An error arrives in the calling frame: adds the traces of the call. */
  private arrive(error: unknown, pos: PosIdx): void {
    const builtin = this.step.running;
    this.step.running = null;
    this.step.entering = null;
    if (!(error instanceof EvalError)) return;
    if (error.leaving !== null) addCallTraces(error, error.leaving, pos, this.showTrace);
    if (builtin !== null) addBuiltinTrace(error, builtin, pos);
  }

  /**
   * Carries an error out of the translation of a lambda; returns the error to throw. `operands` is the operand
   * stack, as far as traces of selections need it.
   */
  leave(thrown: unknown, lambda: Lambda, pc: number, operands: readonly unknown[]): unknown {
    const error = evalErrorOf(thrown);
    const pos = lambda.positionBefore(pc);
    this.arrive(error, pos);
    if (!(error instanceof EvalError)) return error;
    if (error instanceof RecursionError) addCyclePosition(error, pos);
    if (error.pos === NO_POS && error.nearPos === NO_POS) error.nearPos = pos;
    addFrameTraces(this.ctx, error, lambda, pc, pos, operands, -lambda.localCount);
    if (lambda.kind === LambdaKind.Function) {
      error.leaving = leftFunction(lambda, pc > lambda.bodyStart);
    }
    return error;
  }

  /**
   * The same for a function that loops instead of calling itself: `rounds` is the number of calls, all at the
   * code offset `at`, or the offset of each.
   */
  leaveLoop(
    thrown: unknown,
    lambda: Lambda,
    pc: number,
    operands: readonly unknown[],
    rounds: number | readonly number[] | null,
    at: number,
  ): unknown {
    const error = this.leave(thrown, lambda, pc, operands);
    if (!(error instanceof EvalError) || rounds === null) return error;
    const count = typeof rounds === "number" ? rounds : rounds.length;
    for (let i = count - 1; i >= 0; i--) {
      const offset = typeof rounds === "number" ? at : (rounds[i] as number);
      this.leave(error, lambda, offset, this.noOperands);
    }
    return error;
  }

  /** The same for the translation of a thunk, which fails. */
  leaveThunk(
    thrown: unknown,
    lambda: Lambda,
    pc: number,
    operands: readonly unknown[],
    thunk: Thunk,
  ): unknown {
    const error = this.leave(thrown, lambda, pc, operands);
    failThunk(thunk, error, lambda);
    return error;
  }

  // ── Rows of slots ──────────────────────────────────────────────────────────────────────────────

  /** The operands of code without selections, for {@link leave}. */
  readonly noOperands: readonly unknown[] = [];

  // Arrays like those that the machine makes: holey, because V8 compiles code anew when it meets another
  // kind of array (docs/design/007-warm-up.md). A literal `[a, b]` would be packed.

  /** An array of `count` slots; {@link row1} to {@link row8} also fill it. */
  row(count: number): Slot[] {
    return new Array<Slot>(count);
  }

  row1(a: Slot): Slot[] {
    const row = new Array<Slot>(1);
    row[0] = a;
    return row;
  }

  row2(a: Slot, b: Slot): Slot[] {
    const row = new Array<Slot>(2);
    row[0] = a;
    row[1] = b;
    return row;
  }

  row3(a: Slot, b: Slot, c: Slot): Slot[] {
    const row = new Array<Slot>(3);
    row[0] = a;
    row[1] = b;
    row[2] = c;
    return row;
  }

  row4(a: Slot, b: Slot, c: Slot, d: Slot): Slot[] {
    const row = new Array<Slot>(4);
    row[0] = a;
    row[1] = b;
    row[2] = c;
    row[3] = d;
    return row;
  }

  row5(a: Slot, b: Slot, c: Slot, d: Slot, e: Slot): Slot[] {
    const row = new Array<Slot>(5);
    row[0] = a;
    row[1] = b;
    row[2] = c;
    row[3] = d;
    row[4] = e;
    return row;
  }

  row6(a: Slot, b: Slot, c: Slot, d: Slot, e: Slot, f: Slot): Slot[] {
    const row = new Array<Slot>(6);
    row[0] = a;
    row[1] = b;
    row[2] = c;
    row[3] = d;
    row[4] = e;
    row[5] = f;
    return row;
  }

  row7(a: Slot, b: Slot, c: Slot, d: Slot, e: Slot, f: Slot, g: Slot): Slot[] {
    const row = new Array<Slot>(7);
    row[0] = a;
    row[1] = b;
    row[2] = c;
    row[3] = d;
    row[4] = e;
    row[5] = f;
    row[6] = g;
    return row;
  }

  row8(a: Slot, b: Slot, c: Slot, d: Slot, e: Slot, f: Slot, g: Slot, h: Slot): Slot[] {
    const row = new Array<Slot>(8);
    row[0] = a;
    row[1] = b;
    row[2] = c;
    row[3] = d;
    row[4] = e;
    row[5] = f;
    row[6] = g;
    row[7] = h;
    return row;
  }

  // ── Instructions ───────────────────────────────────────────────────────────────────────────────

  /** SELECT and SELECT_KEEP. */
  select(
    set: Value,
    name: string,
    cache: SelectCache,
    calls: number,
    room: number,
    site: Lambda,
    at: number,
  ): Value {
    if (!(set instanceof Attrs)) throw notASet(this.ctx, set);
    const slot =
      set.shape === cache.shape
        ? (set.values[cache.index] as Slot)
        : selectUncached(set, name, cache);
    if (!(slot instanceof Thunk)) return slot;
    if (slot.code === null) return slot.a as Value;
    if (slot.code === BLACKHOLE) throw recursionAt(set, name, slot);
    return this.forceThunk(slot, calls, room, site, at);
  }

  /** SELECT_DYNAMIC */
  selectDynamic(
    set: Value,
    name: string,
    calls: number,
    room: number,
    site: Lambda,
    at: number,
  ): Value {
    if (!(set instanceof Attrs)) throw notASet(this.ctx, set);
    const slot = set.get(name);
    if (slot === undefined) throw missingAttribute(name, set);
    if (slot instanceof Thunk && slot.code === BLACKHOLE) throw recursionAt(set, name, slot);
    return this.force(slot, calls, room, site, at);
  }

  /** `a < b` */
  less(a: Value, b: Value, calls: number, room: number, site: Lambda, at: number): Value {
    const answer = lessThanFast(a, b);
    if (answer !== undefined) return answer;
    return this.instruction2(Op.Less, a, b, calls, room, site, at);
  }

  /** `a == b` */
  equal(a: Value, b: Value, calls: number, room: number, site: Lambda, at: number): Value {
    const answer = equalFast(a, b);
    if (answer !== undefined) return answer;
    return this.instruction2(Op.Equal, a, b, calls, room, site, at);
  }

  /** `a + b` */
  add(a: Value, b: Value, calls: number, room: number, site: Lambda, at: number): Value {
    if (typeof a === "string" && typeof b === "string") return a + b;
    if (a instanceof NixFloat && (b instanceof NixFloat || typeof b === "number")) {
      return addNumbers(this.ctx, a, b);
    }
    return this.instruction2(Op.Add, a, b, calls, room, site, at);
  }

  /** `a - b` */
  subtract(a: Value, b: Value): Value {
    return subtractNumbers(this.ctx, a, b);
  }

  /** `a * b` */
  multiply(a: Value, b: Value): Value {
    return multiplyNumbers(this.ctx, a, b);
  }

  /** `a / b` */
  divide(a: Value, b: Value): Value {
    return divideNumbers(this.ctx, a, b);
  }

  /** The error of ASSERT_EQUAL if no Nix code has to run to explain it. */
  failedAssertion(left: Value, right: Value, assertion: AssertionText): EvalError | undefined {
    return failedAssertion(this.ctx, left, right, assertion);
  }

  /** CHECK_BOOL failed. */
  notABoolean(value: Value): EvalError {
    return notABoolean(this.ctx, value);
  }

  /** `left // right` for operands that CHECK_SET has checked. */
  update(left: Attrs, right: Attrs): Attrs {
    return updateAttrs(left, right);
  }

  /** The attribute of a value that may be a set. */
  get(set: Value, name: string): Slot | undefined {
    return set instanceof Attrs ? set.get(name) : undefined;
  }

  /** RESOLVE_WITH */
  resolveWith(
    innermost: WithScope,
    name: string,
    cache: WithCache,
    calls: number,
    room: number,
    site: Lambda,
    at: number,
  ): Slot {
    const { shapes, indexes } = cache;
    let scope: WithScope | null = innermost;
    for (let i = 0; scope !== null; i++, scope = scope.parent) {
      const slot: Slot = scope.namespace;
      let value: Value;
      if (!(slot instanceof Thunk)) value = slot;
      else if (slot.code === null) value = slot.a as Value;
      else if (slot.code instanceof ThunkState) {
        value = this.forceState(slot, NO_POS, calls, room, site, at);
      } else value = this.forceThunk(slot, calls, room, site, at);
      if (!(value instanceof Attrs)) throw notANamespace(this.ctx, value, scope);
      const { shape } = value;
      let index = indexes[i] as number;
      if (shape !== shapes[i]) {
        index = shape.indexOf(name);
        shapes[i] = shape;
        indexes[i] = index;
      }
      if (index >= 0) return value.values[index] as Slot;
      const below = value.base === null ? undefined : value.base.get(name);
      if (below !== undefined) return below;
    }
    throw undefinedVariable(name);
  }

  /** The locals to which the formals of a function are bound. */
  bindFormals(lambda: Lambda, argument: Value): Slot[] {
    if (!(argument instanceof Attrs)) throw notFormals(this.ctx, argument, lambda);
    const locals: Slot[] = [];
    bindFormals(lambda, argument, locals, 0);
    return locals;
  }

  /**
   * Any instruction that neither enters a frame nor jumps, by the machine's code for it. `at` is the offset
   * behind its opcode.
   */
  instruction(
    op: Op,
    operands: readonly unknown[],
    calls: number,
    room: number,
    site: Lambda,
    at: number,
  ): Value {
    const stack = this.operands;
    const count = operands.length;
    for (let i = 0; i < count; i++) stack[i] = operands[i];
    return this.operate(op, count, calls, room, site, at);
  }

  /** The same with one operand. */
  instruction1(
    op: Op,
    operand: unknown,
    calls: number,
    room: number,
    site: Lambda,
    at: number,
  ): Value {
    this.operands[0] = operand;
    return this.operate(op, 1, calls, room, site, at);
  }

  /** The same with two operands. */
  instruction2(
    op: Op,
    left: unknown,
    right: unknown,
    calls: number,
    room: number,
    site: Lambda,
    at: number,
  ): Value {
    const stack = this.operands;
    stack[0] = left;
    stack[1] = right;
    return this.operate(op, 2, calls, room, site, at);
  }

  /** Runs an instruction on the `count` operands that lie in `operands`. */
  private operate(
    op: Op,
    count: number,
    calls: number,
    room: number,
    site: Lambda,
    at: number,
  ): Value {
    const { step } = this;
    const stack = this.operands;
    const sp = stackOp(step, op, site, at, stack, 0, count);
    const frame = step.entering;
    if (frame === null) return stack[sp - 1] as Value;
    step.entering = null;
    return this.drive(frame, step.enteringMark, calls, room, site, at) as Value;
  }
}

function forceAt(thunk: Thunk, pos: PosIdx): Suspendable<unknown> {
  return (function* () {
    return (yield new ForceRequest(thunk, pos)) as Value;
  })();
}

/** Lets call sites with `count` arguments find the translation of a fused lambda directly. */
function offerFused(lambda: Lambda, js: NativeCode, count: 2 | 3): void {
  const fused = lambda.fused as Lambda;
  if (count === 2) lambda.js2 = js;
  else lambda.js3 = js;
  lambda.eager |= fused.eager;
}

/** Calls a translation with `count` of the arguments. */
function enter(
  js: NativeCode,
  callee: Closure,
  args: readonly Slot[],
  from: number,
  count: number,
  calls: number,
  room: number,
): Value {
  switch (count) {
    case 1:
      return js(callee, args[from], calls, room);
    case 2:
      return js(callee, args[from], args[from + 1], calls, room);
    case 3:
      return js(callee, args[from], args[from + 1], args[from + 2], calls, room);
    default:
      return js(callee, ...args.slice(from, from + count), calls, room);
  }
}
