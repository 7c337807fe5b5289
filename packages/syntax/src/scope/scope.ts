/**
 * Variables and the scopes that declare them.
 *
 * A *lexical scope* is opened by `let`, `rec { … }` (also the legacy `let { … }`) and functions; it
 * knows its names. A *with scope* is opened by `with` and knows none. Nix: a name is looked for in all
 * lexical scopes first, then among the globals, and only then in the with scopes, from the innermost
 * outward, when the program runs.
 *
 * `resolve.ts` makes them and decides what is used; its listeners read them.
 */
import type { AttrSet, Binding, Expr, Lambda, Let, Var, With } from "../ast/nodes.ts";
import type { Stretch } from "./stretch.ts";

/** What declares a variable. */
export const enum VariableKind {
  /** A binding of a `let`. */
  Let,
  /** An attribute of a `rec { … }` or of a legacy `let { … }`. */
  Attribute,
  /** `x` in `x: …` */
  Parameter,
  /** `args` in `{ … }@args: …` */
  PatternName,
  /** `x` in `{ x, … }: …` */
  Formal,
}

/** One declared name. */
export class Variable {
  /**
   * Whether something that is itself used mentions it; final when its scope is left. Names that begin
   * with an underscore count as used, those of attributes excepted.
   */
  used = false;
  /** Whether anything mentions it at all; final when its scope is left. */
  mentioned = false;
  /**
   * For a binding of a `let`: the `let` variables that its value mentions, as long as it is not known
   * whether the value is used.
   */
  needs: Set<Variable> | undefined = undefined;
  constructor(
    readonly name: string,
    readonly kind: VariableKind,
    /** The byte offset of the name. */
    readonly pos: number,
    readonly scope: LexicalScope,
    /** What the name means outside the scope. */
    readonly shadowed: Variable | undefined,
    /** Where it is declared by one. */
    readonly binding: Binding | undefined,
  ) {}
}

/** What opens a lexical scope. */
export type ScopeOwner = Let | AttrSet | Lambda;

/** The names of one `let`, `rec` or function. */
export class LexicalScope {
  readonly kind = -1;
  /** In source order; the parameter or the name at the `@` comes before the formals. */
  readonly variables: Variable[] = [];

  constructor(
    readonly owner: ScopeOwner,
    /** How many lexical scopes are around it. */
    readonly depth: number,
  ) {}
}

/** The body of a `with`. */
export class WithScope {
  readonly kind = -2;
  /** Whether a name in the body may come from it; final when the scope is left. */
  used = false;
  entered = false;

  constructor(
    readonly owner: With,
    readonly outer: WithScope | undefined,
  ) {}
}

/** Gets to know what a walk over the names of a file finds. */
export interface ScopeListener {
  /** Before an expression, with the names that it sees; its own are not declared yet. */
  enter?(expr: Expr): void;
  /** When everything inside a lexical scope was seen. */
  leaveScope?(scope: LexicalScope): void;
  /** When everything inside a `with` was seen. */
  leaveWith?(scope: WithScope): void;
  /** A variable that nothing binds, and that no `with` can bring. */
  undefinedVariable?(expr: Var): void;
  /** Before and after the values of a stretch; `isLeft` says which. Only with a memory. */
  passStretch?(stretch: Stretch, isLeft: boolean): void;
  /** Instead of the values of a stretch that is as it was, but moved by so many bytes. */
  recallStretch?(stretch: Stretch, by: number): void;
}
