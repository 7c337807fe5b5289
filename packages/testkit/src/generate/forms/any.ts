/** Forms that give a term of any type: conditionals, assertions, recursion, elements of lists. */

import { stringLiteral } from "../literals.ts";
import {
  BOOL,
  type Field,
  INT,
  listOf,
  type ProgramType,
  randomType,
  STRING,
  setOf,
} from "../program-type.ts";
import { type Scope, without } from "../scope.ts";
import { group, hole, Level, type Term, term } from "../term.ts";
import type { TermSource } from "../term-source.ts";
import { letForm, withForm } from "./bindings.ts";
import { callForm, functor } from "./calls.ts";
import { failure, unused } from "./failures.ts";
import { select, selection, selectionWithDefault } from "./selections.ts";
import { setLiteral } from "./sets.ts";

/** A form of any type. */
export function anyForm(source: TermSource, type: ProgramType, fuel: number, scope: Scope): Term {
  const { random } = source;
  const half = fuel >> 1;
  const third = Math.floor(fuel / 3);
  return random.weighted<() => Term>([
    [
      5,
      () =>
        term(
          Level.Expression,
          "if ",
          hole(Level.Expression, source.term(BOOL, third, scope)),
          " then ",
          hole(Level.Expression, source.term(type, third, scope)),
          " else ",
          hole(Level.Expression, source.term(type, third, scope)),
        ),
    ],
    [9, () => letForm(source, type, fuel, scope)],
    [4, () => withForm(source, type, fuel, scope)],
    [
      2,
      () =>
        term(
          Level.Expression,
          "assert ",
          hole(Level.Expression, truth(source, third, scope)),
          "; ",
          hole(Level.Expression, source.term(type, half, scope)),
        ),
    ],
    [8, () => selection(source, type, fuel, scope)],
    [3, () => selectionWithDefault(source, type, fuel, scope)],
    [8, () => callForm(source, type, fuel, scope)],
    [
      2,
      () =>
        term(
          Level.Application,
          hole(Level.Application, functor(source, randomType(random, 1), type, half, scope)),
          " ",
          hole(Level.Select, unused(source, 2, scope)),
        ),
    ],
    [2, () => recursion(source, type, fuel, scope)],
    [3, () => fromList(source, type, fuel, scope)],
    [2, () => cyclic(source, type, fuel, scope)],
    [
      2,
      () => {
        const tried = term(
          Level.Application,
          "builtins.tryEval ",
          hole(Level.Select, source.term(type, half, scope)),
        );
        return select(source, tried, "value");
      },
    ],
    [
      2,
      () => {
        const callee = random.pick([
          "builtins.seq",
          "builtins.deepSeq",
          "builtins.trace",
          "builtins.addErrorContext",
        ]);
        const first =
          callee === "builtins.addErrorContext"
            ? stringLiteral(random)
            : source.term(randomType(random, 1), third, scope);
        return term(
          Level.Application,
          `${callee} `,
          hole(Level.Select, first),
          " ",
          hole(Level.Select, source.term(type, half, scope)),
        );
      },
    ],
    [
      1,
      () =>
        select(
          source,
          term(
            Level.Application,
            "builtins.listToAttrs [ ",
            group([
              [
                '{ name = "n"; value = ',
                hole(Level.Expression, source.term(type, half, scope)),
                "; } ",
              ],
              ['{ name = "n"; value = ', hole(Level.Expression, failure(source)), "; } "],
            ]),
            "]",
          ),
          "n",
        ),
    ],
    [
      1,
      () =>
        term(
          Level.Application,
          'builtins.getAttr "a" ',
          hole(Level.Select, setLiteral(source, [{ name: "a", type }], half, scope)),
        ),
    ],
    [
      1,
      () => {
        const inner = setLiteral(
          source,
          [{ name: "a", type: randomType(random, 1) }],
          third,
          scope,
        );
        const scopeInside: Scope = [
          ...scope,
          { name: "n", type: STRING, dynamic: false },
          { name: "v", type: INT, dynamic: false },
        ];
        const mapper = term(
          Level.Expression,
          "n: v: ",
          hole(Level.Expression, source.term(type, half, scopeInside.slice(0, -1))),
        );
        const mapped = term(
          Level.Application,
          "builtins.mapAttrs ",
          hole(Level.Select, mapper),
          " ",
          hole(Level.Select, inner),
        );
        return select(source, mapped, "a");
      },
    ],
    [
      1,
      () => {
        const base = term(
          Level.Simple,
          "let { body = ",
          hole(Level.Expression, source.term(type, half, scope)),
          "; ",
          group([["q = ", hole(Level.Expression, unused(source, 1, scope)), "; "]]),
          "}",
        );
        return base;
      },
    ],
  ])();
}

