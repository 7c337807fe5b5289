/**
 * Grisu2: converts a float to digits, nearly always the shortest that round-trip.
 *
 * JSON in Nix is written by nlohmann/json, which uses this algorithm (Florian Loitsch, "Printing
 * Floating-Point Numbers Quickly and Accurately with Integers", 2010). About one float in a
 * thousand gets one digit more, or a different last digit, than JavaScript's shortest digits;
 * the text enters derivation hashes, so it must be identical.
 *
 * A float is scaled by a rounded power of ten so that its exponent falls into a small range;
 * the interval of numbers that round to the float is narrowed by the rounding error, and digits
 * are generated until they lie in it. Bigints represent 64-bit words.
 */

/** An unsigned significand and a binary exponent: `significand * 2 ** exponent`. */
interface BinaryFloat {
  readonly significand: bigint;
  readonly exponent: number;
}

/** The digits of a number without its sign: `0.DIGITS * 10 ** point`. */
export interface DecimalDigits {
  readonly digits: string;
  /** The position of the decimal point relative to the first digit. */
  readonly point: number;
}

/** Scaled exponents lie between this and -32, so that the integer part fits into 32 bits. */
const MIN_SCALED_EXPONENT = -60;

/** The smallest power in nlohmann's table, which has every eighth decimal exponent. */
const MIN_POWER = -300;
const POWER_STEP = 8;

/** The number of bits in a significand. */
const WORD = 64;

function bitLength(value: bigint): number {
  return value.toString(2).length;
}

function normalize(value: BinaryFloat): BinaryFloat {
  const shift = WORD - bitLength(value.significand);
  return { significand: value.significand << BigInt(shift), exponent: value.exponent - shift };
}

/** The upper 64 bits of the product, rounded. */
function multiply(a: BinaryFloat, b: BinaryFloat): BinaryFloat {
  const product = a.significand * b.significand + (1n << 63n);
  return { significand: product >> 64n, exponent: a.exponent + b.exponent + WORD };
}

/** `10 ** power`, rounded to a normalised significand. */
function powerOfTen(power: number): BinaryFloat {
  if (power >= 0) {
    const value = 10n ** BigInt(power);
    const shift = bitLength(value) - WORD;
    if (shift <= 0) return { significand: value << BigInt(-shift), exponent: shift };
    return { significand: (value + (1n << BigInt(shift - 1))) >> BigInt(shift), exponent: shift };
  }
  const divisor = 10n ** BigInt(-power);
  const shift = WORD - 1 + bitLength(divisor);
  const numerator = 1n << BigInt(shift);
  return { significand: (numerator + divisor / 2n) / divisor, exponent: -shift };
}

/** The decimal exponent of a power that brings the binary exponent `exponent` into the range. */
function scalingPower(exponent: number): number {
  const distance = MIN_SCALED_EXPONENT - exponent - 1;
  // 78913 / 2^18 is log10(2) to enough digits.
  const power = Math.trunc((distance * 78913) / 2 ** 18) + (distance > 0 ? 1 : 0);
  return MIN_POWER + POWER_STEP * Math.trunc((power - MIN_POWER + POWER_STEP - 1) / POWER_STEP);
}

/** Decrements the last digit while that brings the digits closer to the number. */
function roundLastDigit(
  digits: number[],
  distance: bigint,
  width: bigint,
  restAtStart: bigint,
  unit: bigint,
): void {
  let rest = restAtStart;
  const last = digits.length - 1;
  while (
    rest < distance &&
    width - rest >= unit &&
    (rest + unit < distance || distance - rest > rest + unit - distance)
  ) {
    digits[last] = (digits[last] as number) - 1;
    rest += unit;
  }
}

/** The digits of a positive finite float. */
export function grisuDigits(value: number): DecimalDigits {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const fraction = bits & ((1n << 52n) - 1n);
  const biased = Number(bits >> 52n);
  const significand = biased === 0 ? fraction : fraction | (1n << 52n);
  const exponent = biased === 0 ? -1074 : biased - 1075;
  const upper = normalize({ significand: 2n * significand + 1n, exponent: exponent - 1 });
  // Below a power of two, floats are twice as dense.
  const lower: BinaryFloat =
    fraction === 0n && biased > 1
      ? { significand: 4n * significand - 1n, exponent: exponent - 2 }
      : { significand: 2n * significand - 1n, exponent: exponent - 1 };
  const alignedLower = lower.significand << BigInt(lower.exponent - upper.exponent);
  const power = scalingPower(upper.exponent);
  const scale = powerOfTen(power);
  const scaled = multiply(normalize({ significand, exponent }), scale).significand;
  const scaledUpper = multiply(upper, scale);
  const scaledLower = multiply(
    { significand: alignedLower, exponent: upper.exponent },
    scale,
  ).significand;
  // Each product may be off by one unit, so the interval shrinks by one on both sides.
  const top = scaledUpper.significand - 1n;
  return generateDigits(top, top - scaledLower - 1n, top - scaled, -scaledUpper.exponent, -power);
}

/**
 * Generates the digits of `top` until the rest is at most `width`. The binary point
 * of all three is `pointBits` from the right; the result counts by `10 ** decimalExponent`.
 */
function generateDigits(
  top: bigint,
  width: bigint,
  distance: bigint,
  pointBits: number,
  decimalExponent: number,
): DecimalDigits {
  const shift = BigInt(pointBits);
  const one = 1n << shift;
  const digits: number[] = [];
  let whole = Number(top >> shift);
  let fraction = top & (one - 1n);
  let left = String(whole).length;
  for (let unit = 10 ** (left - 1); left > 0; unit /= 10) {
    digits.push(Math.floor(whole / unit));
    whole %= unit;
    left--;
    const rest = (BigInt(whole) << shift) + fraction;
    if (rest <= width) {
      roundLastDigit(digits, distance, width, rest, BigInt(unit) << shift);
      return { digits: digits.join(""), point: decimalExponent + left + digits.length };
    }
  }
  let count = 0;
  let scaledWidth = width;
  let scaledDistance = distance;
  do {
    fraction *= 10n;
    digits.push(Number(fraction >> shift));
    fraction &= one - 1n;
    scaledWidth *= 10n;
    scaledDistance *= 10n;
    count++;
  } while (fraction > scaledWidth);
  roundLastDigit(digits, scaledDistance, scaledWidth, fraction, one);
  return { digits: digits.join(""), point: decimalExponent - count + digits.length };
}
