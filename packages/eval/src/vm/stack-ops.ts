/**
 * The instructions that neither enter a frame nor jump. They are kept out of the loop so that V8 compiles
 * the loop in a fraction of the time (docs/design/001-the-machine.md); frequent ones also have a fast path
 * there.
 *
 * Each works on the operand stack and returns the new `sp`. An instruction that must run Nix code leaves
 * its generator in {@link StepResult.entering}; the generator's result is then pushed.
 */

import { marked, uncolored } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import { type AssertionText, Lambda, LambdaKind } from "../bytecode/lambda.ts";
import { Op } from "../bytecode/opcode.ts";
import { EvalError } from "../errors/eval-error.ts";
import { describePosition } from "../errors/position-text.ts";
import { BYTES_PER_ITEM, LARGE_RESULT } from "../limits/meter.ts";
import {
  addNumbers,
  divideNumbers,
  multiplyNumbers,
  subtractNumbers,
} from "../operations/arithmetic.ts";
import { typeMismatch } from "../operations/checks.ts";
import { CoerceMode, coerceToString, tryCoerceWhole } from "../operations/coerce.ts";
import { lessThan, lessThanFast } from "../operations/compare.ts";
import { equalFast, equalValues } from "../operations/equality.ts";
import { positionValue } from "../operations/position-value.ts";
import { CALL_SITE, NO_POS, type PosIdx } from "../position.ts";
import { Attrs, slotsCopiedByUpdate, updateAttrs } from "../value/attrs.ts";
import { type StringContext, unionContext } from "../value/context.ts";
import { flatText } from "../value/flat-text.ts";
import { addInt } from "../value/number.ts";
import { isMadeOfEntries } from "../value/open-list.ts";
import { forcedThunk, Thunk } from "../value/thunk.ts";
import {
  ContextString,
  isInt,
  isList,
  isString,
  NixFloat,
  NixPath,
  typeWithArticle,
} from "../value/value.ts";
import { debugOp } from "./debug-ops.ts";
import { type FrameSelf, NativeFrame, NO_SLOTS, PLAIN_MARK, type Segment } from "./frame.ts";
import { badName } from "./instruction-errors.ts";
import {
  AttrsBuilder,
  addStrings,
  coerceLeftOperand,
  concatLists,
  concatTexts,
  explainAssertion,
  failedAssertion,
  joinPath,
  MAKING_CANONICAL,
  negated,
  tryAddStrings,
  tryCoerceLeftOperand,
} from "./operators.ts";
import type { Suspendable } from "./requests.ts";
import type { StepResult } from "./step-result.ts";
import { unitesEntries } from "./union-of-entries.ts";
import { lookUpWith, WithLookUp, WithScope } from "./with-scope.ts";

function enter(step: StepResult, generator: Suspendable<unknown>, sp: number): number {
  step.entering = new NativeFrame(null, NO_SLOTS, 0, generator);
  step.enteringMark = PLAIN_MARK;
  return sp;
}

/**
 * Throws an error, if there is one. Throwing from a large function takes V8 several times as long: 12 µs in
 * `stackOp`, see docs/design/006-calls-and-sets.md.
 */
function raise(error: EvalError | undefined): void {
  if (error !== undefined) throw error;
}

/**
 * Runs one instruction, whose operands begin at `code[at]`. Returns the new stack pointer. `self` is known of
 * frames of the loop.
 */
