/**
 * `outputOf`: outputs of derivations that are themselves outputs of derivations (experimental
 * feature `dynamic-derivations`). A path that is unknown before a build is represented by a
 * placeholder.
 */
import type { EvalContext } from "../context.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { outputText, singleDerivedPath } from "../operations/single-derived-path.ts";
import { NO_POS } from "../position.ts";
import { decodeContextElement } from "../value/context.ts";
import { ContextString, type Slot } from "../value/value.ts";
import { args, type BuiltinDefinition, plain, strict } from "./definition.ts";

const ERROR_TRACE = "while evaluating the first argument to builtins.outputOf";

function outputOf(ctx: EvalContext, value: string | ContextString, output: string): Slot {
  try {
    const only = singleDerivedPath(ctx, value, NO_POS, ERROR_TRACE);
    const element = decodeContextElement(only);
    const drvPath = element.kind === "output" ? `${element.output}!${element.drvPath}` : only;
    const text = outputText(ctx, drvPath, output);
    return new ContextString(text, new Set([`!${output}!${drvPath}`]));
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/** The builtins of this file. */
export const outputOfBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "outputOf",
    args: args("derivation-reference", "output-name"),
    strict: [
      strict(0, "string", ERROR_TRACE),
      strict(1, "string-no-context", "while evaluating the second argument to builtins.outputOf"),
    ],
    doc: "The path of the output *output-name* of a derivation, or the placeholder that stands for it. *derivation-reference* is the `drvPath` of a derivation without its closure in the context, or the path of an output that will be a `.drv` file.",
    feature: "dynamic-derivations",
    run: outputOf,
  }),
];
