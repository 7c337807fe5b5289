/**
 * Attribute sets.
 *
 * A set is a {@link Shape} (the names and their positions) and an array of slots beside it. All sets
 * that one literal makes share its shape, and so do `mapAttrs` results, so a select site can remember
 * where it found its name. `big // small` does not copy `big`: it puts a *layer* over it,
 *
 *     Attrs { shape: small's, values: small's, base: big }
 *
 * which is looked through from the top and flattened when the names are listed or when it grows
 * deeper than {@link MAX_LAYERS}. Flattening changes the representation, never the content, so sets
 * are immutable to everybody else.
 *
 * Names are ordinary strings (`__proto__` too): they live in arrays and Maps, never as JavaScript
 * properties.
 */
import { NO_POS, type PosIdx } from "../position.ts";
import { orderOfSymbols } from "./symbol-order.ts";
import type { Slot } from "./value.ts";

/** Up to this many names a linear search beats a Map. */
const LINEAR_LIMIT = 8;
/** How often a larger shape is searched before it gets a Map: to make one costs as much as many searches. */
const SEARCHES_BEFORE_INDEX = 16;
/** Up to this many names sorting by insertion beats the engine's sort and finding the places again. */
const INSERTION_LIMIT = 96;
/** Layers of `//` before a set is flattened; lookups of absent names visit them all. */
const MAX_LAYERS = 8;
/** Sets no larger than this together are merged at once: cheaper than looking through layers. */
const SMALL_SET = 16;
/** Shapes that may extend one another before one gets an index of its own. */
const MAX_EXTENSIONS = 4;
/**
 * A shape remembers what was made of it last, and that again: how much it may keep alive so, in names.
 * Each step counts as its names and {@link STEP_COST}.
 */
const MAX_REMEMBERED = 16_384;
const STEP_COST = 64;

/** Shapes laid over another: what {@link Shape.under} answers. */
class Union {
  constructor(
    /** The shapes that were laid over it, the lowest first. */
    readonly uppers: readonly Shape[],
    /** The names of all; the shape below itself if it has all of them, defined at the same places. */
    readonly shape: Shape,
    /** The places in `shape` of the names of `uppers`, one shape after the other. */
    readonly places: readonly number[],
  ) {}
}

/** Names taken out of a shape: what {@link Shape.without} answers. */
class Removal {
  constructor(
    readonly removed: readonly string[],
    /** What is left. */
    readonly shape: Shape,
    /** Where the removed names were, ascending. */
    readonly places: readonly number[],
  ) {}
}

/** The names of a set, in the order of definition, with their positions. Immutable. */
export class Shape {
  /** The places of the names that `parent` has not. */
  private index: Map<string, number> | null = null;
  /** How often names were looked for without an index. */
  private searches = 0;
  private order: readonly number[] | null = null;
  private sorted: readonly string[] | null = null;
  private symbols: readonly number[] | null | undefined = undefined;
  private bare: Shape | null = null;
  /** A shape whose names are the first names of this one, or `null`: its index serves both. */
  private readonly parent: Shape | null;
  private readonly extensions: number;
  /** The last union of this shape with shapes over it. */
  private union: Union | null = null;
  /** The last removal of names. */
  private removal: Removal | null = null;
  /** How many unions and removals led to this shape. */
  private readonly steps: number;

