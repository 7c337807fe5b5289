/** Terms that fail when they are evaluated, and terms that are never evaluated. */
import { randomType } from "../program-type.ts";
import type { Scope } from "../scope.ts";
import { Level, type Term, term } from "../term.ts";
import type { TermSource } from "../term-source.ts";

/** A term that fails when it is evaluated. */
export function failure(source: TermSource): Term {
  const { random } = source;
  return random.weighted<() => Term>([
    [6, () => term(Level.Application, `throw "thrown ${random.below(9)}"`)],
    [2, () => term(Level.Expression, "assert false; 1")],
    [1, () => term(Level.Application, 'abort "aborted"')],
    [1, () => term(Level.Product, "1 / 0")],
    [1, () => term(Level.Select, "{ }.missing")],
    [1, () => term(Level.Expression, "let x = x; in x")],
    [1, () => term(Level.Sum, "1 + null")],
    [1, () => term(Level.Literal, "<missing>")],
    [1, () => term(Level.Expression, "let a = b; b = a; in a")],
    [1, () => term(Level.Application, "builtins.head [ ]")],
    [1, () => term(Level.Application, "({ a }: a) { }")],
    [1, () => term(Level.Application, "({ a }: 1) { a = 1; b = 2; }")],
  ])();
}

/** A term whose value is not needed, so it may be anything. */
export function unused(source: TermSource, fuel: number, scope: Scope): Term {
  if (source.random.chance(0.4)) return failure(source);
  return source.term(randomType(source.random, 1), Math.min(fuel, 3), scope);
}
