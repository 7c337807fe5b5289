/** Measures this process for statistics: processor time, the heap, and every garbage collection. */
import type { ProcessStatistics } from "@nivis/eval";
import { AllocationMeter } from "./allocation-meter.ts";

/** Measures from its construction until {@link finish}. */
export class ProcessMeter {
  readonly #heap = new AllocationMeter();

  /** Ends the measurement. May be called once. */
  finish(): ProcessStatistics {
    const allocated = this.#heap.finish();
    const { collections, scavenges, microseconds } = this.#heap;
    return {
      cpuTime: process.cpuUsage().user / 1e6,
      gcTime: microseconds / 1e6,
      gcCycles: collections,
      heapSize: process.getBuiltinModule("node:v8").getHeapStatistics().total_heap_size,
      allocated,
      more: {
        scavenges,
        fullCollections: collections - scavenges,
        peakMemory: process.resourceUsage().maxRSS * 1024,
      },
    };
  }
}
