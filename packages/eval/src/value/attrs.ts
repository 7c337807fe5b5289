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
import type { Slot } from "./value.ts";

/** Up to this many names a linear search beats a Map. */
const LINEAR_LIMIT = 8;
/** Layers of `//` before a set is flattened; lookups of absent names visit them all. */
const MAX_LAYERS = 8;
/** A left operand no larger than this is merged at once: cheaper than looking through layers. */
const SMALL_SET = 12;

/** The names of a set, in the order of definition, with their positions. Immutable. */
export class Shape {
  private index: Map<string, number> | null = null;
  private order: Uint32Array | null = null;
  private sorted: readonly string[] | null = null;
  private bare: Shape | null = null;

  constructor(
    /** Distinct names. */
    readonly names: readonly string[],
    /** Where each was defined, parallel to `names`; `null` when none is known. */
    readonly positions: readonly PosIdx[] | null,
  ) {}

  /** The same names in the same order without positions; always the same object. */
  withoutPositions(): Shape {
    if (this.positions === null) return this;
    let bare = this.bare;
    if (bare === null) {
      bare = new Shape(this.names, null);
      this.bare = bare;
    }
    return bare;
  }

  /** The place of a name, or -1. */
  indexOf(name: string): number {
    const names = this.names;
    const count = names.length;
    if (count <= LINEAR_LIMIT) {
      for (let i = 0; i < count; i++) if (names[i] === name) return i;
      return -1;
    }
    let index = this.index;
    if (index === null) {
      index = new Map();
      for (let i = 0; i < count; i++) index.set(names[i] as string, i);
      this.index = index;
    }
    const found = index.get(name);
    return found === undefined ? -1 : found;
  }

  /** The places of the names in bytewise order of the names. */
  sortedOrder(): Uint32Array {
    let order = this.order;
    if (order === null) {
      const names = this.names;
      order = new Uint32Array(names.length);
      let ascending = true;
      for (let i = 0; i < order.length; i++) {
        order[i] = i;
        if (i > 0 && (names[i - 1] as string) > (names[i] as string)) ascending = false;
      }
      if (!ascending) {
        order = Uint32Array.from(
          Array.from(order).sort((a, b) => ((names[a] as string) < (names[b] as string) ? -1 : 1)),
        );
      }
      this.order = order;
    }
    return order;
  }

  /** The names in bytewise order. */
  sortedNames(): readonly string[] {
    let sorted = this.sorted;
    if (sorted === null) {
      const names = this.names;
      sorted = Array.from(this.sortedOrder(), (i) => names[i] as string);
      this.sorted = sorted;
    }
    return sorted;
  }
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

  private flatten(): void {
    const layers: Attrs[] = [];
    let layer: Attrs | null = this;
    while (layer !== null) {
      layers.push(layer);
      layer = layer.base;
    }
    const bottom = layers.pop() as Attrs;
    const names = bottom.shape.names.slice();
    const values = bottom.values.slice();
    let positions = bottom.shape.positions === null ? null : bottom.shape.positions.slice();
    const index = new Map<string, number>();
    if (names.length > 64 || layers.length > 1)
      for (let i = 0; i < names.length; i++) index.set(names[i] as string, i);
    const large = index.size > 0;
    for (let l = layers.length - 1; l >= 0; l--) {
      const { shape, values: upper } = layers[l] as Attrs;
      for (let i = 0; i < upper.length; i++) {
        const name = shape.names[i] as string;
        const at = large ? (index.get(name) ?? -1) : bottom.shape.indexOf(name);
        const pos = shape.positions === null ? NO_POS : (shape.positions[i] as PosIdx);
        if (positions === null && pos !== NO_POS) positions = names.map(() => NO_POS);
        if (at >= 0) {
          values[at] = upper[i] as Slot;
          if (positions !== null) positions[at] = pos;
        } else {
          if (large) index.set(name, names.length);
          names.push(name);
          values.push(upper[i] as Slot);
          if (positions !== null) positions.push(pos);
        }
      }
    }
    this.shape = new Shape(names, positions);
    this.values = values;
    this.base = null;
    this.depth = 0;
  }
}

/** The set without attributes. */
export const EMPTY_ATTRS = new Attrs(EMPTY_SHAPE, []);

/** `left // right`: the attributes of both, those of `right` where both have one. */
export function updateAttrs(left: Attrs, right: Attrs): Attrs {
  // Nix: if one side is empty the other is returned as it is.
  if (left.base === null && left.values.length === 0) return right;
  if (right.base === null && right.values.length === 0) return left;
  const count = right.size;
  if (left.base === null && (left.values.length <= SMALL_SET || left.values.length <= count)) {
    return mergeFlat(left, right);
  }
  if (left.depth >= MAX_LAYERS) left.size;
  return new Attrs(right.shape, right.values, left);
}

/** Merges two flat sets; both sides keep their order, new names come last. */
function mergeFlat(left: Attrs, right: Attrs): Attrs {
  const names = left.shape.names.slice();
  const values = left.values.slice();
  const leftPositions = left.shape.positions;
  const rightPositions = right.shape.positions;
  const positions: PosIdx[] | null =
    leftPositions !== null
      ? leftPositions.slice()
      : rightPositions !== null
        ? names.map(() => NO_POS)
        : null;
  const leftShape = left.shape;
  const rightNames = right.shape.names;
  for (let i = 0; i < rightNames.length; i++) {
    const name = rightNames[i] as string;
    const at = leftShape.indexOf(name);
    const pos = rightPositions === null ? NO_POS : (rightPositions[i] as PosIdx);
    if (at >= 0) {
      values[at] = right.values[i] as Slot;
      if (positions !== null) positions[at] = pos;
    } else {
      names.push(name);
      values.push(right.values[i] as Slot);
      if (positions !== null) positions.push(pos);
    }
  }
  return new Attrs(new Shape(names, positions), values);
}
