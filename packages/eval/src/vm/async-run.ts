/**
 * AsyncRun: drives a machine that may wait for promises.
 *
 * The machine runs in slices. Between slices the driver lets the host's event loop turn, checks the signal
 * that may stop the evaluation, and waits where something is pending. While one run waits, other runs of
 * the same evaluation may continue. They share thunks, so a run may need a thunk that a waiting run is
 * evaluating: it then waits for that run, and only a cycle of such waits is an infinite recursion.
 *
 * Asynchronous runs use the machine alone: translated code lives on JavaScript's own stack, which cannot
 * be suspended. The commands load this module on demand.
 */
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { INTERRUPTED_BY_USER } from "../limits/meter.ts";
import { BLACKHOLE, type Thunk } from "../value/thunk.ts";
import { ENTRY_LAMBDA, HEADER_SIZE, SEGMENT_LAMBDA, type SegmentLink } from "./frame.ts";
import { type Machine, Progress } from "./machine.ts";
import { type Pending, Stop } from "./pending.ts";
import type { StopSignal } from "./stop-signal.ts";
import type { SuspendedRun } from "./suspended-run.ts";

/** What is known of an asynchronous evaluation that has not ended. */
export interface RunProgress {
  /** Milliseconds since its start. */
  readonly milliseconds: number;
  /** The steps that the evaluation has taken so far; known only if it has limits. */
  readonly steps: number | undefined;
  /** What it waits for: a path, a URL, the name of a builtin. `undefined` while it computes. */
  readonly waitingFor: string | undefined;
}

/** How an asynchronous evaluation runs. */
export interface AsyncOptions {
  /** Stops the evaluation, also while it waits. */
  readonly signal?: StopSignal | undefined;
  /** Milliseconds for which the evaluation may block the event loop. Defaults to 12. */
  readonly slice?: number | undefined;
  /**
   * Called after each slice and before each wait. An exception that it throws ends the evaluation.
   * Defaults to nothing.
   */
  readonly onProgress?: ((progress: RunProgress) => void) | undefined;
}

/** Milliseconds of a slice: a display frame at 60 Hz has 16. */
const DEFAULT_SLICE = 12;

/**
 * Runs a machine to its end, through slices and waits; the promise is rejected with the error that a
 * synchronous run would throw.
 */
export function finishAsync(
  machine: Machine,
  ctx: EvalContext,
  options: AsyncOptions,
): Promise<unknown> {
  return new AsyncRun(machine, ctx, options).finish();
}

/** Drives one machine through slices and waits until it has a value or an error. */
class AsyncRun implements SuspendedRun {
  waitsFor: SuspendedRun | undefined;
  readonly #machine: Machine;
  readonly #ctx: EvalContext;
  readonly #options: AsyncOptions;
  #watchers: { readonly thunk: Thunk; readonly leave: () => void }[] = [];

  constructor(machine: Machine, ctx: EvalContext, options: AsyncOptions) {
    this.#machine = machine;
    this.#ctx = ctx;
    this.#options = options;
  }

  async finish(): Promise<unknown> {
    const machine = this.#machine;
    const { io, suspendedRuns, nesting, limits } = this.#ctx;
    const { signal, slice = DEFAULT_SLICE, onProgress } = this.#options;
    const clock = (): number => io.milliseconds?.() ?? io.now() * 1000;
    const begun = clock();
    let sliceEnd = begun + slice;
    const report = (waitingFor?: string): void =>
      onProgress?.({ milliseconds: clock() - begun, steps: limits?.steps, waitingFor });
    suspendedRuns.add(this);
    machine.asynchronous = this;
    try {
      for (;;) {
        if (signal?.aborted === true) machine.fail(stopped(signal));
        const { levels, calls } = nesting;
        nesting.levels = machine.levels;
        machine.nested = nesting.runs > 0;
        nesting.runs++;
        let progress: Progress;
        try {
          progress = machine.advance();
        } finally {
          machine.levels = nesting.levels;
          nesting.levels = levels;
          nesting.calls = calls;
          nesting.runs--;
          this.#tellWatchers(false);
        }
        if (progress === Progress.Done) return machine.result;
        if (progress === Progress.Waiting) {
          report(machine.pending?.subject);
          await this.#wait(machine.pending as Pending, signal);
          sliceEnd = clock() + slice;
        } else if (clock() >= sliceEnd) {
          report();
          await io.pause?.();
          sliceEnd = clock() + slice;
        }
      }
    } finally {
      suspendedRuns.delete(this);
      this.#tellWatchers(true);
    }
  }

  get isStopped(): boolean {
    return this.#machine.pending instanceof Stop;
  }

  evaluates(thunk: Thunk): boolean {
    let { stack, lambda, self, base } = this.#machine;
    while (lambda !== ENTRY_LAMBDA) {
      if (lambda === SEGMENT_LAMBDA) {
        ({ stack, lambda, self, base } = self as SegmentLink);
        continue;
      }
      if (stack[base - 1] === thunk) return true;
      const header = base - HEADER_SIZE;
      lambda = stack[header];
      self = stack[header + 1];
      base = stack[header + 3];
    }
    return false;
  }

  left(thunk: Thunk): Promise<void> {
    return new Promise((resolve) => {
      this.#watchers.push({ thunk, leave: resolve });
    });
  }

  #tellWatchers(ended: boolean): void {
    if (this.#watchers.length === 0) return;
    this.#watchers = this.#watchers.filter(({ thunk, leave }) => {
      if (!ended && thunk.code === BLACKHOLE) return true;
      leave();
      return false;
    });
  }

  /** Waits for the pending promise or for the signal, and tells the machine which it was. */
  async #wait(pending: Pending, signal: StopSignal | undefined): Promise<void> {
    const machine = this.#machine;
    let stop: (() => void) | undefined;
    const interrupted = new Promise<never>((_, reject) => {
      if (signal === undefined) return;
      stop = () => reject(stopped(signal));
      signal.addEventListener("abort", stop);
      if (signal.aborted) stop();
    });
    try {
      const value = await Promise.race([pending.promise, interrupted]);
      machine.answer(value);
    } catch (error) {
      machine.fail(error);
    } finally {
      if (stop !== undefined) signal?.removeEventListener("abort", stop);
      this.waitsFor = undefined;
    }
  }
}

function stopped(signal: StopSignal): EvalError {
  const error = new EvalError("interrupted", INTERRUPTED_BY_USER);
  return Object.assign(error, { cause: signal.reason });
}
