/** Selections of attributes, with and without a default. */
import { attributeName, quoted } from "../attribute-name.ts";
import {
  type Field,
  type ProgramType,
  randomName,
  randomType,
  sameType,
  setOf,
} from "../program-type.ts";
import { type Scope, variableTerm, visible } from "../scope.ts";
import { hole, Level, type Part, type Term, term } from "../term.ts";
import type { TermSource } from "../term-source.ts";
import { unused } from "./failures.ts";

/** The selection of one attribute. */
export function select(source: TermSource, base: Term, name: string): Term {
  return term(Level.Select, hole(Level.Simple, base), ".", ...nameParts(source, name));
}

/** An attribute name, occasionally computed. */
export function nameParts(source: TermSource, name: string): readonly Part[] {
  const { random } = source;
  // Half of a two-byte character is not text.
  if (!random.chance(0.06) || !/^[\x20-\x7e]*$/.test(name)) return [attributeName(name, random)];
  const at = random.below(name.length + 1);
  const sum = term(
    Level.Sum,
    hole(Level.Sum, term(Level.Simple, quoted(name.slice(0, at)))),
    " + ",
    hole(Level.Product, term(Level.Simple, quoted(name.slice(at)))),
  );
  return ["${", hole(Level.Expression, sum), "}"];
}

/** A selection whose value has the type. */
export function selection(source: TermSource, type: ProgramType, fuel: number, scope: Scope): Term {
  const { random } = source;
  const holders = visible(scope).filter(
    ({ type: set }) => set.kind === "set" && set.fields.some((field) => sameType(field.type, type)),
  );
  if (holders.length > 0 && random.chance(0.7)) {
    const holder = random.pick(holders);
    const { fields } = holder.type as Extract<ProgramType, { kind: "set" }>;
    const name = random.pick(fields.filter((field) => sameType(field.type, type))).name;
    return select(source, variableTerm(holder.name), name);
  }
  const name = randomName(random);
  const fields: Field[] = [{ name, type }];
  const other = randomName(random);
  if (other !== name) fields.push({ name: other, type: randomType(random, 1) });
  if (random.chance(0.2)) {
    const inner = source.term(setOf({ name: "a", type: setOf(...fields) }), fuel, scope);
    return term(Level.Select, hole(Level.Simple, inner), ".a.", attributeName(name, random));
  }
  return select(source, source.term(setOf(...fields), fuel, scope), name);
}

/** A selection with `or`, of an attribute that may be missing. */
export function selectionWithDefault(
  source: TermSource,
  type: ProgramType,
  fuel: number,
  scope: Scope,
): Term {
  const { random } = source;
  const half = fuel >> 1;
  const wanted = hole(Level.Select, source.term(type, half, scope));
  if (random.chance(0.5)) {
    const base = source.term(randomType(random, 1), half, scope);
    return term(
      Level.Select,
      hole(Level.Simple, base),
      `.${random.pick(["q", "q.r", "a.q", '${"q"}'])} or `,
      wanted,
    );
  }
  const name = randomName(random);
  const base = source.term(setOf({ name, type }), half, scope);
  return term(
    Level.Select,
    hole(Level.Simple, base),
    ".",
    attributeName(name, random),
    " or ",
    hole(Level.Select, unused(source, 1, scope)),
  );
}
