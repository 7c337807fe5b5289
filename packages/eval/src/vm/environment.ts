/**
 * Environment: the names of one scope and their slots, as code that is compiled for a debugger keeps them
 * (`Resolution.keepsScopes`). Other code has no scopes at run time: it captures what it uses.
 */
import { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import type { Slot } from "../value/value.ts";
import { WithScope } from "./with-scope.ts";

/** A `let`, a `rec`, the parameters of a function, or a `with`, and what is around it. */
export class Environment {
  /** Parallel to `names`; of a `with`, its {@link WithScope}. Empty until all are made. */
  values: readonly unknown[] = [];

  constructor(
    /** `null` for a `with`. */
    readonly names: readonly string[] | null,
    readonly parent: Environment | null,
  ) {}

  /** The slot of a name; `undefined` if there is none (yet). */
  get(name: string): Slot | undefined {
    const index = this.names?.indexOf(name) ?? -1;
    if (index < 0) return undefined;
    return this.slotAt(index);
  }

  /** The slot of the name with an index. */
  slotAt(index: number): Slot | undefined {
    const kept = this.values[index] as Slot | undefined;
    // With `__overrides`, all names share a cell that holds the set; it is empty at first.
    if (kept instanceof Thunk && kept.code === null && this.sharesCell) {
      const set: unknown = kept.a;
      return set instanceof Attrs ? set.get(this.names?.[index] as string) : undefined;
    }
    return kept;
  }

  private get sharesCell(): boolean {
    return this.names?.includes("__overrides") === true;
  }

  /** The set behind a `with`, which may not be evaluated yet; `undefined` for other scopes. */
  get namespace(): Slot | undefined {
    const [scope] = this.values;
    return this.names === null && scope instanceof WithScope ? scope.namespace : undefined;
  }
}
