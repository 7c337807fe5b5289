/**
 * Shapes: the names and positions of attribute sets, which are V8's hidden classes for sets.
 *
 * A {@link Shape} is immutable and shared: all sets that one literal makes have the same one, and so do
 * results of `mapAttrs`. So a select site can remember the index at which it found its name (an inline
 * cache, `SelectCache`), and a name is looked up in an index that is made once. `attrs.ts` puts slots
 * beside a shape; `shape-table.ts` finds shapes again for names that were computed.
 *
 * A shape remembers the last shapes that were laid over it with `//`, and what came out. The figures
 * below are measured: see docs/design/006-calls-and-sets.md.
 */
import { NO_POS, type PosIdx } from "../position.ts";
import { OpenNames } from "./open-names.ts";
import { orderOfSymbols } from "./symbol-order.ts";

/** Up to this many names a linear search beats a Map. */
const LINEAR_LIMIT = 8;
/** Searches of a larger shape before it gets a Map: making one costs as much as many searches. */
const SEARCHES_BEFORE_INDEX = 16;
/** Up to this many names, insertion beats the engine's sort followed by finding the indexes again. */
const INSERTION_LIMIT = 96;
/** The longest chain of shapes that extend one another; the next one gets a Map of all its names. */
const MAX_EXTENSIONS = 4;
/**
 * How much a chain of remembered unions and removals may keep alive, in names. Each step counts as its
 * names and {@link STEP_COST}.
 */
const MAX_REMEMBERED = 16_384;
const STEP_COST = 64;
/** A union of fewer names is made at once, a larger one in two steps if the last shapes are small. */
const LARGE_UNION = 512;
/** The last shapes of a union are small if they have at most one in so many of its names. */
const SMALL_SHARE = 16;
/** A union that adds fewer names leaves no table behind. */
const KEPT_TABLE = 64;

/** The result of {@link Shape.under}: shapes laid over another. */
class Union {
  constructor(
    /** The shapes laid over the lower one, the lowest first. */
    readonly uppers: readonly Shape[],
    /** The names of all. It is the lower shape itself if that has all of them, with the same positions. */
    readonly shape: Shape,
    /** The indexes in `shape` of the names of `uppers`, one shape after the other. */
    readonly indexes: readonly number[],
  ) {}
}

/** The result of {@link Shape.without}: names taken out of a shape. */
class Removal {
  constructor(
    readonly removed: readonly string[],
    /** The names that are left. */
    readonly shape: Shape,
    /** The indexes that the removed names had, ascending. */
    readonly indexes: readonly number[],
  ) {}
}

/** The names of a set, in the order of definition, with their positions. Immutable. */
export class Shape {
  /** The indexes of the names that `parent` lacks; `null` until many searches have been made. */
  private table: Map<string, number> | null = null;
  /** How often names were searched for without `table`. */
  private searches = 0;
  /** The result of {@link sortedOrder}. */
  private order: readonly number[] | null = null;
  /** The result of {@link sortedNames}. */
  private sorted: readonly string[] | null = null;
  /** The result of {@link symbolOrder}; `undefined` until it is asked for. */
  private symbols: readonly number[] | null | undefined = undefined;
  /** The result of {@link withoutPositions}. */
  private bare: Shape | null = null;
  /** A shape whose names are the first names of this one, or `null`; its table serves both. */
  private readonly parent: Shape | null;
  /** Length of the chain of parents. */
  private readonly extensions: number;
  /** The last union of this shape with shapes over it. */
  private union: Union | null = null;
  /** The last removal of names. */
  private removal: Removal | null = null;
  /** How many unions and removals led to this shape. */
  private readonly steps: number;

