/**
 * Thunks: expressions whose evaluation is deferred until the value is needed.
 *
 *     suspended ──force──▶ blackhole ──value──▶ forced
 *                              │
 *                              └─────error────▶ failed   (fails again with the same error)
 *
 * Forcing a blackhole means that the value needs itself: infinite recursion. A blackhole becomes
 * suspended again when an error says something about the run and not about the value: a limit, an
 * interruption, an exception of the host (`isPassingKind`). A run that waits for a promise leaves its
 * blackholes as they are, and other runs of the evaluation wait for it (`vm/suspended-run.ts`).
 *
 * Only the VM changes the state: the loop (`vm/run.ts`), native steps (`vm/calls.ts`,
 * `vm/instruction-errors.ts`), unwinding (`vm/unwind.ts`) and translated code (`tier/`), by the functions
 * below or by the same assignments in place. To keep a thunk small its fields are shared by the states:
 *
 *     state       code        a                   b              rest
 *     suspended   the lambda  1st upvalue         2nd            the others or null
 *     native      NATIVE      a function that starts a generator
 *     call        APPLY       the callee          the argument
 *     call        APPLY2      the callee          2nd argument   1st argument
 *     blackhole   BLACKHOLE   as before; of a call undefined, unless the run keeps it (`Machine.keeping`)
 *     forced      null        the value           visit mark     null
 *     failed      FAILED      the error           undefined      null
 *     tracked     TrackedState  as forced or failed              what the thunk was made of
 *
 * Only warm evaluations have tracked thunks (`dependencies/`). The visit mark of a forced thunk is `undefined` or the number of the last deep evaluation that came by
 * (`operations/deep-force.ts`). One or two upvalues inline are 30 % cheaper than an array of them. A forced
 * thunk drops its upvalues; keeping them would keep whole package sets alive.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import type { Suspendable } from "../vm/requests.ts";
import type { Slot, Value } from "./value.ts";

/** Marks for the states that have no lambda. */
export class ThunkState {
  constructor(readonly name: string) {}
}

/**
 * The state of a thunk that a warm evaluation has forced and may have to force again. Code that does not
 * know of it finds a thunk that is not forced and requests that it be forced, which is right and quick.
 */
export abstract class TrackedState extends ThunkState {
  /**
   * Returns the value of the thunk, and notes what it depends on. Returns `undefined` if there is none: the
   * thunk has failed, or is suspended again because its value no longer holds.
   */
  abstract read(thunk: Thunk): Slot | undefined;
  /** {@link read}; throws the error of a thunk that has failed. */
  abstract enter(thunk: Thunk): Slot | undefined;
  /** Whether the thunk has failed, and its error still holds. */
  abstract hasFailed(thunk: Thunk): boolean;
  /** How the thunk can be evaluated again; `undefined` if it never is. */
  recipe(_thunk: Thunk): ThunkRecipe | undefined {
    return undefined;
  }
}

/** What a thunk was made of, and the number of the set of inputs that its value depends on. */
export interface ThunkRecipe {
  readonly code: Thunk["code"];
  readonly a: Slot | undefined;
  readonly b: Slot | undefined;
  readonly rest: Slot[] | null;
  readonly set: number;
}

/** Being evaluated right now. */
export const BLACKHOLE = new ThunkState("blackhole");
/** Evaluated with an error, which `a` holds. */
export const FAILED = new ThunkState("failed");
/** Suspended native code: `a` is a function that starts the generator that computes the value. */
export const NATIVE = new ThunkState("native");
/** Suspended call: `a` is the function, `b` the argument. */
export const APPLY = new ThunkState("apply");
/**
 * Suspended call with two arguments: `a` is the function, `b` the second argument, and `rest` the first,
 * which is a string, so that no array is needed (docs/design/006-calls-and-sets.md).
 */
export const APPLY2 = new ThunkState("apply with two arguments");

/** A deferred expression; the table above gives the fields of each state. */
export class Thunk {
  code: Lambda | ThunkState | null;
  // In effect `unknown`: the type of each field depends on the state.
  a: Slot | undefined;
  b: Slot | undefined;
  rest: Slot[] | null;

  constructor(
    code: Lambda | ThunkState | null,
    a: Slot | undefined,
    b: Slot | undefined,
    rest: Slot[] | null,
  ) {
    this.code = code;
    this.a = a;
    this.b = b;
    this.rest = rest;
  }
}

// Changes of state. The loop (`vm/run.ts`) and translated code (`tier/translate.ts`) write the same
// assignments in place: they settle a thunk every few instructions, in code that V8 has not optimised yet.

/** Gives a thunk its value; it drops what it captured. */
export function settle(thunk: Thunk, value: Value): void {
  thunk.code = null;
  thunk.a = value;
  thunk.b = undefined;
  thunk.rest = null;
}

/** Makes a thunk fail with `error` from now on. */
export function fail(thunk: Thunk, error: unknown): void {
  thunk.code = FAILED;
  thunk.a = error as Slot;
  thunk.b = undefined;
  thunk.rest = null;
}

/** Marks a thunk as being evaluated. It keeps its captures, which its frame reads. */
export function blackhole(thunk: Thunk): void {
  thunk.code = BLACKHOLE;
}

/** {@link blackhole} for a suspended call, whose function and arguments are not kept alive by it. */
export function enterCall(thunk: Thunk): void {
  thunk.code = BLACKHOLE;
  thunk.a = undefined;
  thunk.b = undefined;
  thunk.rest = null;
}

/** Gives back to a thunk what {@link enterCall} took, so that it can be suspended again. */
export function restoreCall(
  thunk: Thunk,
  callee: Slot | undefined,
  first: string | undefined,
  last: Slot | undefined,
): void {
  thunk.a = callee;
  thunk.b = last;
  if (first !== undefined) thunk.rest = first as unknown as Slot[];
}

/** Suspends a blackhole again: what ended its evaluation says nothing about its value. */
export function resuspend(thunk: Thunk, code: Lambda | ThunkState): void {
  thunk.code = code;
}

/** The value of a thunk that has one; `undefined` if it must be forced. */
export function valueOfForced(thunk: Thunk): Slot | undefined {
  const { code } = thunk;
  if (code === null) return thunk.a;
  return code instanceof TrackedState ? code.read(thunk) : undefined;
}

/** Whether forcing a thunk throws the error of an earlier evaluation. */
export function hasFailed(thunk: Thunk): boolean {
  const { code } = thunk;
  return code === FAILED || (code instanceof TrackedState && code.hasFailed(thunk));
}

/** A thunk for `callee argument`, as in the results of `map`. */
export function applyThunk(callee: Slot, argument: Slot): Thunk {
  return new Thunk(APPLY, callee, argument, null);
}

/** A thunk for `callee first second`, as in the results of `mapAttrs`. */
export function applyThunk2(callee: Slot, first: string, second: Slot): Thunk {
  return new Thunk(APPLY2, callee, second, first as unknown as Slot[]);
}

/** The first argument of a call with {@link APPLY2}. */
export function firstArgument(thunk: Thunk): string {
  return thunk.rest as unknown as string;
}

/** Whether a thunk in this state is a suspended call. */
export function isSuspendedCall(state: Thunk["code"]): boolean {
  return state === APPLY || state === APPLY2;
}

/** A thunk whose value a generator computes. */
export function nativeThunk(start: () => Suspendable<Slot>): Thunk {
  return new Thunk(NATIVE, start as unknown as Slot, undefined, null);
}

/** A thunk that is forced already: a cell with an identity of its own. */
export function forcedThunk(value: Value): Thunk {
  return new Thunk(null, value, undefined, null);
}
