/**
 * The regular expressions of `builtins.match` and `builtins.split`.
 *
 * They behave like libstdc++'s `std::regex(pattern, extended)` on bytes, faults and oddities
 * included, since C++ Nix uses it, but never take more than linear time and never recurse. A
 * pattern becomes an automaton (`automaton.ts`) and then a program (`closure.ts`) that
 * `simulation.ts` runs; where it is proved to agree and to be fast, JavaScript's RegExp runs
 * instead (`native.ts`). The first few matches of a pattern walk the automaton itself
 * (`backtracking.ts`), which needs no preparation.
 *
 * The two builtins call this module and cache compiled patterns. Nothing is cached here, and
 * nothing here knows Nix values.
 */
import { type Automaton, compileAutomaton } from "./automaton.ts";
import { tryBacktracking } from "./backtracking.ts";
import { buildProgram, mayBeTooLarge, type Program } from "./closure.ts";
import { isSearchAffordable, planSearch, type SearchPlan, WholePlan } from "./native.ts";
import { Simulation } from "./simulation.ts";
import { MATCH_WORK, type OnWork } from "./work.ts";

/** A match; offsets count bytes. */
export interface RegexMatch {
  readonly start: number;
  readonly end: number;
  /** The contents of the capture groups, null for those that took no part. */
  readonly groups: readonly (string | null)[];
}

/** The engine to use; other than "auto" for tests. */
export type RegexEngine = "auto" | "native" | "simulation" | "backtracking";

/** The number of matches that are tried by backtracking before a RegExp is created. */
const FIRST_MATCHES = 5;

export type { Regex };

/** A compiled pattern. */
class Regex {
  readonly pattern: string;
  readonly #automaton: Automaton;
  /** Created on first use; many patterns are matched once or twice, by RegExp. */
  #program: Program | undefined;
  readonly #whole: WholePlan;
  /** Created for the first search; null before. */
  #search: SearchPlan | undefined | null = null;
  #simulation: Simulation | undefined;
  /** The number of matches still to be tried by backtracking. */
  #firstMatches: number;

  /** Use {@link compileRegex}. */
  constructor(pattern: string) {
    this.pattern = pattern;
    this.#automaton = compileAutomaton(pattern);
    if (mayBeTooLarge(this.#automaton)) this.#program = buildProgram(this.#automaton);
    this.#whole = new WholePlan(this.#automaton, () => this.#ownProgram());
    this.#firstMatches = this.#automaton.hasEmptyLoop ? 0 : FIRST_MATCHES;
  }

  #ownProgram(): Program {
    this.#program ??= buildProgram(this.#automaton);
    return this.#program;
  }

  /** The number of capture groups. */
  get groupCount(): number {
    return this.#automaton.groupCount;
  }

  /**
   * Matches the whole of `subject`, a byte string, and returns the contents of the groups, or null
   * if it does not match. With `engine` "native" or "backtracking" it returns undefined if that
   * engine cannot be used. Exceptions of `onWork` propagate. Throws {@link RegexError} ("space") if
   * pattern and subject are both enormous.
   */
  match(subject: string, engine?: "auto", onWork?: OnWork): (string | null)[] | null;
  match(subject: string, engine: RegexEngine): (string | null)[] | null | undefined;
  match(
    subject: string,
    engine: RegexEngine = "auto",
    onWork?: OnWork,
  ): (string | null)[] | null | undefined {
    if (subject.length < this.#automaton.minLength || subject.length > this.#automaton.maxLength)
      return null;
    if (engine === "backtracking" || (engine === "auto" && this.#firstMatches > 0)) {
      const groups = this.#tryBacktracking(subject);
      if (groups !== undefined || engine === "backtracking") return groups;
    }
    const regExp = engine === "simulation" ? undefined : this.#whole.regExpFor(subject.length);
    if (regExp !== undefined) {
      try {
        if (this.#automaton.groupCount === 0) return regExp.test(subject) ? [] : null;
        const found = regExp.exec(subject);
        return found === null ? null : nativeGroups(found);
      } catch {
        // RegExp's backtrack stack overflowed; the simulation has none.
      }
    }
    if (engine === "native") return undefined;
    const found = this.#simulate().match(subject, onWork);
    return found === null ? null : [...found.groups];
  }

  #tryBacktracking(subject: string): (string | null)[] | null | undefined {
    if (this.#automaton.hasEmptyLoop) return undefined;
    const groups = tryBacktracking(this.#automaton, subject);
    // A pattern that takes many steps once is likely to do so again.
    this.#firstMatches = groups === undefined ? 0 : this.#firstMatches - 1;
    return groups;
  }

  /**
   * Finds the matches in `subject` from left to right. An empty match may be followed by a longer
   * one at the same position; otherwise they do not overlap. With `engine` "native" it returns
   * undefined if RegExp cannot be used. Throws as `match` does.
   */
  search(subject: string, engine?: "auto", onWork?: OnWork): RegexMatch[];
  search(subject: string, engine: RegexEngine): RegexMatch[] | undefined;
  search(subject: string, engine: RegexEngine = "auto", onWork?: OnWork): RegexMatch[] | undefined {
    if (subject.length < this.#automaton.minLength) return [];
    if (this.#search === null) this.#search = planSearch(this.#automaton, () => this.#ownProgram());
    const plan = this.#search;
    if (engine !== "simulation" && plan !== undefined && isSearchAffordable(plan, subject.length)) {
      const matches = nativeSearch(plan.regExp, subject, onWork);
      if (matches !== undefined) return matches;
    }
    if (engine === "native") return undefined;
    return this.#simulate().search(subject, onWork);
  }

  #simulate(): Simulation {
    this.#simulation ??= new Simulation(this.#ownProgram());
    return this.#simulation;
  }
}

/** Compiles `pattern`, a byte string in POSIX extended syntax; throws {@link RegexError}. */
export function compileRegex(pattern: string): Regex {
  return new Regex(pattern);
}

function nativeGroups(found: RegExpExecArray): (string | null)[] {
  const count = found.length - 1;
  const groups = new Array<string | null>(count);
  for (let i = 0; i < count; i++) groups[i] = (found[i + 1] as string | undefined) ?? null;
  return groups;
}

/** Returns all matches; `undefined` if RegExp's backtrack stack overflowed. */
function nativeSearch(
  regExp: RegExp,
  subject: string,
  onWork: OnWork | undefined,
): RegexMatch[] | undefined {
  const matches: RegexMatch[] = [];
  regExp.lastIndex = 0;
  for (;;) {
    let found: RegExpExecArray | null;
    try {
      found = regExp.exec(subject);
    } catch {
      return undefined;
    }
    if (found === null) return matches;
    matches.push({ start: found.index, end: regExp.lastIndex, groups: nativeGroups(found) });
    onWork?.(MATCH_WORK);
  }
}
