/**
 * TermSource: the interface through which the forms in `forms/` use the generator in `programs.ts`.
 */
import type { ProgramType } from "./program-type.ts";
import type { Random } from "./random.ts";
import type { Scope } from "./scope.ts";
import type { Term } from "./term.ts";

/** The generator as the forms use it. */
export interface TermSource {
  readonly random: Random;
  /** The probability, at each place, of a term that throws or has a wrong type. */
  readonly oddness: number;
  /** A term of a type with at most `fuel` forms. */
  term(type: ProgramType, fuel: number, scope: Scope): Term;
  /** A smallest term of a type. */
  leaf(type: ProgramType, scope: Scope): Term;
  /** A form that can have any type. */
  anyForm(type: ProgramType, fuel: number, scope: Scope): Term;
}
