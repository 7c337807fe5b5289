/**
 * The calls that a warm evaluation remembers: when a thunk is evaluated again, its calls of
 * functions that take sets by a pattern, such as those that files consist of, give the results of their
 * earlier calls if the functions and arguments are the same. So `(import ./nixpkgs { }).hello` keeps its
 * package set after an edit.
 *
 * A call is a thunk, which is tracked like all others: a result that no longer holds is computed again
 * in its place, from the old argument. `Dependencies` owns one memory. Of each function only a few calls
 * are remembered. See docs/design/014-warm-evaluation.md, *Remembered calls*.
 */
import { Lambda, LambdaKind } from "../bytecode/lambda.ts";
import { CALL_SITE } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import {
  APPLY,
  APPLY2,
  applyThunk,
  NATIVE,
  nativeThunk,
  Thunk,
  valueOfForced,
} from "../value/thunk.ts";
import {
  type Closure,
  ContextString,
  isFunction,
  NixFloat,
  NixPath,
  type Slot,
  type Value,
} from "../value/value.ts";
import { HEADER_SIZE, NATIVE_POS, type Segment } from "../vm/frame.ts";
import { ForceRequest, type Suspendable } from "../vm/requests.ts";
import type { ArgumentCopy } from "./argument-copy.ts";

/** Calls of one function that are remembered; a function that is called more often is not. */
const MAX_CALLS = 8;
/** Revisions with calls of a function from which its calls are remembered. */
const MAX_REVISIONS = 2;
/** Slots that are compared to find out whether two arguments are the same. */
const MAX_COMPARED = 500;

/** An evaluation that has made calls. */
export interface Caller {
  /** The set of inputs that it saw; `undefined` until it has ended. */
  set: number | undefined;
  /** The revision in which it failed; -1 if it has not. */
  failedIn: number;
  /** The set of what says what the text is that its thunk comes from, as far as is known. */
  text: number;
  /** The evaluation that made its thunk, if that is known and can have made it only for itself. */
  maker: Caller | undefined;
}

/** What a thunk was before it was evaluated. */
export interface Origin {
  readonly code: Thunk["code"];
  readonly a: Slot | undefined;
  readonly b: Slot | undefined;
  readonly rest: Slot[] | null;
}

/** What a memory of calls needs to know of tracked thunks. */
export interface Tracking {
  /** What a thunk with a value was made of; `undefined` if that is no longer known. */
  originOf(thunk: Thunk): Origin | undefined;
  /** The value of a thunk if it has one that holds. */
  valueOf(thunk: Thunk): Slot | undefined;
  /** Whether nobody can have the results of an evaluation without evaluating them again. */
  isOver(caller: Caller): boolean;
  /** Returns a copy of an argument. */
  copyOf(argument: Slot): ArgumentCopy;
  /** Whether what was looked at in a copy may have changed. */
  isDoubtful(copy: ArgumentCopy): boolean;
  /** What was looked at in a copy has not changed. */
  confirm(copy: ArgumentCopy): void;
  /** Nobody can look at a copy without evaluating again what made the call. */
  retire(copy: ArgumentCopy): void;
  /** Runs an attempt; if it fails, it has not been made, and the result is `false`. */
  try(attempt: () => Suspendable<boolean>): Suspendable<boolean>;
}

/** A call and its result. */
class RememberedCall {
  /** The call as a thunk. */
  readonly thunk: Thunk;
  /** What the argument was made of if it was not evaluated: a set as it is written depends on nothing. */
  readonly origin: Origin | undefined;

  constructor(
    readonly callee: Closure,
    public argument: Slot,
    public caller: Caller,
    /** What the function is given in place of the argument, if anything. */
    readonly copy: ArgumentCopy | undefined,
    /** The revision in which it was made last. */
    public revision: number,
  ) {
    this.thunk = applyThunk(callee, copy?.root ?? argument);
    if (argument instanceof Thunk && isSuspendedExpression(argument)) {
      const { code, a, b, rest } = argument;
      this.origin = { code, a, b, rest };
    }
  }
}

/** The calls of one evaluation. */
export class CallMemory {
  /** By the code of the function; `null` for one that is called too often. */
  readonly #calls = new Map<Lambda, RememberedCall[] | null>();
  readonly #tracking: Tracking;
  #revision = 0;

  constructor(tracking: Tracking) {
    this.#tracking = tracking;
  }

  /** Whether calls of a function are remembered. */
  accepts({ code }: Closure): boolean {
    return this.#calls.get(code) !== null;
  }

