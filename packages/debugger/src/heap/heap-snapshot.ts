/**
 * HeapSnapshot: the objects that can be reached from some roots, numbered from 1, and the references between
 * them in both directions. Number 0 is the snapshot itself, which refers to the roots.
 *
 * Everything is in arrays of integers, so that a million objects fit; what takes long is a generator, which
 * gives way every few thousand objects. A snapshot keeps the objects alive that it has numbered.
 */
import {
  eachReference,
  type HeapObject,
  isHeapObject,
  kindIndexOf,
  OBJECT_KINDS,
  type ReferenceRole,
  shallowSize,
} from "./heap-objects.ts";

/** Where a walk begins. */
export interface HeapRoot {
  /** What it is, such as `result` or the path of a file; bytes. */
  readonly name: string;
  readonly value: unknown;
}

/** A reference from one object to another. */
export interface Reference {
  readonly from: number;
  readonly to: number;
  readonly role: ReferenceRole;
  readonly key: string | number;
}

/** Objects between two chances to do something else. */
const SLICE = 4096;

/** Numbers that grow. */
class Numbers {
  #items = new Int32Array(1024);
  length = 0;

  push(item: number): void {
    if (this.length === this.#items.length) {
      const larger = new Int32Array(this.length * 2);
      larger.set(this.#items);
      this.#items = larger;
    }
    this.#items[this.length++] = item;
  }

  /** The numbers, without copying. */
  get items(): Int32Array {
    return this.#items.subarray(0, this.length);
  }
}

/** See the head of this file. */
export class HeapSnapshot {
  readonly roots: readonly HeapRoot[];
  /** By number; the first is missing. */
  readonly objects: readonly (HeapObject | undefined)[];
  /** The index of the kind of each object in {@link OBJECT_KINDS}. */
  readonly kinds: Uint8Array;
  /** See {@link shallowSize}. */
  readonly sizes: Uint32Array;
  /** The object from which each was reached first: the paths along it are as short as possible. */
  readonly parents: Int32Array;
  /** Whether there were more objects than the limit, so that references to some are missing. */
  readonly isCut: boolean;
  readonly #numbers: ReadonlyMap<HeapObject, number>;
  /** The targets of object `i` are `targets[starts[i]]` to `targets[starts[i + 1] - 1]`. */
  readonly #starts: Int32Array;
  readonly #targets: Int32Array;
  /** The same for what refers to an object; made when it is first asked for. */
  #holders: { readonly starts: Int32Array; readonly sources: Int32Array } | undefined;
  #dominators: Int32Array | undefined;
  #retained: Float64Array | undefined;

  private constructor(
    roots: readonly HeapRoot[],
    objects: readonly (HeapObject | undefined)[],
    numbers: ReadonlyMap<HeapObject, number>,
    parents: Int32Array,
    starts: Int32Array,
    targets: Int32Array,
    isCut: boolean,
  ) {
    this.roots = roots;
    this.objects = objects;
    this.#numbers = numbers;
    this.parents = parents;
    this.#starts = starts;
    this.#targets = targets;
    this.isCut = isCut;
    this.kinds = new Uint8Array(objects.length);
    this.sizes = new Uint32Array(objects.length);
    for (let i = 1; i < objects.length; i++) {
      const object = objects[i] as HeapObject;
      this.kinds[i] = kindIndexOf(object);
      this.sizes[i] = shallowSize(object);
    }
  }

  /** Walks from the roots, nearest objects first. Yields the number of objects that were found so far. */
  static *take(
    roots: readonly HeapRoot[],
    limit = Number.POSITIVE_INFINITY,
  ): Generator<number, HeapSnapshot> {
    const objects: (HeapObject | undefined)[] = [undefined];
    const numbers = new Map<HeapObject, number>();
    const parents = new Numbers();
    parents.push(0);
    const starts = new Numbers();
    const targets = new Numbers();
    let isCut = false;
    let current = 0;
    const visit = (target: unknown): void => {
      if (!isHeapObject(target)) return;
      let number = numbers.get(target);
      if (number === undefined) {
        if (objects.length > limit) {
          isCut = true;
          return;
        }
        number = objects.push(target) - 1;
        numbers.set(target, number);
        parents.push(current);
      }
      targets.push(number);
    };
    starts.push(0);
    for (const { value } of roots) visit(value);
    for (current = 1; current < objects.length; current++) {
      starts.push(targets.length);
      eachReference(objects[current] as HeapObject, visit);
      if (current % SLICE === 0) yield objects.length - 1;
    }
    starts.push(targets.length);
    return new HeapSnapshot(
      roots,
      objects,
      numbers,
      parents.items,
      starts.items,
      targets.items,
      isCut,
    );
  }

  /** The number of the last object, which is how many there are. */
  get size(): number {
    return this.objects.length - 1;
  }

  /** The number of an object; `undefined` for plain values and for what was not reached. */
  numberOf(value: unknown): number | undefined {
    return isHeapObject(value) ? this.#numbers.get(value) : undefined;
  }

  kindOf(number: number): (typeof OBJECT_KINDS)[number] {
    return OBJECT_KINDS[this.kinds[number] as number] as (typeof OBJECT_KINDS)[number];
  }

