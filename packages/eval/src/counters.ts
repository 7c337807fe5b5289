/**
 * Counters: statistics about an evaluation for people who look for wasted work. A component counts
 * in fields of its own and registers a function that reads them. The function runs only when
 * statistics are requested, so counting must be cheap but reading need not be.
 */

/** Numbers by name; names may contain dots, and objects are groups. */
export type CounterTree = number | { readonly [name: string]: CounterTree };

/** The counters of one evaluation, by the name of the component. */
export class CounterRegistry {
  readonly #parts = new Map<string, () => CounterTree>();

  /** Registers a component, replacing an earlier one of the same name. */
  add(name: string, read: () => CounterTree): void {
    this.#parts.set(name, read);
  }

  /** Returns the current counts of all components. */
  read(): Record<string, CounterTree> {
    return Object.fromEntries(Array.from(this.#parts, ([name, read]) => [name, read()]));
  }
}
