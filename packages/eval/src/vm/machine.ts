/**
 * The machine: its state between runs of the loop, and the two ways into it.
 *
 * `run.ts` keeps the state in local variables while it runs and stores it here when it stops: at the end,
 * to be entered again, or because of an error, which `unwind.ts` then carries out of the frames. What the
 * steps of native code, calls and instructions leave for the loop is in {@link Machine.step}; the outputs
 * of a run are `result`, `error` and `pending`. A machine serves one request at a time; a second machine
 * may run while the first waits, if host code starts it.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import { Op } from "../bytecode/opcode.ts";
import type { EvalContext } from "../context.ts";
import type { Observation } from "../dependencies/dependencies.ts";
import { EvalError, InternalError } from "../errors/eval-error.ts";
import { NO_POS } from "../position.ts";
import type { Thunk } from "../value/thunk.ts";
import { NOTHING } from "./calls.ts";
import {
  CallingCode,
  ENTRY_LAMBDA,
  type FrameSelf,
  NATIVE_LAMBDA,
  type NativeFrame,
  newSegment,
  SEGMENT_SIZE,
  type Segment,
} from "./frame.ts";
import type { RunObserver } from "./observer.ts";
import { Pending, Stop, wouldWait } from "./pending.ts";
import { addCyclePositions } from "./recursion-cycle.ts";
import { RecursionError } from "./recursion-error.ts";
import { RunStatus, runLoop } from "./run.ts";
import type { SecondTier } from "./second-tier.ts";
import { StepResult } from "./step-result.ts";
import { ownerOf, type SuspendedRun, waitForOwner } from "./suspended-run.ts";
import { unwind } from "./unwind.ts";

/**
 * Frames that are entered before the loop returns and is entered again. V8 can replace running code only by
 * on-stack replacement, and compiling a loop as large as this one for that takes several times as long:
 * see docs/design/001-the-machine.md.
 */
const FRAMES_PER_RUN = 10_000;

/**
 * The same for the first run of a machine; each further run has twice as many. So V8 has seen the loop being
 * entered again before it compiles it: see docs/design/007-warm-up.md.
 */
const FRAMES_AT_FIRST = 100;

/** Numbers that a CALL takes in the code. */
const CALL_SIZE = 2;

/** How {@link Machine.advance} ended. */
export const enum Progress {
  /** {@link Machine.result} is the value. */
  Done,
  /** There is more to do. */
  More,
  /** {@link Machine.pending} must be settled first; then {@link Machine.answer} or {@link Machine.fail}. */
  Waiting,
}

/** One stack of frames and the registers of the dispatch loop, between two runs of it. */
export class Machine {
  /** The top segment of the stack. */
  stack: Segment = newSegment();
  /** Slots of all segments. */
  stackSlots = SEGMENT_SIZE;
  sp = 0;
  /** The top frame. */
  lambda: Lambda = ENTRY_LAMBDA;
  self: FrameSelf = NO_POS;
  pc = 0;
  base = 0;
  /** The number of open calls. */
  depth = 0;
  /** A thunk that the loop forces first. */
  thunk: Thunk | null = null;
  /**
   * What the last step left for the loop. Before a run, `step.entering` may hold native code whose frame
   * the loop pushes first.
   */
  readonly step: StepResult;
  /** Native code of the top frame to be resumed when the loop is entered. */
  resuming: NativeFrame | null = null;
  /**
   * The value of the run, once done. It begins as a number: V8 takes a field that has only held objects
   * for one of objects, and deoptimises the loop when the first number comes (docs/design/007-warm-up.md).
   */
  result: unknown = 0;
  /** What was thrown. */
  error: unknown = undefined;
  /** How many more frames may be entered before the loop returns; it counts them down. */
  budget = 0;
  /** The initial `budget` of the next run. */
  private framesPerRun = FRAMES_AT_FIRST;
  /**
   * Whether the thunk of a suspended call keeps its function and arguments while it is evaluated, so that it
   * can be suspended again. They may hold on to much memory, so this is set only for runs that may have to
   * be undone: those with limits, nested ones and asynchronous ones.
   */
  keeping = false;
  /** Whether host code started this run inside another run of the same evaluation. */
  nested = false;
  /** Words of native stack that translated code called from this run may take; 0 without a second tier. */
  room = 0;
  /** The translated code that started this run, if any. */
  readonly caller = new CallingCode();
  /** The value that {@link resuming} is resumed with. */
  input: unknown = undefined;
  /** The driver of an asynchronous run; `null` in a synchronous one. */
  asynchronous: SuspendedRun | null = null;
  /** What the run waits for. */
  pending: Pending | null = null;
  /** A thunk that another run is evaluating, to be forced once that run has left it. */
  private blocked: Thunk | null = null;
  /** Answers of the host that are kept until the builtin that asked for them has run. */
  private readonly met: Pending[] = [];
  /** Whether {@link error} is to be unwound when the loop is entered next: a debugger has seen it. */
  private unwindsFirst = false;
  /** How many levels deep in values this run is while it waits. */
  levels = 0;
  /** Collects what thunks look at; only in warm evaluations. */
  readonly observation: Observation | undefined;

