/**
 * Auto-calling: a function with formals that stands where a value is wanted is called with the
 * arguments of `--arg` and `--argstr` (C++ Nix: `autoCallFunction`).
 */
import {
  Attrs,
  CallRequest,
  Closure,
  EvalError,
  NO_POS,
  type Slot,
  type Suspendable,
  Thunk,
  type Value,
} from "@nivis/eval";

/** Calls what can be called with `args` alone, over and over for functors; answers the value. */
export function* autoCall(args: Attrs, slot: Slot): Suspendable<Value> {
  let value = (slot instanceof Thunk ? yield slot : slot) as Value;
  for (;;) {
    if (value instanceof Attrs) {
      const functor = value.get("__functor");
      if (functor === undefined) return value;
      value = (yield new CallRequest(functor, [value], NO_POS)) as Value;
      continue;
    }
    if (!(value instanceof Closure) || value.code.formals === null) return value;
    const argument = chooseArguments(args, value);
    return (yield new CallRequest(value, [argument], value.code.pos)) as Value;
  }
}

/** The set that a function gets: what it asks for, or everything if it takes everything. */
function chooseArguments(args: Attrs, closure: Closure): Attrs {
  const formals = closure.code.formals;
  if (formals === null || formals.ellipsis) return args;
  const chosen = new Map<string, Slot>();
  formals.names.forEach((name, i) => {
    const slot = args.get(name);
    if (slot !== undefined) chosen.set(name, slot);
    else if (formals.defaults[i] !== true)
      throw missingArgument(name, formals.positions[i] as number);
  });
  return Attrs.fromMap(chosen);
}

function missingArgument(name: string, pos: number): EvalError {
  const message = [
    `cannot evaluate a function that has an argument without a value ('${name}')`,
    "Nix attempted to evaluate a function as a top level expression; in",
    "this case it must have its arguments supplied either by default",
    "values, or passed explicitly with '--arg' or '--argstr'. See",
    "https://nix.dev/manual/nix/stable/language/syntax.html#functions.",
  ];
  return new EvalError("missing-argument", message.join("\n"), pos);
}
