/** Scopes of generated programs: which variables a term may name. */
import type { Field, ProgramType } from "./program-type.ts";
import { Level, type Term, term } from "./term.ts";

/** A variable that a term may name. */
export interface Variable {
  readonly name: string;
  readonly type: ProgramType;
  /** Found through a `with`, so any lexical variable of that name hides it. */
  readonly dynamic: boolean;
}

/** What is in scope, outermost first. */
export type Scope = readonly Variable[];

/** Global names that a variable found through `with` cannot hide. */
const GLOBALS = new Set([
  "map",
  "toString",
  "import",
  "builtins",
  "true",
  "false",
  "null",
  "dirOf",
]);

/** Nothing in scope. */
export const NO_SCOPE: Scope = [];

/** The variables that can be named: not those hidden by another one. */
export function visible(scope: Scope): Variable[] {
  const found = new Map<string, Variable>();
  for (const variable of scope) {
    const other = found.get(variable.name);
    if (variable.dynamic && (GLOBALS.has(variable.name) || (other !== undefined && !other.dynamic)))
      continue;
    found.set(variable.name, variable);
  }
  return [...found.values()];
}

/** The scope without the variables that those fields hide. */
export function without(scope: Scope, fields: readonly Field[]): Scope {
  const names = new Set(fields.map((field) => field.name));
  return scope.filter((variable) => !names.has(variable.name));
}

/** Those fields as variables of a `let`, a `rec` or a lambda. */
export function lexical(fields: readonly Field[]): Variable[] {
  return fields.map((field) => ({ ...field, dynamic: false }));
}

/** The use of a variable. */
export function variableTerm(name: string): Term {
  return term(Level.Simple, name);
}
