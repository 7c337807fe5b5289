/** Builtins that return the type of a value or check it. */
import { Attrs } from "../value/attrs.ts";
import {
  isFunction,
  isInt,
  isList,
  isString,
  NixFloat,
  NixPath,
  typeName,
  type Value,
} from "../value/value.ts";
import { args, type BuiltinDefinition, plain, strict } from "./definition.ts";

/** Defines a builtin that returns whether a value has a certain type. */
function predicate(name: string, doc: string, holds: (value: Value) => boolean): BuiltinDefinition {
  return plain({
    name,
    args: args("e"),
    strict: [strict(0, "any")],
    doc,
    run: (_ctx, value: Value) => holds(value),
  });
}

/** The builtins of this file. */
export const typeBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "typeOf",
    args: args("e"),
    strict: [strict(0, "any")],
    doc:
      "The name of the type of *e*: `int`, `float`, `bool`, `null`, `string`, `path`, `list`, " +
      "`set` or `lambda`.",
    run: (_ctx, value: Value) => typeName(value),
  }),
  predicate(
    "isNull",
    "Whether *e* is `null`. Equivalent to `e == null`.",
    (value) => value === null,
  ),
  predicate(
    "isFunction",
    "Whether *e* is a function. A set with `__functor` is not one, though it can be called.",
    isFunction,
  ),
  predicate("isInt", "Whether *e* is an integer.", isInt),
  predicate("isFloat", "Whether *e* is a float.", (value) => value instanceof NixFloat),
  predicate("isString", "Whether *e* is a string.", isString),
  predicate("isBool", "Whether *e* is `true` or `false`.", (value) => typeof value === "boolean"),
  predicate("isPath", "Whether *e* is a path.", (value) => value instanceof NixPath),
  predicate("isAttrs", "Whether *e* is an attribute set.", (value) => value instanceof Attrs),
  predicate("isList", "Whether *e* is a list.", isList),
];