/** A condition that is probably true. */
function truth(source: TermSource, fuel: number, scope: Scope): Term {
  const { random } = source;
  return random.weighted<() => Term>([
    [3, () => term(Level.Simple, "true")],
    [3, () => comparisonWithItself(source, fuel, scope)],
    [1, () => source.term(BOOL, fuel, scope)],
    [1, () => term(Level.Or, hole(Level.Or, source.term(BOOL, fuel >> 1, scope)), " || true")],
  ])();
}

function comparisonWithItself(source: TermSource, fuel: number, scope: Scope): Term {
  const value = source.term(source.random.pick([INT, STRING, listOf(INT)]), fuel >> 1, scope);
  return term(Level.Equality, hole(Level.Order, value), " == ", hole(Level.Order, value));
}

function recursion(source: TermSource, type: ProgramType, fuel: number, scope: Scope): Term {
  const { random } = source;
  const count = random.pick([0, 1, 3, 10, 40, 300, 1000]);
  const end = hole(
    Level.Expression,
    source.term(type, fuel >> 1, [...scope, { name: "n", type: INT, dynamic: false }]),
  );
  return random.pick<() => Term>([
    () =>
      term(
        Level.Expression,
        "let loop = n: if n <= 0 then ",
        end,
        ` else loop (n - 1); in loop ${count}`,
      ),
    () =>
      term(
        Level.Expression,
        "let even = n: if n == 0 then ",
        end,
        " else odd (n - 1); odd = n: if n == 0 then ",
        end,
        ` else even (n - 1); in even ${count}`,
      ),
    () => {
      const fields: Field[] = [{ name: "a", type }];
      const inside: Scope = [...scope, { name: "self", type: setOf(...fields), dynamic: false }];
      return term(
        Level.Select,
        "(let fix = f: let x = f x; in x; in fix (self: { a = ",
        hole(Level.Expression, source.term(type, fuel >> 1, inside.slice(0, -1))),
        "; b = self.a; c = ",
        hole(Level.Expression, source.term(randomType(random, 1), 1, inside)),
        "; })).b",
      );
    },
  ])();
}

function fromList(source: TermSource, type: ProgramType, fuel: number, scope: Scope): Term {
  const { random } = source;
  const half = fuel >> 1;
  const first = hole(Level.Select, source.term(type, half, scope));
  const other = hole(Level.Select, unused(source, 1, scope));
  return random.pick<() => Term>([
    () => term(Level.Application, "builtins.head [ ", first, " ", other, " ]"),
    () => term(Level.Application, "builtins.elemAt [ ", other, " ", first, " ] 1"),
    () =>
      term(
        Level.Application,
        "builtins.foldl' (acc: x: ",
        hole(
          Level.Expression,
          source.term(type, half, [...scope, { name: "acc", type, dynamic: false }]),
        ),
        ") ",
        first,
        " ",
        hole(Level.Select, source.term(listOf(randomType(random, 1)), half, scope)),
      ),
    () =>
      term(
        Level.Application,
        "builtins.head (builtins.tail (builtins.map (x: ",
        hole(
          Level.Expression,
          source.term(type, half, [...scope, { name: "x", type: INT, dynamic: false }]),
        ),
        ") [ 1 2 ]))",
      ),
  ])();
}

/** A value of the type inside a structure that contains itself. */
function cyclic(source: TermSource, type: ProgramType, fuel: number, scope: Scope): Term {
  const { random } = source;
  const value = hole(
    Level.Expression,
    source.term(type, fuel >> 1, without(scope, [{ name: "x", type }])),
  );
  const element = hole(Level.Select, value.term);
  return random.pick<() => Term>([
    () => term(Level.Select, "(let x = { a = ", value, "; b = x; }; in x).b.b.a"),
    () =>
      term(
        Level.Select,
        "rec { x = [ x ",
        element,
        " ]; a = builtins.elemAt (builtins.head x) 1; }.a",
      ),
    () =>
      term(
        Level.Application,
        "builtins.deepSeq (let x = { a = [ x { b = x; } ]; }; in x) ",
        element,
      ),
    () =>
      term(Level.Select, "(builtins.deepSeq rec { x.y = { inherit x; }; } { a = ", value, "; }).a"),
    () => term(Level.Expression, "let x = [ 1 x ]; in assert x == x; ", value),
  ])();
}
