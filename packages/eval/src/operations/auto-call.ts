/**
 * Auto-calling: a function with formals that occurs where a value is needed is called with the
 * arguments of `--arg` and `--argstr` (C++ Nix: `autoCallFunction`).
 */
import { marked } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import { Closure, type Slot, type Value } from "../value/value.ts";
import { CallRequest, type Suspendable } from "../vm/requests.ts";
import { CycleFinder, checkNesting } from "./nesting.ts";

/**
 * Calls the value with `args` if that is all it needs, repeatedly for functors, and returns the
 * result. An endless chain of functors is a stack overflow, or an error that says so if it is a
 * cycle.
 */
export function* autoCall(ctx: EvalContext, args: Attrs, slot: Slot): Suspendable<Value> {
  const forced = (slot instanceof Thunk ? yield slot : slot) as Value;
  const value = forced instanceof Attrs ? ((yield callFunctors(ctx, forced)) as Value) : forced;
  if (!(value instanceof Closure) || value.code.formals === null) return value;
  const argument = chooseArguments(args, value);
  return (yield new CallRequest(value, [argument], value.code.pos)) as Value;
}

/**
 * Calls the functor of a set, then that of the set it returns, and so on, until a value has none.
 */
function* callFunctors(ctx: EvalContext, set: Attrs): Suspendable<Value> {
  const { nesting } = ctx;
  const outside = nesting.levels;
  const cycles = new CycleFinder(ctx);
  let value: Value = set;
  try {
    for (;;) {
      const functor: Slot | undefined = value instanceof Attrs ? value.get("__functor") : undefined;
      if (functor === undefined) return value;
      if (cycles.closesCycle(value as Attrs, nesting.levels - outside)) throw endlessFunctors(set);
      checkNesting(ctx, NO_POS);
      nesting.levels++;
      value = (yield new CallRequest(functor, [value], NO_POS)) as Value;
    }
  } finally {
    nesting.levels = outside;
  }
}

function endlessFunctors(set: Attrs): EvalError {
  const message = "cannot call a set whose `__functor` leads back to the set itself";
  return new EvalError("infinite-recursion", message, set.positionOf("__functor"));
}

/**
 * Returns the set passed to a function: the arguments it names, or all of them if it has an
 * ellipsis.
 */
function chooseArguments(args: Attrs, closure: Closure): Attrs {
  const formals = closure.code.formals;
  if (formals === null || formals.ellipsis) return args;
  const chosen = new Map<string, Slot>();
  formals.names.forEach((name, i) => {
    const slot = args.get(name);
    if (slot !== undefined) chosen.set(name, slot);
    else if (formals.defaults[i] !== true)
      throw missingArgument(name, formals.positions[i] as PosIdx);
  });
  return Attrs.fromMap(chosen);
}

function missingArgument(name: string, pos: PosIdx): EvalError {
  const message = [
    marked`cannot evaluate a function that has an argument without a value ('${name}')`,
    "Nix attempted to evaluate a function as a top level expression; in",
    "this case it must have its arguments supplied either by default",
    "values, or passed explicitly with '--arg' or '--argstr'. See",
    "https://nix.dev/manual/nix/stable/language/syntax.html#functions.",
  ];
  return new EvalError("missing-argument", message.join("\n"), pos);
}
