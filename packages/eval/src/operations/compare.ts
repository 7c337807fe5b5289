/**
 * Comparison: the result of `<`. Numbers compare as numbers, strings and paths by bytes, lists by
 * the first pair of elements that differ; everything else is an error.
 */
import { marked } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { NO_POS, NO_TRACE_POS, type PosIdx } from "../position.ts";
import { valueInError } from "../print/print.ts";
import { Thunk } from "../value/thunk.ts";
import {
  ContextString,
  isList,
  NixFloat,
  type NixList,
  NixPath,
  type Slot,
  textOf,
  typeName,
  typeWithArticle,
  type Value,
} from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";
import { equal } from "./equality.ts";

/** Returns `a < b` if both are numbers, strings or paths; `undefined` otherwise. */
export function lessThanFast(a: Value, b: Value): boolean | undefined {
  switch (typeof a) {
    case "number":
    case "bigint":
      if (typeof b === "number" || typeof b === "bigint") return a < b;
      return b instanceof NixFloat ? Number(a) < b.value : undefined;
    case "string":
      if (typeof b === "string") return a < b;
      return b instanceof ContextString ? a < b.text : undefined;
    default:
      if (a instanceof NixFloat) {
        if (b instanceof NixFloat) return a.value < b.value;
        return typeof b === "number" || typeof b === "bigint" ? a.value < Number(b) : undefined;
      }
      if (a instanceof ContextString) {
        return typeof b === "string" || b instanceof ContextString ? a.text < textOf(b) : undefined;
      }
      if (a instanceof NixPath) return b instanceof NixPath ? a.path < b.path : undefined;
      return undefined;
  }
}

/** Returns the error for two values that `<` cannot compare. */
function incomparable(ctx: EvalContext, a: Value, b: Value): EvalError {
  const what = marked`cannot compare ${typeWithArticle(a)} with ${typeWithArticle(b)}`;
  const values = `${valueInError(a, ctx.positions)} and ${valueInError(b, ctx.positions)}`;
  return new EvalError(
    "type",
    typeName(a) !== typeName(b)
      ? `${what}; values are ${values}`
      : `${what}; values of that type are incomparable (values are ${values})`,
  );
}

/**
 * Whether `a` is less than `b`. Forces both, then list elements as far as needed.
 *
 * `trace`, unless empty, is a trace added to every error; `pos` occurs in none, because
 * comparing elements for equality does not fail by itself.
 */
export function* lessThan(
  ctx: EvalContext,
  a: Slot,
  b: Slot,
  pos: PosIdx = NO_POS,
  trace = "",
): Suspendable<boolean> {
  // The number of enclosing lists, each of which adds its trace.
  let depth = 0;
  let left = (a instanceof Thunk ? yield a : a) as Value;
  let right = (b instanceof Thunk ? yield b : b) as Value;
  try {
    for (;;) {
      const fast = lessThanFast(left, right);
      if (fast !== undefined) return fast;
      if (!isList(left) || !isList(right)) throw incomparable(ctx, left, right);
      const xs: NixList = left;
      const ys: NixList = right;
      let i = 0;
      for (;;) {
        if (i === ys.length) return false;
        if (i === xs.length) return true;
        ctx.limits?.work(1);
        const x = xs[i] as Slot;
        const y = ys[i] as Slot;
        if (!((yield equal(ctx, x, y, pos)) as boolean)) {
          // Comparing for equality has forced both.
          left = (x instanceof Thunk ? yield x : x) as Value;
          right = (y instanceof Thunk ? yield y : y) as Value;
          break;
        }
        i++;
      }
      depth++;
    }
  } catch (error) {
    if (error instanceof EvalError) {
      for (; depth > 0; depth--) error.addTrace(NO_TRACE_POS, "while comparing two list elements");
      if (trace !== "") error.addTrace(NO_TRACE_POS, trace);
    }
    throw error;
  }
}
