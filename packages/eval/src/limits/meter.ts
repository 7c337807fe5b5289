/**
 * LimitMeter: the limits for untrusted code, and how much of them has been used.
 *
 * A *step* is a frame that the machine enters (a call, or a thunk whose code runs), a call of a
 * builtin, or {@link WORK_PER_STEP} pieces of work inside of one: an element that is sorted,
 * compared or copied, a few bytes of a string. So every loop of a program takes steps, and a
 * program takes the same number of steps on every machine.
 *
 * The machine requests a number of frames before it enters its loop and then reports how many it
 * entered; the meter returns the error of an exceeded limit. Time and memory are checked every
 * {@link STEPS_PER_CHECK} steps. Code that creates one large object (a list of a given length, a
 * joined string) calls {@link LimitMeter.reserve} first; code that processes many objects (sorting,
 * printing, comparing) calls {@link LimitMeter.work} as it proceeds. Without limits there is no
 * meter and no cost.
 *
 * An exceeded meter stays exceeded: every run fails immediately until {@link LimitMeter.renew}.
 *
 * The same checks ask a host whether the user has interrupted the evaluation, also in the middle of a
 * builtin.
 */
import { EvalError } from "../errors/eval-error.ts";
import type { EvalIo, MemoryGauge } from "../io.ts";
import { CALL_SITE } from "../position.ts";
import type { Settings } from "../settings.ts";

/** The settings that a meter enforces; `Infinity` is no limit. */
export type Limits = Pick<Settings, "maxSteps" | "maxMemory" | "maxTime">;

/** The steps between two checks of the clock and of memory: about a millisecond. */
const STEPS_PER_CHECK = 10_000;

/** The pieces of work between two checks of the clock: some milliseconds. */
const WORK_PER_CHECK = 50_000;

/** The pieces of work in a step. */
const WORK_PER_STEP = 100;

/** The bytes of a text in a piece of work. */
const BYTES_PER_PIECE = 64;

const MEBIBYTE = 1024 * 1024;

/** The message of an evaluation that the user has stopped. */
export const INTERRUPTED_BY_USER = "interrupted by the user";

/** The usable share of the engine's memory; beyond it, a collection may come too late. */
const SAFE_SHARE = 0.8;

/** How far garbage may exceed the limit before it is collected to determine the memory in use. */
const GARBAGE_SHARE = 0.25;

/** The limits of one evaluation and how much of them has been used. */
export class LimitMeter {
  /** The steps taken so far. */
  steps = 0;
  private unchecked = 0;
  private uncheckedWork = 0;
  /** Pieces of work that do not make up a step yet. */
  private loose = 0;
  /** The message of the exceeded limit. */
  private exceeded: string | undefined;
  /** The start of the evaluation, in milliseconds. */
  private started: number | undefined;
  private gauge: MemoryGauge | undefined;
  /** The bytes in use at the start of the evaluation. */
  private memoryAtStart = 0;
  /** The bytes that may be in use. */
  private memoryLimit: number;
  /** The bytes in use beyond which it is worth determining how much of them is garbage. */
  private collectAbove = 0;

  private constructor(
    private limits: Limits,
    private readonly io: EvalIo,
    private readonly isInterrupted: (() => boolean) | undefined,
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

  /**
   * Returns a meter, or `undefined` without limits and without a host that interrupts. Throws if the
   * host cannot measure a limited quantity.
   */
  static of(limits: Limits, io: EvalIo, isInterrupted?: () => boolean): LimitMeter | undefined {
    const { maxSteps, maxMemory, maxTime } = limits;
    const isLimited = Math.min(maxSteps, maxMemory, maxTime) < Number.POSITIVE_INFINITY;
    return isLimited || isInterrupted !== undefined
      ? new LimitMeter(limits, io, isInterrupted)
      : undefined;
  }

  /** Throws if a limit was exceeded in an earlier run. */
  check(): void {
    if (this.exceeded !== undefined) throw new EvalError("limit-exceeded", this.exceeded);
  }

  /** Resets steps, memory and time, as if nothing had been evaluated yet. */
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

  /**
   * Returns how many frames the machine may enter before it asks again: at most `wanted`, at least
   * one.
   */
  grant(wanted: number): number {
    if (this.started === undefined) this.start();
    return Math.max(1, Math.min(wanted, this.limits.maxSteps - this.steps));
  }

  /**
   * Records steps; returns the error of a limit that is exceeded now. `done` if no more are needed.
   */
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

  /** Throws if this many additional bytes would exceed the limit of memory, or if time is up. */
  reserve(bytes: number): void {
    if (this.started === undefined) this.start();
    const error = this.overtime() ?? this.overfull(bytes);
    if (error !== undefined) throw error;
  }

  /**
   * Records work inside of a step, in pieces such as an element of a list or some bytes of a
   * string. Throws once the steps, the time or the memory are used up.
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

  /** Like {@link work}, for creating a list or set of `count` elements of `bytes` bytes each. */
  make(count: number, bytes: number): void {
    if (count > LARGE_RESULT) this.reserve(count * bytes);
    this.work(count);
  }

  /** Like {@link work}, for processing a text of this many bytes. */
  workOnText(bytes: number): void {
    this.work(bytes / BYTES_PER_PIECE);
  }

  /** Like {@link work} where nothing may be thrown: the limit takes effect at the next check. */
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
    const interruption = this.interruption();
    if (interruption !== undefined) return interruption;
    const { maxTime } = this.limits;
    if (maxTime === Number.POSITIVE_INFINITY) return undefined;
    if (clock(this.io) - (this.started as number) <= maxTime) return undefined;
    return this.exceed(`out of time; max-time (${maxTime} ms) exceeded`);
  }

  /** The error of an interruption by the user. Not remembered as exceeded: only what runs now is interrupted. */
  interruption(): EvalError | undefined {
    if (this.isInterrupted?.() !== true) return undefined;
    return new EvalError("interrupted", INTERRUPTED_BY_USER);
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

/** The bytes of a list element that is a thunk of its own. */
export const BYTES_PER_THUNK = 64;
/** The bytes of a list element as such. */
export const BYTES_PER_ITEM = 8;
/** The pieces of work in a call of a builtin: one step. */
export const WORK_PER_BUILTIN = WORK_PER_STEP;
/** Lists and strings smaller than this are not reserved. */
export const LARGE_RESULT = 1 << 16;

/** Returns the time in milliseconds since an arbitrary moment. */
export function clock(io: EvalIo): number {
  return io.milliseconds?.() ?? io.now() * 1000;
}