  constructor(
    /** Distinct names. */
    readonly names: readonly string[],
    /** Where each was defined, parallel to `names`; `null` when none is known. */
    readonly positions: readonly PosIdx[] | null,
    /** A shape whose names are the first of `names`. */
    parent: Shape | null = null,
    steps = 0,
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

  /** The same names in the same order without positions; always the same object. */
  withoutPositions(): Shape {
    if (this.positions === null) return this;
    let bare = this.bare;
    if (bare === null) {
      bare = new Shape(this.names, null, this, this.steps);
      this.bare = bare;
    }
    return bare;
  }

  /** Whether it has these names in this order, and these positions. */
  isMadeOf(names: readonly string[], positions: readonly PosIdx[] | null): boolean {
    return sameItems(this.names, names) && samePositions(this.positions, positions);
  }

  /** The place of a name, or -1. */
  indexOf(name: string): number {
    const names = this.names;
    const count = names.length;
    // The engine's search is quick from the first call on, a loop only once it is optimised.
    if (count <= LINEAR_LIMIT) return names.indexOf(name);
    let index = this.index;
    if (index === null) {
      const parent = this.parent;
      let i = 0;
      if (parent !== null) {
        const found = parent.indexOf(name);
        if (found >= 0) return found;
        i = parent.names.length;
        if (count - i <= LINEAR_LIMIT) return names.indexOf(name, i);
      }
      if (this.searches < SEARCHES_BEFORE_INDEX) {
        this.searches++;
        return names.indexOf(name, i);
      }
      index = new Map();
      for (; i < count; i++) index.set(names[i] as string, i);
      this.index = index;
    } else if (this.parent !== null) {
      const found = this.parent.indexOf(name);
      if (found >= 0) return found;
    }
    const found = index.get(name);
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
    return this.unite(uppers);
  }

  /** Names keep the place that they had first, new names come last. */
  private unite(uppers: readonly Shape[]): Union {
    const before = this.names.length;
    const added: string[] = [];
    const places: number[] = [];
    let placeOfAdded: Map<string, number> | null = null;
    let positioned = this.positions !== null;
    for (const { names, positions } of uppers) {
      if (positions !== null) positioned = true;
      // The names of one shape are distinct: none is looked for among those of its own.
      const earlier = added.length;
      const addedBefore = earlier > LINEAR_LIMIT ? null : added.slice();
      if (addedBefore === null && placeOfAdded === null) {
        placeOfAdded = new Map();
        for (let i = 0; i < earlier; i++) placeOfAdded.set(added[i] as string, i);
      }
      for (let i = 0; i < names.length; i++) {
        const name = names[i] as string;
        let at = this.indexOf(name);
        if (at < 0 && earlier > 0) {
          const found = addedBefore === null ? placeOfAdded?.get(name) : addedBefore.indexOf(name);
          if (found !== undefined && found >= 0) at = before + found;
        }
        if (at < 0) {
          at = before + added.length;
          placeOfAdded?.set(name, added.length);
          added.push(name);
        }
        places.push(at);
      }
    }
    const names = added.length === 0 ? this.names : this.names.concat(added);
    const positions = positioned ? this.positionsUnder(uppers, places, names.length) : null;
    let shape: Shape = this;
    if (added.length > 0 || !samePositions(positions, this.positions)) {
      // Looking through the lower index first pays while most names are found there.
      const extend = before > LINEAR_LIMIT && added.length <= before >> 1;
      shape = new Shape(names, positions, extend ? this : null, this.steps + 1);
    }
    const union = new Union(uppers, shape, places);
    if (shape === this || shape.isKept()) this.union = union;
    return union;
  }

  private positionsUnder(
    uppers: readonly Shape[],
    places: readonly number[],
    count: number,
  ): PosIdx[] {
    const { names, positions } = this;
    const result =
      positions === null
        ? new Array<PosIdx>(count).fill(NO_POS)
        : positions.concat(new Array<PosIdx>(count - names.length));
    let k = 0;
    for (const upper of uppers) {
      const from = upper.positions;
      for (let i = 0; i < upper.names.length; i++) {
        result[places[k++] as number] = from === null ? NO_POS : (from[i] as PosIdx);
      }
    }
    return result;
  }

  /** The shape without some names; those that it has not are ignored. */
  without(removed: readonly string[]): Removal {
    const { removal } = this;
    if (removal !== null && sameItems(removal.removed, removed)) return removal;
    const found = new Set<number>();
    for (const name of removed) {
      const at = this.indexOf(name);
      if (at >= 0) found.add(at);
    }
    const places = Array.from(found).sort((a, b) => a - b);
    let shape: Shape = this;
    if (places.length > 0) {
      const { names, positions } = this;
      shape = new Shape(
        withoutPlaces(names, places),
        positions === null ? null : withoutPlaces(positions, places),
        null,
        this.steps + 1,
      );
    }
    const made = new Removal(removed, shape, places);
    if (shape === this || shape.isKept()) this.removal = made;
    return made;
  }

  /** Whether the shape that this one was made of may remember it. */
  private isKept(): boolean {
    return this.steps * (this.names.length + STEP_COST) <= MAX_REMEMBERED;
  }

  /** The places of the names in bytewise order of the names. */
  sortedOrder(): readonly number[] {
    let order = this.order;
    if (order === null) {
      const { names } = this;
      if (names.length <= INSERTION_LIMIT) order = sortedPlaces(names);
      else order = this.sortedNames().map((name) => this.indexOf(name));
      this.order = order;
    }
    return order;
  }

  /** The places of the names in the order of `symbol-order.ts`; `null` if that is their own. */
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
    let sorted = this.sorted;
    if (sorted === null) {
      const { names } = this;
      if (names.length <= INSERTION_LIMIT) {
        sorted = this.sortedOrder().map((place) => names[place] as string);
      } else {
        // The order that the engine has for strings is the bytewise one, and quick.
        sorted = names.slice().sort();
      }
      this.sorted = sorted;
    }
    return sorted;
  }
}

