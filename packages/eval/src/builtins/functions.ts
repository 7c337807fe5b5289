/** Builtins on functions. */
import { EvalError } from "../errors/eval-error.ts";
import { Attrs, EMPTY_ATTRS } from "../value/attrs.ts";
import { Builtin, Closure, PartialBuiltin, type Value } from "../value/value.ts";
import { args, type BuiltinDefinition, plain, strict } from "./definition.ts";

/** The builtins of this file. */
export const functionBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "functionArgs",
    args: args("f"),
    strict: [strict(0, "any")],
    doc:
      "The names of the formals of the function *f*, each with whether it has a " +
      "default. Empty for functions with a plain argument and for builtins.\n\n" +
      "```nix\nbuiltins.functionArgs ({ x, y ? 123 }: null)\n```\n\nis `{ x = false; y = true; }`.",
    run: (_ctx, f: Value) => {
      if (f instanceof Builtin || f instanceof PartialBuiltin) return EMPTY_ATTRS;
      if (!(f instanceof Closure)) {
        throw new EvalError("type", "'functionArgs' requires a function").atUnknownPos();
      }
      const { formals } = f.code;
      if (formals === null) return EMPTY_ATTRS;
      return Attrs.of(formals.names, formals.defaults, formals.positions);
    },
  }),
];