  constructor(
    readonly ctx: EvalContext,
    readonly observer: RunObserver | undefined,
    /** Translates what is entered often; absent if nothing is. */
    readonly tier: SecondTier | undefined = undefined,
  ) {
    this.step = new StepResult(ctx, observer);
    this.observation = ctx.dependencies?.observe();
  }

  /** Runs to the end. */
  run(): unknown {
    this.ctx.limits?.check();
    for (;;) {
      const progress = this.advance();
      if (progress === Progress.Done) return this.result;
      if (progress === Progress.Waiting) this.waitNot(this.pending as Pending);
    }
  }

  /** Continues a synchronous run that would have to wait. */
  private waitNot(pending: Pending): void {
    if (pending instanceof Stop) {
      pending.onPassed();
      this.answer(undefined);
    } else this.fail(wouldWait(pending));
  }

  /** Enters the loop once. Throws an error that no frame catches. */
  advance(): Progress {
    return this.observation === undefined
      ? this.enterLoop()
      : this.observed(() => this.enterLoop());
  }

  /** Lets what the work looks at count for the thunks of this machine. */
  private observed<Result>(work: () => Result): Result {
    const { dependencies } = this.ctx;
    if (dependencies === undefined || this.observation === undefined) return work();
    const { active } = dependencies;
    dependencies.active = this.observation;
    try {
      return work();
    } finally {
      dependencies.active = active;
    }
  }

  private enterLoop(): Progress {
    if (this.unwindsFirst) {
      this.unwindsFirst = false;
      unwind(this);
      return Progress.More;
    }
    const { limits } = this.ctx;
    const wanted = this.framesPerRun;
    const granted = limits === undefined ? wanted : limits.grant(wanted);
    this.budget = granted;
    const status = runLoop(this);
    this.thunk = null;
    this.step.thunk = null;
    this.resuming = null;
    this.input = undefined;
    let exceeded: EvalError | undefined;
    if (limits !== undefined) {
      // An error that is thrown again costs time for each of its traces.
      if (this.error instanceof EvalError) limits.count(this.error.traces.length);
      const steps = granted - this.budget;
      exceeded = limits.spend(steps, status === RunStatus.Done);
    }
    if (status === RunStatus.Done) {
      this.forgetAnswers();
      return Progress.Done;
    }
    const { sampler } = this.ctx;
    if (status === RunStatus.Again && (wanted < FRAMES_PER_RUN || sampler !== undefined)) {
      sampler?.tick(this, granted);
      this.framesPerRun = sampler?.framesPerRun ?? Math.min(2 * wanted, FRAMES_PER_RUN);
      this.ctx.longRunWatch(wanted);
    }
    if (exceeded !== undefined) {
      this.error = exceeded;
      this.step.running = null;
    }
    if (this.met.length > 0 && !(this.error instanceof Pending)) this.forgetAnswers();
    if (status === RunStatus.Failed || exceeded !== undefined) {
      if (this.suspend()) return Progress.Waiting;
      this.step.entering = null;
      if (this.error instanceof EvalError) {
        this.error = this.explainMore(this.error);
        if (this.stopAtError(this.error as EvalError)) return Progress.Waiting;
      }
      unwind(this);
    }
    return Progress.More;
  }

  /** Returns whether a debugger wants to see an error before it is unwound. */
  private stopAtError(error: EvalError): boolean {
    if (this.asynchronous === null) return false;
    const stop = this.observer?.failing?.(this, error);
    if (stop === undefined) return false;
    this.pending = stop;
    this.unwindsFirst = true;
    stop.onStopped(this);
    return true;
  }

