/**
 * Outputs that evaluation needs, as contexts name them: of a derivation, or of a derivation that is
 * itself an output (experimental feature `dynamic-derivations`).
 */
import {
  storePathBaseName,
  unknownDerivationPlaceholder,
  unknownOutputPlaceholder,
} from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import type { WantedOutput } from "./store.ts";

/** Returns `drvPath` as messages show it: outputs of outputs are joined with `^`. */
export function displayDerivation(drvPath: string): string {
  return drvPath.split("!").reverse().join("^");
}

/** Returns an output as messages show it: `/nix/store/….drv^out`. */
export function displayOutput({ drvPath, output }: WantedOutput): string {
  return `${displayDerivation(drvPath)}^${output}`;
}

/** Returns the `.drv` file at the root of an output of outputs. */
export function baseDerivation(drvPath: string): string {
  return drvPath.slice(drvPath.lastIndexOf("!") + 1);
}

/** Returns the text that represents the path of an output while it is unknown. */
export function placeholderOf(ctx: EvalContext, { drvPath, output }: WantedOutput): string {
  const parts = drvPath.split("!");
  const root = storePathBaseName(parts.pop() as string);
  // The output of the innermost derivation comes last.
  const names = [output, ...parts];
  let result = unknownOutputPlaceholder(ctx.hashes, root, names.pop() as string);
  for (let name = names.pop(); name !== undefined; name = names.pop()) {
    result = unknownDerivationPlaceholder(ctx.hashes, result, name);
  }
  return result.text;
}
