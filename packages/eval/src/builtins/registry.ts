/**
 * The registry of builtins: which exist, and the names under which programs see them.
 *
 * Every builtin is an attribute of `builtins`. A few are also global under their own name, the
 * others under that name with the prefix `__` (`__add`). Experimental builtins exist only while
 * their feature is enabled, impure constants only outside of pure evaluation.
 */
import type { EvalContext } from "../context.ts";
import type { Settings } from "../settings.ts";
import { Attrs } from "../value/attrs.ts";
import { Builtin, type Slot } from "../value/value.ts";
import { attrsBuiltins } from "./attrs.ts";
import { contextBuiltins } from "./context.ts";
import { controlBuiltins } from "./control.ts";
import { conversionBuiltins } from "./conversion.ts";
import type { BuiltinConstant, BuiltinDefinition } from "./definition.ts";
import { derivationBuiltins } from "./derivation.ts";
import { environmentBuiltins, environmentConstants } from "./environment.ts";
import { fetcherBuiltins } from "./fetchers.ts";
import { fileBuiltins } from "./files.ts";
import { flakeRefBuiltins } from "./flake-refs.ts";
import { functionBuiltins } from "./functions.ts";
import { getFlakeBuiltins } from "./get-flake.ts";
import { hashingBuiltins } from "./hashing.ts";
import { importBuiltins } from "./import.ts";
import { listBuiltins } from "./lists.ts";
import { numberBuiltins } from "./numbers.ts";
import { outputOfBuiltins } from "./output-of.ts";
import { patternBuiltins } from "./patterns.ts";
import { sortBuiltins } from "./sort.ts";
import { storePathBuiltins } from "./store-paths.ts";
import { stringBuiltins } from "./strings.ts";
import { typeBuiltins } from "./types.ts";
import { versionBuiltins } from "./versions.ts";

/** All builtins that are functions, including experimental ones. */
export const allBuiltins: readonly BuiltinDefinition[] = [
  ...attrsBuiltins,
  ...contextBuiltins,
  ...controlBuiltins,
  ...conversionBuiltins,
  ...derivationBuiltins,
  ...environmentBuiltins,
  ...fetcherBuiltins,
  ...fileBuiltins,
  ...flakeRefBuiltins,
  ...getFlakeBuiltins,
  ...functionBuiltins,
  ...hashingBuiltins,
  ...importBuiltins,
  ...listBuiltins,
  ...numberBuiltins,
  ...outputOfBuiltins,
  ...patternBuiltins,
  ...sortBuiltins,
  ...storePathBuiltins,
  ...stringBuiltins,
  ...typeBuiltins,
  ...versionBuiltins,
];

/** All builtins that are not functions, except `builtins` and `derivation`. */
export const allConstants: readonly BuiltinConstant[] = environmentConstants;

/** The builtins that are global under their own name; all others get the prefix `__`. */
export const PLAIN_GLOBALS: ReadonlySet<string> = new Set([
  "abort",
  "baseNameOf",
  "break",
  "builtins",
  "derivation",
  "derivationStrict",
  "dirOf",
  "false",
  "fetchGit",
  "fetchMercurial",
  "fetchTarball",
  "fetchTree",
  "fromTOML",
  "import",
  "isNull",
  "map",
  "null",
  "placeholder",
  "removeAttrs",
  "scopedImport",
  "throw",
  "toString",
  "true",
]);

/** The names of all builtins of Nix, also of those that the settings leave out. */
const NIX_NAMES: ReadonlySet<string> = new Set([
  ...PLAIN_GLOBALS,
  ...allBuiltins.map(({ name }) => name),
  ...allConstants.map(({ name }) => name),
]);

/** Returns the global name of a builtin. */
export function globalName(name: string): string {
  return PLAIN_GLOBALS.has(name) ? name : `__${name}`;
}

/** Whether a builtin exists under these settings. */
export function isAvailable(
  builtin: BuiltinDefinition | BuiltinConstant,
  settings: Settings,
): boolean {
  if ("value" in builtin) return !(builtin.impure === true && settings.pureEval);
  return builtin.feature === undefined || settings.experimentalFeatures.has(builtin.feature);
}

/** The names in scope at the start of a program. */
export interface Globals {
  /** The value of `builtins`; it contains itself as an attribute. */
  readonly builtins: Attrs;
  readonly globals: ReadonlyMap<string, Slot>;
}

/**
 * Creates `builtins` and the global names of one evaluation.
 *
 * `derivation` is the function of that name, which is written in Nix; `own` are the builtins of the
 * host, none of which may have the name of one of Nix's. Of `ctx`, only the settings, the world, the
 * store and the search path are used, so its `builtins` may still be missing.
 */
export function makeGlobals(
  ctx: EvalContext,
  derivation: Slot,
  own: readonly (BuiltinDefinition | BuiltinConstant)[] = [],
  replace: (definition: BuiltinDefinition) => BuiltinDefinition = (definition) => definition,
): Globals {
  const names: string[] = ["builtins"];
  // The first slot is the set itself, assigned once it exists.
  const slots: Slot[] = [null];
  for (const constant of allConstants) {
    if (!isAvailable(constant, ctx.settings)) continue;
    names.push(constant.name);
    slots.push(constant.value(ctx));
  }
  for (const definition of allBuiltins) {
    if (!isAvailable(definition, ctx.settings)) continue;
    names.push(definition.name);
    slots.push(new Builtin(replace(definition)));
  }
  names.push("derivation");
  slots.push(derivation);
  for (const row of own) {
    if (NIX_NAMES.has(row.name)) {
      throw new TypeError(`the builtin '${row.name}' of the host has the name of one of Nix's`);
    }
    names.push(row.name);
    slots.push("value" in row ? row.value(ctx) : new Builtin(row));
  }
  const builtins = Attrs.of(names, slots);
  slots[0] = builtins;
  const globals = new Map<string, Slot>();
  for (let i = 0; i < names.length; i++) {
    globals.set(globalName(names[i] as string), slots[i] as Slot);
  }
  return { builtins, globals };
}
