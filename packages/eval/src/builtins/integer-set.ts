/**
 * IntegerSet: a set of integers for `genericClosure`, whose keys are often integers and numerous.
 * It is a hash table with open addressing outside of the heap, which the collector need not scan; a
 * `Set` of as many numbers takes twice the time.
 */

/** The entries of an empty table; a power of two, like all sizes. */
const FIRST_SIZE = 64;
/** Odd numbers without a bit pattern, which spread the two halves of an integer. */
const SPREAD_LOW = 0x9e3779b1;
const SPREAD_HIGH = 0x85ebca6b;

/** A set of safe integers. */
export class IntegerSet {
  /** The entries; NaN where there is none. */
  private table = emptyTable(FIRST_SIZE);
  private count = 0;

  /** Adds a safe integer; returns whether it was new. */
  add(integer: number): boolean {
    const { table } = this;
    const at = placeOf(table, integer);
    if (table[at] === integer) return false;
    table[at] = integer;
    if (++this.count * 2 > table.length) this.grow();
    return true;
  }

  private grow(): void {
    const old = this.table;
    const table = emptyTable(old.length * 2);
    for (let i = 0; i < old.length; i++) {
      const integer = old[i] as number;
      if (!Number.isNaN(integer)) table[placeOf(table, integer)] = integer;
    }
    this.table = table;
  }
}

function emptyTable(size: number): Float64Array {
  return new Float64Array(size).fill(Number.NaN);
}

/** Returns the index of an integer, or the index for it. */
function placeOf(table: Float64Array, integer: number): number {
  const mask = table.length - 1;
  const low = integer | 0;
  let hash = Math.imul(low, SPREAD_LOW);
  if (low !== integer) hash ^= Math.imul(Math.floor(integer / 2 ** 32), SPREAD_HIGH);
  let at = (hash ^ (hash >>> 15)) & mask;
  for (;;) {
    const there = table[at] as number;
    if (there === integer || Number.isNaN(there)) return at;
    at = (at + 1) & mask;
  }
}
