/** Arithmetic, comparisons and logic. */

import {
  BOOL,
  FLOAT,
  INT,
  listOf,
  PATH,
  type ProgramType,
  randomName,
  randomSetType,
  randomType,
  STRING,
} from "../program-type.ts";
import type { Scope } from "../scope.ts";
import { hole, Level, type Term, term } from "../term.ts";
import type { TermSource } from "../term-source.ts";
import { unused } from "./failures.ts";
import { nameParts, select } from "./selections.ts";

/** A binary operator between two terms, with the levels that its operands allow. */
export function binary(
  level: Level,
  left: Level,
  operator: string,
  right: Level,
  a: Term,
  b: Term,
): Term {
  return term(level, hole(left, a), ` ${operator} `, hole(right, b));
}

/** A number computed from numbers. */
export function arithmetic(
  source: TermSource,
  type: ProgramType,
  fuel: number,
  scope: Scope,
): Term {
  const { random } = source;
  const half = fuel >> 1;
  const operand = (): Term =>
    source.term(type.kind === "float" && random.chance(0.3) ? INT : type, half, scope);
  const float = (): Term => source.term(type, half, scope);
  const first = operand();
  const second = type.kind === "float" ? float() : operand();
  const [a, b] = random.chance(0.5) ? [first, second] : [second, first];
  return random.weighted<() => Term>([
    [4, () => binary(Level.Sum, Level.Sum, "+", Level.Product, a, b)],
    [3, () => binary(Level.Sum, Level.Sum, "-", Level.Product, a, b)],
    [3, () => binary(Level.Product, Level.Product, "*", Level.Concatenation, a, b)],
    [
      2,
      () =>
        binary(
          Level.Product,
          Level.Product,
          "/",
          Level.Concatenation,
          a,
          term(
            Level.Literal,
            type.kind === "float"
              ? random.pick(["0.5", "3.0", "7."])
              : random.pick(["2", "3", "7"]),
          ),
        ),
    ],
    [1, () => term(Level.Negation, "-", hole(Level.Negation, type.kind === "float" ? float() : a))],
  ])();
}

/** A form that gives a Boolean. */
export function boolForm(source: TermSource, fuel: number, scope: Scope): Term {
  const { random } = source;
  const half = fuel >> 1;
  const bool = (): Term => source.term(BOOL, half, scope);
  return random.weighted<() => Term>([
    [3, () => binary(Level.And, Level.And, "&&", Level.Equality, bool(), bool())],
    [3, () => binary(Level.Or, Level.Or, "||", Level.And, bool(), bool())],
    [2, () => binary(Level.Implication, Level.Or, "->", Level.Implication, bool(), bool())],
    [2, () => term(Level.Not, "!", hole(Level.Not, bool()))],
    [
      1,
      () =>
        binary(
          Level.And,
          Level.And,
          "&&",
          Level.Equality,
          term(Level.Simple, "false"),
          unused(source, 1, scope),
        ),
    ],
    [
      1,
      () =>
        binary(
          Level.Or,
          Level.Or,
          "||",
          Level.And,
          term(Level.Simple, "true"),
          unused(source, 1, scope),
        ),
    ],
    [
      5,
      () => {
        const type = randomType(random, 2);
        const other = random.chance(0.8) ? type : randomType(random, 2);
        const operator = random.pick(["==", "!="]);
        const a = source.term(type, half, scope);
        const b = random.chance(0.3) ? a : source.term(other, half, scope);
        return binary(Level.Equality, Level.Order, operator, Level.Order, a, b);
      },
    ],
    [
      5,
      () => {
        const type = random.weighted<ProgramType>([
          [4, INT],
          [3, FLOAT],
          [3, STRING],
          [1, PATH],
          [1, listOf(INT)],
          [1, listOf(listOf(STRING))],
        ]);
        const mixed = type === INT ? FLOAT : type === FLOAT ? INT : type;
        const operator = random.pick(["<", ">", "<=", ">="]);
        const b = source.term(random.chance(0.3) ? mixed : type, half, scope);
        return binary(
          Level.Order,
          Level.Update,
          operator,
          Level.Update,
          source.term(type, half, scope),
          b,
        );
      },
    ],
    [
      3,
      () => {
        const type = random.chance(0.8) ? randomSetType(random, 1) : randomType(random, 1);
        const known = type.kind === "set" && type.fields.length > 0 && random.chance(0.6);
        const name = known ? random.pick(type.fields).name : randomName(random);
        const rest = random.chance(0.2) ? [".", ...nameParts(source, randomName(random))] : [];
        return term(
          Level.HasAttribute,
          hole(Level.Negation, source.term(type, fuel, scope)),
          " ? ",
          ...nameParts(source, name),
          ...rest,
        );
      },
    ],
    [
      2,
      () => {
        const tried = term(
          Level.Application,
          "builtins.tryEval ",
          hole(Level.Select, unused(source, half, scope)),
        );
        return select(source, tried, "success");
      },
    ],
  ])();
}
