/** Forms that give functions: lambdas, partial calls and builtins as values. */
import { BUILTIN_VALUES } from "../builtin-signatures.ts";
import {
  functionOf,
  isPlainName,
  type ProgramType,
  randomType,
  sameType,
  VARIABLES,
} from "../program-type.ts";
import { lexical, type Scope, without } from "../scope.ts";
import { hole, Level, type Part, type Term, term } from "../term.ts";
import type { TermSource } from "../term-source.ts";
import { functor } from "./calls.ts";
import { failure } from "./failures.ts";

/** A form that gives a function. */
export function functionForm(
  source: TermSource,
  from: ProgramType,
  to: ProgramType,
  fuel: number,
  scope: Scope,
): Term {
  const { random } = source;
  const values = BUILTIN_VALUES.filter(([, type]) => sameType(type, functionOf(from, to)));
  if (values.length > 0 && random.chance(0.3)) return term(Level.Simple, random.pick(values)[0]);
  return random.weighted<() => Term>([
    [10, () => lambda(source, from, to, fuel, scope)],
    [1, () => functor(source, from, to, fuel, scope)],
    [
      1,
      () => {
        const middle = randomType(random, 1);
        const f = hole(Level.Application, source.term(functionOf(middle, to), fuel >> 1, scope));
        const g = hole(Level.Application, source.term(functionOf(from, middle), fuel >> 1, scope));
        return term(Level.Expression, "arg: ", f, " (", g, " arg)");
      },
    ],
  ])();
}

/** A literal function. */
export function lambda(
  source: TermSource,
  from: ProgramType,
  to: ProgramType,
  fuel: number,
  scope: Scope,
): Term {
  const { random } = source;
  const plain =
    from.kind === "set" &&
    from.fields.every((field) => isPlainName(field.name) && field.name !== "or");
  if (from.kind !== "set" || !plain || random.chance(0.25)) {
    const name = random.pick(VARIABLES);
    const inside: Scope = [
      ...without(scope, [{ name, type: from }]),
      { name, type: from, dynamic: false },
    ];
    return term(
      Level.Expression,
      `${name}: `,
      hole(Level.Expression, source.term(to, fuel, inside)),
    );
  }
  const at = random.chance(0.35) ? "args" : undefined;
  const wanted = from.fields.filter(() => random.chance(0.85));
  const ellipsis = wanted.length < from.fields.length || random.chance(0.2);
  const extra = random.chance(0.4) ? [{ name: "opt", type: randomType(random, 1) }] : [];
  const all = [...wanted, ...extra];
  const atField = at === undefined ? [] : [{ name: at, type: from }];
  const base = without(scope, [...all, ...atField]);
  const inside: Scope = [...base, ...lexical([...all, ...atField])];
  const items = random.shuffled([
    ...wanted.map(({ name, type }): Part[] =>
      random.chance(0.25)
        ? [
            name,
            " ? ",
            hole(
              Level.Expression,
              random.chance(0.5) ? failure(source) : source.term(type, 1, base),
            ),
          ]
        : [name],
    ),
    ...extra.map(({ name, type }): Part[] => [
      `${name} ? `,
      hole(
        Level.Expression,
        source.term(type, Math.min(fuel, 3), [...base, ...lexical([...wanted, ...atField])]),
      ),
    ]),
  ]);
  if (ellipsis) items.push(["..."]);
  const parts: Part[] = items.flatMap((item, i): Part[] => (i === 0 ? [...item] : [", ", ...item]));
  const pattern: Part[] = [parts.length === 0 ? "{ " : "{ ", ...parts, " }"];
  const head: Part[] =
    at === undefined
      ? pattern
      : random.chance(0.5)
        ? [...pattern, `@${at}`]
        : [`${at}@`, ...pattern];
  return term(
    Level.Expression,
    ...head,
    ": ",
    hole(Level.Expression, source.term(to, fuel, inside)),
  );
}
