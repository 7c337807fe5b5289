/**
 * Decides where JavaScript's own RegExp can be used, and prepares it.
 *
 * RegExp is some ten times faster than the simulation on the short subjects of package sets, but it
 * can be used only where it must give the same result and cannot run away:
 *
 *  - The same result. The parser has already rejected quantifiers with a different meaning
 *    (`Automaton.nativeSource`). For a match of the whole subject the rest agrees: both languages take the
 *    first match in the same order. In a search, libstdc++ prefers the longer branch of an alternative; so
 *    the branches must begin with different bytes, and only the right one may be empty up to the end of the
 *    pattern. Patterns that match the empty string are never searched natively.
 *  - No running away. RegExp backtracks. A choice is *ambiguous* if both branches can continue with the
 *    same byte; the number of paths, as a polynomial of the subject's length, is estimated from the
 *    ambiguous choices, and `NATIVE_STEPS` bounds it. Ambiguous choices within one loop would be exponential
 *    and are rejected.
 */
import type { Automaton, Paths } from "./automaton.ts";
import { BYTE_SET_SIZE } from "./byte-set.ts";
import { NodeKind, type Program } from "./closure.ts";
import { findComponents } from "./components.ts";

/** The estimated number of steps up to which RegExp is used; some milliseconds at worst. */
const NATIVE_STEPS = 2_000_000;

/** The maximum number of nodes of a program to be analysed. */
const NODES_TO_ANALYSE = 1_000;

/** How RegExp can be used in searches for one pattern. */
export interface SearchPlan {
  readonly regExp: RegExp;
  readonly paths: Paths;
  /** Whether failing attempts have a bounded length. */
  readonly isLinear: boolean;
}

/** Whether matching `length` bytes as a whole is fast enough. */
function isWholeAffordable(paths: Paths, length: number): boolean {
  if (paths.degree === 0) return paths.factor <= 1000;
  return paths.factor * (length + 1) ** (paths.degree + 1) <= NATIVE_STEPS;
}

/** Whether a search through `length` bytes is fast enough. */
export function isSearchAffordable({ paths, isLinear }: SearchPlan, length: number): boolean {
  if (isLinear && paths.factor <= 100) return true;
  return paths.factor * (length + 1) ** (paths.degree + 2) <= NATIVE_STEPS;
}

/** Where RegExp can match whole subjects of one pattern. */
export class WholePlan {
  readonly #automaton: Automaton;
  readonly #program: () => Program;
  /** `undefined` if RegExp cannot be used; null before the first use, as below. */
  #regExp: RegExp | undefined | null = null;
  /** The paths according to the program. */
  #paths: Paths | undefined | null = null;

  /**
   * `program` returns that of `automaton`; it is called only for facts that the automaton does not
   * have.
   */
  constructor(automaton: Automaton, program: () => Program) {
    this.#automaton = automaton;
    this.#program = program;
  }

  /** Returns the RegExp for subjects of `length` bytes, or undefined if it cannot be used. */
  regExpFor(length: number): RegExp | undefined {
    const { paths, kinds, nativeSource } = this.#automaton;
    if (this.#regExp === null) {
      this.#regExp = isAnalysable(this.#automaton)
        ? tryRegExp(`^(?:${nativeSource as string})$`, "")
        : undefined;
    }
    if (this.#regExp === undefined) return undefined;
    const isSmall = kinds.length <= NODES_TO_ANALYSE;
    if (isSmall && paths !== undefined && isWholeAffordable(paths, length)) return this.#regExp;
    if (this.#paths === null) {
      this.#paths = tryAnalyse(this.#automaton, this.#program)?.countPaths(false);
    }
    return this.#paths !== undefined && isWholeAffordable(this.#paths, length)
      ? this.#regExp
      : undefined;
  }
}

/** Plans searches; returns undefined if RegExp cannot be used. */
export function planSearch(automaton: Automaton, program: () => Program): SearchPlan | undefined {
  const analysis = automaton.minLength > 0 ? tryAnalyse(automaton, program) : undefined;
  if (analysis?.alternativesAgree() !== true) return undefined;
  const failing = analysis.countPaths(true);
  const isLinear = failing?.degree === 0;
  const paths = isLinear ? failing : analysis.countPaths(false);
  const regExp = paths && tryRegExp(automaton.nativeSource as string, "g");
  return paths && regExp && { regExp, paths, isLinear };
}

function isAnalysable({ nativeSource, hasEmptyLoop }: Automaton): boolean {
  return nativeSource !== undefined && !hasEmptyLoop;
}

function tryAnalyse(automaton: Automaton, program: () => Program): Analysis | undefined {
  if (!isAnalysable(automaton)) return undefined;
  const made = program();
  return made.kinds.length > NODES_TO_ANALYSE ? undefined : new Analysis(made);
}

function tryRegExp(source: string, flags: string): RegExp | undefined {
  try {
    return new RegExp(source, flags);
  } catch {
    // V8 rejects very large patterns.
    return undefined;
  }
}

class Analysis {
  readonly #program: Program;
  /** For each node the bytes that a match below it can begin with. */
  readonly #begins: Uint32Array[] = [];
  /** For each node whether the end of the pattern can be reached without a byte. */
  readonly #canEnd: boolean[] = [];
  /** The same, and without an anchor on the way. */
  readonly #mustEnd: boolean[] = [];

