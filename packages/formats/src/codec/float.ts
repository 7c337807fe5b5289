/**
 * Floats as C prints them: `%g` (what printing a value and `toXML` show) and `%f` (what
 * `toString` gives). JSON has its own format in json.ts.
 */

/**
 * `nan` and `inf` with their signs. The sign of a NaN is not part of the language, but C prints
 * it: on x86-64 `inf - inf` is `-nan`. Engines preserve the bit, so it is read from the bytes.
 */
function nonFinite(value: number): string {
  if (!Number.isNaN(value)) return value < 0 ? "-inf" : "inf";
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getUint8(0) >= 0x80 ? "-nan" : "nan";
}

/** The default number of significant digits of `%g`. */
const PRECISION = 6;

/**
 * `toExponential` with ties to even, as in C; JavaScript rounds a tie up. A tie shows in the digits
 * that follow: a 5 and nothing after it.
 */
function toExponentialEven(value: number, fractionDigits: number): string {
  const rounded = value.toExponential(fractionDigits);
  // 60 more digits tell a tie from its neighbours, which differ from it much earlier.
  const exact = value.toExponential(fractionDigits + 60);
  const point = exact.indexOf(".");
  const cut = point + 1 + fractionDigits;
  const exponent = exact.indexOf("e");
  if (!/^50*$/.test(exact.slice(cut, exponent))) return rounded;
  const last = exact.charCodeAt(cut - 1) - 48;
  return last % 2 === 0 ? exact.slice(0, cut) + exact.slice(exponent) : rounded;
}

/**
 * Formats like `printf("%g", value)` and C++ streams: six significant digits, no trailing zeros.
 */
export function formatG6(value: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const magnitude = Math.abs(value);
  if (magnitude >= 1e-4 && magnitude < 1e6) {
    // If the shortest digits that round-trip are six or fewer, `%g` writes the same ones.
    const shortest = String(value);
    if (shortest.length <= PRECISION + 1) return shortest;
  }
  const scientific = toExponentialEven(value, PRECISION - 1);
  const at = scientific.indexOf("e");
  const exponent = Number(scientific.slice(at + 1));
  const mantissa = scientific.slice(0, at);
  if (exponent < -4 || exponent >= PRECISION) {
    const sign = exponent < 0 ? "-" : "+";
    return `${withoutTrailingZeros(mantissa)}e${sign}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  const sign = value < 0 ? "-" : "";
  const digits = mantissa.replace(/[-.]/g, "");
  if (exponent < 0) return withoutTrailingZeros(`${sign}0.${"0".repeat(-exponent - 1)}${digits}`);
  return withoutTrailingZeros(
    `${sign}${digits.slice(0, exponent + 1)}.${digits.slice(exponent + 1)}`,
  );
}

function withoutTrailingZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0*$/, "") : text;
}

/** From this magnitude on, `toFixed` writes an exponent. */
const FIXED_LIMIT = 1e21;

/**
 * Formats like `printf("%f", value)`: six digits after the point, all digits before it, ties to
 * even.
 */
export function formatF6(value: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const magnitude = Math.abs(value);
  // Floats that large are whole numbers, and BigInt writes all their digits.
  if (magnitude >= FIXED_LIMIT) return `${sign}${BigInt(magnitude)}.000000`;
  // Only odd multiples of 2^-7 lie exactly halfway between two numbers with six decimals.
  const scaled = magnitude * 128;
  if (scaled % 2 !== 1) return sign + magnitude.toFixed(PRECISION);
  const twice = BigInt(scaled) * 15625n;
  const lower = (twice - 1n) / 2n;
  const digits = (lower % 2n === 0n ? lower : lower + 1n).toString().padStart(PRECISION + 1, "0");
  return `${sign}${digits.slice(0, -PRECISION)}.${digits.slice(-PRECISION)}`;
}
