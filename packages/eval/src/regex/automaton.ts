/**
 * Compiles a pattern to a nondeterministic automaton and, at the same time, to a JavaScript
 * pattern.
 *
 * The parser is a loop with a stack of open groups, so that no nesting overflows. It writes states
 * directly into growing arrays; a parsed part is a *fragment*: one entry state, one last state
 * whose `next` is still open, and a contiguous run of states, which lets `{m,n}` copy a fragment by
 * copying its run. Fragments also carry the facts from which `native.ts` decides whether
 * JavaScript's RegExp gives the same results.
 *
 * The grammar, its faults, their order and the limit on states are those of libstdc++, which Nix
 * uses: quantifiers may be stacked (`a**`) but must follow an atom (`^*`, `|*`, `(*` are faults),
 * alternatives and groups may be empty. libstdc++ also counts states that it creates and drops, so
 * the count is kept separately from the size of the arrays.
 */
import {
  addClass,
  addEquivalents,
  addSignedRange,
  BYTE_SET_SIZE,
  type ByteSet,
  byteSetOf,
  collatingByte,
  complement,
} from "./byte-set.ts";
import { RegexError } from "./regex-error.ts";
import { Scanner, Token } from "./scanner.ts";

export const enum StateKind {
  /** Does nothing; continues at `next`. */
  Jump,
  /** Takes one byte of the set numbered `argument`. */
  Byte,
  /** Tries `other` and `next`, and prefers the longer match, `other` among equals. */
  Alternative,
  /** Tries `other` ("once more"), and `next` only if that fails. */
  Repeat,
  GroupBegin,
  GroupEnd,
  /** Holds before the first byte of the subject. */
  Bol,
  /** Holds after the last byte of the subject. */
  Eol,
  Accept,
}

/** The maximum number of states; libstdc++'s `_GLIBCXX_REGEX_STATE_LIMIT`. */
export const STATE_LIMIT = 100_000;

/** The states of one pattern, in parallel arrays; -1 where there is no state. */
export interface Automaton {
  readonly kinds: readonly StateKind[];
  readonly next: readonly number[];
  readonly other: readonly number[];
  /** The number of the group or of the byte set. */
  readonly argument: readonly number[];
  /** The byte sets; a number represents the set of that byte alone. */
  readonly sets: readonly (ByteSet | number)[];
  readonly start: number;
  /** The number of capture groups, without the whole match. */
  readonly groupCount: number;
  /**
   * Whether the body of some loop can match the empty string, so that the loop can turn without
   * progress.
   */
  readonly hasEmptyLoop: boolean;
  /** The lengths of the shortest and longest subject that could match. */
  readonly minLength: number;
  readonly maxLength: number;
  /**
   * The pattern for JavaScript's RegExp, or undefined if a quantifier has a different meaning
   * there.
   */
  readonly nativeSource: string | undefined;
  /**
   * A bound of the paths that holds for any contents of the sets, or undefined if only the program
   * can tell. It is at least the bound of the program, and needs no program.
   */
  readonly paths: Paths | undefined;
}

/** A bound `factor * length ^ degree` for the number of paths that backtracking may try. */
export interface Paths {
  readonly factor: number;
  readonly degree: number;
}

const ONE_PATH: Paths = { factor: 1, degree: 0 };
/** The paths of a loop around a single path: it may end after each turn. */
const LOOP_PATHS: Paths = { factor: 1, degree: 1 };

interface Fragment {
  /** The first index of its run; the run ends where the arrays end when the fragment is on top. */
  readonly low: number;
  readonly start: number;
  readonly end: number;
  /** The number of states as libstdc++ would copy them. */
  readonly live: number;
  /** Bounds for the number of bytes that a match takes. */
  readonly minLength: number;
  readonly maxLength: number;
  /** Whether it contains capture groups. */
  readonly hasGroups: boolean;
  /** Whether a match may skip a capture group in it. */
  readonly maySkipGroups: boolean;
  /** The JavaScript pattern, or undefined if there is none. */
  readonly native: string | undefined;
  /** See `Automaton.paths`. */
  readonly paths: Paths | undefined;
}

interface OpenGroup {
  readonly group: number;
  readonly begin: number;
  /** The alternatives to the left of the current one. */
  alternatives: Fragment | undefined;
  /** The terms of the current alternative. */
  terms: Fragment | undefined;
}

/** Compiles `pattern`; throws {@link RegexError}. */
export function compileAutomaton(pattern: string): Automaton {
  return new Compiler(pattern).compile();
}

