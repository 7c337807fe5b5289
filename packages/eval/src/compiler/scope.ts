/**
 * Scopes, bindings and units: what the compiler knows of names.
 *
 * A *unit* is an expression that gets a {@link Lambda} of its own: a function, or an expression whose
 * evaluation is deferred as a thunk. A *binding* is a name (or a hidden temporary) that lives in a slot of the unit
 * that owns it. `resolve.ts` makes them for a whole file; `emit.ts` reads them when a unit is first
 * entered.
 */
import type { Expr } from "@nivis/syntax";
import type { Lambda } from "../bytecode/lambda.ts";

/** A name in scope. */
export class Binding {
  /** Whether its local is filled at the point of the code that the compiler has reached. */
  ready = true;
  /**
   * For the attributes of a `rec` with `__overrides`: the hidden cell that holds the set. Such names
   * are selected from the set each time, because `__overrides` may replace them.
   */
  cell: Binding | undefined = undefined;

  constructor(
    readonly name: string,
    readonly owner: Unit,
    /** Index of the local in the frames of `owner`. */
    readonly slot: number,
    /** Index of the binding in its file. */
    readonly number: number,
  ) {}
}

/** A set of bindings, as a bit set by their numbers: one word for every thirty numbers that occur close together. */
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

/** Bits of an integer that V8 stores without allocating. */
const BITS_PER_WORD = 30;

/** Every 32nd level of scopes remembers what was looked up through it. */
const REMEMBERING_LEVELS = 32;

/** Names that belong together: a `let`, a `rec`, a function's parameters, or a `with`. */
export class Scope {
  /**
   * The hidden local that holds the names and values of this scope at run time, if the code is compiled
   * for a debugger.
   */
  environment: Binding | undefined = undefined;
  /** The innermost `with` of this scope or around it. */
  readonly innermostWith: Binding | undefined;
  private readonly depth: number;
  /** On every {@link REMEMBERING_LEVELS}th level: the results of earlier lookups from here outwards. */
  private readonly known: Map<string, Binding | undefined> | undefined;

  constructor(
    readonly parent: Scope | undefined,
    /** The names, complete before the first look-up; empty for a `with`. */
    readonly names: ReadonlyMap<string, Binding>,
    /** For a `with`: the hidden local that holds its scope at run time. */
    readonly dynamic: Binding | undefined,
  ) {
    this.innermostWith = dynamic ?? parent?.innermostWith;
    this.depth = parent === undefined ? 0 : parent.depth + 1;
    const remembers = this.depth > 0 && this.depth % REMEMBERING_LEVELS === 0;
    this.known = remembers ? new Map() : undefined;
  }

  /** The {@link environment} of this scope or of the nearest around it that has one. */
  get innermostEnvironment(): Binding | undefined {
    let scope: Scope | undefined = this;
    while (scope !== undefined && scope.environment === undefined) scope = scope.parent;
    return scope?.environment;
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

/** Up to this many captures are searched as a list. */
const LINEAR_SEARCH = 16;

/** An expression that gets a lambda of its own, with its locals and captures. */
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

  /** The unit `levels` levels out. */
  outermost(levels: number): Unit {
    let unit: Unit = this;
    for (let i = 0; i < levels; i++) unit = unit.parent as Unit;
    return unit;
  }

  /** Allocates a local. */
  declare(name: string): Binding {
    const slot = this.nextSlot++;
    if (this.nextSlot > this.slotCount) this.slotCount = this.nextSlot;
    return new Binding(name, this, slot, this.numbering.next++);
  }

  /** The number of locals in use, for {@link release} at the end of the scope. */
  mark(): number {
    return this.nextSlot;
  }

  /** Frees the locals allocated since `mark`. */
  release(mark: number): void {
    this.nextSlot = mark;
  }

  /** Records that this unit uses a binding; all units in between capture it. */
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

  /** The index of the upvalue of a captured binding. Valid once the whole file is resolved. */
  upvalueOf(binding: Binding): number {
    const { captured } = this;
    if (captured.length <= LINEAR_SEARCH) return captured.indexOf(binding);
    this.upvalues ??= new Map(captured.map((known, i) => [known, i]));
    return this.upvalues.get(binding) ?? -1;
  }
}
