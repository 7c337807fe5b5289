/**
 * SHA-256 as a WebAssembly module, written here instruction by instruction: FIPS 180-4, with all 64
 * rounds unrolled and the message schedule in vectors of four words. `fast-sha256.ts` runs it.
 *
 * JavaScript takes 9 times as long as Node's library for the texts of derivations, the WebAssembly of
 * `hash-wasm` 3.5 times, and this module 2.4 times. It needs SIMD (Chromium 91, Firefox 89, Safari 16.4).
 */

/** Instructions, as bytes. An expression leaves one value on the stack. */
type Code = readonly number[];

// Opcodes of the WebAssembly core specification 2.0, section 5.4.
const LOOP = 0x03;
const END = 0x0b;
const BRANCH_IF = 0x0d;
const NO_RESULT = 0x40;
const I32_LESS_UNSIGNED = 0x49;
const I32_ADD = 0x6a;
const I32_AND = 0x71;
const I32_XOR = 0x73;
const I32_ROTATE_RIGHT = 0x78;
const I32 = 0x7f;
const V128 = 0x7b;
const VECTOR = 0xfd;
const V128_LOAD = 0x00;
const V128_CONST = 0x0c;
const SHUFFLE = 0x0d;
const EXTRACT_I32 = 0x1b;
const V128_AND = 0x4e;
const V128_OR = 0x50;
const V128_XOR = 0x51;
const I32X4_SHIFT_LEFT = 0xab;
const I32X4_SHIFT_RIGHT = 0xad;
const I32X4_ADD = 0xae;

/** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
const ROUND_CONSTANTS = primes(64).map((prime) => fraction(Math.cbrt(prime)));

/** The same of the square roots of the first 8 primes: the state before the first block. */
export const INITIAL_STATE: readonly number[] = primes(8).map((prime) =>
  fraction(Math.sqrt(prime)),
);

function primes(count: number): readonly number[] {
  const found: number[] = [];
  for (let n = 2; found.length < count; n++) if (found.every((p) => n % p !== 0)) found.push(n);
  return found;
}

function fraction(root: number): number {
  return Math.floor((root % 1) * 2 ** 32) | 0;
}

function unsigned(value: number): Code {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...unsigned(value >>> 7)];
}

function signed(value: number): Code {
  return value >= -0x40 && value < 0x40
    ? [value & 0x7f]
    : [(value & 0x7f) | 0x80, ...signed(value >> 7)];
}

const get = (local: number): Code => [0x20, ...unsigned(local)];
const set = (local: number, value: Code): Code => [...value, 0x21, ...unsigned(local)];
const tee = (local: number, value: Code): Code => [...value, 0x22, ...unsigned(local)];
const constant = (value: number): Code => [0x41, ...signed(value | 0)];
const loadWord = (offset: number): Code => [...constant(0), 0x28, 2, ...unsigned(offset)];
const storeWord = (offset: number, value: Code): Code => [
  ...constant(0),
  ...value,
  0x36,
  2,
  ...unsigned(offset),
];

/** Combines operands from left to right. */
function fold(operation: Code, [first = [], ...rest]: readonly Code[]): Code {
  return [...first, ...rest.flatMap((operand) => [...operand, ...operation])];
}

const add = (...terms: Code[]): Code => fold([I32_ADD], terms);
const and = (...terms: Code[]): Code => fold([I32_AND], terms);
const xor = (...terms: Code[]): Code => fold([I32_XOR], terms);
const rotate = (value: Code, by: number): Code => [...value, ...constant(by), I32_ROTATE_RIGHT];

const vector = (operation: number): Code => [VECTOR, ...unsigned(operation)];
const addAll = (...terms: Code[]): Code => fold(vector(I32X4_ADD), terms);
const xorAll = (...terms: Code[]): Code => fold(vector(V128_XOR), terms);
const mask = (value: Code, bits: Code): Code => fold(vector(V128_AND), [value, bits]);
const shiftAll = (value: Code, operation: number, by: number): Code => [
  ...value,
  ...constant(by),
  ...vector(operation),
];
const rotateAll = (value: Code, by: number): Code =>
  fold(vector(V128_OR), [
    shiftAll(value, I32X4_SHIFT_RIGHT, by),
    shiftAll(value, I32X4_SHIFT_LEFT, 32 - by),
  ]);
const words = (...values: readonly number[]): Code => [
  ...vector(V128_CONST),
  ...values.flatMap((value) => [value, value >> 8, value >> 16, value >> 24].map((b) => b & 0xff)),
];
/** Four words of two vectors; 0 to 3 are those of the first, 4 to 7 those of the second. */
const pick = (first: Code, second: Code, lanes: readonly number[]): Code => [
  ...first,
  ...second,
  ...vector(SHUFFLE),
  ...lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]),
];

// The parameters: the offsets of the first block, and of the end of the last.
const POSITION = 0;
const LIMIT = 1;
// The local variables: words, then vectors.
const STATE = [2, 3, 4, 5, 6, 7, 8, 9] as const;
const CHANGES = [10, 11] as const;
const WORD_LOCALS = 10;
const SCHEDULE = [12, 13, 14, 15] as const;
const TERMS = 16;
const PARTIAL = 17;
const PART = 18;
const VECTOR_LOCALS = 7;

