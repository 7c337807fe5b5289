/** A line on standard error with the progress of a sweep. */

/** The interval between lines in milliseconds if standard error is not a terminal. */
const INTERVAL_OF_LOG = 30_000;
const INTERVAL_OF_TERMINAL = 200;

/** Counts finished attributes and writes the line. */
export class Progress {
  readonly #started = performance.now();
  readonly #done = new Map<string, number>();
  #last = 0;
  readonly #totals: ReadonlyMap<string, number>;

  constructor(totals: ReadonlyMap<string, number>) {
    this.#totals = totals;
    for (const name of totals.keys()) this.#done.set(name, 0);
  }

  /** Counts one more attribute with an answer. */
  advance(name: string): void {
    this.#done.set(name, (this.#done.get(name) ?? 0) + 1);
    const now = performance.now();
    const { isTTY } = process.stderr;
    if (now - this.#last < (isTTY ? INTERVAL_OF_TERMINAL : INTERVAL_OF_LOG)) return;
    this.#last = now;
    process.stderr.write(isTTY ? `\r${this.#line()}\x1b[K` : `${this.#line()}\n`);
  }

  /** Writes the last line. */
  finish(): void {
    process.stderr.write(process.stderr.isTTY ? `\r${this.#line()}\x1b[K\n` : `${this.#line()}\n`);
  }

  #line(): string {
    const seconds = ((performance.now() - this.#started) / 1000).toFixed(0);
    const parts = [...this.#totals].map(
      ([name, total]) => `${name} ${this.#done.get(name)}/${total}`,
    );
    return `${parts.join(", ")} in ${seconds} s`;
  }
}
