/** `let` and `with`, and the bindings that `let` and `rec` share. */
import { attributeName } from "../attribute-name.ts";
import {
  type Field,
  INT,
  isPlainName,
  type ProgramType,
  randomType,
  sameType,
  setOf,
  VARIABLES,
} from "../program-type.ts";
import { lexical, type Scope, visible, without } from "../scope.ts";
import { group, hole, Level, type Part, type Term, term } from "../term.ts";
import type { TermSource } from "../term-source.ts";
import { failure, unused } from "./failures.ts";

/** A `let` around a term of the type. */
export function letForm(source: TermSource, type: ProgramType, fuel: number, scope: Scope): Term {
  const { random } = source;
  const fields = bindings(source, random.between(1, 3));
  const inside: Scope = [...scope, ...lexical(fields)];
  const share = Math.floor(fuel / (fields.length + 1));
  const items: Part[][] = [];
  fields.forEach((field, i) => {
    // A binding sees only those before it, so that nothing depends on itself by accident.
    const own = [...without(scope, fields), ...lexical(fields.slice(0, i))];
    if (i > 0 && random.chance(0.05)) return;
    items.push(
      inheritedField(source, field, share, scope, own) ?? binding(source, field, share, own),
    );
  });
  if (items.length < fields.length) return source.term(type, fuel, scope);
  if (random.chance(0.25))
    items.push(
      binding(source, { name: "unused", type: INT }, 0, scope, unused(source, share, scope)),
    );
  if (random.chance(0.08)) items.push(["inherit; "]);
  return term(
    Level.Expression,
    "let ",
    group(random.shuffled(items)),
    "in ",
    hole(Level.Expression, source.term(type, share, inside)),
  );
}

/**
 * Occasionally an `inherit` in a `let` or `rec`: of an outer variable, or of an
 * attribute of a set that sees the bindings in `own`.
 */
export function inheritedField(
  source: TermSource,
  field: Field,
  fuel: number,
  outside: Scope,
  own: Scope,
): Part[] | undefined {
  const { random } = source;
  const { name, type } = field;
  if (!isPlainName(name) || name === "or") return undefined;
  const known = visible(outside).some((other) => other.name === name && sameType(other.type, type));
  if (known && random.chance(0.4)) return [`inherit ${name}; `];
  if (!random.chance(0.08)) return undefined;
  return ["inherit (", hole(Level.Expression, source.term(setOf(field), fuel, own)), `) ${name}; `];
}

function bindings(source: TermSource, count: number): Field[] {
  const names = new Set<string>();
  while (names.size < count) names.add(source.random.pick(VARIABLES));
  return [...names].map((name) => ({ name, type: randomType(source.random, 2) }));
}

/** One binding. */
export function binding(
  source: TermSource,
  field: Field,
  fuel: number,
  scope: Scope,
  value?: Term,
): Part[] {
  return [
    attributeName(field.name, source.random),
    " = ",
    hole(Level.Expression, value ?? source.term(field.type, fuel, scope)),
    "; ",
  ];
}

/** A `with` around a term of the type. */
export function withForm(source: TermSource, type: ProgramType, fuel: number, scope: Scope): Term {
  const { random } = source;
  if (random.chance(0.15)) {
    return term(
      Level.Expression,
      "with ",
      hole(Level.Expression, failure(source)),
      "; ",
      hole(
        Level.Expression,
        source.term(
          type,
          fuel >> 1,
          scope.filter((variable) => !variable.dynamic),
        ),
      ),
    );
  }
  const fields = bindings(source, random.between(1, 2));
  const inside: Scope = [...scope, ...fields.map((field) => ({ ...field, dynamic: true }))];
  return term(
    Level.Expression,
    "with ",
    hole(Level.Expression, source.term(setOf(...fields), fuel >> 1, scope)),
    "; ",
    hole(Level.Expression, source.term(type, fuel >> 1, inside)),
  );
}
