/** The limits of a thread that evaluates in a process of its own, for `nivis jobs` and the language server. */
import type { ResourceLimits } from "node:worker_threads";

/** The heap of young objects, in MiB. Most values of an evaluation die young. */
const YOUNG_GENERATION = 48;

/** Returns the limits for a thread whose heap of old objects may have `heapSize` MiB. */
export function evaluatorLimits(heapSize: number): ResourceLimits {
  return { maxOldGenerationSizeMb: heapSize, maxYoungGenerationSizeMb: YOUNG_GENERATION };
}