  /** Prepares to continue after a wait; `value` is the value of the promise. */
  answer(value: unknown): void {
    this.pending = null;
    if (this.unwindsFirst) return;
    if (this.blocked !== null) {
      const { code, a } = this.blocked;
      if (code === null) this.stack[this.sp++] = a;
      else this.thunk = this.blocked;
      this.blocked = null;
    } else if (this.lambda === NATIVE_LAMBDA && this.pc === 0) {
      this.resuming = this.self as NativeFrame;
      this.input = this.step.yielded ? value : NOTHING;
    }
    this.step.yielded = false;
  }

  /** Prepares to continue, after a wait or between two runs of the loop, with an error at the current instruction. */
  fail(error: unknown): void {
    this.pending = null;
    this.blocked = null;
    this.unwindsFirst = false;
    this.step.yielded = false;
    this.step.entering = null;
    this.thunk = null;
    this.resuming = null;
    this.error = error instanceof EvalError ? this.explainMore(error) : error;
    this.observed(() => unwind(this));
  }

  /** Returns whether the machine must wait because of what was thrown; it is then ready to continue afterwards. */
  private suspend(): boolean {
    const { error } = this;
    const { running } = this.step;
    if (error instanceof Stop && error.place === "instruction") {
      this.pc--;
      this.pending = error;
      if (this.asynchronous !== null) error.onStopped(this);
      return true;
    }
    if (error instanceof Pending) {
      if (!this.step.yielded) {
        if (!this.canRepeat()) {
          this.error = new InternalError(`nothing here can wait for ${error.subject}`);
          return false;
        }
        this.met.push(error);
      }
      if (running !== null) this.pc -= CALL_SIZE;
      this.step.running = null;
      this.pending = error;
      if (error instanceof Stop && this.asynchronous !== null) error.onStopped(this);
      return true;
    }
    if (!(error instanceof RecursionError) || this.ctx.suspendedRuns.size === 0) return false;
    const owner = ownerOf(this.ctx, error.thunk);
    if (owner === undefined || owner === this.asynchronous) return false;
    if (owner.isStopped) {
      // Once the debugger lets that run continue, the value may well be computed.
      error.passing = true;
      return false;
    }
    const pending = waitForOwner(this.asynchronous, owner, error.thunk);
    if (pending === undefined) return false;
    this.blocked = error.thunk;
    this.pending = pending;
    return true;
  }

  private forgetAnswers(): void {
    for (let pending = this.met.pop(); pending !== undefined; pending = this.met.pop()) {
      pending.release();
    }
  }

  /** Whether the code that threw is a builtin that can run again, from its call or from its frame. */
  private canRepeat(): boolean {
    const { lambda, pc } = this;
    const { running } = this.step;
    if (running !== null) return running.plain && lambda.code[pc - CALL_SIZE] === Op.Call;
    return lambda === NATIVE_LAMBDA && pc === 0 && (this.self as NativeFrame).suspendable === null;
  }

  /** Makes the machine ready for another run, however the last one ended. */
  restart(): void {
    this.stackSlots = SEGMENT_SIZE;
    this.sp = 0;
    this.lambda = ENTRY_LAMBDA;
    this.self = NO_POS;
    this.pc = 0;
    this.base = 0;
    this.depth = 0;
    this.thunk = null;
    this.step.clear();
    this.resuming = null;
    this.result = undefined;
    this.error = undefined;
    this.input = undefined;
    this.asynchronous = null;
    this.pending = null;
    this.blocked = null;
    this.unwindsFirst = false;
    this.levels = 0;
    this.keeping = false;
    this.nested = false;
    this.caller.lambda = null;
    if (this.observation !== undefined) {
      // Host code that started this run is part of what it returns to.
      this.ctx.dependencies?.note(this.observation.finish());
    }
  }

  /** Records what is lost once the frames are gone; returns the error to unwind with. */
  private explainMore(error: EvalError): EvalError {
    if (error instanceof RecursionError && !error.closed && !addCyclePositions(this, error)) {
      // The thunk belongs to the run that waits for the host code which started this one.
      if (this.nested) return new EvalError("re-entrance", REENTRANCE, error.pos);
    }
    if (error.pos === NO_POS && error.nearPos === NO_POS && this.lambda.pos > NO_POS) {
      error.nearPos = this.lambda.positionBefore(this.pc);
    }
    return error;
  }
}

const REENTRANCE =
  "a value was forced by host code while its own evaluation waits for that code to return";
