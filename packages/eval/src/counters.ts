/**
 * Counters: what parts of an evaluation count as they go, for people who look for wasted work. A part
 * counts in fields of its own and says here how to read them; nobody asks unless statistics are
 * wanted, so counting must be cheap and reading need not be.
 */

/** Numbers by name; names may have dots in them, objects are groups. */
export type CounterTree = number | { readonly [name: string]: CounterTree };

/** See the head of this file. */
export class CounterRegistry {
  private readonly parts = new Map<string, () => CounterTree>();

  /** Adds a part; a later one of the same name takes its place. */
  add(name: string, read: () => CounterTree): void {
    this.parts.set(name, read);
  }

  /** What all parts have counted until now. */
  read(): Record<string, CounterTree> {
    return Object.fromEntries(Array.from(this.parts, ([name, read]) => [name, read()]));
  }
}
