/**
 * AllocationMeter: how many bytes the heap of this process has given out, whatever was collected since. V8
 * counts only what is in use; with what each garbage collection freed, the rest follows. `ProcessMeter`
 * and `nivis profile` use it. Node's modules are loaded only then.
 *
 * Memory outside of the heap, such as the contents of buffers, does not count.
 */
import type { AllocationGauge } from "@nivis/eval";

/** Measures from its construction on. */
export class AllocationMeter implements AllocationGauge {
  readonly #v8 = process.getBuiltinModule("node:v8");
  #profiler = new this.#v8.GCProfiler();
  /** The bytes in use after the last collection that was looked at, and those given out until then. */
  #usedThen = this.used();
  #allocated = 0;
  /** Garbage collections, those of young objects among them, and the microseconds of all. */
  collections = 0;
  scavenges = 0;
  microseconds = 0;

  constructor() {
    this.#profiler.start();
  }

  used(): number {
    return this.#v8.getHeapStatistics().used_heap_size;
  }

  allocated(): number {
    this.finish();
    this.#profiler = new this.#v8.GCProfiler();
    this.#profiler.start();
    return this.#allocated;
  }

  /** Ends the measurement and returns what {@link allocated} would return. */
  finish(): number {
    const { statistics } = this.#profiler.stop();
    for (const { gcType, cost, beforeGC, afterGC } of statistics) {
      this.#add(beforeGC.heapStatistics.usedHeapSize);
      this.#usedThen = afterGC.heapStatistics.usedHeapSize;
      this.microseconds += cost;
      if (gcType === "Scavenge") this.scavenges++;
    }
    this.collections += statistics.length;
    const used = this.used();
    this.#add(used);
    this.#usedThen = used;
    return this.#allocated;
  }

  /** Memory in use before a collection but not after the previous one is new. */
  #add(used: number): void {
    this.#allocated += Math.max(0, used - this.#usedThen);
  }
}
