/** Forms that give lists. */

import {
  BOOL,
  functionOf,
  INT,
  listOf,
  type ProgramType,
  randomType,
  STRING,
  setOf,
} from "../program-type.ts";
import type { Scope } from "../scope.ts";
import { group, hole, Level, type Part, type Term, term } from "../term.ts";
import type { TermSource } from "../term-source.ts";
import { binary } from "./numbers.ts";
import { select } from "./selections.ts";

/** A form that gives a list. */
export function listForm(source: TermSource, of: ProgramType, fuel: number, scope: Scope): Term {
  const { random } = source;
  const half = fuel >> 1;
  const type = listOf(of);
  return random.weighted<() => Term>([
    [
      8,
      () => {
        const count = random.weighted([
          [1, 0],
          [2, 1],
          [3, 2],
          [2, 3],
          [1, 6],
        ]);
        const items: Part[][] = [];
        for (let i = 0; i < count; i++) {
          items.push([hole(Level.Select, source.term(of, Math.floor(fuel / count), scope)), " "]);
        }
        return term(Level.Simple, "[ ", group(items), "]");
      },
    ],
    [
      4,
      () =>
        binary(
          Level.Concatenation,
          Level.HasAttribute,
          "++",
          Level.Concatenation,
          source.term(type, half, scope),
          source.term(type, half, scope),
        ),
    ],
    [
      4,
      () => {
        const from = random.weighted<ProgramType>([
          [3, INT],
          [2, STRING],
          [1, randomType(random, 1)],
        ]);
        return term(
          Level.Application,
          "map ",
          hole(Level.Select, source.term(functionOf(from, of), half, scope)),
          " ",
          hole(Level.Select, source.term(listOf(from), half, scope)),
        );
      },
    ],
    [
      2,
      () =>
        term(
          Level.Application,
          "builtins.filter ",
          hole(Level.Select, source.term(functionOf(of, BOOL), half, scope)),
          " ",
          hole(Level.Select, source.term(type, half, scope)),
        ),
    ],
    [
      2,
      () =>
        term(
          Level.Application,
          "builtins.genList ",
          hole(Level.Select, source.term(functionOf(INT, of), half, scope)),
          ` ${random.below(4)}`,
        ),
    ],
    [
      1,
      () =>
        term(
          Level.Application,
          "builtins.concatLists ",
          hole(Level.Select, source.term(listOf(type), half, scope)),
        ),
    ],
    [
      1,
      () =>
        term(
          Level.Application,
          "builtins.concatMap ",
          hole(Level.Select, source.term(functionOf(INT, type), half, scope)),
          " ",
          hole(Level.Select, source.term(listOf(INT), half, scope)),
        ),
    ],
    [
      1,
      () =>
        term(
          Level.Application,
          "builtins.attrValues ",
          hole(
            Level.Select,
            source.term(setOf({ name: "z", type: of }, { name: "a", type: of }), half, scope),
          ),
        ),
    ],
    [
      1,
      () =>
        select(
          source,
          term(
            Level.Application,
            "builtins.partition ",
            hole(Level.Select, source.term(functionOf(of, BOOL), half, scope)),
            " ",
            hole(Level.Select, source.term(type, half, scope)),
          ),
          random.pick(["right", "wrong"]),
        ),
    ],
    [
      1,
      () =>
        term(
          Level.Application,
          "builtins.sort (a: b: ",
          hole(Level.Expression, term(Level.Order, "builtins.toJSON a < builtins.toJSON b")),
          ") ",
          hole(Level.Select, source.term(type, half, scope)),
        ),
    ],
  ])();
}
