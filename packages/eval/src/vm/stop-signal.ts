/** Signals that stop an asynchronous evaluation from outside; see `async-run.ts`. */

/** A signal that stops an evaluation; an `AbortSignal` is one. */
export interface StopSignal {
  readonly aborted: boolean;
  readonly reason?: unknown;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** A signal that its owner raises, where the host may lack `AbortController`. */
export class Interruption implements StopSignal {
  aborted = false;
  readonly reason: unknown;
  readonly #listeners = new Set<() => void>();

  /** `reason` becomes the cause of the error that ends the evaluation. */
  constructor(reason?: unknown) {
    this.reason = reason;
  }

  addEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: "abort", listener: () => void): void {
    this.#listeners.delete(listener);
  }

  raise(): void {
    this.aborted = true;
    for (const listener of this.#listeners) listener();
  }
}
