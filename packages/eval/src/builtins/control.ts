/** Builtins that control evaluation: errors, the order of evaluation, traces and warnings. */
import { marked } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { evaluationWarning } from "../errors/log-message.ts";
import { settled } from "../operations/checks.ts";
import { CoerceMode, coerceToString } from "../operations/coerce.ts";
import { deepForce } from "../operations/deep-force.ts";
import { checkNesting } from "../operations/nesting.ts";
import { NO_POS, NO_TRACE_POS } from "../position.ts";
import { printForTrace } from "../print/print.ts";
import { Attrs } from "../value/attrs.ts";
import { Shape } from "../value/shape.ts";
import { Thunk } from "../value/thunk.ts";
import { type ContextString, isString, type Slot, textOf, type Value } from "../value/value.ts";
import { type Request, Routine, type Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, plain, strict, suspending } from "./definition.ts";

const TRY_SHAPE = new Shape(["success", "value"], null);

/** Fails with a message, immediately if its text needs no evaluation. */
function failWith(
  ctx: EvalContext,
  slot: Slot,
  trace: string,
  errorOf: (text: string) => EvalError,
): Suspendable<never> {
  const text = settled(slot);
  if (text === undefined || !isString(text)) return failWithCoerced(ctx, slot, trace, errorOf);
  checkNesting(ctx, NO_POS);
  throw errorOf(textOf(text));
}

function* failWithCoerced(
  ctx: EvalContext,
  slot: Slot,
  trace: string,
  errorOf: (text: string) => EvalError,
): Suspendable<never> {
  throw errorOf((yield messageText(ctx, slot, CoerceMode.CopyPaths, trace)) as string);
}

/** Returns the text of a message argument. */
function* messageText(
  ctx: EvalContext,
  slot: Slot,
  mode: CoerceMode,
  trace: string,
): Suspendable<string> {
  return textOf((yield coerceToString(ctx, slot, mode, NO_POS, trace)) as string | ContextString);
}

function printTrace(ctx: EvalContext, value: Value): void {
  const text = isString(value)
    ? textOf(value)
    : printForTrace(value, ctx.positions, ctx.settings.maxCallDepth);
  ctx.io.log({ severity: "trace", text });
}

/** The code of `tryEval`. */
class Attempt extends Routine<Attrs> {
  private begun = false;

  constructor(
    private readonly ctx: EvalContext,
    private readonly slot: Slot,
  ) {
    super();
  }

  override next(): IteratorResult<Request, Attrs> {
    const { slot } = this;
    if (this.begun || !(slot instanceof Thunk)) {
      return this.finish(new Attrs(TRY_SHAPE, [true, slot]));
    }
    this.begun = true;
    return this.ask(slot);
  }

  override throw(error: unknown): IteratorResult<Request, Attrs> {
    if (!(error instanceof EvalError && error.catchable)) throw error;
    this.ctx.dependencies?.failures.catch(error);
    return this.finish(new Attrs(TRY_SHAPE, [false, false]));
  }
}

/** The builtins of this file. */
export const controlBuiltins: readonly BuiltinDefinition[] = [
  suspending({
    name: "abort",
    args: args("s"),
    strict: [],
    doc: "Ends the evaluation with the message *s*. `tryEval` does not catch it.",
    run: (ctx, slot: Slot) =>
      failWith(
        ctx,
        slot,
        "while evaluating the error message passed to builtins.abort",
        (text) =>
          new EvalError(
            "abort",
            marked`evaluation aborted with the following error message: '${text}'`,
          ),
      ),
  }),
  suspending({
    name: "throw",
    args: args("s"),
    strict: [],
    doc: "Fails with the message *s*. `tryEval` catches it.",
    run: (ctx, slot: Slot) =>
      failWith(
        ctx,
        slot,
        "while evaluating the error message passed to builtin.throw",
        (text) => new EvalError("throw", text),
      ),
  }),
  suspending({
    name: "addErrorContext",
    args: args("context", "value"),
    strict: [],
    noTrace: true,
    doc:
      "*value*; if its evaluation fails, the text *context* is added to the trace. *context* is " +
      "evaluated only then.",
    *run(ctx, context: Slot, slot: Slot) {
      if (!(slot instanceof Thunk)) return slot;
      try {
        return (yield slot) as Value;
      } catch (thrown) {
        const error = evalErrorOf(thrown);
        if (!(error instanceof EvalError)) throw error;
        const text = (yield messageText(
          ctx,
          context,
          CoerceMode.Weak,
          "while evaluating the error message passed to builtins.addErrorContext",
        )) as string;
        throw error.addTrace(NO_TRACE_POS, text, true);
      }
    },
  }),
  suspending({
    name: "tryEval",
    args: args("e"),
    strict: [],
    doc:
      "Evaluates *e*, not deeply. The result is a set: `success` tells whether that succeeded, and " +
      "`value` is the value, or `false`. It catches `throw`, failed assertions and files missing " +
      "from the search path, and no other errors.",
    run: (ctx, slot: Slot) => new Attempt(ctx, slot),
  }),
  plain({
    name: "seq",
    args: args("e1", "e2"),
    strict: [strict(0, "any")],
    doc: "Evaluates *e1*, not deeply, then returns *e2*.",
    run: (_ctx, _first: Value, second: Slot) => second,
  }),
  suspending({
    name: "deepSeq",
    args: args("e1", "e2"),
    strict: [],
    doc: "Evaluates *e1* deeply, including the contents of lists and sets, then returns *e2*.",
    run: (ctx, first: Slot, second: Slot) => deepForce(ctx, first, second),
  }),
  plain({
    name: "trace",
    args: args("e1", "e2"),
    strict: [strict(0, "any")],
    doc: "Prints *e1*, evaluated but not deeply, to standard error, then returns *e2*.",
    run: (ctx, first: Value, second: Slot) => {
      printTrace(ctx, first);
      return second;
    },
  }),
  suspending({
    name: "traceVerbose",
    args: args("e1", "e2"),
    strict: [],
    doc: "Returns *e2*. If the setting `trace-verbose` is on, prints *e1* first, as `trace` does; otherwise *e1* is not evaluated.",
    *run(ctx, first: Slot, second: Slot) {
      if (ctx.settings.traceVerbose) {
        printTrace(ctx, (first instanceof Thunk ? yield first : first) as Value);
      }
      return second;
    },
  }),
  plain({
    name: "warn",
    args: args("e1", "e2"),
    strict: [
      strict(
        0,
        "string",
        "while evaluating the first argument; the message passed to builtins.warn",
      ),
    ],
    doc:
      "Prints the string *e1* as a warning, then returns *e2*. With the setting `abort-on-warn` it " +
      "is an error.",
    run: (ctx, message: string | ContextString, value: Slot) => {
      ctx.io.log(evaluationWarning(textOf(message)));
      if (ctx.settings.abortOnWarn) {
        throw new EvalError(
          "abort",
          "aborting to reveal stack trace of warning, as abort-on-warn is set",
        );
      }
      return value;
    },
  }),
  plain({
    name: "break",
    args: args("v"),
    strict: [],
    doc: "Returns *v*. With a debugger, it is a breakpoint.",
    run: (_ctx, value: Slot) => value,
  }),
];
