/**
 * Scopes, bindings and units: what the compiler knows of names.
 *
 * A *unit* is an expression that gets a {@link Lambda} of its own: a function, or anything that is
 * put off as a thunk. A *binding* is a name (or a hidden temporary) that lives in a slot of the unit
 * that owns it. `resolve.ts` makes them for a whole file; `emit.ts` reads them when a unit is first
 * entered.
 */
import type { Expr } from "@nivis/syntax";
import type { Lambda } from "../bytecode/lambda.ts";

/** A name in scope. */
export class Binding {
  /** Whether its slot is filled at the point of the code that the compiler looks at. */
  ready = true;
  /**
   * For the attributes of a `rec` with `__overrides`: the hidden cell that holds the set. Such names
   * are selected from the set each time, because `__overrides` may replace them.
   */
  cell: Binding | undefined = undefined;

  constructor(
    readonly name: string,
    readonly owner: Unit,
    /** Index of the local. */
    readonly slot: number,
  ) {}
}

/** Names that belong together: a `let`, a `rec`, a function's parameters, or a `with`. */
export class Scope {
  constructor(
    readonly parent: Scope | undefined,
    /** The names; empty for a `with`. */
    readonly names: ReadonlyMap<string, Binding>,
    /** For a `with`: where the run time keeps its scope. */
    readonly dynamic: Binding | undefined,
    /** The innermost `with` of this scope or around it. */
    readonly innermostWith: Binding | undefined = dynamic ?? parent?.innermostWith,
  ) {}

  /** The binding of a name, or `undefined`. */
  lookup(name: string): Binding | undefined {
    let scope: Scope | undefined = this;
    while (scope !== undefined) {
      const binding = scope.names.get(name);
      if (binding !== undefined) return binding;
      scope = scope.parent;
    }
    return undefined;
  }
}

/** See the head of this file. */
export class Unit {
  /** The bindings of outer units that this one uses, in the order of their upvalues. */
  readonly captured: Binding[] = [];
  private nextSlot = 0;
  /** The most locals that are alive at once. */
  slotCount = 0;

  constructor(
    readonly lambda: Lambda,
    /** The unit whose code makes this one's closures or thunks. */
    readonly parent: Unit | undefined,
    readonly expr: Expr,
    readonly scope: Scope,
    /** For the value of `inherit (e) name`: the hidden binding of `e`. */
    readonly inheritFrom: Binding | undefined = undefined,
  ) {}

  /** The unit so many levels out. */
  outermost(levels: number): Unit {
    let unit: Unit = this;
    for (let i = 0; i < levels; i++) unit = unit.parent as Unit;
    return unit;
  }

  /** Takes a local. */
  declare(name: string): Binding {
    const slot = this.nextSlot++;
    if (this.nextSlot > this.slotCount) this.slotCount = this.nextSlot;
    return new Binding(name, this, slot);
  }

  /** Where the locals end; give it to {@link release} when the scope ends. */
  mark(): number {
    return this.nextSlot;
  }

  /** Gives back the locals taken since `mark`. */
  release(mark: number): void {
    this.nextSlot = mark;
  }

  /** Notes that this unit uses a binding, capturing it through all units in between. */
  use(binding: Binding): void {
    let unit: Unit = this;
    while (unit !== binding.owner) {
      if (unit.captured.includes(binding)) return;
      unit.captured.push(binding);
      unit = unit.parent as Unit;
    }
  }
}
