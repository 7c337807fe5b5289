/**
 * 64-bit integers: a JavaScript number while it is safe, a `bigint` beyond, and an error where C++
 * Nix reports an overflow. All integer results pass through {@link toInt}, so a small integer is
 * never a bigint and `===` on two integers of any size may be done on their kinds first.
 */

/** The largest int64. */
export const INT64_MAX = 9223372036854775807n;
/** The smallest int64. */
export const INT64_MIN = -9223372036854775808n;

/** A Nix integer. */
export type Int = number | bigint;

/** The canonical representation of an integer within int64, or `undefined` when it is outside. */
export function toInt(value: bigint): Int | undefined {
  if (value >= -9007199254740991n && value <= 9007199254740991n) return Number(value);
  if (value > INT64_MAX || value < INT64_MIN) return undefined;
  return value;
}

/** `a + b`, or `undefined` on overflow. */
export function addInt(a: Int, b: Int): Int | undefined {
  if (typeof a === "number" && typeof b === "number") {
    const sum = a + b;
    if (Number.isSafeInteger(sum)) return sum;
  }
  return toInt(BigInt(a) + BigInt(b));
}

/** `a - b`, or `undefined` on overflow. */
export function subInt(a: Int, b: Int): Int | undefined {
  if (typeof a === "number" && typeof b === "number") {
    const difference = a - b;
    if (Number.isSafeInteger(difference)) return difference;
  }
  return toInt(BigInt(a) - BigInt(b));
}

/** `a * b`, or `undefined` on overflow. */
export function mulInt(a: Int, b: Int): Int | undefined {
  if (typeof a === "number" && typeof b === "number") {
    const product = a * b;
    // `+ 0` turns the -0 of `0 * -1` into 0.
    if (Number.isSafeInteger(product)) return product + 0;
  }
  return toInt(BigInt(a) * BigInt(b));
}

/** `a / b` truncated towards zero, or `undefined` on overflow; `b` is not zero. */
export function divInt(a: Int, b: Int): Int | undefined {
  if (typeof a === "number" && typeof b === "number") return Math.trunc(a / b) + 0;
  return toInt(BigInt(a) / BigInt(b));
}
