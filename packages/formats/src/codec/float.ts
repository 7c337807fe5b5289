/**
 * Floats as C prints them: `%g` (what printing a value and `toXML` show) and `%f` (what
 * `toString` gives). JSON has its own format in json.ts.
 */

/**
 * `nan` and `inf` with their signs. The sign of a NaN is no part of the language, but C prints
 * it: on x86-64 `inf - inf` is `-nan`. Engines keep the bit, so it is read from the bytes.
 */
function nonFinite(value: number): string {
  if (!Number.isNaN(value)) return value < 0 ? "-inf" : "inf";
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getUint8(0) >= 0x80 ? "-nan" : "nan";
}

/** The digits that `%g` shows unless told otherwise. */
const PRECISION = 6;

/** As `printf("%g", value)` and a C++ stream by default: six significant digits, no trailing zeros. */
export function formatG6(value: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  if (value === 0) return Object.is(value, -0) ? "-0" : "0";
  const scientific = value.toExponential(PRECISION - 1);
  const at = scientific.indexOf("e");
  const exponent = Number(scientific.slice(at + 1));
  if (exponent < -4 || exponent >= PRECISION) {
    const mantissa = withoutTrailingZeros(scientific.slice(0, at));
    return `${mantissa}e${exponent < 0 ? "-" : "+"}${String(Math.abs(exponent)).padStart(2, "0")}`;
  }
  return withoutTrailingZeros(value.toFixed(PRECISION - 1 - exponent));
}

function withoutTrailingZeros(text: string): string {
  return text.includes(".") ? text.replace(/\.?0+$/, "") : text;
}

/** From here on `toFixed` gives up and writes an exponent. */
const FIXED_LIMIT = 1e21;

/** As `printf("%f", value)`: six digits after the point, all digits before it. */
export function formatF6(value: number): string {
  if (!Number.isFinite(value)) return nonFinite(value);
  // Floats that large are whole numbers, and BigInt writes all their digits.
  if (Math.abs(value) >= FIXED_LIMIT) return `${BigInt(value)}.000000`;
  const text = value.toFixed(PRECISION);
  return Object.is(value, -0) || (value < 0 && !text.startsWith("-")) ? `-${text}` : text;
}