  /**
   * Returns a call as a thunk: an earlier one that is the same, whose caller is evaluated again, or a new
   * one. Returns `undefined` if the call is not to be remembered.
   */
  callOf(callee: Closure, argument: Slot, caller: Caller, isIsolated: boolean): Thunk | undefined {
    const { code } = callee;
    let calls = this.#calls.get(code);
    if (calls === null) return undefined;
    if (calls === undefined) {
      calls = [];
      this.#calls.set(code, calls);
    }
    const copied: RememberedCall[] = [];
    for (const call of calls) {
      if (call.callee !== callee && code.upvalueCount > 0) continue;
      if (!this.#tracking.isOver(call.caller) || !this.#hasValue(call.thunk)) continue;
      if (call.copy !== undefined) {
        copied.push(call);
        if (this.#tracking.isDoubtful(call.copy)) continue;
      }
      const comparison = new Comparison(this.#tracking);
      if (!comparison.areSame(call.argument, argument, call.origin)) continue;
      comparison.share();
      this.#claim(call, caller);
      return call.thunk;
    }
    if (copied.length === 0) return this.#addCall(calls, callee, argument, caller, isIsolated);
    for (const call of copied) this.#claim(call, caller);
    return nativeThunk(() => this.#lookUp(copied, calls, callee, argument, caller, isIsolated));
  }

  /** Evaluates the parts of an argument that earlier calls have looked at to find one that is the same. */
  *#lookUp(
    copied: readonly RememberedCall[],
    calls: RememberedCall[],
    callee: Closure,
    argument: Slot,
    caller: Caller,
    isIsolated: boolean,
  ): Suspendable<Slot> {
    let found: RememberedCall | undefined;
    for (const call of copied) {
      const copy = call.copy as ArgumentCopy;
      if (found === undefined && (yield this.#tracking.try(() => copy.compare(argument)))) {
        this.#tracking.confirm(copy);
        call.argument = argument;
        found = call;
        continue;
      }
      this.#tracking.retire(copy);
      if (calls.includes(call)) calls.splice(calls.indexOf(call), 1);
    }
    const thunk =
      found?.thunk ??
      this.#addCall(calls, callee, argument, caller, isIsolated) ??
      applyThunk(callee, argument);
    return (yield new ForceRequest(thunk, CALL_SITE)) as Slot;
  }

  #addCall(
    calls: RememberedCall[],
    callee: Closure,
    argument: Slot,
    caller: Caller,
    isIsolated: boolean,
  ): Thunk | undefined {
    if (calls.length === MAX_CALLS) {
      this.#calls.set(callee.code, null);
      return undefined;
    }
    const copy = isIsolated ? this.#tracking.copyOf(argument) : undefined;
    const call = new RememberedCall(callee, argument, caller, copy, this.#revision);
    calls.push(call);
    return call.thunk;
  }

  #claim(call: RememberedCall, caller: Caller): void {
    call.caller = caller;
    call.revision = this.#revision;
  }

  /**
   * A revision begins: forgets the calls that were not made again although their caller was over, and those
   * that were last made before the last revisions with calls of the function. The callers of most of these are
   * gone, which nothing tells.
   */
  prune(): void {
    this.#revision++;
    for (const [code, calls] of this.#calls) {
      if (calls === null) continue;
      const revisions = [...new Set(calls.map(({ revision }) => revision))].sort((a, b) => b - a);
      const oldest = revisions[Math.min(MAX_REVISIONS, revisions.length) - 1] ?? 0;
      const kept: RememberedCall[] = [];
      for (const call of calls) {
        const { caller, copy, revision, thunk } = call;
        const isKept = revision >= oldest && !this.#tracking.isOver(caller);
        if (isKept && this.#hasValue(thunk)) kept.push(call);
        else if (copy !== undefined) this.#tracking.retire(copy);
      }
      if (kept.length === 0) this.#calls.delete(code);
      else if (kept.length < calls.length) this.#calls.set(code, kept);
    }
  }

  /** Forgets all calls. */
  clear(): void {
    this.#calls.clear();
  }

  #hasValue(thunk: Thunk): boolean {
    return thunk.code === null || this.#tracking.originOf(thunk) !== undefined;
  }
}

/** Compares the argument of an earlier call with that of a new one. */
class Comparison {
  /** Pairs of thunks with the same code and captures: a suspended one, and an earlier one. */
  readonly #pairs: [Thunk, Thunk][] = [];
  readonly #tracking: Tracking;
  #left = MAX_COMPARED;

  constructor(tracking: Tracking) {
    this.#tracking = tracking;
  }

  /** Whether two slots have the same value; `origin` is what the old one was made of, if it is known. */
  areSame(old: Slot | undefined, given: Slot | undefined, origin?: Origin): boolean {
    if (old === given) return true;
    if (old === undefined || given === undefined || --this.#left < 0) return false;
    const oldValue = old instanceof Thunk ? this.#tracking.valueOf(old) : old;
    if (oldValue === undefined) return false;
    if (!(given instanceof Thunk)) return this.#areSameValues(oldValue as Value, given);
    const value = this.#tracking.valueOf(given);
    if (value !== undefined) return this.#areSameValues(oldValue as Value, value as Value);
    // Functions are equal only if their slots are the same, which these are not.
    if (!(old instanceof Thunk) || isFunction(oldValue)) return false;
    const pair = this.#pairs.find(([one, other]) => one === given || other === old);
    if (pair !== undefined) return pair[0] === given && pair[1] === old;
    if (!this.#haveSameOrigin(old, given, origin)) return false;
    this.#pairs.push([given, old]);
    return true;
  }

  /**
   * Gives each suspended thunk the value of its earlier counterpart, so that one value has one identity:
   * the earlier call has one, and the caller the other.
   */
  share(): void {
    for (const [thunk, earlier] of this.#pairs) {
      thunk.code = NATIVE;
      thunk.a = (() => valueOf(earlier)) as unknown as Slot;
      thunk.b = undefined;
      thunk.rest = null;
    }
  }

  #haveSameOrigin(old: Thunk, given: Thunk, known: Origin | undefined): boolean {
    const origin = known ?? this.#tracking.originOf(old);
    const { code, a, b, rest } = given;
    const isCall = code === APPLY || code === APPLY2;
    if (origin === undefined) return false;
    if (isCall ? origin.code !== code : !haveSameCode(origin.code, given)) return false;
    if (!this.#areSameCaptures(origin.a, a) || !this.#areSameCaptures(origin.b, b)) return false;
    // The first argument of a call with two is a string.
    if (code === APPLY2 || rest === null) return origin.rest === rest;
    return rest.every((slot, i) => this.#areSameCaptures(origin.rest?.[i], slot));
  }

  #areSameCaptures(old: Slot | undefined, given: Slot | undefined): boolean {
    return old === given || this.areSame(old, given);
  }

  #areSameValues(old: Value, given: Value): boolean {
    if (old === given) return true;
    if (old instanceof Attrs) {
      return given instanceof Attrs && haveSameNames(old, given)
        ? this.#areSameSlots(old.values, given.values)
        : false;
    }
    if (Array.isArray(old)) return Array.isArray(given) && this.#areSameSlots(old, given);
    if (old instanceof NixPath) {
      return given instanceof NixPath && old.path === given.path && old.accessor === given.accessor;
    }
    if (old instanceof NixFloat) {
      return given instanceof NixFloat && Object.is(old.value, given.value);
    }
    if (old instanceof ContextString) {
      if (!(given instanceof ContextString) || old.text !== given.text) return false;
      const { context } = given;
      return old.context.size === context.size && [...old.context].every((one) => context.has(one));
    }
    return false;
  }

  #areSameSlots(old: readonly Slot[], given: readonly Slot[]): boolean {
    return old.length === given.length && old.every((slot, i) => this.areSame(slot, given[i]));
  }
}

/**
 * Whether a thunk is a variable of the frame below that of its evaluation, at `base`, and was made there and
 * not passed to it.
 */
export function isMadeByFrameBelow(stack: Segment, base: number, thunk: Thunk): boolean {
  const header = base - HEADER_SIZE;
  const lambda = stack[header] as Lambda;
  const below = stack[header + 3] as number;
  if (lambda.pos === NATIVE_POS || lambda.extraArguments > 0) return false;
  if (lambda.kind === LambdaKind.Function) {
    const given = stack[below] as Slot;
    let argument = given instanceof Thunk ? valueOfForced(given) : given;
    if (given === thunk) return false;
    while (argument instanceof Attrs) {
      if (argument.values.includes(thunk)) return false;
      argument = argument.base ?? undefined;
    }
  }
  const end = below + lambda.localCount;
  for (let i = below; i < end; i++) if (stack[i] === thunk) return true;
  return false;
}

/** Whether two sets come from the same code, so that their names and positions are the same. */
function haveSameNames(a: Attrs, b: Attrs): boolean {
  return a.base === null && b.base === null && a.shape === b.shape && a.shape.open === null;
}

/**
 * Whether a thunk is an expression that has not been evaluated, with the same code. In another version of
 * a file that is code without positions that a program could see, such as `{ }`.
 */
function haveSameCode(old: Thunk["code"], given: Thunk): boolean {
  if (!isSuspendedExpression(given) || !(old instanceof Lambda)) return false;
  const { code: lambda } = given;
  if (old === lambda) return true;
  if (old.kind !== LambdaKind.Thunk || old.upvalueCount !== lambda.upvalueCount) return false;
  old.ensureCompiled();
  lambda.ensureCompiled();
  if (old.lambdas.length > 0 || old.code.length !== lambda.code.length) return false;
  return (
    old.code.every((word, i) => word === lambda.code[i]) &&
    old.constants.length === lambda.constants.length &&
    old.constants.every((constant, i) => constant === lambda.constants[i])
  );
}

/** Whether a thunk is an expression, and not a function, that has not been evaluated. */
function isSuspendedExpression(thunk: Thunk): thunk is Thunk & { code: Lambda } {
  const { code } = thunk;
  return code instanceof Lambda && code.kind === LambdaKind.Thunk;
}

function* valueOf(thunk: Thunk): Suspendable<Slot> {
  return (yield thunk) as Slot;
}
