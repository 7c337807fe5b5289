/**
 * LimitMeter: what an evaluation of untrusted code may use up, and how much of it is gone.
 *
 * The machine asks for a number of steps before it enters its loop, tells how many it took, and the
 * meter answers with an error once a limit is exceeded; time and memory are looked at every
 * {@link STEPS_PER_CHECK} steps. A *step* is one frame that returns: a call, or a thunk that gets its
 * value. What makes one huge thing in a single step (a list of a given length, a joined string) asks
 * with {@link LimitMeter.reserve} beforehand, and what goes over many things in a single step (sorting,
 * printing, comparing) tells with {@link LimitMeter.work} as it goes. Without limits there is no
 * meter, and nothing is asked.
 */
import { EvalError } from "../errors/eval-error.ts";
import type { EvalIo, MemoryGauge } from "../io.ts";
import { CALL_SITE } from "../position.ts";
import type { Settings } from "../settings.ts";

/** The settings that a meter looks after; `Infinity` is no limit. */
export type Limits = Pick<Settings, "maxSteps" | "maxMemory" | "maxTime">;

/** Steps between two looks at the clock and at memory: a millisecond or so. */
const STEPS_PER_CHECK = 10_000;

/** Pieces of work between two looks at the clock: some milliseconds. */
const WORK_PER_CHECK = 100_000;

/** Bytes of a text that are one piece of work. */
const BYTES_PER_PIECE = 64;

const MEBIBYTE = 1024 * 1024;

/** Of what the engine can hold; beyond it a collection may come too late. */
const SAFE_SHARE = 0.8;

/** How far garbage may take memory over the limit before it is collected to know for certain. */
const GARBAGE_SHARE = 0.25;

/** See the head of this file. */
export class LimitMeter {
  /** Steps taken so far. */
  steps = 0;
  private unchecked = 0;
  private uncheckedWork = 0;
  /** When the evaluation began, in milliseconds. */
  private started: number | undefined;
  private readonly gauge: MemoryGauge | undefined;
  /** Bytes in use when the evaluation began. */
  private memoryAtStart = 0;
  /** Bytes that may be in use. */
  private readonly memoryLimit: number;
  /** Bytes in use beyond which it is worth knowing what of them is garbage. */
  private collectAbove = 0;

  private constructor(
    private readonly limits: Limits,
    private readonly io: EvalIo,
  ) {
    this.gauge = limits.maxMemory < Number.POSITIVE_INFINITY ? io.memory : undefined;
    if (limits.maxMemory < Number.POSITIVE_INFINITY && this.gauge === undefined) {
      throw new EvalError("usage", "max-memory has no effect here: this host measures no memory");
    }
    const capacity = Math.floor(((this.gauge?.capacity ?? 0) * SAFE_SHARE) / MEBIBYTE);
    this.memoryLimit = Math.min(limits.maxMemory, capacity) * MEBIBYTE;
  }

  /** A meter, or `undefined` if nothing is limited. Throws if the host cannot measure what is. */
  static of(limits: Limits, io: EvalIo): LimitMeter | undefined {
    const { maxSteps, maxMemory, maxTime } = limits;
    return Math.min(maxSteps, maxMemory, maxTime) < Number.POSITIVE_INFINITY
      ? new LimitMeter(limits, io)
      : undefined;
  }

  /** How many steps the machine may take before it asks again: at most `wanted`, at least one. */
  grant(wanted: number): number {
    if (this.started === undefined) this.start();
    return Math.max(1, Math.min(wanted, this.limits.maxSteps - this.steps));
  }

  /** Notes steps; answers the error of a limit that is exceeded now. `done` if no more are needed. */
  spend(steps: number, done: boolean): EvalError | undefined {
    this.steps += steps;
    this.unchecked += steps;
    if (done) return undefined;
    if (this.steps >= this.limits.maxSteps) {
      return exceeded(`too many steps; max-steps (${this.limits.maxSteps}) exceeded`);
    }
    if (this.unchecked < STEPS_PER_CHECK) return undefined;
    this.unchecked = 0;
    return this.overtime() ?? this.overfull(0);
  }

  /** Throws if that many bytes more would exceed the limit of memory, or if time is up. */
  reserve(bytes: number): void {
    if (this.started === undefined) this.start();
    const error = this.overtime() ?? this.overfull(bytes);
    if (error !== undefined) throw error;
  }

  /**
   * Notes work inside a step, in pieces such as an element of a list or some bytes of a string; throws
   * once time is up or memory is full.
   */
  work(pieces: number): void {
    this.uncheckedWork += pieces;
    if (this.uncheckedWork < WORK_PER_CHECK) return;
    this.uncheckedWork = 0;
    if (this.started === undefined) this.start();
    const error = this.overtime() ?? this.overfull(0);
    if (error !== undefined) throw error;
  }

  /** As {@link work}, for going over a text of so many bytes. */
  workOnText(bytes: number): void {
    this.work(bytes / BYTES_PER_PIECE);
  }

  private start(): void {
    this.started = clock(this.io);
    this.memoryAtStart = this.gauge?.used() ?? 0;
    this.collectAbove = this.memoryLimit;
  }

  private overtime(): EvalError | undefined {
    const { maxTime } = this.limits;
    if (maxTime === Number.POSITIVE_INFINITY) return undefined;
    if (clock(this.io) - (this.started as number) <= maxTime) return undefined;
    return exceeded(`out of time; max-time (${maxTime} ms) exceeded`);
  }

  private overfull(bytes: number): EvalError | undefined {
    const { gauge } = this;
    if (gauge === undefined) return undefined;
    let used = gauge.used() - this.memoryAtStart;
    if (used + bytes <= this.collectAbove) return undefined;
    if (bytes <= this.memoryLimit) {
      gauge.collect();
      used = Math.max(0, gauge.used() - this.memoryAtStart);
    }
    if (used + bytes <= this.memoryLimit) {
      this.collectAbove = Math.max(this.memoryLimit, used + this.memoryLimit * GARBAGE_SHARE);
      return undefined;
    }
    const { maxMemory } = this.limits;
    if (this.memoryLimit === maxMemory * MEBIBYTE) {
      return exceeded(`out of memory; max-memory (${maxMemory} MiB) exceeded`);
    }
    const most = this.memoryLimit / MEBIBYTE;
    return exceeded(`out of memory; ${most} MiB exceeded, more than that this process cannot hold`);
  }
}

/** Bytes of a list element that is a thunk of its own. */
export const BYTES_PER_THUNK = 64;
/** Bytes of a list element as such. */
export const BYTES_PER_ITEM = 8;
/** Pieces of work that a builtin is taken for, since it may go over a list or string once. */
export const WORK_PER_BUILTIN = 1_000;
/** Lists and strings smaller than this are not worth asking for. */
export const LARGE_RESULT = 1 << 16;

function exceeded(message: string): EvalError {
  return new EvalError("limit-exceeded", message, CALL_SITE);
}

/** The time in milliseconds, from some moment on. */
export function clock(io: EvalIo): number {
  return io.milliseconds?.() ?? io.now() * 1000;
}
