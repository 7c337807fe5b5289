/**
 * Strings that refer to exactly one thing: an output of a derivation or a store path, and are its
 * text. `outputOf` and the arguments of commands accept nothing else. Source:
 * `EvalState::coerceToSingleDerivedPath` of libexpr.
 */
import { marked, outputPath } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import type { PosIdx } from "../position.ts";
import { outputsOf } from "../store/closure.ts";
import { displayDerivation, placeholderOf } from "../store/wanted-output.ts";
import { contextOf, decodeContextElement } from "../value/context.ts";
import { type ContextString, textOf } from "../value/value.ts";

/** Returns the text of an output: its path if that is known, else its placeholder. */
export function outputText(ctx: EvalContext, drvPath: string, output: string): string {
  if (!drvPath.includes("!")) {
    const known = outputsOf(ctx, drvPath).get(output);
    if (known === undefined) {
      throw new EvalError(
        "value",
        marked`derivation '${drvPath}' does not have output '${output}'`,
      );
    }
    const path = outputPath(known);
    if (path !== undefined) return path;
  }
  return placeholderOf(ctx, { drvPath, output });
}

/**
 * Returns the one element of the context of a string. Throws if the string is not the text of that
 * element; errors have the given trace.
 */
export function singleDerivedPath(
  ctx: EvalContext,
  value: string | ContextString,
  pos: PosIdx,
  trace: string,
): string {
  const refuse = (message: string): EvalError =>
    new EvalError("value", message).addTrace(pos, trace);
  const text = textOf(value);
  const elements = [...(contextOf(value) ?? [])];
  if (elements.length !== 1) {
    throw refuse(
      marked`string '${text}' has ${elements.length} entries in its context. It should only have exactly one entry`,
    );
  }
  const [only = ""] = elements;
  const element = decodeContextElement(only);
  switch (element.kind) {
    case "drv-deep":
      throw refuse(
        marked`string '${text}' has a context which refers to a complete source and binary closure. This is not supported at this time`,
      );
    case "plain":
      if (text === element.path) return only;
      throw refuse(
        marked`path string '${text}' has context with the different path '${element.path}'`,
      );
    case "output": {
      const expected = outputText(ctx, element.drvPath, element.output);
      if (text === expected) return only;
      throw refuse(
        marked`string '${text}' has context with the output '${element.output}' from derivation '${displayDerivation(element.drvPath)}', but the string is not the right placeholder for this derivation output. It should be '${expected}'`,
      );
    }
  }
}
