/**
 * Stretches: neighbouring bindings of a large set, with the names that their values mention, so that the
 * walk over the next version of a text need not enter the values that stayed.
 *
 * The resolver cuts sets into stretches if it is given a {@link WalkMemory}. A stretch is taken over by the
 * next walk if its bindings are the same objects (the reparser keeps those that an edit did not touch), and
 * if each name that its values take from outside still means something of the same kind.
 */
import { type Binding, BindingKind, NodeKind, type Span } from "../ast/nodes.ts";
import type { Replaced } from "../text/replaced.ts";

/** What a name means outside of a stretch, as far as a walk over the stretch depends on it. */
export const enum Meaning {
  LetVariable,
  OtherVariable,
  Global,
  /** A `with` may bring it. */
  With,
  Undefined,
}

/** Sets of fewer bindings are walked whole. */
const MIN_BINDINGS = 16;
/** Bindings of one stretch, at most: what is walked again if one of them changes. */
const MAX_BINDINGS = 24;
/** Values of more bytes are walked on their own: they have large sets in them. */
const MAX_VALUE = 4096;

/** Neighbouring bindings of one set. */
export class Stretch {
  readonly kind = -4;
  readonly bindings: readonly Binding[];
  /** How many lexical scopes are around the values. */
  readonly depth: number;
  isEntered = false;
  /** Whether the next walk may take it over. */
  isKept = true;
  /** The names that the walk asked for outside, and whether the values mention them. */
  readonly asked = new Map<string, boolean>();
  /** The same when the walk has left: names, which of them are mentioned, and what they mean. */
  names: readonly string[] = [];
  mentioned: readonly boolean[] = [];
  meanings: readonly Meaning[] = [];
  /** From the first name to the end of the last value, in bytes. */
  #length = 0;
  /** The offset of the first name. */
  #start = 0;

  constructor(bindings: readonly Binding[], depth: number) {
    this.bindings = bindings;
    this.depth = depth;
  }

  /** Notes where it stands now, and returns how far it moved since the last time. */
  settle(): number {
    const by = this.start - this.#start;
    this.#start += by;
    this.#length = this.length;
    return by;
  }

  get start(): number {
    return (this.bindings[0] as Binding).pos;
  }

  get length(): number {
    return (this.bindings.at(-1) as Binding).value.end - this.start;
  }

  /** Whether its bindings moved together, if they moved. */
  get isRigid(): boolean {
    return this.length === this.#length;
  }
}

/** What a walk keeps for the next one over the next version of the same text. */
export class WalkMemory {
  /** By their first bindings. */
  #known = new Map<Binding, Stretch>();
  #next = new Map<Binding, Stretch>();
  #replaced: Span | undefined;

  /** Notes that a part of the text was replaced. */
  replace({ start, end, newLength }: Replaced): void {
    const before = this.#replaced;
    this.#replaced = {
      start: Math.min(start, before?.start ?? start),
      end: Math.max(end, before?.end ?? end) + newLength - (end - start),
    };
  }

  /** The bindings of a set whose values are kept in stretches, or `undefined` if the set has too few. */
  keepable(bindings: readonly Binding[]): readonly Binding[] | undefined {
    if (bindings.length < MIN_BINDINGS) return undefined;
    return bindings.filter(isKeepable);
  }

  /** The stretch of the last walk that begins at an index of a set's bindings and has not changed. */
  recall(bindings: readonly Binding[], at: number): Stretch | undefined {
    const stretch = this.#known.get(bindings[at] as Binding);
    if (stretch === undefined || !stretch.isRigid) return undefined;
    const { start, end } = this.#replaced ?? { start: 0, end: 0 };
    for (let i = 0; i < stretch.bindings.length; i += 1) {
      const binding = bindings[at + i];
      if (binding === undefined || binding !== stretch.bindings[i]) return undefined;
      if (binding.value.end > start && binding.pos < end) return undefined;
    }
    return stretch;
  }

  /** A new stretch from an index on, up to where another one of the last walk begins. */
  begin(bindings: readonly Binding[], at: number, depth: number): Stretch {
    let end = at + 1;
    const limit = Math.min(bindings.length, at + MAX_BINDINGS);
    while (end < limit && !this.#known.has(bindings[end] as Binding)) end += 1;
    return new Stretch(bindings.slice(at, end), depth);
  }

  /** Keeps a stretch for the next walk. */
  keep(stretch: Stretch): void {
    if (stretch.isKept) this.#next.set(stretch.bindings[0] as Binding, stretch);
  }

  /** The walk has ended. */
  finish(): void {
    this.#known = this.#next;
    this.#next = new Map();
    this.#replaced = undefined;
  }
}

/** Attributes of merged sets may stand anywhere, so these are entered. */
function isKeepable({ kind, value }: Binding): boolean {
  return (
    kind === BindingKind.Plain &&
    value.kind !== NodeKind.AttrSet &&
    value.end - value.start <= MAX_VALUE
  );
}
