/** Forms that give attribute sets, recursive or not. */
import { quoted, staticName } from "../attribute-name.ts";
import { type Field, INT, isPlainName, sameType, setOf } from "../program-type.ts";
import { lexical, type Scope, visible, without } from "../scope.ts";
import { group, hole, Level, type Part, type Term, term } from "../term.ts";
import type { TermSource } from "../term-source.ts";
import { binding, inheritedField } from "./bindings.ts";
import { unused } from "./failures.ts";
import { binary } from "./numbers.ts";
import { nameParts } from "./selections.ts";

/** A form that gives a set. */
export function setForm(
  source: TermSource,
  fields: readonly Field[],
  fuel: number,
  scope: Scope,
): Term {
  const { random } = source;
  const half = fuel >> 1;
  const type = setOf(...fields);
  return random.weighted<() => Term>([
    [10, () => setLiteral(source, fields, fuel, scope)],
    [6, () => recLiteral(source, fields, fuel, scope)],
    [
      4,
      () => {
        const left = fields.filter(() => random.chance(0.6));
        const right = fields.filter((field) => !left.includes(field) || random.chance(0.2));
        return binary(
          Level.Update,
          Level.Not,
          "//",
          Level.Update,
          source.term(setOf(...left), half, scope),
          source.term(setOf(...right), half, scope),
        );
      },
    ],
    [
      1,
      () =>
        term(
          Level.Application,
          "removeAttrs ",
          hole(
            Level.Select,
            source.term(
              setOf(
                { name: "gone", type: INT },
                ...fields.filter((field) => field.name !== "gone"),
              ),
              half,
              scope,
            ),
          ),
          ' [ "gone" "never" ]',
        ),
    ],
    [
      1,
      () =>
        term(
          Level.Application,
          "builtins.intersectAttrs ",
          hole(
            Level.Select,
            setLiteral(
              source,
              fields.map((field) => ({ name: field.name, type: INT })),
              0,
              scope,
            ),
          ),
          " ",
          hole(Level.Select, source.term(type, half, scope)),
        ),
    ],
    [
      1,
      () =>
        term(
          Level.Application,
          "builtins.listToAttrs [ ",
          group(
            fields.map((field): Part[] => [
              `{ name = ${quoted(field.name)}; value = `,
              hole(
                Level.Expression,
                source.term(field.type, Math.floor(fuel / fields.length), scope),
              ),
              "; } ",
            ]),
          ),
          "]",
        ),
    ],
    [
      1,
      () =>
        term(
          Level.Application,
          "builtins.mapAttrs (n: v: v) ",
          hole(Level.Select, source.term(type, half, scope)),
        ),
    ],
  ])();
}

/** A literal set. */
export function setLiteral(
  source: TermSource,
  fields: readonly Field[],
  fuel: number,
  scope: Scope,
): Term {
  const share = Math.floor(fuel / Math.max(1, fields.length));
  const items = fields.map((field) => attribute(source, field, share, scope));
  if (source.random.chance(0.02)) {
    items.push(["${null} = ", hole(Level.Expression, unused(source, 1, scope)), "; "]);
  }
  return term(Level.Simple, "{ ", group(source.random.shuffled(items)), "}");
}

/** A set whose names are all known, so attributes can be added. */
function plainSet(source: TermSource, fields: readonly Field[], fuel: number, scope: Scope): Term {
  const share = Math.floor(fuel / (fields.length + 1));
  const items = fields.map(({ name, type }): Part[] => [
    `${staticName(name)} = `,
    hole(Level.Expression, source.term(type, share, scope)),
    "; ",
  ]);
  return term(Level.Simple, "{ ", group(items), "}");
}

function attribute(source: TermSource, field: Field, fuel: number, scope: Scope): Part[] {
  const { random } = source;
  const { name, type } = field;
  if (fuel > 0 && isPlainName(name)) {
    const known = visible(scope).some((other) => other.name === name && sameType(other.type, type));
    if (known && random.chance(0.6)) return [random.pick(["inherit ", "inherit "]), name, "; "];
    if (random.chance(0.08)) {
      return [
        "inherit (",
        hole(Level.Expression, source.term(setOf(field), fuel, scope)),
        `) ${random.chance(0.15) ? quoted(name) : name}; `,
      ];
    }
  }
  if (type.kind === "set" && type.fields.length > 0 && random.chance(0.25)) {
    // Some in a set and one separately: a = { b = 1; }; a.c = 2;
    if (random.chance(0.3)) {
      const last = type.fields.at(-1) as Field;
      return [
        `${staticName(name)} = `,
        hole(Level.Simple, plainSet(source, type.fields.slice(0, -1), fuel, scope)),
        `; ${staticName(name)}.${staticName(last.name)} = `,
        hole(Level.Expression, source.term(last.type, fuel >> 1, scope)),
        "; ",
      ];
    }
    // All separately: a.b = 1; a.c = 2;
    return type.fields.flatMap((inner): Part[] => [
      `${staticName(name)}.${staticName(inner.name)} = `,
      hole(Level.Expression, source.term(inner.type, Math.floor(fuel / type.fields.length), scope)),
      "; ",
    ]);
  }
  const [, ...rest] = binding(source, field, fuel, scope);
  return [...nameParts(source, name), ...rest];
}

function recLiteral(
  source: TermSource,
  fields: readonly Field[],
  fuel: number,
  scope: Scope,
): Term {
  const { random } = source;
  const share = Math.floor(fuel / (fields.length + 1));
  const items: Part[][] = [];
  const names = fields.filter((field) => isPlainName(field.name) && field.name !== "or");
  const outside = without(scope, names);
  fields.forEach((field, i) => {
    const seen = names.filter((name) => fields.indexOf(name) < i);
    const inherited = inheritedField(source, field, share, scope, [...outside, ...lexical(seen)]);
    if (inherited !== undefined) {
      items.push(inherited);
      return;
    }
    items.push([
      `${staticName(field.name)} = `,
      hole(Level.Expression, source.term(field.type, share, [...outside, ...lexical(seen)])),
      "; ",
    ]);
  });
  const overridden = fields.filter((field) => isPlainName(field.name)).slice(0, 1);
  if (overridden.length > 0 && random.chance(0.06)) {
    const set = term(
      Level.Application,
      "removeAttrs ",
      hole(
        Level.Select,
        term(
          Level.Simple,
          "rec { __overrides = ",
          hole(Level.Expression, setLiteral(source, overridden, share, outside)),
          "; ",
          group(items),
          "}",
        ),
      ),
      ' [ "__overrides" ]',
    );
    return set;
  }
  return term(Level.Simple, "rec { ", group(random.shuffled(items)), "}");
}
