/**
 * `import` and `scopedImport`. The context evaluates files and caches them; this file handles
 * `.drv` files.
 */
import {
  type Derivation,
  isDerivationPath,
  isStorePath,
  outputPath,
  storePathBaseName,
  unknownOutputPlaceholder,
} from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { IMPORTED_DERIVATION_FILE } from "../core-files.ts";
import { evalErrorOf, withPlainTrace } from "../errors/from-world.ts";
import { expectSet } from "../operations/checks.ts";
import { NO_POS } from "../position.ts";
import { readDerivation } from "../store/closure.ts";
import { realisePath, tryRealisePath } from "../store/realise.ts";
import { Attrs } from "../value/attrs.ts";
import { ContextString, type NixPath, type Slot, type Value } from "../value/value.ts";
import { attempt, now } from "../vm/pending.ts";
import { CallRequest, type Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, suspending } from "./definition.ts";
import { forceAt } from "./force-at.ts";

function isValidDerivation(ctx: EvalContext, path: string): boolean {
  return (
    isDerivationPath(path) && isStorePath(path, ctx.store.storeDir) && ctx.store.isValidPath(path)
  );
}

/** Returns the set of a derivation in the store, as `derivation` would have made it. */
function* importDerivation(ctx: EvalContext, drvPath: string): Suspendable<Slot> {
  const drv = (yield attempt(() => readDerivation(ctx, drvPath))) as Derivation;
  const outputNames = [...drv.outputs.keys()].sort();
  const attrs = new Map<string, Slot>([
    ["drvPath", new ContextString(drvPath, new Set([`=${drvPath}`]))],
    ["name", drv.env.get("name") ?? ""],
  ]);
  for (const name of outputNames) {
    const output = drv.outputs.get(name);
    const text =
      (output === undefined ? undefined : outputPath(output)) ??
      unknownOutputPlaceholder(ctx.hashes, storePathBaseName(drvPath), name).text;
    attrs.set(name, new ContextString(text, new Set([`!${name}!${drvPath}`])));
  }
  attrs.set("outputs", outputNames);
  const toDerivation = (yield ctx.importFile(IMPORTED_DERIVATION_FILE)) as Slot;
  try {
    return (yield new CallRequest(toDerivation, [Attrs.fromMap(attrs)], NO_POS)) as Value;
  } catch (error) {
    throw withPlainTrace(error, "while calling imported-drv-to-derivation.nix");
  }
}

function* importBuiltin(ctx: EvalContext, slot: Slot): Suspendable<Slot> {
  const path = (tryRealisePath(ctx, slot, "none") ??
    (yield realisePath(ctx, slot, "none"))) as NixPath;
  try {
    const check = (): boolean => isValidDerivation(ctx, path.path);
    if (now(check) ?? ((yield attempt(check)) as boolean))
      return (yield importDerivation(ctx, path.path)) as Slot;
    return (yield ctx.importFile(path)) as Slot;
  } catch (error) {
    throw evalErrorOf(error);
  }
}

function* scopedImport(ctx: EvalContext, scopeSlot: Slot, slot: Slot): Suspendable<Slot> {
  const path = (yield realisePath(ctx, slot, "none")) as NixPath;
  try {
    const check = (): boolean => isValidDerivation(ctx, path.path);
    if (now(check) ?? ((yield attempt(check)) as boolean))
      return (yield importDerivation(ctx, path.path)) as Slot;
    const trace = "while evaluating the first argument passed to builtins.scopedImport";
    const scope = expectSet(ctx, (yield forceAt(scopeSlot, NO_POS, trace)) as Value, trace);
    return (yield ctx.scopedImport(path, scope)) as Slot;
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/** The builtins of this file. */
export const importBuiltins: readonly BuiltinDefinition[] = [
  suspending({
    name: "import",
    args: args("path"),
    strict: [],
    doc: "Evaluates the Nix expression in the file *path*, or in `default.nix` if *path* is a directory. A file is evaluated once, however often it is imported.",
    run: importBuiltin,
  }),
  suspending({
    name: "scopedImport",
    args: args("scope", "path"),
    strict: [],
    doc: "Like `import` of *path*, with the attributes of the set *scope* as variables in the file. Results are not cached: each call evaluates the file again.",
    run: scopedImport,
  }),
];