  constructor(
    /**
     * Distinct names, for code that treats all names alike and does not show them to the program. Other code
     * takes {@link names}.
     */
    readonly blindNames: readonly string[],
    /** Where each was defined, parallel to the names; `null` when none is known. */
    readonly positions: readonly PosIdx[] | null,
    /** A shape whose names are the first names of this one. */
    parent: Shape | null = null,
    steps = 0,
    /** The directories that the names may be from; `null` unless the host records that. An open shape has a name. */
    readonly open: OpenNames | null = null,
  ) {
    this.steps = steps;
    if (parent !== null && parent.extensions < MAX_EXTENSIONS) {
      this.parent = parent;
      this.extensions = parent.extensions + 1;
    } else {
      this.parent = null;
      this.extensions = 0;
    }
  }

  /** The names, in the order of definition. */
  get names(): readonly string[] {
    if (this.open !== null) this.open.list();
    return this.blindNames;
  }

  /** The same names in the same order without positions; always the same object. */
  withoutPositions(): Shape {
    if (this.positions === null) return this;
    let bare = this.bare;
    if (bare === null) {
      bare = new Shape(this.blindNames, null, this, this.steps, this.open);
      this.bare = bare;
    }
    return bare;
  }

  /** The same names, to which those of `open` could be added. */
  openedTo(open: OpenNames): Shape {
    return new Shape(this.blindNames, this.positions, this, this.steps + 1, open);
  }

  /** The same names, to which nothing can be added. */
  closed(): Shape {
    return this.open === null
      ? this
      : new Shape(this.blindNames, this.positions, this, this.steps + 1);
  }

  /** Whether the shape has exactly these names in this order, and these positions. */
  isMadeOf(names: readonly string[], positions: readonly PosIdx[] | null): boolean {
    return (
      this.open === null &&
      sameItems(this.blindNames, names) &&
      samePositions(this.positions, positions)
    );
  }

  /** The index of a name that the program asks for, or -1. */
  indexOf(name: string): number {
    if (this.open !== null) this.open.ask(name);
    return this.blindIndexOf(name);
  }

  /** The index of a name, or -1, for code that treats all names alike. */
  blindIndexOf(name: string): number {
    const names = this.blindNames;
    const count = names.length;
    // The engine's own search is fast from the first call on; a loop is fast only once it is optimised.
    if (count <= LINEAR_LIMIT) return names.indexOf(name);
    let table = this.table;
    if (table === null) {
      const parent = this.parent;
      let i = 0;
      if (parent !== null) {
        const found = parent.blindIndexOf(name);
        if (found >= 0) return found;
        i = parent.blindNames.length;
        if (count - i <= LINEAR_LIMIT) return names.indexOf(name, i);
      }
      if (this.searches < SEARCHES_BEFORE_INDEX) {
        this.searches++;
        return names.indexOf(name, i);
      }
      table = new Map();
      for (; i < count; i++) table.set(names[i] as string, i);
      this.table = table;
    } else if (this.parent !== null) {
      const found = this.parent.blindIndexOf(name);
      if (found >= 0) return found;
    }
    const found = table.get(name);
    return found === undefined ? -1 : found;
  }

  /** The union with a shape laid over this one. */
  underOne(upper: Shape): Union {
    const { union } = this;
    if (union !== null && union.uppers.length === 1 && union.uppers[0] === upper) return union;
    return this.unite([upper]);
  }

  /** The union with shapes laid over this one, the lowest first. */
  under(uppers: readonly Shape[]): Union {
    const { union } = this;
    if (union !== null && sameItems(union.uppers, uppers)) return union;
    const first = this.largeLayers(uppers);
    if (first === uppers.length) return this.unite(uppers);
    // Package sets differ in their last layers only.
    const lower = this.under(uppers.slice(0, first));
    const last = uppers.slice(first);
    const known = lower.shape.union;
    const upper =
      known !== null && sameItems(known.uppers, last)
        ? known
        : lower.shape.unite(last, lower.shape.steps);
    return new Union(uppers, upper.shape, lower.indexes.concat(upper.indexes));
  }

