/**
 * Builtins that exist but are not supported: they would need a network, a builder or a lock file.
 * They are there so that code which only asks whether they exist, or mentions them without calling
 * them, works as with C++ Nix. Experimental ones exist only when their feature is on.
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

/** See the head of this file. */
export const unsupportedBuiltins: readonly BuiltinDefinition[] = [
  unsupported("fetchurl", ["arg"], "Downloads a file and answers its store path."),
  unsupported("fetchTarball", ["args"], "Downloads and unpacks an archive and answers its path."),
  unsupported("fetchGit", ["args"], "Fetches a Git repository and answers its path."),
  unsupported("fetchMercurial", ["args"], "Fetches a Mercurial repository and answers its path."),
  unsupported("fetchTree", ["input"], "Fetches a source tree of any kind.", "fetch-tree"),
  unsupported(
    "fetchClosure",
    ["args"],
    "Copies a store path from a binary cache.",
    "fetch-closure",
  ),
  unsupported("getFlake", ["args"], "The outputs of a flake.", "flakes"),
  unsupported("parseFlakeRef", ["flake-ref"], "A flake reference as a set.", "flakes"),
  unsupported("flakeRefToString", ["attrs"], "A flake reference as a URL.", "flakes"),
];
