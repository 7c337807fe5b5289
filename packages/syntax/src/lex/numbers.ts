/**
 * From the digits of a literal to its value, with the limits of C++ Nix: integers must fit 64 signed
 * bits, floats must neither overflow nor lose bits to underflow (`strtod` reports both as ERANGE).
 */

const MAX_INT64 = 0x7fff_ffff_ffff_ffffn;
const MIN_NORMAL = 2.2250738585072014e-308;
/** So many digits always fit a double without loss. */
const SAFE_DIGITS = 15;

/** The value of an integer literal, or `undefined` when it does not fit 64 bits. */
export function readInteger(digits: string): number | bigint | undefined {
  if (digits.length <= SAFE_DIGITS) return Number(digits);
  const value = BigInt(digits);
  if (value > MAX_INT64) return undefined;
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value;
}

/** The value of a float literal, or `undefined` where `strtod` sets ERANGE. */
export function readFloat(literal: string): number | undefined {
  const value = Number(literal);
  if (value === Number.POSITIVE_INFINITY) return undefined;
  if (value < MIN_NORMAL && !isExactSmall(literal, value)) return undefined;
  return value;
}

/** Whether a literal below the smallest normal double is exactly `value`. */
function isExactSmall(literal: string, value: number): boolean {
  const exponentAt = literal.search(/[eE]/);
  const mantissa = exponentAt < 0 ? literal : literal.slice(0, exponentAt);
  const dot = mantissa.indexOf(".");
  const digits = mantissa.replace(".", "").replace(/^0+/, "");
  if (digits === "") return true;
  if (value === 0) return false;
  const exponent = exponentAt < 0 ? 0 : Number(literal.slice(exponentAt + 1));
  const tens = exponent - (dot < 0 ? 0 : mantissa.length - dot - 1);
  // An exact denormal has few hundred digits more than its exponent says; bound the work.
  if (tens >= 0 || tens < -2000) return false;
  // digits * 10^tens == k * 2^-1074, with k the bits of the denormal.
  const k = BigInt(Math.round(value / Number.MIN_VALUE));
  return BigInt(digits) << 1074n === k * 10n ** BigInt(-tens);
}