export function stackOp(
  step: StepResult,
  op: Op,
  lambda: Lambda,
  at: number,
  stack: Segment,
  base: number,
  top: number,
  self?: FrameSelf,
): number {
  const ctx = step.ctx;
  const code = lambda.code;
  let sp = top;
  switch (op) {
    case Op.AddFirst: {
      const value = stack[sp - 1];
      if (
        typeof value === "number" ||
        typeof value === "string" ||
        typeof value === "bigint" ||
        value instanceof ContextString ||
        value instanceof NixPath ||
        value instanceof NixFloat
      ) {
        return sp;
      }
      const coerced = tryCoerceLeftOperand(ctx, value);
      if (coerced !== undefined) {
        stack[sp - 1] = coerced;
        return sp;
      }
      sp--;
      return enter(step, coerceLeftOperand(ctx, value), sp);
    }
    case Op.Add: {
      const right = stack[sp - 1];
      const left = stack[sp - 2];
      sp -= 2;
      if (typeof left === "number" && typeof right === "number") {
        const sum = left + right;
        if (Number.isSafeInteger(sum)) {
          stack[sp++] = sum;
          return sp;
        }
      } else if (typeof left === "string" && typeof right === "string") {
        stack[sp++] = left + right;
        return sp;
      }
      if (typeof left === "number" || typeof left === "bigint" || left instanceof NixFloat) {
        if (
          typeof right !== "number" &&
          typeof right !== "bigint" &&
          !(right instanceof NixFloat)
        ) {
          const what = left instanceof NixFloat ? "a float" : "an integer";
          throw new EvalError(
            "type",
            marked`cannot add ${typeWithArticle(right)} to ${uncolored(what)}`,
            CALL_SITE,
          );
        }
        if (isInt(left) && isInt(right) && addInt(left, right) === undefined) {
          throw new EvalError(
            "arithmetic",
            marked`integer overflow in adding ${left} + ${right}`,
            CALL_SITE,
          );
        }
        stack[sp++] = addNumbers(ctx, left, right);
        return sp;
      }
      if (isString(left) && isString(right)) {
        stack[sp++] = concatTexts(left, right);
        return sp;
      }
      const sum = tryAddStrings(ctx, left, right);
      if (sum !== undefined) {
        stack[sp++] = sum;
        return sp;
      }
      return enter(step, addStrings(ctx, left, right), sp);
    }
    case Op.Sub: {
      const right = stack[--sp];
      const left = stack[sp - 1];
      if (typeof left === "number" && typeof right === "number") {
        const difference = left - right;
        if (Number.isSafeInteger(difference)) {
          stack[sp - 1] = difference;
          return sp;
        }
      }
      stack[sp - 1] = subtractNumbers(ctx, left, right);
      return sp;
    }
    case Op.Mul: {
      const right = stack[--sp];
      stack[sp - 1] = multiplyNumbers(ctx, stack[sp - 1], right);
      return sp;
    }
    case Op.Div: {
      const right = stack[--sp];
      stack[sp - 1] = divideNumbers(ctx, stack[sp - 1], right);
      return sp;
    }
    case Op.Negate:
      stack[sp - 1] = subtractNumbers(ctx, 0, stack[sp - 1]);
      return sp;
    case Op.Less: {
      const right = stack[sp - 1];
      const left = stack[sp - 2];
      const answer =
        typeof left === "number" && typeof right === "number"
          ? left < right
          : lessThanFast(left, right);
      if (typeof left === "string") ctx.limits?.workOnText(left.length);
      sp -= 2;
      if (answer !== undefined) {
        stack[sp++] = answer;
        return sp;
      }
      return enter(step, lessThan(ctx, left, right, NO_POS, ""), sp);
    }
    case Op.Equal:
    case Op.NotEqual: {
      const negate = op === Op.NotEqual;
      const right = stack[sp - 1];
      const left = stack[sp - 2];
      if (typeof left === "string") ctx.limits?.workOnText(left.length);
      else if (
        isList(left) &&
        isMadeOfEntries(left) &&
        unitesEntries(ctx, left, lambda, self, stack, base)
      ) {
        stack[sp - 2] = negate;
        return sp - 1;
      }
      const answer = equalFast(left, right);
      sp -= 2;
      if (answer !== undefined) {
        stack[sp++] = answer !== negate;
        return sp;
      }
      const comparison = equalValues(ctx, left, right, CALL_SITE);
      return enter(step, negate ? negated(comparison) : comparison, sp);
    }
    case Op.Interpolate: {
      const value = stack[sp - 1];
      const text = tryCoerceWhole(ctx, value, CoerceMode.CopyPaths);
      if (text !== undefined) {
        stack[sp - 1] = text;
        return sp;
      }
      sp--;
      return enter(
        step,
        coerceToString(
          ctx,
          value,
          CoerceMode.CopyPaths,
          CALL_SITE,
          "while evaluating a path segment",
        ),
        sp,
      );
    }
    case Op.ConcatStrings: {
      const count = code[at] as number;
      sp -= count;
      let text = "";
      let context: StringContext | undefined;
      for (let i = 0; i < count; i++) {
        const part = stack[sp + i];
        if (typeof part === "string") text += part;
        else {
          text += (part as ContextString).text;
          context = unionContext(context, (part as ContextString).context);
        }
      }
      if (text.length > LARGE_RESULT) ctx.limits?.reserve(text.length);
      if (count > 2) text = flatText(text);
      stack[sp++] = context === undefined ? text : new ContextString(text, context);
      return sp;
    }
    case Op.PathSegment: {
      const value = stack[sp - 1];
      if (typeof value === "string" || value instanceof ContextString) return sp;
      if (value instanceof NixPath) {
        stack[sp - 1] = value.path;
        return sp;
      }
      sp--;
      return enter(
        step,
        coerceToString(ctx, value, CoerceMode.Weak, CALL_SITE, "while evaluating a path segment"),
        sp,
      );
    }
    case Op.ConcatPath: {
      const count = code[at] as number;
      sp -= count;
      const path = joinPath(stack.slice(sp, sp + count), CALL_SITE);
      ctx.limits?.workOnText(MAKING_CANONICAL * path.path.length);
      stack[sp++] = path;
      return sp;
    }
    case Op.Concat: {
      const right = stack[sp - 1];
      const left = stack[sp - 2];
      if (!isList(left) || !isList(right)) {
        throw typeMismatch(ctx, isList(left) ? right : left, "a list", "").addTrace(
          CALL_SITE,
          "while evaluating one of the elements to concatenate",
        );
      }
      const length = left.length + right.length;
      ctx.limits?.make(length, BYTES_PER_ITEM);
      sp -= 2;
      stack[sp++] =
        right.length === 0 ? left : left.length === 0 ? right : concatLists(left, right);
      return sp;
    }
    case Op.DynamicBegin:
      stack[sp - 1] = new AttrsBuilder(stack[sp - 1]);
      return sp;
    case Op.DynamicAttr: {
      const pos = code[at] as PosIdx;
      const value = stack[sp - 1];
      const name = stack[sp - 2];
      sp -= 2;
      if (name === null) return sp;
      if (typeof name !== "string")
        throw badName(ctx, name, "while evaluating the name of a dynamic attribute");
      const earlier = (stack[sp - 1] as AttrsBuilder).add(name, value, pos);
      if (earlier !== undefined) {
        throw new EvalError(
          "value",
          marked`dynamic attribute '${printIdentifier(name)}' already defined at ${describePosition(ctx.positions, earlier)}`,
          pos,
        );
      }
      if (
        value instanceof Thunk &&
        value.code instanceof Lambda &&
        value.code.kind === LambdaKind.Function
      ) {
        value.code.name ??= name;
      }
      return sp;
    }
    case Op.DynamicEnd:
      stack[sp - 1] = (stack[sp - 1] as AttrsBuilder).finish();
      return sp;
    case Op.NewCell:
      stack[base + (code[at] as number)] = forcedThunk(null);
      return sp;
    case Op.SetCell:
      (stack[base + (code[at] as number)] as Thunk).a = stack[sp - 1];
      return sp;
    case Op.Overrides: {
      const cell = stack[base + (code[at] as number)] as Thunk;
      const overrides = stack[--sp];
      if (!(overrides instanceof Attrs)) {
        throw typeMismatch(ctx, overrides, "a set", "").addTrace(
          NO_POS,
          "while evaluating the `__overrides` attribute",
        );
      }
      const set = updateAttrs(stack[sp - 1], overrides);
      cell.a = set;
      stack[sp - 1] = set;
      return sp;
    }
    case Op.CheckSet: {
      const value = stack[sp - 1];
      if (!(value instanceof Attrs)) throw typeMismatch(ctx, value, "a set", "");
      return sp;
    }
    case Op.Update: {
      const count = code[at] as number;
      // The leftmost operand lies on the top.
      let set = stack[--sp] as Attrs;
      for (let i = 1; i < count; i++) {
        const right = stack[--sp] as Attrs;
        ctx.limits?.make(slotsCopiedByUpdate(set, right), BYTES_PER_ITEM);
        set = updateAttrs(set, right);
      }
      stack[sp++] = set;
      return sp;
    }
    case Op.CheckName: {
      const value = stack[sp - 1];
      if (typeof value !== "string")
        throw badName(ctx, value, "while evaluating an attribute name");
      ctx.limits?.workOnText(value.length);
      return sp;
    }
    case Op.With: {
      const namespace = stack[sp - 1];
      const parent = stack[sp - 2] as WithScope | null;
      sp -= 2;
      stack[base + (code[at] as number)] = new WithScope(namespace, parent, code[at + 1] as PosIdx);
      return sp;
    }
    case Op.ResolveWith: {
      const name = lambda.constants[code[at] as number] as string;
      const innermost = stack[sp - 1] as WithScope;
      const found = lookUpWith(innermost, name);
      if (found !== undefined) {
        stack[sp - 1] = found;
        return sp;
      }
      sp--;
      return enter(step, new WithLookUp(ctx, innermost, name), sp);
    }
    case Op.AssertFail: {
      const assertion = lambda.constants[code[at] as number] as AssertionText;
      raise(new EvalError("assertion", marked`assertion '${assertion.text()}' failed`, CALL_SITE));
      return sp;
    }
    case Op.AssertEqual: {
      const assertion = lambda.constants[code[at] as number] as AssertionText;
      const right = stack[sp - 1];
      const left = stack[sp - 2];
      sp -= 2;
      raise(failedAssertion(ctx, left, right, assertion));
      return enter(step, explainAssertion(ctx, left, right, assertion, code[at + 1] as PosIdx), sp);
    }
    case Op.CurPos:
      stack[sp++] = positionValue(ctx, code[at] as PosIdx);
      return sp;
    default:
      return debugOp(step, op, lambda, at, stack, base, sp);
  }
}
