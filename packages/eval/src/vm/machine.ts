/**
 * The machine: its state between runs of the loop, and the two ways into it.
 *
 * `run.ts` keeps the state in local variables while it runs and leaves it here when it stops: at the
 * end, for being entered anew, or because an error was thrown, which `unwind.ts` then carries out of
 * the frames. A machine serves one request; a second one may run while the first waits (a builtin
 * never does that, the host may).
 */
import type { Lambda } from "../bytecode/lambda.ts";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { Thunk } from "../value/thunk.ts";
import type { Builtin, Slot, Value } from "../value/value.ts";
import {
  CallingCode,
  ENTRY_LAMBDA,
  type FrameSelf,
  NativeFrame,
  NO_SLOTS,
  newSegment,
  PLAIN_MARK,
  SEGMENT_SIZE,
  type Segment,
} from "./frame.ts";
import type { RunObserver } from "./observer.ts";
import { addPlaces } from "./recursion-cycle.ts";
import { RecursionError } from "./recursion-error.ts";
import type { CallRequest, Suspendable } from "./requests.ts";
import { RunStatus, runLoop } from "./run.ts";
import type { SecondTier } from "./second-tier.ts";
import { unwind } from "./unwind.ts";

/**
 * Frames that return before the loop is entered anew. V8 can replace running code only by "on-stack
 * replacement", whose compilation of a loop as large as this one takes several times as long.
 */
const FRAMES_PER_RUN = 10_000;

/**
 * The same for the first run of a machine; each has twice as many as the one before. So V8 has seen
 * the loop being entered anew before it compiles it.
 */
const FRAMES_AT_FIRST = 100;

/** See the head of this file. */
export class Machine {
  /** The top segment of the stack. */
  stack: Segment = newSegment();
  /** Slots of all segments. */
  stackSlots = SEGMENT_SIZE;
  sp = 0;
  /** The top frame. */
  lambda: Lambda = ENTRY_LAMBDA;
  self: FrameSelf = 0;
  pc = 0;
  base = 0;
  /** Calls that are open. */
  depth = 0;
  /** To be forced when the loop is entered. */
  thunk: Thunk | null = null;
  /** Where native code said that `thunk` is forced. */
  askedPos: PosIdx = NO_POS;
  /** Native code whose frame is to be pushed, and the mark of that frame. */
  entering: NativeFrame | null = null;
  enteringMark: Thunk | null | undefined = PLAIN_MARK;
  /** A call that native code asked for. */
  request: CallRequest | null = null;
  /** How many arguments the last call took. */
  consumed = 1;
  /** Native code of the top frame to be resumed when the loop is entered. */
  resuming: NativeFrame | null = null;
  /** The value of the run or of a native frame, once done. */
  result: unknown = undefined;
  /** What was thrown. */
  error: unknown = undefined;
  /** Frames that may return before the loop stops to be entered anew; it counts them down. */
  budget = 0;
  /** What `budget` begins with. */
  private framesPerRun = FRAMES_AT_FIRST;
  /** The builtin that threw, if it ran without a frame of its own. */
  running: Builtin | null = null;
  /** Native frames that translated code below this run may take, in words; 0 without a second tier. */
  room = 0;
  /** What translated code started this run, if any. */
  readonly caller = new CallingCode();

  constructor(
    readonly ctx: EvalContext,
    readonly observer: RunObserver | undefined,
    /** Translates what is entered often; absent if nothing is. */
    readonly tier: SecondTier | undefined = undefined,
  ) {}

  /** Runs to the end. */
  run(): unknown {
    const { limits } = this.ctx;
    for (;;) {
      const wanted = this.framesPerRun;
      const granted = limits === undefined ? wanted : limits.grant(wanted);
      this.budget = granted;
      const status = runLoop(this);
      this.thunk = null;
      this.resuming = null;
      let exceeded: EvalError | undefined;
      if (limits !== undefined) {
        // A failure counts, or a program that only fails and catches would take no steps.
        const steps = granted - this.budget + (status === RunStatus.Failed ? 1 : 0);
        exceeded = limits.spend(steps, status === RunStatus.Done);
      }
      if (status === RunStatus.Done) return this.result;
      if (status === RunStatus.Again && wanted < FRAMES_PER_RUN) {
        this.framesPerRun = Math.min(2 * wanted, FRAMES_PER_RUN);
        this.ctx.longRunWatch(wanted);
      }
      if (exceeded !== undefined) {
        this.error = exceeded;
        this.running = null;
      }
      if (status === RunStatus.Failed || exceeded !== undefined) {
        this.entering = null;
        if (this.error instanceof EvalError) this.explainMore(this.error);
        unwind(this);
      }
    }
  }

  /** Makes the machine, whose run has ended in whatever way, ready for another. */
  restart(): void {
    this.stackSlots = SEGMENT_SIZE;
    this.sp = 0;
    this.lambda = ENTRY_LAMBDA;
    this.self = 0;
    this.pc = 0;
    this.base = 0;
    this.depth = 0;
    this.thunk = null;
    this.entering = null;
    this.request = null;
    this.resuming = null;
    this.result = undefined;
    this.error = undefined;
    this.running = null;
    this.caller.lambda = null;
  }

  /** Notes what is lost once the frames are gone. */
  private explainMore(error: EvalError): void {
    if (error instanceof RecursionError && !error.closed) addPlaces(this, error);
    if (error.pos === NO_POS && error.nearPos === NO_POS && this.lambda.pos > NO_POS) {
      error.nearPos = this.lambda.positionBefore(this.pc);
    }
  }
}

/** Machines that wait for their next run; more are dropped when they are done. */
const MAX_IDLE = 64;

/**
 * The machines of one evaluation. Usually there is one, and it is used again: its stack is a quarter
 * of a megabyte, too much to make for every value that a host looks at. Translated code that hands
 * over takes more.
 */
export class MachinePool {
  private readonly idle: Machine[] = [];

  constructor(
    private readonly ctx: EvalContext,
    private readonly observer: RunObserver | undefined,
    private readonly tier: SecondTier | undefined = undefined,
  ) {}

  /** Forces a slot; an {@link EvalError} comes out as an exception. */
  force(slot: Slot): Value {
    if (!(slot instanceof Thunk)) return slot;
    if (slot.code === null) return slot.a as Value;
    const machine = this.take();
    machine.room = this.tier?.room ?? 0;
    machine.thunk = slot;
    return this.finish(machine) as Value;
  }

  /** Runs a generator to its end. */
  run<Result>(generator: Suspendable<Result>): Result {
    const machine = this.take();
    machine.room = this.tier?.room ?? 0;
    machine.entering = new NativeFrame(null, NO_SLOTS, 0, generator as Suspendable<unknown>);
    machine.enteringMark = PLAIN_MARK;
    return this.finish(machine) as Result;
  }

  /** A machine at rest; {@link finish} takes it back. */
  take(): Machine {
    return this.idle.pop() ?? new Machine(this.ctx, this.observer, this.tier);
  }

  /** Runs a machine to its end. */
  finish(machine: Machine): unknown {
    try {
      return machine.run();
    } finally {
      machine.restart();
      if (this.idle.length < MAX_IDLE) this.idle.push(machine);
    }
  }
}
