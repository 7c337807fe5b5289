/** StackSampler: what a machine tells a profiler between two runs of its loop. */
import type { Machine } from "./machine.ts";

/** Looks at machines between two runs of the loop, when all their state is in their fields. */
export interface StackSampler {
  /** How many frames a machine enters before it calls {@link tick}. */
  readonly framesPerRun: number;
  /** May look at the frames of the machine; must not change or run anything. */
  tick(machine: Machine): void;
}
