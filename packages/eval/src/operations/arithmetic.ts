/**
 * Arithmetic on values: the results of `add`, `sub`, `mul` and `div`, for the builtins and for the
 * operators that call them. Two integers give an integer or an overflow error; with a float on
 * either side, both become floats.
 */
import { marked, uncolored } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { NO_POS } from "../position.ts";
import { valueInError } from "../print/print.ts";
import { addInt, divInt, type Int, mulInt, subInt } from "../value/number.ts";
import { NixFloat, typeWithArticle, type Value } from "../value/value.ts";

/** The wording of the messages of one operation. */
interface Wording {
  readonly first: string;
  readonly second: string;
  /** The participle in `integer overflow in adding 1 + 2`. */
  readonly overflow: string;
  readonly sign: string;
}

const ADDITION: Wording = {
  first: "while evaluating the first argument of the addition",
  second: "while evaluating the second argument of the addition",
  overflow: "adding",
  sign: "+",
};
const SUBTRACTION: Wording = {
  first: "while evaluating the first argument of the subtraction",
  second: "while evaluating the second argument of the subtraction",
  overflow: "subtracting",
  sign: "-",
};
const MULTIPLICATION: Wording = {
  first: "while evaluating the first argument of the multiplication",
  second: "while evaluating the second argument of the multiplication",
  overflow: "multiplying",
  sign: "*",
};
const DIVISION: Wording = {
  first: "while evaluating the first operand of the division",
  second: "while evaluating the second operand of the division",
  overflow: "dividing",
  sign: "/",
};

function expectNumber(ctx: EvalContext, value: Value, expected: string, trace: string): EvalError {
  return new EvalError(
    "type",
    marked`expected ${uncolored(expected)} but found ${typeWithArticle(value)}: ${valueInError(value, ctx.positions)}`,
  )
    .atUnknownPos()
    .addTrace(NO_POS, trace);
}

function asFloat(ctx: EvalContext, value: Value, trace: string): number {
  if (typeof value === "number") return value;
  if (value instanceof NixFloat) return value.value;
  if (typeof value === "bigint") return Number(value);
  throw expectNumber(ctx, value, "a float", trace);
}

function asInt(ctx: EvalContext, value: Value, trace: string): Int {
  if (typeof value === "number" || typeof value === "bigint") return value;
  throw expectNumber(ctx, value, "an integer", trace);
}

function checked(result: Int | undefined, a: Int, b: Int, wording: Wording): Int {
  if (result !== undefined) return result;
  throw new EvalError(
    "arithmetic",
    marked`integer overflow in ${uncolored(wording.overflow)} ${a} ${uncolored(wording.sign)} ${b}`,
  ).atUnknownPos();
}

/** Returns `a + b` for numbers. */
export function addNumbers(ctx: EvalContext, a: Value, b: Value): Value {
  if (a instanceof NixFloat || b instanceof NixFloat) {
    return new NixFloat(asFloat(ctx, a, ADDITION.first) + asFloat(ctx, b, ADDITION.second));
  }
  const x = asInt(ctx, a, ADDITION.first);
  const y = asInt(ctx, b, ADDITION.second);
  return checked(addInt(x, y), x, y, ADDITION);
}

/** Returns `a - b` for numbers. */
export function subtractNumbers(ctx: EvalContext, a: Value, b: Value): Value {
  if (a instanceof NixFloat || b instanceof NixFloat) {
    return new NixFloat(asFloat(ctx, a, SUBTRACTION.first) - asFloat(ctx, b, SUBTRACTION.second));
  }
  const x = asInt(ctx, a, SUBTRACTION.first);
  const y = asInt(ctx, b, SUBTRACTION.second);
  return checked(subInt(x, y), x, y, SUBTRACTION);
}

/** Returns `a * b` for numbers. */
export function multiplyNumbers(ctx: EvalContext, a: Value, b: Value): Value {
  if (a instanceof NixFloat || b instanceof NixFloat) {
    return new NixFloat(
      // Nix: the word "argument" is missing upstream (primops.cc, prim_mul).
      asFloat(ctx, a, "while evaluating the first of the multiplication") *
        asFloat(ctx, b, MULTIPLICATION.second),
    );
  }
  const x = asInt(ctx, a, MULTIPLICATION.first);
  const y = asInt(ctx, b, MULTIPLICATION.second);
  return checked(mulInt(x, y), x, y, MULTIPLICATION);
}

/** Returns `a / b` for numbers; integer division truncates towards zero. */
export function divideNumbers(ctx: EvalContext, a: Value, b: Value): Value {
  const divisor = asFloat(ctx, b, DIVISION.second);
  if (divisor === 0) throw new EvalError("arithmetic", "division by zero").atUnknownPos();
  if (a instanceof NixFloat || b instanceof NixFloat) {
    return new NixFloat(asFloat(ctx, a, DIVISION.first) / divisor);
  }
  const x = asInt(ctx, a, DIVISION.first);
  const y = asInt(ctx, b, DIVISION.second);
  return checked(divInt(x, y), x, y, DIVISION);
}
