/**
 * Builtins that exist but are not supported: they would need a network, a builder or a lock file.
 * They are defined so that code which only checks that they exist, or mentions them without calling
 * them, works as with C++ Nix. Experimental ones exist only while their feature is enabled.
 */
import { EvalError } from "../errors/eval-error.ts";
import type { Slot } from "../value/value.ts";
import { args, type BuiltinDefinition, plain } from "./definition.ts";

function unsupported(
  name: string,
  argumentNames: readonly string[],
  doc: string,
  feature?: string,
): BuiltinDefinition {
  return plain({
    name,
    args: args(...argumentNames),
    strict: [],
    doc: `${doc} Not supported yet.`,
    ...(feature === undefined ? {} : { feature }),
    run: (): Slot => {
      throw new EvalError("not-supported", `builtins.${name} is not supported yet by Nivis`);
    },
  });
}

/** The builtins of this file. */
export const unsupportedBuiltins: readonly BuiltinDefinition[] = [
  unsupported(
    "fetchClosure",
    ["args"],
    "With the set *args*, copies a store path from a binary cache.",
    "fetch-closure",
  ),
];
