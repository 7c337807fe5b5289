/** Builtins and constants that depend on where the evaluation runs. */
import type { EvalContext } from "../context.ts";
import { Attrs } from "../value/attrs.ts";
import { Shape } from "../value/shape.ts";
import { nativeThunk } from "../value/thunk.ts";
import type { Slot } from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";
import { args, type BuiltinConstant, type BuiltinDefinition, plain, strict } from "./definition.ts";

/** The version of C++ Nix whose language is implemented. */
export const NIX_VERSION = "2.36.0";

// biome-ignore lint/correctness/useYield: it never waits.
function* currentTime(ctx: EvalContext): Suspendable<Slot> {
  return ctx.io.now();
}

const SEARCH_PATH_SHAPE = new Shape(["path", "prefix"], null);

/** The builtins of this file. */
export const environmentBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "getEnv",
    args: args("s"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the first argument passed to builtins.getEnv",
      ),
    ],
    doc:
      "The value of the environment variable *s*; the empty string if it is not set, and always in " +
      "pure or restricted evaluation.",
    run: (ctx: EvalContext, name: string) =>
      ctx.settings.restrictEval || ctx.settings.pureEval ? "" : (ctx.io.environment(name) ?? ""),
  }),
];

/** The constants of this file. */
export const environmentConstants: readonly BuiltinConstant[] = [
  { name: "true", type: "Boolean", doc: "The Boolean that is true.", value: () => true },
  { name: "false", type: "Boolean", doc: "The Boolean that is false.", value: () => false },
  { name: "null", type: "null", doc: "The value that stands for no value.", value: () => null },
  {
    name: "currentTime",
    type: "integer",
    impure: true,
    doc: "The time at which it is first used, in seconds since 1970. Absent in pure evaluation.",
    // The world sees only programs that use it, so that all others can be remembered.
    value: (ctx) => nativeThunk(() => currentTime(ctx)),
  },
  {
    name: "currentSystem",
    type: "string",
    impure: true,
    doc:
      'The system that evaluation is for, such as `"x86_64-linux"`: the setting `eval-system` or ' +
      "that of the host. Absent in pure evaluation.",
    value: (ctx) => (ctx.settings.evalSystem === "" ? ctx.io.system() : ctx.settings.evalSystem),
  },
  {
    name: "nixVersion",
    type: "string",
    doc: "The version of C++ Nix whose language is implemented.",
    value: () => NIX_VERSION,
  },
  {
    name: "langVersion",
    type: "integer",
    doc: "The version of the language, which has long been 6.",
    value: () => 6,
  },
  {
    name: "storeDir",
    type: "string",
    doc: "The directory of the store, usually `/nix/store`.",
    value: (ctx) => ctx.store.storeDir,
  },
  {
    name: "nixPath",
    type: "list",
    doc:
      "The search path in which `<name>` is looked up: a list of sets with `path` and `prefix`. " +
      '`<name>` means `builtins.findFile builtins.nixPath "name"`.',
    value: (ctx) =>
      ctx.searchPath.map(({ path, prefix }) => new Attrs(SEARCH_PATH_SHAPE, [path, prefix])),
  },
];