  constructor(program: Program) {
    this.#program = program;
    const { kinds, first, second, argument } = program;
    const setBits = bitsOfSets(program.sets);
    for (let node = 0; node < kinds.length; node++) {
      const left = first[node] as number;
      const right = second[node] as number;
      switch (kinds[node] as NodeKind) {
        case NodeKind.Byte:
          this.#begins.push(setBits[(argument[node] as number) / BYTE_SET_SIZE] as Uint32Array);
          this.#canEnd.push(false);
          this.#mustEnd.push(false);
          break;
        case NodeKind.Accept:
        case NodeKind.Fail:
          this.#begins.push(new Uint32Array(WORDS));
          this.#canEnd.push(kinds[node] === NodeKind.Accept);
          this.#mustEnd.push(kinds[node] === NodeKind.Accept);
          break;
        case NodeKind.Alternative:
        case NodeKind.Repeat: {
          const others = this.#begins[right] as Uint32Array;
          this.#begins.push(
            (this.#begins[left] as Uint32Array).map((bits, i) => bits | (others[i] as number)),
          );
          this.#canEnd.push((this.#canEnd[left] as boolean) || (this.#canEnd[right] as boolean));
          this.#mustEnd.push((this.#mustEnd[left] as boolean) || (this.#mustEnd[right] as boolean));
          break;
        }
        default:
          this.#begins.push(this.#begins[left] as Uint32Array);
          this.#canEnd.push(this.#canEnd[left] as boolean);
          this.#mustEnd.push(kinds[node] === NodeKind.Mark && (this.#mustEnd[left] as boolean));
      }
    }
  }

  #isAmbiguous(node: number): boolean {
    const { first, second } = this.#program;
    const left = this.#begins[first[node] as number] as Uint32Array;
    const right = this.#begins[second[node] as number] as Uint32Array;
    return left.some((bits, i) => (bits & (right[i] as number)) !== 0);
  }

  /** Whether in a search every alternative's first success is also its longest. */
  alternativesAgree(): boolean {
    const { kinds, first } = this.#program;
    for (let node = 0; node < kinds.length; node++) {
      if (kinds[node] !== NodeKind.Alternative) continue;
      if (this.#isAmbiguous(node) || this.#canEnd[first[node] as number] === true) return false;
    }
    return true;
  }

  /**
   * Bounds the paths from the start; undefined if there may be exponentially many. With
   * `onlyFailing`, paths end where the pattern may end, because a search succeeds there; the
   * remaining paths have no loops, or else the degree is not 0.
   */
  countPaths(onlyFailing: boolean): Paths | undefined {
    const program = this.#program;
    const { kinds, first, second } = program;
    const successor = (node: number, i: number): number => {
      const kind = kinds[node] as NodeKind;
      if (kind === NodeKind.Alternative || kind === NodeKind.Repeat) {
        return i === 0 ? (first[node] as number) : i === 1 ? (second[node] as number) : -1;
      }
      if (i > 0 || kind === NodeKind.Accept) return -1;
      const target = first[node] as number;
      return onlyFailing && kind === NodeKind.Byte && this.#mustEnd[target] === true ? -1 : target;
    };
    const { componentOf, isCyclic } = findComponents(kinds.length, successor);
    const members: number[][] = isCyclic.map(() => []);
    for (let node = 0; node < kinds.length; node++)
      (members[componentOf[node] as number] as number[]).push(node);
    const paths: Paths[] = [];
    for (const [component, nodes] of members.entries()) {
      let sum: Paths = { factor: 0, degree: 0 };
      let largest: Paths = { factor: 1, degree: 0 };
      for (const node of nodes) {
        const outside: Paths[] = [];
        let inside = 0;
        for (let i = 0; ; i++) {
          const target = successor(node, i);
          if (target < 0) break;
          if (componentOf[target] === component) inside++;
          else outside.push(paths[componentOf[target] as number] as Paths);
        }
        const isChoice = kinds[node] === NodeKind.Alternative || kinds[node] === NodeKind.Repeat;
        const isAmbiguous = isChoice && this.#isAmbiguous(node);
        if (isAmbiguous && inside === 2) return undefined;
        for (const below of outside) {
          if (isAmbiguous)
            sum = { factor: sum.factor + below.factor, degree: Math.max(sum.degree, below.degree) };
          else largest = larger(largest, below);
        }
      }
      if (isCyclic[component] === true) {
        if (sum.factor > 0) sum = { factor: sum.factor, degree: sum.degree + 1 };
        // A loop among failing paths makes them as long as the subject.
        else if (onlyFailing) largest = { factor: largest.factor, degree: largest.degree + 1 };
      }
      paths.push(
        sum.factor === 0
          ? largest
          : {
              factor: sum.factor + (isCyclic[component] === true ? largest.factor : 0),
              degree: Math.max(sum.degree, largest.degree),
            },
      );
    }
    return paths[componentOf[program.start] as number];
  }
}

function larger(left: Paths, right: Paths): Paths {
  return {
    factor: Math.max(left.factor, right.factor),
    degree: Math.max(left.degree, right.degree),
  };
}

/** The number of 32-bit words that hold a bit for each byte. */
const WORDS = 8;

/** Packs the flags of all byte sets. */
function bitsOfSets(sets: Uint8Array): Uint32Array[] {
  const packed: Uint32Array[] = [];
  for (let offset = 0; offset < sets.length; offset += BYTE_SET_SIZE) {
    const bits = new Uint32Array(WORDS);
    for (let byte = 0; byte < 256; byte++) {
      if (sets[offset + byte] === 1)
        bits[byte >> 5] = (bits[byte >> 5] as number) | (1 << (byte & 31));
    }
    packed.push(bits);
  }
  return packed;
}
