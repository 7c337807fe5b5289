/**
 * LimitMeter: what an evaluation of untrusted code may use up, and how much of it is gone.
 *
 * A *step* is a frame that the machine enters (a call, or a thunk whose code runs), a call of a builtin, or
 * {@link WORK_PER_STEP} pieces of work inside one: an element that is sorted, compared or copied, a few
 * bytes of a string. So every loop of a program takes steps, and the same program takes the same number
 * of them on every machine.
 *
 * The machine asks for a number of frames before it enters its loop and says how many it entered; the
 * meter returns the error of a limit that is exceeded. Time and memory are looked at every
 * {@link STEPS_PER_CHECK} steps. Code that makes one large thing (a list of a given length, a joined
 * string) calls {@link LimitMeter.reserve} beforehand, and code that goes over many things (sorting,
 * printing, comparing) calls {@link LimitMeter.work} as it goes. Without limits there is no meter, and
 * nothing is asked.
 *
 * A meter that has been exceeded stays so: every run fails at once, until {@link LimitMeter.renew}.
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
const WORK_PER_CHECK = 50_000;

/** Pieces of work that are a step. */
const WORK_PER_STEP = 100;

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
  /** Work that is not a whole step yet. */
  private loose = 0;
  /** The message of the limit that was exceeded. */
  private exceeded: string | undefined;
  /** When the evaluation began, in milliseconds. */
  private started: number | undefined;
  private gauge: MemoryGauge | undefined;
  /** Bytes in use when the evaluation began. */
  private memoryAtStart = 0;
  /** Bytes that may be in use. */
  private memoryLimit: number;
  /** Bytes in use beyond which it is worth knowing what of them is garbage. */
  private collectAbove = 0;

  private constructor(
    private limits: Limits,
    private readonly io: EvalIo,
  ) {
    this.memoryLimit = this.memoryLimitOf(limits);
  }

  private memoryLimitOf({ maxMemory }: Limits): number {
    this.gauge = maxMemory < Number.POSITIVE_INFINITY ? this.io.memory : undefined;
    if (maxMemory < Number.POSITIVE_INFINITY && this.gauge === undefined) {
      throw new EvalError("usage", "max-memory has no effect here: this host measures no memory");
    }
    const capacity = Math.floor(((this.gauge?.capacity ?? 0) * SAFE_SHARE) / MEBIBYTE);
    return Math.min(maxMemory, capacity) * MEBIBYTE;
  }

  /** A meter, or `undefined` if nothing is limited. Throws if the host cannot measure what is. */
  static of(limits: Limits, io: EvalIo): LimitMeter | undefined {
    const { maxSteps, maxMemory, maxTime } = limits;
    return Math.min(maxSteps, maxMemory, maxTime) < Number.POSITIVE_INFINITY
      ? new LimitMeter(limits, io)
      : undefined;
  }

  /** Throws if a limit was exceeded in an earlier run. */
  check(): void {
    if (this.exceeded !== undefined) throw new EvalError("limit-exceeded", this.exceeded);
  }

  /** Counts steps, memory and time from now on, as if nothing had been evaluated yet. */
  renew(limits: Partial<Limits> = {}): void {
    this.limits = { ...this.limits, ...limits };
    this.memoryLimit = this.memoryLimitOf(this.limits);
    this.steps = 0;
    this.unchecked = 0;
    this.uncheckedWork = 0;
    this.loose = 0;
    this.exceeded = undefined;
    this.started = undefined;
  }

  /** How many frames the machine may enter before it asks again: at most `wanted`, at least one. */
  grant(wanted: number): number {
    if (this.started === undefined) this.start();
    return Math.max(1, Math.min(wanted, this.limits.maxSteps - this.steps));
  }

  /** Notes steps; returns the error of a limit that is exceeded now. `done` if no more are needed. */
  spend(steps: number, done: boolean): EvalError | undefined {
    this.steps += steps;
    this.unchecked += steps;
    if (done) return undefined;
    if (this.exceeded !== undefined) return new EvalError("limit-exceeded", this.exceeded);
    const error = this.overdone();
    if (error !== undefined || this.unchecked < STEPS_PER_CHECK) return error;
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
   * once steps or time are used up or memory is full.
   */
  work(pieces: number): void {
    this.count(pieces);
    this.uncheckedWork += pieces;
    if (this.uncheckedWork < WORK_PER_CHECK) {
      if (this.steps < this.limits.maxSteps) return;
      throw this.overdone() as EvalError;
    }
    this.uncheckedWork = 0;
    if (this.started === undefined) this.start();
    const error = this.overdone() ?? this.overtime() ?? this.overfull(0);
    if (error !== undefined) throw error;
  }

  /** As {@link work}, for making a list or set of so many elements of so many bytes each. */
  make(count: number, bytes: number): void {
    if (count > LARGE_RESULT) this.reserve(count * bytes);
    this.work(count);
  }

  /** As {@link work}, for going over a text of so many bytes. */
  workOnText(bytes: number): void {
    this.work(bytes / BYTES_PER_PIECE);
  }

  /** As {@link work} where nothing may be thrown: the limit takes effect at the next look. */
  count(pieces: number): void {
    this.loose += pieces;
    if (this.loose < WORK_PER_STEP) return;
    const steps = Math.floor(this.loose / WORK_PER_STEP);
    this.loose -= steps * WORK_PER_STEP;
    this.steps += steps;
    this.unchecked += steps;
  }

  private overdone(): EvalError | undefined {
    const { maxSteps } = this.limits;
    if (this.steps < maxSteps) return undefined;
    return this.exceed(`too many steps; max-steps (${maxSteps}) exceeded`);
  }

  private exceed(message: string): EvalError {
    this.exceeded = message;
    return new EvalError("limit-exceeded", message, CALL_SITE);
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
    return this.exceed(`out of time; max-time (${maxTime} ms) exceeded`);
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
      return this.exceed(`out of memory; max-memory (${maxMemory} MiB) exceeded`);
    }
    const most = this.memoryLimit / MEBIBYTE;
    return this.exceed(
      `out of memory; ${most} MiB exceeded, more than that this process cannot hold`,
    );
  }
}

/** Bytes of a list element that is a thunk of its own. */
export const BYTES_PER_THUNK = 64;
/** Bytes of a list element as such. */
export const BYTES_PER_ITEM = 8;
/** Pieces of work that the call of a builtin is: one step. */
export const WORK_PER_BUILTIN = WORK_PER_STEP;
/** Lists and strings smaller than this are not worth asking for. */
export const LARGE_RESULT = 1 << 16;

/** The time in milliseconds, from some moment on. */
export function clock(io: EvalIo): number {
  return io.milliseconds?.() ?? io.now() * 1000;
}
