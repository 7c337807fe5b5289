/** Forms that give strings and paths, with interpolations. */

import { indentedText, stringText } from "../literals.ts";
import { BOOL, INT, listOf, PATH, randomType, STRING } from "../program-type.ts";
import type { Scope } from "../scope.ts";
import { group, hole, Level, type Part, type Term, term } from "../term.ts";
import type { TermSource } from "../term-source.ts";
import { coercible, derivation, stringLikeSet } from "./coercible.ts";
import { binary } from "./numbers.ts";
import { select } from "./selections.ts";

/** A form that gives a string. */
export function stringForm(source: TermSource, fuel: number, scope: Scope): Term {
  const { random } = source;
  const half = fuel >> 1;
  return random.weighted<() => Term>([
    [4, () => interpolation(source, fuel, scope)],
    [1, () => deepText(source, fuel, scope)],
    [2, () => indentedInterpolation(source, fuel, scope)],
    [
      4,
      () =>
        binary(
          Level.Sum,
          Level.Sum,
          "+",
          Level.Product,
          source.term(STRING, half, scope),
          coercible(source, half, scope),
        ),
    ],
    [
      2,
      () =>
        term(
          Level.Application,
          "toString ",
          hole(Level.Select, source.term(randomType(random, 0), half, scope)),
        ),
    ],
    [
      1,
      () =>
        term(
          Level.Application,
          random.pick(["toString ", "builtins.toJSON ", "builtins.typeOf "]),
          hole(Level.Select, stringLikeSet(source, half, scope)),
        ),
    ],
    [
      1,
      () =>
        select(
          source,
          derivation(source, half, scope),
          random.pick(["outPath", "drvPath", "name", "type", "outputName"]),
        ),
    ],
    [
      1,
      () =>
        term(
          Level.Application,
          "toString ",
          hole(
            Level.Select,
            source.term(listOf(source.random.pick([INT, STRING, BOOL, listOf(INT)])), half, scope),
          ),
        ),
    ],
  ])();
}

function interpolation(source: TermSource, fuel: number, scope: Scope): Term {
  const { random } = source;
  const pieces: Part[][] = [];
  for (let count = random.between(1, 3); count > 0; count--) {
    const text = random.chance(0.7) ? stringText(random) : "";
    // A `$` before an interpolation would escape it or be consumed.
    pieces.push([
      text.replace(/\$+$/, ""),
      "${",
      hole(Level.Expression, coercible(source, Math.floor(fuel / 3), scope)),
      "}",
    ]);
  }
  return term(Level.Simple, '"', group(pieces), stringText(random), '"');
}

function indentedInterpolation(source: TermSource, fuel: number, scope: Scope): Term {
  const { random } = source;
  const pieces: Part[][] = [];
  for (let count = random.between(1, 3); count > 0; count--) {
    pieces.push([
      `${indentedText(random)}${random.pick(["", "\n  ", "\n    ", " "])}`,
      "${",
      hole(Level.Expression, coercible(source, Math.floor(fuel / 3), scope)),
      "}",
    ]);
  }
  return term(
    Level.Simple,
    random.pick(["''", "''\n  ", "''  \n    "]),
    group(pieces),
    random.pick(["", "\n", "\n  ", " x"]),
    "''",
  );
}

/** A form that gives a path. */
export function pathForm(source: TermSource, fuel: number, scope: Scope): Term {
  const { random } = source;
  const text = hole(
    Level.Expression,
    term(Level.Simple, random.pick(['"a"', '"b/c"', '"x.y"', '"../z"'])),
  );
  return random.weighted<() => Term>([
    [2, () => source.leaf(PATH, scope)],
    [
      2,
      () =>
        term(
          Level.Literal,
          random.pick(["./", "/a/", "./x-"]),
          "${",
          text,
          "}",
          random.pick(["", "/d", "-e"]),
        ),
    ],
    [
      2,
      () =>
        binary(
          Level.Sum,
          Level.Sum,
          "+",
          Level.Product,
          source.term(PATH, fuel, scope),
          term(Level.Simple, random.pick(['"/a"', '"b"', '"/../c"', "./d", '"/"', '""'])),
        ),
    ],
    [1, () => source.anyForm(PATH, fuel, scope)],
  ])();
}

/** The text of a deep structure. */
function deepText(source: TermSource, fuel: number, scope: Scope): Term {
  const { random } = source;
  const depth = random.pick([1, 5, 50, 300]);
  const step = random.pick([
    "[ acc ]",
    "{ a = acc; }",
    "{ inherit acc; n = x; }",
    "[ x acc ]",
    "acc // { b = { inherit acc; }; }",
  ]);
  const start = hole(
    Level.Select,
    step.startsWith("acc")
      ? term(Level.Simple, "{ }")
      : source.term(random.pick([INT, STRING]), fuel >> 1, scope),
  );
  const print = random.pick([
    "builtins.toJSON",
    "builtins.toXML",
    'builtins.hashString "md5" (builtins.toJSON',
  ]);
  return term(
    Level.Application,
    `${print} (builtins.foldl' (acc: x: ${step}) `,
    start,
    ` (builtins.genList (x: x) ${step.startsWith("acc") ? Math.min(depth, 8) : depth}))${print.includes("(") ? ")" : ""}`,
  );
}