class Compiler {
  readonly #scanner: Scanner;
  readonly #kinds: StateKind[] = [];
  readonly #next: number[] = [];
  readonly #other: number[] = [];
  readonly #argument: number[] = [];
  readonly #sets: (ByteSet | number)[] = [];
  /** The numbers of the sets by their JavaScript patterns, which are equal only for equal sets. */
  readonly #setNumbers = new Map<string, number>();
  #counted = 0;
  #groupCount = 0;
  #hasEmptyLoop = false;

  constructor(pattern: string) {
    this.#scanner = new Scanner(pattern);
  }

  compile(): Automaton {
    const stack: OpenGroup[] = [];
    let open = this.#openGroup();
    for (;;) {
      const scanner = this.#scanner;
      if (scanner.accept(Token.Bol)) {
        this.#term(open, this.#single(StateKind.Bol, -1, 0, "^"));
      } else if (scanner.accept(Token.Eol)) {
        this.#term(open, this.#single(StateKind.Eol, -1, 0, "$"));
      } else if (scanner.accept(Token.GroupOpen)) {
        stack.push(open);
        open = this.#openGroup();
      } else if (scanner.token === Token.GroupClose && stack.length > 0) {
        const body = this.#disjunction(open);
        scanner.advance();
        const closed = this.#closeGroup(open, body);
        open = stack.pop() as OpenGroup;
        this.#quantified(open, closed);
      } else if (scanner.token === Token.Bar) {
        this.#closeAlternative(open);
        scanner.advance();
      } else {
        const atom = this.#tryAtom();
        if (atom === undefined) break;
        this.#quantified(open, atom);
      }
    }
    const body = this.#disjunction(open);
    if (stack.length > 0 || this.#scanner.token !== Token.End) throw new RegexError("paren");
    const whole = this.#closeGroup(open, body);
    const accept = this.#state(StateKind.Accept, -1, -1, -1);
    this.#next[whole.end] = accept;
    return {
      kinds: this.#kinds,
      next: this.#next,
      other: this.#other,
      argument: this.#argument,
      sets: this.#sets,
      start: whole.start,
      groupCount: this.#groupCount - 1,
      hasEmptyLoop: this.#hasEmptyLoop,
      minLength: body.minLength,
      maxLength: body.maxLength,
      nativeSource: body.native,
      paths: body.paths,
    };
  }

  #count(states: number): void {
    this.#counted += states;
    if (this.#counted > STATE_LIMIT) throw new RegexError("space");
  }

  #state(kind: StateKind, next: number, other: number, argument: number): number {
    this.#count(1);
    return this.#uncountedState(kind, next, other, argument);
  }