const BYTE_ORDER = [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12] as const;

/** σ0 and σ1 of four words. */
const sigma = (local: number, [first, second, shift]: readonly [number, number, number]): Code =>
  xorAll(
    rotateAll(get(local), first),
    rotateAll(get(local), second),
    shiftAll(get(local), I32X4_SHIFT_RIGHT, shift),
  );

/** Words 4 · `group` and following of the message schedule, each with its constant, into `TERMS`. */
function scheduleGroup(group: number): Code {
  const place = (distance: number): number => SCHEDULE[(group + distance) % 4] as number;
  const oldest = get(place(0));
  const newest = get(place(3));
  const code: number[] = [];
  if (group < 4) {
    const block: Code = [...get(POSITION), ...vector(V128_LOAD), 4, ...unsigned(16 * group)];
    code.push(...set(place(0), [...block, ...block, ...vector(SHUFFLE), ...BYTE_ORDER]));
  } else {
    const next = [1, 2, 3, 4];
    // The last two of the four words need the first two, so σ1 is computed for two words at a time.
    const upper: Code = sigma(PART, [17, 19, 10]);
    code.push(
      ...set(PART, pick(oldest, get(place(1)), next)),
      ...set(PARTIAL, addAll(oldest, sigma(PART, [7, 18, 3]), pick(get(place(2)), newest, next))),
      ...set(PART, pick(newest, newest, [2, 3, 2, 3])),
      ...set(PARTIAL, addAll(get(PARTIAL), mask(upper, words(-1, -1, 0, 0)))),
      ...set(PART, pick(get(PARTIAL), get(PARTIAL), [0, 1, 0, 1])),
      ...set(place(0), addAll(get(PARTIAL), mask(upper, words(0, 0, -1, -1)))),
    );
  }
  const constants = ROUND_CONSTANTS.slice(4 * group, 4 * group + 4);
  return [...code, ...set(TERMS, addAll(oldest, words(...constants)))];
}

/** Round `index`. The variables of the state change places instead of values. */
function round(index: number): Code {
  const at = (name: number): Code => get(STATE[(name - index + 64) % 8] as number);
  const local = (name: number): number => STATE[(name - index + 64) % 8] as number;
  const [a, b, d, e, f, g, h] = [at(0), at(1), at(3), at(4), at(5), at(6), at(7)];
  const term: Code = [...get(TERMS), ...vector(EXTRACT_I32), index % 4];
  const chosen = xor(g, and(e, xor(f, g)));
  // maj(a, b, c) is ((a ^ b) & (b ^ c)) ^ b, and b ^ c is a ^ b of the round before.
  const change = CHANGES[index % 2] as number;
  const changeBefore = get(CHANGES[(index + 1) % 2] as number);
  return [
    ...set(local(7), add(h, term, add(chosen, xor(rotate(e, 6), rotate(e, 11), rotate(e, 25))))),
    ...set(local(3), add(d, h)),
    ...set(change, xor(a, b)),
    ...set(
      local(7),
      add(
        h,
        xor(rotate(a, 2), rotate(a, 13), rotate(a, 22)),
        xor(and(get(change), changeBefore), b),
      ),
    ),
  ];
}

/** The function: hashes whole blocks, at least one, into the state at offset 0 of the memory. */
function compression(): Code {
  const code: number[] = [];
  STATE.forEach((local, i) => void code.push(...set(local, loadWord(4 * i))));
  code.push(LOOP, NO_RESULT);
  code.push(...set(CHANGES[1], xor(get(STATE[1]), get(STATE[2]))));
  for (let index = 0; index < 64; index++) {
    if (index % 4 === 0) code.push(...scheduleGroup(index / 4));
    code.push(...round(index));
  }
  STATE.forEach((local, i) => {
    code.push(...storeWord(4 * i, tee(local, add(get(local), loadWord(4 * i)))));
  });
  code.push(...tee(POSITION, add(get(POSITION), constant(64))), ...get(LIMIT));
  code.push(I32_LESS_UNSIGNED, BRANCH_IF, 0, END, END);
  return code;
}

/** The number of pages of 64 KiB that the module's memory has. */
export const PAGES = 2;

/** The module: it exports its memory `m`, and the function `f` of two offsets. */
export function sha256Module(): Uint8Array {
  const section = (id: number, content: Code): Code => [
    id,
    ...unsigned(content.length),
    ...content,
  ];
  const name = (text: string): Code => [text.length, text.charCodeAt(0)];
  const locals: Code = [2, WORD_LOCALS, I32, VECTOR_LOCALS, V128];
  const body: Code = [...locals, ...compression()];
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, [1, 0x60, 2, I32, I32, 0]),
    ...section(3, [1, 0]),
    ...section(5, [1, 0, PAGES]),
    ...section(7, [2, ...name("m"), 2, 0, ...name("f"), 0, 0]),
    ...section(10, [1, ...unsigned(body.length), ...body]),
  ]);
}
