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
    /** Counts the bindings of a file. */
    readonly number: number,
  ) {}
}

/** A set of bindings that is small where their numbers lie close together: a word for each thirty. */
class BindingSet {
  private readonly words = new Map<number, number>();

  /** Adds a binding; returns whether it is new. */
  add({ number }: Binding): boolean {
    const at = Math.floor(number / BITS_PER_WORD);
    const word = this.words.get(at) ?? 0;
    const bit = 1 << (number % BITS_PER_WORD);
    if ((word & bit) !== 0) return false;
    this.words.set(at, word | bit);
    return true;
  }
}

/** What V8 keeps in a word of its own without allocating. */
const BITS_PER_WORD = 30;

/** Every so many levels a scope remembers what was looked up through it. */
const REMEMBERING_LEVELS = 32;

/** Names that belong together: a `let`, a `rec`, a function's parameters, or a `with`. */
export class Scope {
  /** The innermost `with` of this scope or around it. */
  readonly innermostWith: Binding | undefined;
  private readonly depth: number;
  /** On every {@link REMEMBERING_LEVELS}th level: the results of earlier lookups from here outwards. */
  private readonly known: Map<string, Binding | undefined> | undefined;

  constructor(
    readonly parent: Scope | undefined,
    /** The names, all of them before the first lookup; empty for a `with`. */
    readonly names: ReadonlyMap<string, Binding>,
    /** For a `with`: where the run time keeps its scope. */
    readonly dynamic: Binding | undefined,
  ) {
    this.innermostWith = dynamic ?? parent?.innermostWith;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    const remembers = this.depth > 0 && this.depth % REMEMBERING_LEVELS === 0;
    this.known = remembers ? new Map() : undefined;
  }

  /**
   * The binding of a name, or `undefined`. Units are resolved from the outside in, so a name that is
   * used on every level is found at the next scope that remembers, however deep the scopes nest.
   */
  lookup(name: string): Binding | undefined {
    let scope: Scope | undefined = this;
    let memory: Map<string, Binding | undefined> | undefined;
    let found: Binding | undefined;
    for (; scope !== undefined; scope = scope.parent) {
      const known = scope.known;
      if (known !== undefined) {
        found = known.get(name);
        if (found !== undefined || known.has(name)) break;
        memory ??= known;
      }
      found = scope.names.get(name);
      if (found !== undefined) break;
    }
    memory?.set(name, found);
    return found;
  }
}

/** Captures up to which a search goes through the list. */
const LINEAR_SEARCH = 16;

/** See the head of this file. */
export class Unit {
  /** The bindings of outer units that this one uses, in the order of their upvalues. */
  readonly captured: Binding[] = [];
  /** The same as a set, once there are more than {@link LINEAR_SEARCH}. */
  private capturedSet: BindingSet | undefined = undefined;
  /** The upvalue of each, if there are more than that and the unit is compiled. */
  private upvalues: ReadonlyMap<Binding, number> | undefined = undefined;
  /** Shared by the units of a file: how many bindings there are. */
  private readonly numbering: { next: number };
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
  ) {
    this.numbering = parent === undefined ? { next: 0 } : parent.numbering;
  }

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
    return new Binding(name, this, slot, this.numbering.next++);
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
    while (unit !== binding.owner && unit.capture(binding)) unit = unit.parent as Unit;
  }

  /** Captures a binding; returns whether that is new. */
  private capture(binding: Binding): boolean {
    const { captured } = this;
    if (captured.length <= LINEAR_SEARCH) {
      if (captured.includes(binding)) return false;
    } else {
      if (this.capturedSet === undefined) {
        this.capturedSet = new BindingSet();
        for (const known of captured) this.capturedSet.add(known);
      }
      if (!this.capturedSet.add(binding)) return false;
    }
    captured.push(binding);
    return true;
  }

  /** The upvalue that a captured binding has in this unit. For when all names of the file are resolved. */
  upvalueOf(binding: Binding): number {
    const { captured } = this;
    if (captured.length <= LINEAR_SEARCH) return captured.indexOf(binding);
    this.upvalues ??= new Map(captured.map((known, i) => [known, i]));
    return this.upvalues.get(binding) ?? -1;
  }
}
