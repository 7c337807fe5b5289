/**
 * MachinePool: the ways into the machines of one evaluation, synchronous and asynchronous.
 */
import { marked } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { Thunk } from "../value/thunk.ts";
import type { Slot, Value } from "../value/value.ts";
import { type AsyncOptions, finishAsync } from "./async-run.ts";
import { NativeFrame, NO_SLOTS, PLAIN_MARK } from "./frame.ts";
import { Machine } from "./machine.ts";
import type { RunObserver } from "./observer.ts";
import type { Suspendable } from "./requests.ts";
import type { SecondTier } from "./second-tier.ts";

/** How deep runs of the host may nest: each takes some kilobytes of the native stack. */
const MAX_RUNS = 100;

/** Idle machines that are kept; further ones are dropped when their run ends. */
const MAX_IDLE = 64;

/**
 * The machines of one evaluation. Usually there is one, used again and again: its stack is a quarter of a
 * megabyte, too much to allocate for every value that a host looks at. Translated code that hands over to
 * a machine takes further ones.
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
    machine.thunk = slot;
    return this.start(machine) as Value;
  }

  /** Runs a generator to its end. */
  run<Result>(generator: Suspendable<Result>): Result {
    const machine = this.take();
    machine.step.entering = new NativeFrame(null, NO_SLOTS, 0, generator as Suspendable<unknown>);
    machine.step.enteringMark = PLAIN_MARK;
    return this.start(machine) as Result;
  }

  /** Runs a machine for the host. */
  private start(machine: Machine): unknown {
    const { nesting } = this.ctx;
    if (nesting.runs === MAX_RUNS) {
      this.putBack(machine);
      throw new EvalError(
        "stack-overflow",
        marked`host code nests more than ${MAX_RUNS} evaluations`,
      );
    }
    const { calls } = nesting;
    const nested = nesting.runs > 0;
    machine.nested = nested;
    machine.keeping =
      nested || this.ctx.limits !== undefined || this.ctx.dependencies !== undefined;
    // It is unknown how much of the native stack a run inside a run may take.
    machine.room = nested ? 0 : (this.tier?.room ?? 0);
    nesting.runs++;
    try {
      return this.finish(machine);
    } finally {
      nesting.runs--;
      nesting.calls = calls;
    }
  }

  /** {@link force} for a host whose answers may be promises. */
  forceAsync(slot: Slot, options: AsyncOptions): Promise<Value> {
    if (!(slot instanceof Thunk)) return Promise.resolve(slot);
    if (slot.code === null) return Promise.resolve(slot.a as Value);
    const machine = this.take();
    machine.room = 0;
    machine.thunk = slot;
    return this.finishAsync(machine, options) as Promise<Value>;
  }

  /** {@link run} for a host whose answers may be promises. */
  runAsync<Result>(generator: Suspendable<Result>, options: AsyncOptions): Promise<Result> {
    const machine = this.take();
    machine.room = 0;
    machine.step.entering = new NativeFrame(null, NO_SLOTS, 0, generator as Suspendable<unknown>);
    machine.step.enteringMark = PLAIN_MARK;
    return this.finishAsync(machine, options) as Promise<Result>;
  }

  private async finishAsync(machine: Machine, options: AsyncOptions): Promise<unknown> {
    machine.keeping = true;
    try {
      this.ctx.limits?.check();
      return await finishAsync(machine, this.ctx, options);
    } finally {
      this.putBack(machine);
    }
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
      this.putBack(machine);
    }
  }

  private putBack(machine: Machine): void {
    machine.restart();
    if (this.idle.length < MAX_IDLE) this.idle.push(machine);
  }
}
