/**
 * TermSource: what the forms in `forms/` ask of the generator in `programs.ts`, which picks among them.
 */
import type { ProgramType } from "./program-type.ts";
import type { Random } from "./random.ts";
import type { Scope } from "./scope.ts";
import type { Term } from "./term.ts";

/** See the head of this file. */
export interface TermSource {
  readonly random: Random;
  /** How probable a term of a wrong type, or one that throws, is at each place. */
  readonly oddness: number;
  /** A term of a type, with at most `fuel` forms in it. */
  term(type: ProgramType, fuel: number, scope: Scope): Term;
  /** A term of a type without parts, or with the smallest ones. */
  leaf(type: ProgramType, scope: Scope): Term;
  /** A form that can have any type. */
  anyForm(type: ProgramType, fuel: number, scope: Scope): Term;
}