/** The places of the names in bytewise order, by binary insertion. */
function sortedPlaces(names: readonly string[]): number[] {
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

/** Of the same names. */
function samePositions(a: readonly PosIdx[] | null, b: readonly PosIdx[] | null): boolean {
  return a === null || b === null ? a === b : sameItems(a, b);
}

/** Items that are taken out of a copy of the array one by one; for more the array is made anew. */
const FEW_REMOVED = 8;

/** What is not at one of the places, which ascend. */
function withoutPlaces<Item>(items: readonly Item[], places: readonly number[]): Item[] {
  if (places.length <= FEW_REMOVED) {
    const rest = items.slice();
    // From the last to the first, so that the places before stay what they are.
    for (let k = places.length - 1; k >= 0; k--) rest.splice(places[k] as number, 1);
    return rest;
  }
  let k = 0;
  return items.filter((_item, i) => {
    if (i !== places[k]) return true;
    k++;
    return false;
  });
}

/** The shape without names. */
export const EMPTY_SHAPE = new Shape([], null);

/** An attribute set. */
export class Attrs {
  shape: Shape;
  /** Parallel to `shape.names`. */
  values: readonly Slot[];
  /** What lies below this layer, or `null` for a flat set. */
  base: Attrs | null;
  /** How many layers lie below. */
  depth: number;

  constructor(shape: Shape, values: readonly Slot[], base: Attrs | null = null) {
    this.shape = shape;
    this.values = values;
    this.base = base;
    this.depth = base === null ? 0 : base.depth + 1;
  }

  /** A set from parallel arrays with distinct names, which it takes over. */
  static of(
    names: readonly string[],
    values: readonly Slot[],
    positions: readonly PosIdx[] | null = null,
  ): Attrs {
    return names.length === 0 ? EMPTY_ATTRS : new Attrs(new Shape(names, positions), values);
  }

  /** A set from a Map, in its order. */
  static fromMap(map: ReadonlyMap<string, Slot>): Attrs {
    return Attrs.of(Array.from(map.keys()), Array.from(map.values()));
  }

  /** The slot of an attribute, or `undefined`. */
  get(name: string): Slot | undefined {
    const i = this.shape.indexOf(name);
    if (i >= 0) return this.values[i];
    let layer = this.base;
    while (layer !== null) {
      const j = layer.shape.indexOf(name);
      if (j >= 0) return layer.values[j];
      layer = layer.base;
    }
    return undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  /** Where an attribute was defined; {@link NO_POS} if absent or unknown. */
  positionOf(name: string): PosIdx {
    let layer: Attrs | null = this;
    while (layer !== null) {
      const i = layer.shape.indexOf(name);
      if (i >= 0) return layer.shape.positions?.[i] ?? NO_POS;
      layer = layer.base;
    }
    return NO_POS;
  }

  get size(): number {
    if (this.base !== null) this.flatten();
    return this.shape.names.length;
  }

  /** The names in order of definition. */
  names(): readonly string[] {
    if (this.base !== null) this.flatten();
    return this.shape.names;
  }

  /** The slots, parallel to {@link names}. */
  slots(): readonly Slot[] {
    if (this.base !== null) this.flatten();
    return this.values;
  }

  /** The names in bytewise order: what every listing shows. */
  sortedNames(): readonly string[] {
    if (this.base !== null) this.flatten();
    return this.shape.sortedNames();
  }

  /** The slots in bytewise order of the names. */
  sortedSlots(): Slot[] {
    if (this.base !== null) this.flatten();
    const order = this.shape.sortedOrder();
    const values = this.values;
    const slots: Slot[] = new Array<Slot>(order.length);
    for (let i = 0; i < order.length; i++) slots[i] = values[order[i] as number] as Slot;
    return slots;
  }

  /** The same names with other slots; `slots` is parallel to {@link names}. */
  withSlots(slots: readonly Slot[]): Attrs {
    if (this.base !== null) this.flatten();
    return new Attrs(this.shape, slots);
  }

  /** The attributes for which `keep` answers true, with their positions. */
  filter(keep: (name: string, index: number) => boolean): Attrs {
    const names = this.names();
    const positions = this.shape.positions;
    const keptNames: string[] = [];
    const keptValues: Slot[] = [];
    const keptPositions: PosIdx[] | null = positions === null ? null : [];
    for (let i = 0; i < names.length; i++) {
      const name = names[i] as string;
      if (keep(name, i)) {
        keptNames.push(name);
        keptValues.push(this.values[i] as Slot);
        if (keptPositions !== null)
          keptPositions.push((positions as readonly PosIdx[])[i] as PosIdx);
      }
    }
    if (keptNames.length === names.length) return this;
    return Attrs.of(keptNames, keptValues, keptPositions);
  }

  /** This set without some attributes; those that it has not are ignored. */
  without(removed: readonly string[]): Attrs {
    if (this.base !== null) this.flatten();
    const { shape, places } = this.shape.without(removed);
    if (places.length === 0) return this;
    return shape.names.length === 0
      ? EMPTY_ATTRS
      : new Attrs(shape, withoutPlaces(this.values, places));
  }

  private flatten(): void {
    const layers: Attrs[] = [];
    let bottom: Attrs = this;
    while (bottom.base !== null) {
      layers.push(bottom);
      bottom = bottom.base;
    }
    layers.reverse();
    const union = bottom.shape.under(layers.map((layer) => layer.shape));
    const { values } = bottom;
    const { places, shape } = union;
    const merged = copyOf(values, shape.names.length);
    let k = 0;
    for (const layer of layers) {
      const upper = layer.values;
      for (let i = 0; i < upper.length; i++) merged[places[k++] as number] = upper[i] as Slot;
    }
    this.shape = shape;
    this.values = merged;
    this.base = null;
    this.depth = 0;
  }
}

/** The slots in an array of `length`, which is no smaller. The engine's own copying is quick at once. */
function copyOf(slots: readonly Slot[], length: number): Slot[] {
  const more = length - slots.length;
  return more === 0 ? slots.slice() : slots.concat(new Array<Slot>(more));
}

/** The set without attributes. */
export const EMPTY_ATTRS = new Attrs(EMPTY_SHAPE, []);

/** `left // right`: the attributes of both, those of `right` where both have one. */
export function updateAttrs(left: Attrs, right: Attrs): Attrs {
  // Nix: if one side is empty the other is returned as it is.
  if (left.base === null && left.values.length === 0) return right;
  if (right.base === null && right.values.length === 0) return left;
  if (right.base !== null && left.depth + right.depth >= MAX_LAYERS) right.size;
  if (right.base !== null) {
    const layers: Attrs[] = [];
    for (let layer: Attrs | null = right; layer !== null; layer = layer.base) layers.push(layer);
    let result = left;
    for (let i = layers.length - 1; i >= 0; i--) {
      const { shape, values } = layers[i] as Attrs;
      result = new Attrs(shape, values, result);
    }
    return result;
  }
  if (left.base === null && left.values.length + right.values.length <= SMALL_SET) {
    const { places, shape } = left.shape.underOne(right.shape);
    const values = copyOf(left.values, shape.names.length);
    const upper = right.values;
    for (let i = 0; i < upper.length; i++) values[places[i] as number] = upper[i] as Slot;
    return new Attrs(shape, values);
  }
  if (left.depth >= MAX_LAYERS) left.size;
  return new Attrs(right.shape, right.values, left);
}

/** How many slots {@link updateAttrs} copies for these operands, flattening them included; for statistics. */
export function slotsCopiedByUpdate(left: Attrs, right: Attrs): number {
  if (left.base === null && left.values.length === 0) return 0;
  if (right.base === null && right.values.length === 0) return 0;
  let copied = 0;
  if (right.base !== null) {
    if (left.depth + right.depth < MAX_LAYERS) return 0;
    copied += right.size;
  }
  if (left.base === null && left.values.length + right.values.length <= SMALL_SET) {
    copied += left.values.length;
    for (const name of right.names()) if (!left.has(name)) copied++;
  } else if (left.depth >= MAX_LAYERS) copied += left.size;
  return copied;
}
