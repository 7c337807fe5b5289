/** Interruption: a signal that ends an evaluation, and that somebody can raise. */
import type { StopSignal } from "@nivis/eval";

/** A signal that somebody can raise. */
export class Interruption implements StopSignal {
  aborted = false;
  readonly #listeners = new Set<() => void>();

  addEventListener(_: "abort", listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  raise(): void {
    this.aborted = true;
    for (const listener of this.#listeners) listener();
  }
}
