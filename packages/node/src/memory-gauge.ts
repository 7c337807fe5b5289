/**
 * Memory measurement on Node: the heap of V8 and memory outside of it, such as file contents. It
 * loads Node's modules only when it is used, since only evaluations with a limit use it.
 */
import type { MemoryGauge } from "@nivis/eval";

class NodeMemory implements MemoryGauge {
  #collector: (() => void) | undefined;

  get #v8(): typeof import("node:v8") {
    return process.getBuiltinModule("node:v8");
  }

  get capacity(): number {
    return this.#v8.getHeapStatistics().heap_size_limit;
  }

  used(): number {
    const { used_heap_size, external_memory } = this.#v8.getHeapStatistics();
    return used_heap_size + external_memory;
  }

  collect(): void {
    if (this.#collector === undefined) {
      // V8 exposes its collector only to contexts created while the flag is set.
      this.#v8.setFlagsFromString("--expose-gc");
      const { runInNewContext } = process.getBuiltinModule("node:vm");
      this.#collector = runInNewContext("gc") as () => void;
      this.#v8.setFlagsFromString("--no-expose-gc");
    }
    this.#collector();
  }
}

/** The memory of this process. */
export const nodeMemory: MemoryGauge = new NodeMemory();
