/** StackSampler: what a machine tells a profiler between two runs of its loop. */
import type { Machine } from "./machine.ts";

/** Looks at machines between two runs of the loop, when all their state is in their fields. */
export interface StackSampler {
  /** How many frames a machine enters before it calls {@link tick} again; read after each call. */
  readonly framesPerRun: number;
  /** May look at the machine, which has entered `frames` frames; must not change or run anything. */
  tick(machine: Machine, frames: number): void;
}