  /** How many of the shapes laid over this one to unite first, since all later ones are small. */
  private largeLayers(uppers: readonly Shape[]): number {
    let count = this.blindNames.length;
    for (const { blindNames } of uppers) count += blindNames.length;
    if (count < LARGE_UNION) return uppers.length;
    let small = Math.floor(count / SMALL_SHARE);
    let first = uppers.length;
    while (first > 0) {
      small -= (uppers[first - 1] as Shape).blindNames.length;
      if (small < 0) break;
      first--;
    }
    return first === 0 ? uppers.length : first;
  }

  /** Names keep the index that they had first; new names come last. */
  private unite(uppers: readonly Shape[], steps = this.steps + 1): Union {
    const before = this.blindNames.length;
    const added: string[] = [];
    const indexes: number[] = [];
    let indexOfAdded: Map<string, number> | null = null;
    let positioned = this.positions !== null;
    let { open } = this;
    for (const { blindNames: names, positions, open: upperOpen } of uppers) {
      if (positions !== null) positioned = true;
      open = OpenNames.union(open, upperOpen);
      // The names of one shape are distinct, so none is searched for among its own.
      const earlier = added.length;
      const addedBefore = earlier > LINEAR_LIMIT ? null : added.slice();
      if (addedBefore === null && indexOfAdded === null) {
        indexOfAdded = new Map();
        for (let i = 0; i < earlier; i++) indexOfAdded.set(added[i] as string, before + i);
      }
      for (let i = 0; i < names.length; i++) {
        const name = names[i] as string;
        let at = this.blindIndexOf(name);
        if (at < 0 && earlier > 0) {
          if (addedBefore === null) at = indexOfAdded?.get(name) ?? -1;
          else {
            const found = addedBefore.indexOf(name);
            if (found >= 0) at = before + found;
          }
        }
        if (at < 0) {
          at = before + added.length;
          indexOfAdded?.set(name, at);
          added.push(name);
        }
        indexes.push(at);
      }
    }
    const names = added.length === 0 ? this.blindNames : this.blindNames.concat(added);
    const positions = positioned ? this.positionsUnder(uppers, indexes, names.length) : null;
    let shape: Shape = this;
    if (added.length > 0 || open !== this.open || !samePositions(positions, this.positions)) {
      // Searching the lower table first pays while most names are found there.
      const extend = before > LINEAR_LIMIT && added.length <= before >> 1;
      shape = new Shape(names, positions, extend ? this : null, steps, open);
      if (indexOfAdded !== null && added.length >= KEPT_TABLE) shape.adopt(indexOfAdded, before);
    }
    const union = new Union(uppers, shape, indexes);
    if (shape === this || shape.isKept()) this.union = union;
    return union;
  }

  /** Takes the indexes of the names behind the first ones, instead of making a table when it is searched. */
  private adopt(table: Map<string, number>, before: number): void {
    if (this.parent === null) {
      for (let i = 0; i < before; i++) table.set(this.blindNames[i] as string, i);
    }
    this.table = table;
  }

  private positionsUnder(
    uppers: readonly Shape[],
    indexes: readonly number[],
    count: number,
  ): PosIdx[] {
    const { blindNames: names, positions } = this;
    const result =
      positions === null
        ? new Array<PosIdx>(count).fill(NO_POS)
        : positions.concat(new Array<PosIdx>(count - names.length));
    let k = 0;
    for (const upper of uppers) {
      const from = upper.positions;
      for (let i = 0; i < upper.blindNames.length; i++) {
        result[indexes[k++] as number] = from === null ? NO_POS : (from[i] as PosIdx);
      }
    }
    return result;
  }

