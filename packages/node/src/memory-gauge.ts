/** How Node measures memory: the heap of V8 and what lies beside it, such as contents of files. */
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { MemoryGauge } from "@nivis/eval";

class NodeMemory implements MemoryGauge {
  #collector: (() => void) | undefined;

  get capacity(): number {
    return getHeapStatistics().heap_size_limit;
  }

  used(): number {
    const { used_heap_size, external_memory } = getHeapStatistics();
    return used_heap_size + external_memory;
  }

  collect(): void {
    if (this.#collector === undefined) {
      // V8 hands its collector only to contexts that are made while the flag is set.
      setFlagsFromString("--expose-gc");
      this.#collector = runInNewContext("gc") as () => void;
      setFlagsFromString("--no-expose-gc");
    }
    this.#collector();
  }
}

/** The memory of this process. */
export const nodeMemory: MemoryGauge = new NodeMemory();
