/** The errors of instructions, worded as C++ Nix does. `CALL_SITE` becomes the position of the instruction. */

import { marked } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { Lambda } from "../bytecode/lambda.ts";
import type { EvalContext } from "../context.ts";
import { EvalError, InternalError } from "../errors/eval-error.ts";
import { bestMatches } from "../errors/suggestions.ts";
import { contextNotAllowed, typeMismatch } from "../operations/checks.ts";
import { CALL_SITE, NO_POS, type PosIdx } from "../position.ts";
import { valueInError } from "../print/print.ts";
import type { Attrs } from "../value/attrs.ts";
import { BLACKHOLE, blackhole, FAILED, NATIVE, type Thunk } from "../value/thunk.ts";
import { ContextString, typeWithArticle, type Value } from "../value/value.ts";
import { NativeFrame, NO_SLOTS } from "./frame.ts";
import { RecursionError } from "./recursion-error.ts";
import type { Suspendable } from "./requests.ts";

export function notAFunction(ctx: EvalContext, value: Value): EvalError {
  return new EvalError(
    "type",
    marked`attempt to call something which is not a function but ${typeWithArticle(value)}: ${valueInError(value, ctx.positions)}`,
    CALL_SITE,
  );
}

export function notABoolean(ctx: EvalContext, value: Value): EvalError {
  return typeMismatch(ctx, value, "a Boolean", "", CALL_SITE);
}

export function notASet(ctx: EvalContext, value: Value): EvalError {
  return typeMismatch(ctx, value, "a set", "").addTrace(CALL_SITE, "while selecting an attribute");
}

/** The argument of a function with formals is not a set. */
export function notFormals(ctx: EvalContext, value: Value, lambda: Lambda): EvalError {
  const text = "while evaluating the value passed for the lambda argument";
  return typeMismatch(ctx, value, "a set", "").addTrace(lambda.pos, text);
}

export function missingAttribute(name: string, set: Attrs): EvalError {
  return new EvalError(
    "missing-attribute",
    marked`attribute '${printIdentifier(name)}' missing`,
  ).suggest(bestMatches(set.names(), name));
}

export function badName(ctx: EvalContext, value: Value, trace: string): EvalError {
  if (value instanceof ContextString) return contextNotAllowed(value).addTrace(CALL_SITE, trace);
  return typeMismatch(ctx, value, "a string", trace, CALL_SITE);
}

export function recursionAt(set: Attrs, name: string, thunk: Thunk): RecursionError {
  const pos = set.positionOf(name);
  return new RecursionError(thunk, pos === NO_POS ? CALL_SITE : pos);
}

/** A copy of the error of a thunk that failed before: each time it is forced the error gets other traces. */
export function cloneError(error: EvalError): EvalError {
  const copy = new EvalError(error.kind, error.text, error.pos);
  copy.suggestions = error.suggestions;
  copy.cycle = error.cycle;
  copy.nearPos = error.nearPos;
  copy.hasUnknownPos = error.hasUnknownPos;
  copy.isRepeated = true;
  for (const trace of error.traces) copy.addTrace(trace.pos, trace.text, trace.always);
  return copy;
}

/** Starts the native code of a thunk. Throws if the thunk is being evaluated or has failed. */
export function startThunk(thunk: Thunk, pos: PosIdx): NativeFrame {
  if (thunk.code === BLACKHOLE) throw new RecursionError(thunk, pos);
  if (thunk.code === FAILED) {
    const error: unknown = thunk.a;
    throw error instanceof EvalError ? cloneError(error) : error;
  }
  if (thunk.code !== NATIVE) throw new InternalError("a thunk is in no known state");
  const start = thunk.a as unknown as () => Suspendable<unknown>;
  blackhole(thunk);
  return new NativeFrame(null, NO_SLOTS, 0, start());
}
