/**
 * What a builtin is: one row with its name, arguments, documentation and code.
 *
 * The files beside this one define the builtins by theme; `registry.ts` lists them all; the VM
 * calls them; `docs/builtins.md` is generated from them. A *plain* builtin needs nothing but its
 * arguments. A *suspending* builtin forces or calls in the middle: its code is a generator or, for
 * loops over data, a `Routine` (see `vm/requests.ts`).
 */
import type { EvalContext } from "../context.ts";
import type { Slot, Value } from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";

/** The type that a strict argument must have. `any` only forces it. */
export type Expectation =
  | "any"
  | "int"
  | "float"
  | "bool"
  | "string"
  | "string-no-context"
  | "list"
  | "set"
  | "function";

/** An argument of a builtin. */
export interface BuiltinArgument {
  /** Its name in the documentation. */
  readonly name: string;
}

/** An argument that the VM forces and checks before the builtin runs. */
export interface StrictArgument {
  /** The index of the argument, from 0. */
  readonly arg: number;
  readonly expect: Expectation;
  /**
   * The trace added when forcing fails or the type is wrong, as C++ Nix words it; empty for none.
   */
  readonly trace: string;
  /** A further condition, checked before the next argument is forced. */
  readonly check: ((ctx: EvalContext, value: never) => void) | undefined;
  /** Whether forcing it counts as a level of nesting, as where C++ Nix forces in a coercion. */
  readonly nested: boolean;
  /** Whether it is not forced if the second argument, a list that was checked before, is empty. */
  readonly unlessEmpty: boolean;
}

interface BuiltinBase {
  /** The name in `builtins`, without `__`. */
  readonly name: string;
  readonly args: readonly BuiltinArgument[];
  /** The strict arguments, in the order in which they are forced. */
  readonly strict: readonly StrictArgument[];
  /** A description in Markdown; our own words. */
  readonly doc: string;
  /** The experimental feature without which it does not exist. */
  readonly feature?: string;
  /** The experimental feature that calls need; without it, the builtin exists all the same. */
  readonly callFeature?: string;
  /** Whether errors have no trace "while calling the 'x' builtin". */
  readonly noTrace?: boolean;
}

/** A builtin that runs no Nix code itself. It may return a thunk; the VM forces that. */
export interface PlainBuiltin extends BuiltinBase {
  readonly kind: "plain";
  run(ctx: EvalContext, ...args: never[]): Slot;
}

/** A builtin that runs Nix code in the middle. It may return a thunk; the VM forces that. */
export interface SuspendingBuiltin extends BuiltinBase {
  readonly kind: "suspending";
  run(ctx: EvalContext, ...args: never[]): Suspendable<Slot>;
}

/** A row of the table of builtins. */
export type BuiltinDefinition = PlainBuiltin | SuspendingBuiltin;

/** A builtin that is not a function; computed once when `builtins` is created. */
export interface BuiltinConstant {
  readonly name: string;
  readonly doc: string;
  /** The type shown in the documentation. */
  readonly type: string;
  /** Whether it is absent in pure evaluation. */
  readonly impure?: boolean;
  value(ctx: EvalContext): Slot;
}

/** Defines a builtin that never runs Nix code. */
export function plain<Args extends (Slot | Value)[]>(
  definition: BuiltinBase & { run: (ctx: EvalContext, ...args: Args) => Slot },
): PlainBuiltin {
  return { kind: "plain", ...definition } as unknown as PlainBuiltin;
}

/** Defines a builtin that may suspend: its code is a generator or a `Routine`. */
export function suspending<Args extends (Slot | Value)[]>(
  definition: BuiltinBase & { run: (ctx: EvalContext, ...args: Args) => Suspendable<Slot> },
): SuspendingBuiltin {
  return { kind: "suspending", ...definition } as unknown as SuspendingBuiltin;
}

/** Returns a list of arguments with these names. */
export function args(...names: string[]): BuiltinArgument[] {
  return names.map((name) => ({ name }));
}

/** Declares a strict argument. */
export function strict(
  arg: number,
  expect: Expectation,
  trace = "",
  check?: (ctx: EvalContext, value: never) => void,
): StrictArgument {
  return strictArgument(arg, expect, trace, check, false, false);
}

/** Declares an argument that is coerced, and forced as part of that. */
export function coerced(arg: number): StrictArgument {
  return strictArgument(arg, "any", "", undefined, true, false);
}

/** Declares a first argument that is a function for the elements of the second, a list. */
export function functionForElements(trace: string): StrictArgument {
  return strictArgument(0, "function", trace, undefined, false, true);
}

/** Creates all strict arguments, so that the machine sees objects of one hidden class. */
function strictArgument(
  arg: number,
  expect: Expectation,
  trace: string,
  check: StrictArgument["check"],
  nested: boolean,
  unlessEmpty: boolean,
): StrictArgument {
  return { arg, expect, trace, check, nested, unlessEmpty };
}
