/**
 * Measures this process for statistics: processor time, the heap, and every garbage collection. It
 * loads Node's modules only when it is used.
 */
import type { ProcessStatistics } from "@nivis/eval";

/** Measures from its construction until {@link finish}. */
export class ProcessMeter {
  readonly #v8 = process.getBuiltinModule("node:v8");
  readonly #profiler = new this.#v8.GCProfiler();
  readonly #usedBefore = this.#v8.getHeapStatistics().used_heap_size;

  constructor() {
    this.#profiler.start();
  }

  /** Ends the measurement. May be called once. */
  finish(): ProcessStatistics {
    const { statistics } = this.#profiler.stop();
    const { total_heap_size, used_heap_size } = this.#v8.getHeapStatistics();
    let allocated = 0;
    let microseconds = 0;
    let scavenges = 0;
    let used = this.#usedBefore;
    for (const { gcType, cost, beforeGC, afterGC } of statistics) {
      // Memory in use before this collection but not after the previous one is new.
      allocated += Math.max(0, beforeGC.heapStatistics.usedHeapSize - used);
      used = afterGC.heapStatistics.usedHeapSize;
      microseconds += cost;
      if (gcType === "Scavenge") scavenges++;
    }
    allocated += Math.max(0, used_heap_size - used);
    return {
      cpuTime: process.cpuUsage().user / 1e6,
      gcTime: microseconds / 1e6,
      gcCycles: statistics.length,
      heapSize: total_heap_size,
      allocated,
      more: {
        scavenges,
        fullCollections: statistics.length - scavenges,
        peakMemory: process.resourceUsage().maxRSS * 1024,
      },
    };
  }
}