  /** The shape without some names; unknown names are ignored. Without any names left, it is not open. */
  without(removed: readonly string[]): Removal {
    const { removal } = this;
    if (removal !== null && sameItems(removal.removed, removed)) return removal;
    const found = new Set<number>();
    for (const name of removed) {
      const at = this.blindIndexOf(name);
      if (at >= 0) found.add(at);
    }
    const indexes = Array.from(found).sort((a, b) => a - b);
    let shape: Shape = this;
    if (indexes.length > 0) {
      const { blindNames: names, positions, open } = this;
      const isEmpty = indexes.length === names.length;
      // Sets without names are told apart from others in many places.
      if (isEmpty && open !== null) open.list();
      shape = new Shape(
        withoutIndexes(names, indexes),
        positions === null ? null : withoutIndexes(positions, indexes),
        null,
        this.steps + 1,
        isEmpty ? null : open,
      );
    }
    const made = new Removal(removed, shape, indexes);
    if (shape === this || shape.isKept()) this.removal = made;
    return made;
  }

  /** Whether the shape that this one was made from may remember it. */
  private isKept(): boolean {
    return this.steps * (this.blindNames.length + STEP_COST) <= MAX_REMEMBERED;
  }

  /** The indexes of the names in bytewise order of the names. */
  sortedOrder(): readonly number[] {
    if (this.open !== null) this.open.list();
    return this.blindSortedOrder();
  }

  private blindSortedOrder(): readonly number[] {
    let order = this.order;
    if (order === null) {
      const { blindNames: names } = this;
      if (names.length <= INSERTION_LIMIT) order = sortedIndexes(names);
      else order = this.blindSortedNames().map((name) => this.blindIndexOf(name));
      this.order = order;
    }
    return order;
  }

  /** The indexes of the names in the order of `symbol-order.ts`; `null` if that is the order of definition. */
  symbolOrder(): readonly number[] | null {
    let symbols = this.symbols;
    if (symbols === undefined) {
      symbols = orderOfSymbols(this.names);
      this.symbols = symbols;
    }
    return symbols;
  }

  /** The names in bytewise order. */
  sortedNames(): readonly string[] {
    if (this.open !== null) this.open.list();
    return this.blindSortedNames();
  }

  /** The same for code that treats all names alike. */
  blindSortedNames(): readonly string[] {
    let sorted = this.sorted;
    if (sorted === null) {
      const { blindNames: names } = this;
      if (names.length <= INSERTION_LIMIT) {
        sorted = this.blindSortedOrder().map((index) => names[index] as string);
      } else {
        // The engine orders strings bytewise, and fast.
        sorted = names.slice().sort();
      }
      this.sorted = sorted;
    }
    return sorted;
  }
}

/** The indexes of the names in bytewise order, by binary insertion. */
function sortedIndexes(names: readonly string[]): number[] {
  const order: number[] = [];
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    let low = 0;
    let high = i;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((names[order[middle] as number] as string) < name) low = middle + 1;
      else high = middle;
    }
    order.push(i);
    for (let k = i; k > low; k--) order[k] = order[k - 1] as number;
    order[low] = i;
  }
  return order;
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether two position lists for the same names agree. */
function samePositions(a: readonly PosIdx[] | null, b: readonly PosIdx[] | null): boolean {
  return a === null || b === null ? a === b : sameItems(a, b);
}

/** Up to this many items are removed from a copy of an array one by one; for more, the array is rebuilt. */
const FEW_REMOVED = 8;

/** The items that are not at one of `indexes`, which ascend. */
export function withoutIndexes<Item>(items: readonly Item[], indexes: readonly number[]): Item[] {
  if (indexes.length <= FEW_REMOVED) {
    const rest = items.slice();
    // From the last to the first, so that earlier indexes stay valid.
    for (let k = indexes.length - 1; k >= 0; k--) rest.splice(indexes[k] as number, 1);
    return rest;
  }
  let k = 0;
  return items.filter((_item, i) => {
    if (i !== indexes[k]) return true;
    k++;
    return false;
  });
}

/** The shape without names. */
export const EMPTY_SHAPE = new Shape([], null);
