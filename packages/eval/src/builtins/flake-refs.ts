/** Builtins that convert flake references between text and sets. */

import {
  flakeRefAttrs,
  flakeRefFromAttrs,
  formatFlakeRef,
  type InputAttr,
  marked,
  parseFlakeRef,
} from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { plainWarning } from "../errors/log-message.ts";
import { requireFeature } from "../experimental-features.ts";
import { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import { isInt, isString, type Slot, textOf, typeWithArticle, type Value } from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";
import { args, type BuiltinDefinition, plain, strict, suspending } from "./definition.ts";

function optionsOf(ctx: EvalContext) {
  return {
    require: (feature: string, reason?: string) => requireFeature(ctx, feature, reason),
    warn: (message: string) => ctx.io.log(plainWarning(message)),
  };
}

function parse(ctx: EvalContext, text: string): Slot {
  try {
    const attrs = flakeRefAttrs(parseFlakeRef(text, optionsOf(ctx)));
    return Attrs.fromMap(new Map<string, Slot>(attrs));
  } catch (error) {
    throw evalErrorOf(error);
  }
}

function* format(ctx: EvalContext, set: Attrs): Suspendable<Slot> {
  const attrs = new Map<string, InputAttr>();
  for (const name of set.names()) {
    const slot = set.get(name) as Slot;
    const value = (slot instanceof Thunk ? yield slot : slot) as Value;
    if (isInt(value)) {
      if (value < 0) {
        const message = marked`negative value given for flake ref attr ${printIdentifier(name)}: ${value}`;
        throw new EvalError("value", message).atUnknownPos();
      }
      attrs.set(name, value);
    } else if (typeof value === "boolean") {
      attrs.set(name, value);
    } else if (isString(value)) {
      attrs.set(name, textOf(value));
    } else {
      throw new EvalError(
        "type",
        marked`flake reference attribute sets may only contain integers, Booleans, and strings, but attribute '${printIdentifier(name)}' is ${typeWithArticle(value)}`,
      );
    }
  }
  try {
    return formatFlakeRef(flakeRefFromAttrs(attrs, optionsOf(ctx)));
  } catch (error) {
    throw evalErrorOf(error);
  }
}

/** The builtins of this file. */
export const flakeRefBuiltins: readonly BuiltinDefinition[] = [
  plain({
    name: "parseFlakeRef",
    args: args("flake-ref"),
    strict: [
      strict(
        0,
        "string-no-context",
        "while evaluating the argument passed to builtins.parseFlakeRef",
      ),
    ],
    // Nix: the schemes of inputs ask for it.
    callFeature: "flakes",
    doc: 'The parts of the flake reference *flake-ref* as a set: `"github:NixOS/nixpkgs/23.05"` has `type`, `owner`, `repo` and `ref`.',
    run: (ctx, text: string) => parse(ctx, text),
  }),
  suspending({
    name: "flakeRefToString",
    args: args("attrs"),
    strict: [strict(0, "set", "while evaluating the argument passed to builtins.flakeRefToString")],
    // Nix: the schemes of inputs ask for it.
    callFeature: "flakes",
    doc: "The text of the flake reference whose parts are in the set *attrs*.",
    run: (ctx, set: Attrs) => format(ctx, set),
  }),
];
