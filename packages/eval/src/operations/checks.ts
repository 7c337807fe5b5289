/**
 * Checks: forcing and checking arguments in the middle of a builtin, with C++ Nix's messages.
 *
 * The VM forces and checks the arguments that a builtin declares as strict. The functions here are
 * for later checks: return values of callbacks, elements of lists, arguments that matter only if a
 * list is not empty. `expectX` checks a value, `forceX` is a sub-generator that forces a slot
 * first. Builtins give no positions of their own: the VM fills in where they were called.
 */
import { marked, uncolored } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { withTrace } from "../errors/from-world.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { valueInError } from "../print/print.ts";
import { Attrs } from "../value/attrs.ts";
import { decodeContextElement } from "../value/context.ts";
import { Thunk, valueOfForced } from "../value/thunk.ts";
import {
  ContextString,
  isFunction,
  isList,
  isString,
  type NixList,
  type Slot,
  typeWithArticle,
  type Value,
} from "../value/value.ts";
import { CallRequest, type Suspendable } from "../vm/requests.ts";

/** Returns the value of a slot, or `undefined` if it must be forced first. */
export function settled(slot: Slot): Value | undefined {
  if (!(slot instanceof Thunk)) return slot;
  return valueOfForced(slot) as Value | undefined;
}

/**
 * Returns a request for `callee argument` from inside of a builtin, where calls have no position.
 */
export function callFromBuiltin(callee: Slot, argument: Slot): CallRequest {
  return new CallRequest(callee, [argument], NO_POS);
}

/** Returns a request for `callee first second` from inside of a builtin. */
export function callFromBuiltin2(callee: Slot, first: Slot, second: Slot): CallRequest {
  return new CallRequest(callee, [first, second], NO_POS);
}

/** Returns the error for a value of a type other than `expected` (`a list`). */
export function typeMismatch(
  ctx: EvalContext,
  value: Value,
  expected: string,
  trace: string,
  pos: PosIdx = NO_POS,
): EvalError {
  const error = new EvalError(
    "type",
    marked`expected ${uncolored(expected)} but found ${typeWithArticle(value)}: ${valueInError(value, ctx.positions)}`,
    pos,
  );
  // Nix: `forceAttrs` and `forceList` give their errors no position.
  error.hasUnknownPos = expected !== "a set" && expected !== "a list";
  return trace === "" ? error : error.addTrace(pos, trace);
}

/** Whether a value can be called: a function or a set with `__functor`. */
export function isCallable(value: Value): boolean {
  return isFunction(value) || (value instanceof Attrs && value.has("__functor"));
}

/** Checks that a value is a function or a functor. */
export function expectFunction(ctx: EvalContext, value: Value, trace: string): Value {
  if (!isCallable(value)) throw typeMismatch(ctx, value, "a function", trace);
  return value;
}

/** Checks that a value is a list. */
export function expectList(
  ctx: EvalContext,
  value: Value,
  trace: string,
  pos: PosIdx = NO_POS,
): NixList {
  if (isList(value)) return value;
  // Nix: forceList gives the error no position, only the trace.
  throw typeMismatch(ctx, value, "a list", "").addTrace(pos, trace);
}

/** Checks that a value is a set. */
export function expectSet(ctx: EvalContext, value: Value, trace: string): Attrs {
  if (value instanceof Attrs) return value;
  throw typeMismatch(ctx, value, "a set", "").addTrace(NO_POS, trace);
}

/** Checks that a value is a Boolean. */
export function expectBool(ctx: EvalContext, value: Value, trace: string): boolean {
  if (typeof value !== "boolean") throw typeMismatch(ctx, value, "a Boolean", trace);
  return value;
}

/** Checks that a value is a string, with or without context. */
export function expectString(
  ctx: EvalContext,
  value: Value,
  trace: string,
  pos: PosIdx = NO_POS,
): string | ContextString {
  if (!isString(value)) throw typeMismatch(ctx, value, "a string", trace, pos);
  return value;
}

/** Checks that a value is a string without context, and returns its bytes. */
export function expectPlainString(
  ctx: EvalContext,
  value: Value,
  trace: string,
  pos: PosIdx = NO_POS,
): string {
  if (typeof value === "string") return value;
  if (!(value instanceof ContextString)) throw typeMismatch(ctx, value, "a string", trace, pos);
  throw contextNotAllowed(value).addTrace(pos, trace);
}

/** Returns the error for a string with context where none is allowed. */
export function contextNotAllowed(value: ContextString): EvalError {
  // Nix: the first element in the order of its set: plain paths, deep derivations, outputs.
  const elements = Array.from(value.context, decodeContextElement);
  const keys = elements.map((element) => {
    if (element.kind === "plain") return `0${element.path}`;
    if (element.kind === "drv-deep") return `1${element.drvPath}`;
    return `2${element.drvPath}^${element.output}`;
  });
  keys.sort();
  const first = keys[0] as string;
  return new EvalError(
    "value",
    marked`the string '${value.text}' is not allowed to refer to a store path (such as '${first.slice(1) + (first.startsWith("1") ? " (deep)" : "")}')`,
  );
}

/** Returns the slot of an attribute that must exist; `trace` becomes a trace. */
export function expectAttribute(set: Attrs, name: string, trace: string): Slot {
  const slot = set.get(name);
  if (slot !== undefined) return slot;
  const error = new EvalError(
    "missing-attribute",
    marked`attribute '${printIdentifier(name)}' missing`,
  );
  throw error.addTrace(NO_POS, trace);
}

/** Forces a slot and checks that it is a function or a functor; all errors get the trace. */
export function* forceFunction(ctx: EvalContext, slot: Slot, trace: string): Suspendable<Value> {
  let value: Value;
  try {
    value = (slot instanceof Thunk ? yield slot : slot) as Value;
  } catch (error) {
    throw withTrace(error, NO_POS, trace);
  }
  return expectFunction(ctx, value, trace);
}

/** Forces a slot and checks that it is a string without context; all errors get the trace. */
export function* forcePlainString(
  ctx: EvalContext,
  slot: Slot,
  trace: string,
  pos: PosIdx = NO_POS,
): Suspendable<string> {
  let value: Value;
  try {
    value = (slot instanceof Thunk ? yield slot : slot) as Value;
  } catch (error) {
    throw withTrace(error, pos, trace);
  }
  return expectPlainString(ctx, value, trace, pos);
}

/** Forces a slot and checks that it is a string; all errors get the trace. */
export function* forceString(
  ctx: EvalContext,
  slot: Slot,
  trace: string,
): Suspendable<string | ContextString> {
  let value: Value;
  try {
    value = (slot instanceof Thunk ? yield slot : slot) as Value;
  } catch (error) {
    throw withTrace(error, NO_POS, trace);
  }
  return expectString(ctx, value, trace);
}
