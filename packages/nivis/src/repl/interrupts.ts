/**
 * Interrupts: how Ctrl-C reaches what a REPL evaluates or waits for. One object serves a session and all
 * REPLs of it, of which those of the debugger run inside each other: the innermost work is stopped.
 *
 * Evaluation is synchronous between two turns of the event loop, so it asks {@link Interrupts.isRaised}
 * now and then, which looks at the keys that have been pressed meanwhile.
 */

/** Milliseconds between two looks at the keyboard: each is a system call. */
const POLL_WAIT = 20;

/** What the user may interrupt. */
export class Interrupts {
  /** Takes the keys that have been pressed, and calls {@link raise} for Ctrl-C. */
  poll: () => void = () => {};
  /** The work that is under way, innermost last. */
  readonly #works: { readonly controller: AbortController; readonly deadline: number }[] = [];
  #polled = 0;

  /** Stops the work that is under way; returns whether there was any. */
  raise(): boolean {
    const work = this.#works.at(-1);
    work?.controller.abort();
    return work !== undefined;
  }

  /** Whether the innermost work is to stop: for `SessionOptions`. */
  readonly isRaised = (): boolean => {
    const work = this.#works.at(-1);
    if (work === undefined) return false;
    const now = performance.now();
    if (now - this.#polled >= POLL_WAIT) {
      this.#polled = now;
      this.poll();
    }
    return work.controller.signal.aborted || now > work.deadline;
  };

  /** Does work that can be interrupted, and that is stopped after some milliseconds if those are given. */
  async during<Result>(
    work: (signal: AbortSignal) => Promise<Result>,
    milliseconds = Number.POSITIVE_INFINITY,
  ): Promise<Result> {
    const controller = new AbortController();
    const entry = { controller, deadline: performance.now() + milliseconds };
    this.#works.push(entry);
    const isLimited = milliseconds < Number.POSITIVE_INFINITY;
    const timer = isLimited ? setTimeout(() => controller.abort(), milliseconds) : undefined;
    try {
      return await work(controller.signal);
    } finally {
      clearTimeout(timer);
      this.#works.splice(this.#works.indexOf(entry), 1);
    }
  }

  /** The signal of the innermost work. */
  get signal(): AbortSignal | undefined {
    return this.#works.at(-1)?.controller.signal;
  }
}
