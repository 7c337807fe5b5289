/**
 * Operators on values: what instructions do when the fast path in the loop does not apply. Plain functions
 * return at once; generators may run Nix code (`__toString`, elements of lists).
 */
import { canonPath, marked } from "@nivis/formats";
import type { AssertionText } from "../bytecode/lambda.ts";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { CoerceMode, coerceToString, tryCoerceWhole } from "../operations/coerce.ts";
import { difference, differenceOfLeaves, explainDifference } from "../operations/equality.ts";
import { CALL_SITE, OPERATOR_SITE, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { contextOf, unionContext, withContext } from "../value/context.ts";
import {
  ContextString,
  isList,
  isString,
  type NixList,
  NixPath,
  type Slot,
  textOf,
  type Value,
} from "../value/value.ts";
import { CallRequest, type Suspendable } from "./requests.ts";

/** The left operand of `+` that was coerced to a string: the right one is then coerced without copying paths. */
export class CoercedOperand {
  constructor(readonly text: string | ContextString) {}
}

/** A set under construction; see the instruction DYNAMIC_BEGIN. */
export class AttrsBuilder {
  readonly names: string[];
  readonly values: Slot[];
  readonly positions: PosIdx[];
  private readonly index = new Map<string, number>();

  constructor(set: Attrs) {
    this.names = set.names().slice();
    this.values = set.slots().slice();
    this.positions = this.names.map((name) => set.positionOf(name));
    for (let i = 0; i < this.names.length; i++) this.index.set(this.names[i] as string, i);
  }

  /** Adds an attribute; returns the position of an earlier one of that name, if any. */
  add(name: string, value: Slot, pos: PosIdx): PosIdx | undefined {
    const earlier = this.index.get(name);
    if (earlier !== undefined) return this.positions[earlier] as PosIdx;
    this.index.set(name, this.names.length);
    this.names.push(name);
    this.values.push(value);
    this.positions.push(pos);
    return undefined;
  }

  finish(): Attrs {
    return Attrs.of(this.names, this.values, this.positions);
  }
}

/** The slow path of `+`: the right operand is coerced as the left one demands. */
export function* addStrings(
  ctx: EvalContext,
  left: Value | CoercedOperand,
  right: Value,
): Suspendable<Value> {
  const text = (yield coerceToString(
    ctx,
    right,
    modeAfter(left),
    CALL_SITE,
    "while evaluating a path segment",
  )) as string | ContextString;
  return append(ctx, left, text);
}

/** The result of {@link addStrings} if no Nix code has to run, else `undefined`. */
export function tryAddStrings(
  ctx: EvalContext,
  left: Value | CoercedOperand,
  right: Value,
): Value | undefined {
  const text = tryCoerceWhole(ctx, right, modeAfter(left));
  return text === undefined ? undefined : append(ctx, left, text);
}

/** How the right operand of `+` is coerced: only after a string are paths copied. */
function modeAfter(left: Value | CoercedOperand): CoerceMode {
  return isString(left) ? CoerceMode.CopyPaths : CoerceMode.Weak;
}

/** How many times as much work it is to make a byte of a path canonical as to copy it. */
export const MAKING_CANONICAL = 32;

function append(
  ctx: EvalContext,
  left: Value | CoercedOperand,
  text: string | ContextString,
): Value {
  // Nix: errors about an operand point to it, errors about the path as a whole to the operator.
  if (left instanceof NixPath) {
    ctx.limits?.workOnText(MAKING_CANONICAL * textOf(text).length);
    return joinPath([left, text], OPERATOR_SITE);
  }
  const first = left instanceof CoercedOperand ? left.text : left;
  return concatTexts(first as string | ContextString, text);
}

export function concatTexts(
  a: string | ContextString,
  b: string | ContextString,
): string | ContextString {
  if (typeof a === "string" && typeof b === "string") return a + b;
  return withContext(textOf(a) + textOf(b), unionContext(contextOf(a), contextOf(b)));
}

/** Joins a path and strings to a path; `pos` is the position of errors. */
export function joinPath(parts: readonly Value[], pos: PosIdx): NixPath {
  let text = (parts[0] as NixPath).path;
  for (let i = 1; i < parts.length; i++) {
    const part = parts[i] as Value;
    if (part instanceof ContextString) {
      throw new EvalError(
        "value",
        "a string that refers to a store path cannot be appended to a path",
        pos,
      );
    }
    text += part instanceof NixPath ? part.path : (part as string);
  }
  if (text.includes("\0")) {
    throw new EvalError(
      "value",
      marked`path segment '${text.replaceAll("\0", "\xe2\x90\x80")}' must not contain null (\\0) bytes`,
    );
  }
  return new NixPath(canonPath(text));
}

/** The result of {@link coerceLeftOperand} if no Nix code has to run, else `undefined`. */
export function tryCoerceLeftOperand(ctx: EvalContext, left: Value): CoercedOperand | undefined {
  const text = tryCoerceWhole(ctx, left, CoerceMode.Weak);
  return text === undefined ? undefined : new CoercedOperand(text);
}

/** Coerces the left operand of `+` that is a set, null, Boolean, list or function. */
export function* coerceLeftOperand(ctx: EvalContext, left: Value): Suspendable<Value> {
  const text = (yield coerceToString(
    ctx,
    left,
    CoerceMode.Weak,
    CALL_SITE,
    "while evaluating a path segment",
  )) as string | ContextString;
  return new CoercedOperand(text) as unknown as Value;
}

/** Calls a set with a `__functor`. */
export function* callFunctor(set: Attrs, argument: Slot): Suspendable<Value> {
  try {
    return (yield new CallRequest(
      set.get("__functor") as Slot,
      [set, argument],
      set.positionOf("__functor"),
    )) as Value;
  } catch (error) {
    if (error instanceof EvalError) {
      error.addTrace(
        CALL_SITE,
        "while calling a functor (an attribute set with a '__functor' attribute)",
      );
    }
    throw error;
  }
}

export function concatLists(left: NixList, right: NixList): NixList {
  const result = new Array<Slot>(left.length + right.length);
  for (let i = 0; i < left.length; i++) result[i] = left[i] as Slot;
  for (let i = 0; i < right.length; i++) result[left.length + i] = right[i] as Slot;
  return result;
}

export function* negated(comparison: Suspendable<boolean>): Suspendable<boolean> {
  return !((yield comparison) as boolean);
}

/**
 * The error of a failed `assert left == right` if no Nix code has to run to explain it, as with most
 * assertions that are meant to fail; else `undefined`, and {@link explainAssertion} explains it.
 */
export function failedAssertion(
  ctx: EvalContext,
  left: Value,
  right: Value,
  assertion: AssertionText,
): EvalError | undefined {
  if (left instanceof Attrs || isList(left)) return undefined;
  const message = differenceOfLeaves(ctx, left, right);
  return message === undefined ? undefined : addAssertionTrace(difference(message), assertion);
}

function addAssertionTrace(error: EvalError, assertion: AssertionText): EvalError {
  return error.addTrace(
    CALL_SITE,
    marked`while evaluating the condition of the assertion '${assertion.text()}'`,
  );
}

export function* explainAssertion(
  ctx: EvalContext,
  left: Value,
  right: Value,
  assertion: AssertionText,
  pos: PosIdx,
): Suspendable<Value> {
  try {
    yield explainDifference(ctx, left, right, pos, "in an equality assertion");
  } catch (error) {
    if (error instanceof EvalError && error.catchable) addAssertionTrace(error, assertion);
    throw error;
  }
  return null;
}
