/**
 * Sets of inputs as numbers.
 *
 * Each set exists once: two sets with the same members have the same number, so that sets compare by
 * number and a value remembers what it depends on in one word. An input is a small number, too; a set
 * is an array of bits. Evaluation asks for the same few unions again and again, so a table without
 * collision chains answers most of them. See docs/design/014-warm-evaluation.md.
 */

/** The set without members. */
export const EMPTY = 0;

/** The number of remembered unions, a power of 2. */
const MEMO_SIZE = 1 << 16;
/** Odd numbers that spread sums of small numbers over 32 bits. */
const SPREAD = 0x9e37_79b1;
const SPREAD_2 = 0x85eb_ca6b;
const BITS = 32;
const IN_DOUBT = 2;

/** The sets of one evaluation. */
export class InputSets {
  /** The bits of each set; the last word is not 0. */
  readonly #sets: Uint32Array[] = [new Uint32Array(0)];
  /** The next set with the same hash; 0 for none. */
  readonly #next: number[] = [0];
  /** Two numbers for each set: the sets that it is the union of, or an input and -1. */
  readonly #origins: number[] = [EMPTY, EMPTY];
  readonly #byHash = new Map<number, number>();
  readonly #singletons: (number | undefined)[] = [];
  /** 1 for each set that has a member which changed, 2 for each other one with a member in doubt. */
  #stale = new Uint8Array(1024);
  readonly #lefts = new Int32Array(MEMO_SIZE);
  readonly #rights = new Int32Array(MEMO_SIZE);
  readonly #unions = new Int32Array(MEMO_SIZE);

  /** The number of different sets. */
  get size(): number {
    return this.#sets.length;
  }

  /**
   * Two numbers for each set: those of the two sets that it is the union of, which are less than its own, or
   * an input and -1. The first set is empty.
   */
  get origins(): readonly number[] {
    return this.#origins;
  }

  /** Returns the set with one member. */
  of(input: number): number {
    let set = this.#singletons[input];
    if (set === undefined) {
      const bits = new Uint32Array((input >>> 5) + 1);
      bits[input >>> 5] = 1 << (input & 31);
      set = this.#intern(bits, input, -1);
      this.#singletons[input] = set;
    }
    return set;
  }

  /** Returns the set with the members of both. */
  union(a: number, b: number): number {
    if (a === b || b === EMPTY) return a;
    if (a === EMPTY) return b;
    const left = Math.min(a, b);
    const right = Math.max(a, b);
    const at =
      ((Math.imul(left, SPREAD) ^ Math.imul(right, SPREAD_2)) >>> (BITS - 16)) & (MEMO_SIZE - 1);
    if (this.#lefts[at] === left && this.#rights[at] === right) return this.#unions[at] as number;
    const union = this.#join(left, right);
    this.#lefts[at] = left;
    this.#rights[at] = right;
    this.#unions[at] = union;
    return union;
  }

  /** The members of a set, in ascending order. */
  membersOf(set: number): readonly number[] {
    const members: number[] = [];
    const bits = this.#sets[set] as Uint32Array;
    for (let i = 0; i < bits.length; i++) {
      for (let word = bits[i] as number; word !== 0; word &= word - 1) {
        members.push(i * BITS + (BITS - 1 - Math.clz32(word & -word)));
      }
    }
    return members;
  }

  /** Whether a member of the set has changed. */
  isStale(set: number): boolean {
    return this.#stale[set] === 1;
  }

  /** Whether no member of the set has changed or is in doubt. */
  holds(set: number): boolean {
    return this.#stale[set] === 0;
  }

  /** Whether a member of the set is in doubt and none has changed. */
  isDoubtful(set: number): boolean {
    return this.#stale[set] === IN_DOUBT;
  }

  /** Members are in doubt: whether they have changed is not known yet. */
  doubt(inputs: readonly number[]): void {
    this.#mark(inputs, (state) => (state === 0 ? IN_DOUBT : state));
  }

  /** Only these members are in doubt from now on. */
  limitDoubt(inputs: readonly number[]): void {
    for (let set = 1; set < this.#sets.length; set++) {
      if (this.#stale[set] === IN_DOUBT) this.#stale[set] = 0;
    }
    this.doubt(inputs);
  }

  /** Makes all sets stale that have one of these members. */
  change(inputs: readonly number[]): void {
    this.#mark(inputs, () => 1);
  }

  #mark(inputs: readonly number[], next: (state: number) => number): void {
    for (let set = 1; set < this.#sets.length; set++) {
      if (this.#stale[set] === 1) continue;
      const bits = this.#sets[set] as Uint32Array;
      for (const input of inputs) {
        const word = bits[input >>> 5];
        if (word === undefined || (word & (1 << (input & 31))) === 0) continue;
        this.#stale[set] = next(this.#stale[set] as number);
        break;
      }
    }
  }

  #join(left: number, right: number): number {
    const a = this.#sets[left] as Uint32Array;
    const b = this.#sets[right] as Uint32Array;
    const isLeftLonger = a.length >= b.length;
    const longer = isLeftLonger ? a : b;
    const shorter = isLeftLonger ? b : a;
    const bits = longer.slice();
    let isLonger = true;
    let isShorter = longer.length === shorter.length;
    for (let i = 0; i < shorter.length; i++) {
      const word = ((longer[i] as number) | (shorter[i] as number)) >>> 0;
      if (word !== longer[i]) isLonger = false;
      if (word !== shorter[i]) isShorter = false;
      bits[i] = word;
    }
    if (isLonger) return isLeftLonger ? left : right;
    if (isShorter) return isLeftLonger ? right : left;
    return this.#intern(bits, left, right);
  }

  #intern(bits: Uint32Array, left: number, right: number): number {
    const hash = hashOf(bits);
    const first = this.#byHash.get(hash) ?? EMPTY;
    for (let set = first; set !== EMPTY; set = this.#next[set] as number) {
      if (areEqual(this.#sets[set] as Uint32Array, bits)) return set;
    }
    const set = this.#sets.length;
    this.#sets.push(bits);
    this.#origins.push(left, right);
    this.#next.push(first);
    this.#byHash.set(hash, set);
    if (set >= this.#stale.length) {
      const larger = new Uint8Array(2 * this.#stale.length);
      larger.set(this.#stale);
      this.#stale = larger;
    }
    return set;
  }
}

function hashOf(bits: Uint32Array): number {
  let hash = bits.length;
  for (let i = 0; i < bits.length; i++) {
    hash = Math.imul(hash ^ (bits[i] as number), SPREAD);
    hash ^= hash >>> 15;
  }
  return hash;
}

function areEqual(a: Uint32Array, b: Uint32Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}
