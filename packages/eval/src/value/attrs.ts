/**
 * Attribute sets.
 *
 * A set is a {@link Shape} (the names and their positions, see `shape.ts`) and an array of slots beside
 * it. `big // small` does not copy `big`: it puts a *layer* over it,
 *
 *     Attrs { shape: small's, values: small's, base: big }
 *
 * Look-ups go through the layers from the top. A set is flattened when its names are listed or when more
 * than {@link MAX_LAYERS} layers would lie upon one another. {@link Attrs.flatten} changes the
 * representation, never the content, and nothing else writes to the fields: sets are immutable.
 *
 * Names are ordinary strings (`__proto__` too): they live in arrays and Maps, never as JavaScript
 * properties. See docs/design/006-calls-and-sets.md for what was measured.
 */
import { NO_POS, type PosIdx } from "../position.ts";
import { type ListedDirectory, listOfOpen, OpenList } from "./open-list.ts";
import { EMPTY_SHAPE, Shape, withoutIndexes } from "./shape.ts";
import type { NixList, Slot } from "./value.ts";

/** Layers of `//` before a set is flattened; look-ups of absent names visit all of them. */
const MAX_LAYERS = 8;
/** Two sets with up to this many names together are merged at once: cheaper than looking through layers. */
const SMALL_SET = 16;

/** An attribute set. */
export class Attrs {
  /** The names of the top layer. */
  readonly shape: Shape;
  /** Parallel to `shape.names`. */
  readonly values: readonly Slot[];
  /** The set below this layer, or `null` for a flat set. */
  readonly base: Attrs | null;
  /** How many layers lie below. */
  readonly depth: number;

  constructor(shape: Shape, values: readonly Slot[], base: Attrs | null = null) {
    this.shape = shape;
    this.values = values;
    this.base = base;
    this.depth = base === null ? 0 : base.depth + 1;
  }

  /** A set from parallel arrays with distinct names. It takes the arrays over. */
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

  /** How many attributes the set has. Flattens it. */
  size(): number {
    return this.names().length;
  }

  /** The names in order of definition. Flattens the set, like all below that list something. */
  names(): readonly string[] {
    if (this.base !== null) this.flatten();
    return this.shape.names;
  }

  /** The slots, parallel to {@link names}. */
  slots(): readonly Slot[] {
    if (this.base !== null) this.flatten();
    const { open } = this.shape;
    if (open !== null) open.list();
    return this.values;
  }

  /** The names for code that treats all alike and does not show them to the program; see `open-names.ts`. */
  blindNames(): readonly string[] {
    if (this.base !== null) this.flatten();
    return this.shape.blindNames;
  }

  /** The slots, parallel to {@link blindNames}, for the same code. */
  blindSlots(): readonly Slot[] {
    if (this.base !== null) this.flatten();
    return this.values;
  }

  /** The names in bytewise order, as every listing shows them. */
  sortedNames(): readonly string[] {
    if (this.base !== null) this.flatten();
    return this.shape.sortedNames();
  }

  /** The names in bytewise order as a list of the program; `directory` is the one whose entries they are. */
  sortedNameList(directory?: ListedDirectory): NixList {
    if (this.base !== null) this.flatten();
    const { open } = this.shape;
    const names = this.shape.blindSortedNames();
    if (open === null) return names;
    return listOfOpen(new OpenList(names, open, names[0] as string, directory));
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

  /** This set without some attributes; unknown names are ignored. */
  without(removed: readonly string[]): Attrs {
    if (this.base !== null) this.flatten();
    const { shape, indexes } = this.shape.without(removed);
    if (indexes.length === 0) return this;
    return shape.blindNames.length === 0
      ? EMPTY_ATTRS
      : new Attrs(shape, withoutIndexes(this.values, indexes));
  }

  /** Merges the layers in one pass. The content stays the same; nobody but statistics can see it. */
  flatten(): void {
    if (this.base === null) return;
    const layers: Attrs[] = [];
    let bottom: Attrs = this;
    while (bottom.base !== null) {
      layers.push(bottom);
      bottom = bottom.base;
    }
    layers.reverse();
    const union = bottom.shape.under(layers.map((layer) => layer.shape));
    const { values } = bottom;
    const { indexes, shape } = union;
    const merged = copyOf(values, shape.blindNames.length);
    let k = 0;
    for (const layer of layers) {
      const upper = layer.values;
      for (let i = 0; i < upper.length; i++) merged[indexes[k++] as number] = upper[i] as Slot;
    }
    replaceLayers(this, shape, merged);
  }
}

/** Gives a set the flat representation of its content. */
function replaceLayers(
  set: { -readonly [Field in "shape" | "values" | "base" | "depth"]: Attrs[Field] },
  shape: Shape,
  values: readonly Slot[],
): void {
  set.shape = shape;
  set.values = values;
  set.base = null;
  set.depth = 0;
}

/** The slots in an array of `length`, which is at least theirs. The engine's own copying is fast at once. */
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
  if (right.base !== null && left.depth + right.depth >= MAX_LAYERS) right.flatten();
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
    const { indexes, shape } = left.shape.underOne(right.shape);
    const values = copyOf(left.values, shape.blindNames.length);
    const upper = right.values;
    for (let i = 0; i < upper.length; i++) values[indexes[i] as number] = upper[i] as Slot;
    return new Attrs(shape, values);
  }
  if (left.depth >= MAX_LAYERS) left.flatten();
  return new Attrs(right.shape, right.values, left);
}

/** How many slots {@link updateAttrs} copies for these operands, flattening them included; for statistics. */
export function slotsCopiedByUpdate(left: Attrs, right: Attrs): number {
  if (left.base === null && left.values.length === 0) return 0;
  if (right.base === null && right.values.length === 0) return 0;
  let copied = 0;
  if (right.base !== null) {
    if (left.depth + right.depth < MAX_LAYERS) return 0;
    copied += right.size();
  }
  if (left.base === null && left.values.length + right.values.length <= SMALL_SET) {
    copied += left.values.length;
    for (const name of right.names()) if (!left.has(name)) copied++;
  } else if (left.depth >= MAX_LAYERS) copied += left.size();
  return copied;
}
