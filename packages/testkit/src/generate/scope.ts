/** Scopes of generated programs: the variables that a term may name. */
import type { Field, ProgramType } from "./program-type.ts";
import { Level, type Term, term } from "./term.ts";

/** A variable that a term may name. */
export interface Variable {
  readonly name: string;
  readonly type: ProgramType;
  /** Whether it comes from a `with`, so that any lexical variable of the same name hides it. */
  readonly dynamic: boolean;
}

/** The variables in scope, outermost first. */
export type Scope = readonly Variable[];

/** Global names, which variables from a `with` cannot hide. */
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

/** The empty scope. */
export const NO_SCOPE: Scope = [];

/** The variables that are not hidden by others. */
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

/** The scope without the variables that the fields hide. */
export function without(scope: Scope, fields: readonly Field[]): Scope {
  const names = new Set(fields.map((field) => field.name));
  return scope.filter((variable) => !names.has(variable.name));
}

/** The fields as variables of a `let`, a `rec` or a lambda. */
export function lexical(fields: readonly Field[]): Variable[] {
  return fields.map((field) => ({ ...field, dynamic: false }));
}

/** The use of a variable. */
export function variableTerm(name: string): Term {
  return term(Level.Simple, name);
}