  #uncountedState(kind: StateKind, next: number, other: number, argument: number): number {
    this.#kinds.push(kind);
    this.#next.push(next);
    this.#other.push(other);
    this.#argument.push(argument);
    return this.#kinds.length - 1;
  }

  #single(kind: StateKind, argument: number, length: 0 | 1, native: string): Fragment {
    const id = this.#state(kind, -1, -1, argument);
    return {
      low: id,
      start: id,
      end: id,
      live: 1,
      minLength: length,
      maxLength: length,
      hasGroups: false,
      maySkipGroups: false,
      native,
      paths: ONE_PATH,
    };
  }

  // ---- groups and alternatives

  #openGroup(): OpenGroup {
    const group = this.#groupCount++;
    return {
      group,
      begin: this.#state(StateKind.GroupBegin, -1, -1, group),
      alternatives: undefined,
      terms: undefined,
    };
  }

  #closeGroup(open: OpenGroup, body: Fragment): Fragment {
    const end = this.#state(StateKind.GroupEnd, -1, -1, open.group);
    this.#next[open.begin] = body.start;
    this.#next[body.end] = end;
    return {
      low: open.begin,
      start: open.begin,
      end,
      live: body.live + 2,
      minLength: body.minLength,
      maxLength: body.maxLength,
      hasGroups: true,
      maySkipGroups: body.maySkipGroups,
      native: body.native === undefined ? undefined : `(${body.native})`,
      paths: body.paths,
    };
  }

  /** Appends `fragment` to the terms of the current alternative. */
  #term(open: OpenGroup, fragment: Fragment): void {
    open.terms = open.terms === undefined ? fragment : this.#concatenation(open.terms, fragment);
  }

  #concatenation(left: Fragment, right: Fragment): Fragment {
    this.#next[left.end] = right.start;
    return {
      low: left.low,
      start: left.start,
      end: right.end,
      live: left.live + right.live,
      minLength: left.minLength + right.minLength,
      maxLength: left.maxLength + right.maxLength,
      hasGroups: left.hasGroups || right.hasGroups,
      maySkipGroups: left.maySkipGroups || right.maySkipGroups,
      native:
        left.native === undefined || right.native === undefined
          ? undefined
          : left.native + right.native,
      paths: productOf(left.paths, right.paths),
    };
  }

  #closeAlternative(open: OpenGroup): void {
    this.#term(open, this.#single(StateKind.Jump, -1, 0, ""));
    const right = open.terms as Fragment;
    open.terms = undefined;
    const left = open.alternatives;
    if (left === undefined) {
      open.alternatives = right;
      return;
    }
    const end = this.#state(StateKind.Jump, -1, -1, -1);
    this.#next[left.end] = end;
    this.#next[right.end] = end;
    const hasGroups = left.hasGroups || right.hasGroups;
    open.alternatives = {
      low: left.low,
      start: this.#state(StateKind.Alternative, right.start, left.start, -1),
      end,
      live: left.live + right.live + 2,
      minLength: Math.min(left.minLength, right.minLength),
      maxLength: Math.max(left.maxLength, right.maxLength),
      hasGroups,
      maySkipGroups: hasGroups,
      native:
        left.native === undefined || right.native === undefined
          ? undefined
          : `${left.native}|${right.native}`,
      paths: sumOf(left.paths, right.paths),
    };
  }

  #disjunction(open: OpenGroup): Fragment {
    this.#closeAlternative(open);
    return open.alternatives as Fragment;
  }

  // ---- quantifiers

  /** Applies the quantifiers that follow `atom` and makes it a term of `open`. */
  #quantified(open: OpenGroup, atom: Fragment): void {
    const scanner = this.#scanner;
    let fragment = atom;
    for (let depth = 0; ; depth++) {
      // JavaScript reads a second quantifier as a mark of laziness or as a fault.
      const operand =
        depth === 1 && fragment.native !== undefined ? `(?:${fragment.native})` : fragment.native;
      // Wrapping repeatedly would let the pattern grow quadratically.
      const native = depth > 1 ? undefined : operand;
      if (scanner.accept(Token.Star)) fragment = this.#star(fragment, native);
      else if (scanner.accept(Token.Plus)) fragment = this.#plus(fragment, native);
      else if (scanner.accept(Token.Question)) fragment = this.#optional(fragment, native);
      else if (scanner.accept(Token.IntervalOpen)) fragment = this.#interval(fragment, native);
      else break;
    }
    this.#term(open, fragment);
  }

  /**
   * Returns `body` under a quantifier that has put states around it. The JavaScript pattern is
   * dropped if the two languages differ: JavaScript ends a loop whose body matched nothing and
   * discards that turn, and it resets the groups in the body at every turn, while libstdc++ keeps
   * them.
   */
  #repeated(
    body: Fragment,
    native: string | undefined,
    suffix: string,
    min: number,
    max: number,
    start: number,
    end: number,
    live: number,
  ): Fragment {
    const agrees = body.minLength > 0 && !(max > 1 && body.maySkipGroups);
    return {
      low: body.low,
      start,
      end,
      live,
      minLength: body.minLength * min,
      maxLength: body.maxLength === 0 || max === 0 ? 0 : body.maxLength * max,
      hasGroups: body.hasGroups,
      maySkipGroups: body.maySkipGroups || (min === 0 && body.hasGroups),
      native: native !== undefined && agrees ? native + suffix : undefined,
      paths: repeatedPaths(body.paths, max),
    };
  }

  #star(body: Fragment, native: string | undefined): Fragment {
    if (body.minLength === 0) this.#hasEmptyLoop = true;
    const loop = this.#state(StateKind.Repeat, -1, body.start, -1);
    this.#next[body.end] = loop;
    return this.#repeated(body, native, "*", 0, Infinity, loop, loop, body.live + 1);
  }

  #plus(body: Fragment, native: string | undefined): Fragment {
    if (body.minLength === 0) this.#hasEmptyLoop = true;
    const loop = this.#state(StateKind.Repeat, -1, body.start, -1);
    this.#next[body.end] = loop;
    return this.#repeated(body, native, "+", 1, Infinity, body.start, loop, body.live + 1);
  }

  #optional(body: Fragment, native: string | undefined): Fragment {
    const end = this.#state(StateKind.Jump, -1, -1, -1);
    const choice = this.#state(StateKind.Repeat, end, body.start, -1);
    this.#next[body.end] = end;
    return this.#repeated(body, native, "?", 0, 1, choice, end, body.live + 2);
  }

  #interval(body: Fragment, native: string | undefined): Fragment {
    const scanner = this.#scanner;
    const minText = scanner.acceptValue(Token.Count);
    if (minText === undefined) throw new RegexError("badbrace");
    this.#count(1);
    const min = wrappedCount(minText);
    let extra = 0;
    let isUnbounded = false;
    if (scanner.accept(Token.Comma)) {
      const maxText = scanner.acceptValue(Token.Count);
      if (maxText === undefined) isUnbounded = true;
      else extra = wrappedCount(maxText) - min;
    }
    if (!scanner.accept(Token.IntervalClose)) throw new RegexError("brace");

    // libstdc++ detects too many states before it checks the order of the bounds.
    const minCopies = Math.max(min, 0);
    this.#count(minCopies * body.live);
    if (isUnbounded) this.#count(body.live + 1);
    else if (extra < 0) throw new RegexError("badbrace");
    else this.#count(1 + extra * (body.live + 1));

    const max = isUnbounded ? Infinity : minCopies + extra;
    const starts = this.#copies(body, isUnbounded ? minCopies + 1 : max);
    const width = body.end - body.start;
    const live =
      1 + minCopies * body.live + (isUnbounded ? body.live + 1 : 1 + extra * (body.live + 1));
    const end = isUnbounded ? -1 : this.#uncountedState(StateKind.Jump, -1, -1, -1);
    const start = this.#uncountedState(StateKind.Jump, -1, -1, -1);
    let last = start;
    for (let i = 0; i < minCopies; i++) {
      const copy = starts[i] as number;
      this.#next[last] = copy;
      last = copy + width;
    }
    if (isUnbounded) {
      if (body.minLength === 0) this.#hasEmptyLoop = true;
      const copy = starts[minCopies] as number;
      const loop = this.#uncountedState(StateKind.Repeat, -1, copy, -1);
      this.#next[copy + width] = loop;
      this.#next[last] = loop;
      last = loop;
    } else {
      for (let i = minCopies; i < max; i++) {
        const copy = starts[i] as number;
        const choice = this.#uncountedState(StateKind.Repeat, end, copy, -1);
        this.#next[last] = choice;
        last = copy + width;
      }
      this.#next[last] = end;
      last = end;
    }
    const suffix = `{${minCopies}${isUnbounded ? "," : extra > 0 ? `,${max}` : ""}}`;
    return this.#repeated(body, native, suffix, minCopies, max, start, last, live);
  }

  /**
   * Creates `count` unconnected copies of the topmost fragment, including itself; returns their
   * starts.
   */
  #copies(body: Fragment, count: number): number[] {
    const size = this.#kinds.length - body.low;
    if (count === 0) {
      for (const array of [this.#kinds, this.#next, this.#other, this.#argument])
        array.length = body.low;
      return [];
    }
    const starts = [body.start];
    for (let copy = 1; copy < count; copy++) {
      const shift = copy * size;
      for (let i = body.low; i < body.low + size; i++) {
        const next = this.#next[i] as number;
        const other = this.#other[i] as number;
        this.#uncountedState(
          this.#kinds[i] as StateKind,
          next < 0 ? next : next + shift,
          other < 0 ? other : other + shift,
          this.#argument[i] as number,
        );
      }
      starts.push(body.start + shift);
    }
    return starts;
  }

  // ---- atoms

  #tryAtom(): Fragment | undefined {
    const scanner = this.#scanner;
    if (scanner.accept(Token.AnyByte)) return this.#byteAtom(ANY_BYTE, ANY_BYTE_NATIVE);
    const literal = scanner.acceptValue(Token.Byte);
    if (literal !== undefined) {
      const byte = literal.charCodeAt(0);
      return this.#byteAtom(byte, hexEscape(byte));
    }
    const isNegated = scanner.accept(Token.NegatedBracketOpen);
    if (!isNegated && !scanner.accept(Token.BracketOpen)) return undefined;
    const set = this.#bracketSet();
    if (isNegated) complement(set);
    return this.#byteAtom(set, nativeByteSet(set));
  }

  #byteAtom(set: ByteSet | number, native: string): Fragment {
    let number = this.#setNumbers.get(native);
    if (number === undefined) {
      number = this.#sets.length;
      this.#sets.push(set);
      this.#setNumbers.set(native, number);
    }
    return this.#single(StateKind.Byte, number, 1, native);
  }

  /**
   * Reads a bracket expression after its opening bracket. `pending` is the last single byte, which
   * may be the start of a range. After a class or a range, a dash must be followed by the closing
   * bracket.
   */
  #bracketSet(): ByteSet {
    const scanner = this.#scanner;
    const set = byteSetOf(() => false);
    let pending = scanner.acceptValue(Token.Byte)?.charCodeAt(0) ?? -1;
    if (pending < 0 && scanner.accept(Token.Dash)) pending = DASH;
    const flush = (replacement: number): void => {
      if (pending >= 0) set[pending] = 1;
      pending = replacement;
    };
    while (!scanner.accept(Token.BracketClose)) {
      const { token, value } = scanner;
      if (token === Token.End) throw new RegexError("brack");
      scanner.advance();
      switch (token) {
        case Token.Byte:
          flush(value.charCodeAt(0));
          break;
        case Token.CollatingSymbol: {
          const byte = knownCollatingByte(value);
          set[byte] = 1;
          flush(byte);
          break;
        }
        case Token.EquivalenceClass:
          flush(-1);
          addEquivalents(set, knownCollatingByte(value));
          break;
        case Token.CharacterClass:
          flush(-1);
          if (!addClass(set, value)) throw new RegexError("ctype");
          break;
        default: {
          // A dash: the last byte of the expression, or a range's.
          if (scanner.accept(Token.BracketClose)) {
            flush(DASH);
            flush(-1);
            return set;
          }
          if (pending < 0) throw new RegexError("range");
          const isDash = scanner.token === Token.Dash;
          const last = isDash ? "-" : scanner.acceptValue(Token.Byte);
          if (isDash) scanner.advance();
          if (last === undefined || !addSignedRange(set, pending, last.charCodeAt(0))) {
            throw new RegexError("range");
          }
          pending = -1;
        }
      }
    }
    flush(-1);
    return set;
  }
}

