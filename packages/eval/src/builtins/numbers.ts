/**
 * Builtins on numbers. The operators `-`, `*`, `/` and `<` are calls of `sub`, `mul`, `div`,
 * `lessThan`.
 */
import { formatG6, marked } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import {
  addNumbers,
  divideNumbers,
  multiplyNumbers,
  subtractNumbers,
} from "../operations/arithmetic.ts";
import { lessThan, lessThanFast } from "../operations/compare.ts";
import { type Int, toInt } from "../value/number.ts";
import { nativeThunk } from "../value/thunk.ts";
import { isInt, type NixFloat, type Value } from "../value/value.ts";
import { args, type BuiltinDefinition, plain, strict } from "./definition.ts";

/** 2^63, the first float beyond int64. */
const INT64_END = 2 ** 63;

function arithmetic(
  name: string,
  doc: string,
  run: (ctx: EvalContext, a: Value, b: Value) => Value,
): BuiltinDefinition {
  return plain({
    name,
    args: args("e1", "e2"),
    strict: [strict(0, "any"), strict(1, "any")],
    doc,
    run,
  });
}

function bitwise(
  name: string,
  doc: string,
  small: (a: number, b: number) => number,
  large: (a: bigint, b: bigint) => bigint,
): BuiltinDefinition {
  return plain({
    name,
    args: args("e1", "e2"),
    strict: [
      strict(0, "int", `while evaluating the first argument passed to builtins.${name}`),
      strict(1, "int", `while evaluating the second argument passed to builtins.${name}`),
    ],
    doc,
    run: (_ctx, a: Int, b: Int) => {
      // JavaScript's bitwise operators work on 32 bits.
      if (typeof a === "number" && typeof b === "number" && (a | 0) === a && (b | 0) === b) {
        return small(a, b);
      }
      return toInt(BigInt.asIntN(64, large(BigInt(a), BigInt(b)))) as Int;
    },
  });
}

/**
 * Nix: an integer is converted to a float, and it is an error if that changes it (nix issue 12899).
 */
function roundInt(value: Int): Int {
  const rounded = Number(value);
  if (rounded >= INT64_END) {
    throw new EvalError(
      "value",
      marked`Due to a bug (see https://github.com/NixOS/nix/issues/12899) the NixInt argument ${value} caused undefined behavior in previous Nix versions.\n\tFuture Nix versions might implement the correct behavior.`,
    ).atUnknownPos();
  }
  const result = BigInt(rounded);
  if (result !== BigInt(value)) {
    throw new EvalError(
      "value",
      marked`Due to a bug (see https://github.com/NixOS/nix/issues/12899) a loss of precision occurred in previous Nix versions because the NixInt argument ${value} was rounded to ${result}.\n\tFuture Nix versions might implement the correct behavior.`,
    ).atUnknownPos();
  }
  return value;
}

function rounding(name: string, doc: string, round: (value: number) => number): BuiltinDefinition {
  const trace = `while evaluating the first argument passed to builtins.${name}`;
  return plain({
    name,
    args: args("number"),
    strict: [strict(0, "float", trace)],
    doc,
    run: (_ctx, value: Value) => {
      if (isInt(value)) return roundInt(value);
      const rounded = round((value as NixFloat).value);
      if (rounded >= -INT64_END && rounded < INT64_END) return toInt(BigInt(rounded)) as Int;
      throw new EvalError(
        "value",
        marked`NixFloat argument ${formatG6((value as NixFloat).value)} is not in the range of NixInt`,
      ).atUnknownPos();
    },
  });
}

/** The builtins of this file. */
export const numberBuiltins: readonly BuiltinDefinition[] = [
  arithmetic("add", "The sum of the numbers *e1* and *e2*.", addNumbers),
  arithmetic("sub", "The difference of the numbers *e1* and *e2*.", subtractNumbers),
  arithmetic("mul", "The product of the numbers *e1* and *e2*.", multiplyNumbers),
  arithmetic(
    "div",
    "The quotient of the numbers *e1* and *e2*; that of two integers is cut towards zero.",
    divideNumbers,
  ),
  plain({
    name: "lessThan",
    args: args("e1", "e2"),
    strict: [strict(0, "any"), strict(1, "any")],
    doc:
      "Whether *e1* is less than *e2*: numbers by value, strings and paths by bytes, lists by " +
      "their first elements that differ. The operator `<` calls it.",
    run: (ctx, a: Value, b: Value) => lessThanFast(a, b) ?? nativeThunk(() => lessThan(ctx, a, b)),
  }),
  bitwise(
    "bitAnd",
    "The bitwise *and* of the integers *e1* and *e2*.",
    (a, b) => a & b,
    (a, b) => a & b,
  ),
  bitwise(
    "bitOr",
    "The bitwise *or* of the integers *e1* and *e2*.",
    (a, b) => a | b,
    (a, b) => a | b,
  ),
  bitwise(
    "bitXor",
    "The bitwise *exclusive or* of the integers *e1* and *e2*.",
    (a, b) => a ^ b,
    (a, b) => a ^ b,
  ),
  rounding("ceil", "The smallest integer that is not less than *number*.", Math.ceil),
  rounding("floor", "The greatest integer that is not greater than *number*.", Math.floor),
];