  /** How many objects and roots refer to an object, each counted once per reference. */
  holderCount(number: number): number {
    const { starts } = this.#reversed();
    return (starts[number + 1] as number) - (starts[number] as number);
  }

  /** Those of the objects that refer to an object whose index is in a range; 0 stands for a root. */
  holders(number: number, offset: number, limit: number): number[] {
    const { starts, sources } = this.#reversed();
    const start = (starts[number] as number) + offset;
    const end = Math.min(starts[number + 1] as number, start + limit);
    return Array.from(sources.subarray(start, Math.max(start, end)));
  }

  /** The references from one object (0: the roots) to another. */
  referencesBetween(from: number, to: number): Reference[] {
    const found: Reference[] = [];
    const target = this.objects[to];
    const object = this.objects[from];
    if (object === undefined) {
      for (const { name, value } of this.roots) {
        if (value === target) found.push({ from, to, role: "root", key: name });
      }
      return found;
    }
    eachReference(object, (value, role, key) => {
      if (value === target) found.push({ from, to, role, key });
    });
    return found;
  }

  /** The shortest chain of references from a root to an object. */
  pathTo(number: number): Reference[] {
    const path: Reference[] = [];
    for (let at = number; at > 0; at = this.parents[at] as number) {
      const from = this.parents[at] as number;
      // An object that has been evaluated since may have dropped the reference.
      const [reference] = this.referencesBetween(from, at);
      path.push(reference ?? { from, to: at, role: "value", key: 0 });
    }
    return path.reverse();
  }

  #reversed(): { readonly starts: Int32Array; readonly sources: Int32Array } {
    if (this.#holders !== undefined) return this.#holders;
    const count = this.objects.length;
    const starts = new Int32Array(count + 1);
    const targets = this.#targets;
    for (let i = 0; i < targets.length; i++) (starts[(targets[i] as number) + 1] as number)++;
    for (let i = 0; i < count; i++) (starts[i + 1] as number) += starts[i] as number;
    const next = starts.slice();
    const sources = new Int32Array(targets.length);
    for (let from = 0; from < count; from++) {
      const end = this.#starts[from + 1] as number;
      for (let at = this.#starts[from] as number; at < end; at++) {
        const to = targets[at] as number;
        sources[next[to] as number] = from;
        (next[to] as number)++;
      }
    }
    this.#holders = { starts, sources };
    return this.#holders;
  }

  /**
   * The nearest object on all paths from the roots to each object: while that one lives, and only then, does
   * the object. Computed by the first caller, in slices; algorithm of Cooper, Harvey and Kennedy, "A Simple,
   * Fast Dominance Algorithm".
   */
  *dominators(): Generator<void, Int32Array> {
    if (this.#dominators !== undefined) return this.#dominators;
    const count = this.objects.length;
    const { starts, sources } = this.#reversed();
    const order = new Int32Array(count);
    /** The place of each object in `order`, from the end of a walk in depth. */
    const places = new Int32Array(count).fill(-1);
    const next = this.#starts.slice();
    const stack = [0];
    places[0] = 0;
    let done = 0;
    for (let steps = 0; stack.length > 0; steps++) {
      const at = stack[stack.length - 1] as number;
      const edge = next[at] as number;
      if (edge < (this.#starts[at + 1] as number)) {
        next[at] = edge + 1;
        const to = this.#targets[edge] as number;
        if (places[to] === -1) {
          places[to] = 0;
          stack.push(to);
        }
      } else {
        stack.pop();
        places[at] = done;
        order[done++] = at;
      }
      if (steps % (SLICE * 16) === 0) yield;
    }
    const result = new Int32Array(count).fill(-1);
    result[0] = 0;
    for (let changed = true; changed; ) {
      changed = false;
      for (let i = count - 2; i >= 0; i--) {
        const at = order[i] as number;
        let best = -1;
        const end = starts[at + 1] as number;
        for (let k = starts[at] as number; k < end; k++) {
          let other = sources[k] as number;
          if (result[other] === -1) continue;
          if (best === -1) {
            best = other;
            continue;
          }
          while (best !== other) {
            while ((places[other] as number) < (places[best] as number)) {
              other = result[other] as number;
            }
            while ((places[best] as number) < (places[other] as number)) {
              best = result[best] as number;
            }
          }
        }
        if (result[at] !== best) {
          result[at] = best;
          changed = true;
        }
        if (i % (SLICE * 4) === 0) yield;
      }
    }
    // Objects after those that they dominate, so that sizes can be added up in one pass.
    const retained = new Float64Array(count);
    for (let i = 1; i < count; i++) retained[i] = this.sizes[i] as number;
    for (let i = 0; i < count - 1; i++) {
      const at = order[i] as number;
      (retained[result[at] as number] as number) += retained[at] as number;
    }
    this.#retained = retained;
    this.#dominators = result;
    return result;
  }

  /** By object: its size and that of everything that lives only because of it. See {@link dominators}. */
  *retainedSizes(): Generator<void, Float64Array> {
    yield* this.dominators();
    return this.#retained as Float64Array;
  }
}
