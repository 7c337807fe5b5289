/**
 * `outputOf`: outputs of derivations that are themselves outputs of derivations (experimental
 * feature `dynamic-derivations`). A path that is unknown before a build is represented by a
 * placeholder.
 */
import { outputPath } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { NO_POS } from "../position.ts";
import { outputsOf } from "../store/closure.ts";
import { displayDerivation, placeholderOf } from "../store/wanted-output.ts";
import { contextOf, decodeContextElement } from "../value/context.ts";
import { ContextString, type Slot, textOf } from "../value/value.ts";
import { args, type BuiltinDefinition, plain, strict } from "./definition.ts";

const ERROR_TRACE = "while evaluating the first argument to builtins.outputOf";

/** Returns the text of an output: its path if that is known, else its placeholder. */
function outputText(ctx: EvalContext, drvPath: string, output: string): string {
  if (!drvPath.includes("!")) {
    const known = outputsOf(ctx, drvPath).get(output);
    if (known === undefined) {
      throw new EvalError("value", `derivation '${drvPath}' does not have output '${output}'`);
    }
    const path = outputPath(known);
    if (path !== undefined) return path;
  }
  return placeholderOf(ctx, { drvPath, output });
}

function refuse(message: string): EvalError {
  return new EvalError("value", message).addTrace(NO_POS, ERROR_TRACE);
}

/** Returns the derivation that a string refers to, as the `drvPath` of a context element. */
function derivationOf(ctx: EvalContext, value: string | ContextString): string {
  const text = textOf(value);
  const elements = [...(contextOf(value) ?? [])];
  if (elements.length !== 1) {
    throw refuse(
      `string '${text}' has ${elements.length} entries in its context. It should only have exactly one entry`,
    );
  }
  const element = decodeContextElement(elements[0] as string);
  switch (element.kind) {
    case "drv-deep":
      throw refuse(
        `string '${text}' has a context which refers to a complete source and binary closure. This is not supported at this time`,
      );
    case "plain":
      if (text === element.path) return element.path;
      throw refuse(`path string '${text}' has context with the different path '${element.path}'`);
    case "output": {
      const expected = outputText(ctx, element.drvPath, element.output);
      if (text === expected) return `${element.output}!${element.drvPath}`;
      throw refuse(
        `string '${text}' has context with the output '${element.output}' from derivation '${displayDerivation(element.drvPath)}', but the string is not the right placeholder for this derivation output. It should be '${expected}'`,
      );
    }
  }
}

function outputOf(ctx: EvalContext, value: string | ContextString, output: string): Slot {
  try {
    const drvPath = derivationOf(ctx, value);
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
