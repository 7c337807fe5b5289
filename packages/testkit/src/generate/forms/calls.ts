/** Calls of functions, functors and builtins. */
import { type ArgumentKind, type BuiltinSignature, SIGNATURES } from "../builtin-signatures.ts";
import {
  functionOf,
  type ProgramType,
  randomSetType,
  randomType,
  sameType,
} from "../program-type.ts";
import { type Scope, visible } from "../scope.ts";
import { group, hole, Level, type Part, type Term, term } from "../term.ts";
import type { TermSource } from "../term-source.ts";
import { unused } from "./failures.ts";

/** A call of a literal function. */
export function callForm(source: TermSource, type: ProgramType, fuel: number, scope: Scope): Term {
  const { random } = source;
  const callees = visible(scope).filter(
    ({ type: callee }) => callee.kind === "function" && sameType(callee.to, type),
  );
  const half = fuel >> 1;
  if (callees.length > 0 && random.chance(0.7)) {
    const callee = random.pick(callees);
    const { from } = callee.type as Extract<ProgramType, { kind: "function" }>;
    return term(
      Level.Application,
      `${callee.name} `,
      hole(Level.Select, source.term(from, half, scope)),
    );
  }
  const fitting = signaturesFor(type);
  if (fitting.length > 0 && random.chance(0.5))
    return builtinCall(source, random.pick(fitting), fuel, scope);
  const from = random.chance(0.5) ? randomSetType(random, 1) : randomType(random, 1);
  const callee = source.term(functionOf(from, type), half, scope);
  return term(
    Level.Application,
    hole(Level.Application, callee),
    " ",
    hole(Level.Select, source.term(from, half, scope)),
  );
}

/** A call of a builtin. */
export function builtinCall(
  source: TermSource,
  signature: BuiltinSignature,
  fuel: number,
  scope: Scope,
): Term {
  const { random } = source;
  const share = Math.floor(fuel / Math.max(1, signature.args.length));
  const parts: Part[] = [];
  const name = signature.callee;
  const callee =
    name.startsWith("builtins.") && random.chance(0.1)
      ? `__${name.slice("builtins.".length)}`
      : name;
  parts.push(callee);
  for (const argument of signature.args) {
    parts.push(" ", hole(Level.Select, builtinArgument(source, argument, share, scope)));
  }
  return term(Level.Application, ...parts);
}

/** An argument of a builtin. */
export function builtinArgument(
  source: TermSource,
  kind: ArgumentKind,
  fuel: number,
  scope: Scope,
): Term {
  const { random } = source;
  if (random.chance(source.oddness * 3)) return source.leaf(randomType(random, 1), scope);
  switch (kind.is) {
    case "any":
      if (random.chance(0.3)) return builtinCall(source, random.pick(UNTYPED), fuel, scope);
      return source.term(randomType(random, 2), fuel, scope);
    case "type":
      return source.term(kind.type, fuel, scope);
    case "text":
      return term(Level.Simple, random.pick(kind.texts));
  }
}

/** A set that can be called. */
export function functor(
  source: TermSource,
  from: ProgramType,
  to: ProgramType,
  fuel: number,
  scope: Scope,
): Term {
  const inside: Scope = [...scope, { name: "arg", type: from, dynamic: false }];
  return term(
    Level.Simple,
    "{ ",
    group([
      [
        "__functor = self: arg: ",
        hole(Level.Expression, source.term(to, fuel, inside.slice(0, -1))),
        "; ",
      ],
      ["a = ", hole(Level.Expression, unused(source, 1, scope)), "; "],
    ]),
    "}",
  );
}

/** The builtins that return a type. */
export function signaturesFor(type: ProgramType): readonly BuiltinSignature[] {
  return SIGNATURES.filter(({ result }) => result !== "any" && sameType(result, type));
}

/** Uses of builtins whose result has no {@link ProgramType}. */
export const UNTYPED = SIGNATURES.filter(({ result }) => result === "any");
