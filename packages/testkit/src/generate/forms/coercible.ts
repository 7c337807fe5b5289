/**
 * Values that coerce to a string: strings, paths, sets with `outPath` or `__toString`, derivations.
 */

import { BOOL, FLOAT, INT, listOf, STRING } from "../program-type.ts";
import type { Scope } from "../scope.ts";
import { group, hole, Level, type Part, type Term, term } from "../term.ts";
import type { TermSource } from "../term-source.ts";
import { unused } from "./failures.ts";

/** A value for an interpolation: a string, a path, or a set with `outPath` or `__toString`. */
export function coercible(source: TermSource, fuel: number, scope: Scope): Term {
  const { random } = source;
  return random.weighted<() => Term>([
    [8, () => source.term(STRING, fuel, scope)],
    [1, () => stringLikeSet(source, fuel, scope)],
    [1, () => term(Level.Literal, random.pick(["./text", "./folder", "./folder/inner/file"]))],
    [1, () => derivation(source, fuel, scope)],
  ])();
}

/** A set with `outPath` or `__toString`. */
export function stringLikeSet(source: TermSource, fuel: number, scope: Scope): Term {
  const inner = hole(Level.Expression, source.term(STRING, fuel, scope));
  return term(
    Level.Simple,
    "{ ",
    group([
      source.random.pick<Part[]>([
        ["outPath = ", inner, "; "],
        ["__toString = self: ", inner, "; "],
        ["x = ", inner, "; __toString = self: self.x; "],
      ]),
      ["b = ", hole(Level.Expression, unused(source, 1, scope)), "; "],
    ]),
    "}",
  );
}

/** A derivation. */
export function derivation(source: TermSource, fuel: number, scope: Scope): Term {
  const { random } = source;
  const items: Part[][] = [];
  // No floats: their JSON in structured attributes is part of the hash.
  const structured = random.chance(0.1);
  const simple = [INT, STRING, BOOL, listOf(STRING), listOf(INT)];
  for (let count = random.below(3); count > 0; count--) {
    const name = random.pick(["src", "x", "flags", "dep", "env"]) + String(count);
    const type = random.pick(structured ? simple : [...simple, FLOAT]);
    const value = random.chance(0.3)
      ? term(Level.Literal, random.pick(["./text", "null", "./folder", "[ ]"]))
      : source.term(type, fuel >> 1, scope);
    items.push([`${name} = `, hole(Level.Expression, value), "; "]);
  }
  if (random.chance(0.2)) items.push(['outputs = [ "out" "dev" ]; ']);
  if (random.chance(0.15))
    items.push(['args = [ "-c" ', hole(Level.Select, coercible(source, 0, scope)), " ]; "]);
  if (structured) items.push(["__structuredAttrs = true; "]);
  if (random.chance(0.1)) items.push(["__ignoreNulls = true; "]);
  if (random.chance(0.1))
    items.push([
      'outputHash = "0000000000000000000000000000000000000000000000000000"; outputHashAlgo = "sha256"; ',
    ]);
  return term(
    Level.Application,
    "derivation { name = ",
    hole(Level.Expression, term(Level.Simple, random.pick(['"d"', '"hello-1.2"', '"a.b"']))),
    "; builder = ",
    hole(Level.Expression, term(Level.Literal, random.pick(['"/bin/sh"', "./text", '"b"']))),
    '; system = "x86_64-linux"; ',
    group(items),
    "}",
  );
}