const DASH = 45;

/** What `.` means: all bytes but NUL. */
const ANY_BYTE: Readonly<ByteSet> = new Uint8Array(BYTE_SET_SIZE).fill(1, 1, 256);
const ANY_BYTE_NATIVE = "[\\x01-\\xff]";

/** The paths through one fragment and then another. */
function productOf(left: Paths | undefined, right: Paths | undefined): Paths | undefined {
  if (left === undefined || right === ONE_PATH) return left;
  if (right === undefined || left === ONE_PATH) return right;
  return { factor: left.factor * right.factor, degree: left.degree + right.degree };
}

/** The paths through one fragment or another. */
function sumOf(left: Paths | undefined, right: Paths | undefined): Paths | undefined {
  if (left === undefined || right === undefined) return undefined;
  return { factor: left.factor + right.factor, degree: Math.max(left.degree, right.degree) };
}

/** The paths through at most `max` turns. */
function repeatedPaths(body: Paths | undefined, max: number): Paths | undefined {
  if (body === ONE_PATH) return max === Infinity ? LOOP_PATHS : { factor: max + 1, degree: 0 };
  return body !== undefined && max <= 1 ? sumOf(body, ONE_PATH) : undefined;
}

function knownCollatingByte(name: string): number {
  const byte = collatingByte(name);
  if (byte === undefined) throw new RegexError("collate");
  return byte;
}

/**
 * Returns a repetition count as libstdc++ computes it: a 64-bit product truncated to a 32-bit int.
 */
function wrappedCount(digits: string): number {
  return digits.length < 10 ? Number(digits) : Number(BigInt.asIntN(32, BigInt(digits)));
}

/** Writes a byte set as an atom of a JavaScript pattern without flags. */
function nativeByteSet(set: ByteSet): string {
  const ranges: string[] = [];
  let count = 0;
  for (let first = 0; first < BYTE_SET_SIZE; first++) {
    if (set[first] !== 1) continue;
    let last = first;
    while (set[last + 1] === 1) last++;
    count += last - first + 1;
    ranges.push(first === last ? hexEscape(first) : `${hexEscape(first)}-${hexEscape(last)}`);
    first = last;
  }
  return count === 1 ? (ranges[0] as string) : `[${ranges.join("")}]`;
}

/** The bytes as atoms of a JavaScript pattern. */
const HEX_ESCAPES = Array.from(
  { length: 256 },
  (_, byte) => `\\x${byte.toString(16).padStart(2, "0")}`,
);

function hexEscape(byte: number): string {
  return HEX_ESCAPES[byte] as string;
}
