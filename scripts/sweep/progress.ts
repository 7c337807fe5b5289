/** One line on standard error that says how far a sweep is. */

/** How often a line is written when standard error is no terminal, in milliseconds. */
const INTERVAL_OF_LOG = 30_000;
const INTERVAL_OF_TERMINAL = 200;

export class Progress {
  private readonly started = performance.now();
  private readonly done = new Map<string, number>();
  private last = 0;

  constructor(private readonly totals: ReadonlyMap<string, number>) {
    for (const name of totals.keys()) this.done.set(name, 0);
  }

  /** One more attribute has an answer. */
  advance(name: string): void {
    this.done.set(name, (this.done.get(name) ?? 0) + 1);
    const now = performance.now();
    const { isTTY } = process.stderr;
    if (now - this.last < (isTTY ? INTERVAL_OF_TERMINAL : INTERVAL_OF_LOG)) return;
    this.last = now;
    process.stderr.write(isTTY ? `\r${this.line()}\x1b[K` : `${this.line()}\n`);
  }

  /** Writes the last line. */
  finish(): void {
    process.stderr.write(process.stderr.isTTY ? `\r${this.line()}\x1b[K\n` : `${this.line()}\n`);
  }

  private line(): string {
    const seconds = ((performance.now() - this.started) / 1000).toFixed(0);
    const parts = [...this.totals].map(
      ([name, total]) => `${name} ${this.done.get(name)}/${total}`,
    );
    return `${parts.join(", ")} in ${seconds} s`;
  }
}
