/**
 * Thunks: expressions whose evaluation is put off until somebody needs the value.
 *
 *     suspended ──force──▶ blackhole ──value──▶ forced
 *                              │
 *                              └─────error────▶ failed   (fails again with the same error)
 *
 * Forcing a blackhole means that the value needs itself: infinite recursion. Only the VM
 * (`vm/run.ts`) changes the state. To keep a thunk small its fields are shared between the states:
 *
 *     state       code              a                b           rest
 *     suspended   the lambda        1st upvalue      2nd         the others or null
 *     blackhole   BLACKHOLE         (kept by the frame that evaluates it)
 *     forced      null              the value        undefined   null
 *     failed      FAILED            the error        undefined   null
 *     native      NATIVE            a generator function
 *     call        APPLY             the callee       argument
 *     call        APPLY2            the callee       2nd argument 1st argument
 *
 * One or two upvalues inline are 30 % cheaper than an array of them. A forced thunk drops its
 * upvalues; keeping them would keep whole package sets alive.
 */
import type { Lambda } from "../bytecode/lambda.ts";
import type { Suspendable } from "../vm/requests.ts";
import type { Slot, Value } from "./value.ts";

/** Marks for the states that have no lambda. */
export class ThunkState {
  constructor(readonly name: string) {}
}

/** Being evaluated right now. */
export const BLACKHOLE = new ThunkState("blackhole");
/** Evaluated with an error, which `a` holds. */
export const FAILED = new ThunkState("failed");
/** Suspended native code: `a` is a function that starts the generator which computes the value. */
export const NATIVE = new ThunkState("native");
/** Suspended call: `a` is the function, `b` the argument. */
export const APPLY = new ThunkState("apply");
/**
 * Suspended call with two arguments: `a` is the function, `b` the second argument, and the first, which
 * is a string, is in the place of `rest`, so that no array is needed.
 */
export const APPLY2 = new ThunkState("apply with two arguments");

/** See the head of this file. */
export class Thunk {
  code: Lambda | ThunkState | null;
  // `unknown` in all but name: what a field holds depends on the state.
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

/** Makes a thunk for `callee argument`, as `map` leaves behind. */
export function applyThunk(callee: Slot, argument: Slot): Thunk {
  return new Thunk(APPLY, callee, argument, null);
}

/** Makes a thunk for `callee first second`, as `mapAttrs` leaves behind. */
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

/** Makes a thunk whose value a generator computes. */
export function nativeThunk(start: () => Suspendable<Slot>): Thunk {
  return new Thunk(NATIVE, start as unknown as Slot, undefined, null);
}

/** Makes a thunk that is already forced: a cell with an identity of its own. */
export function forcedThunk(value: Value): Thunk {
  return new Thunk(null, value, undefined, null);
}
