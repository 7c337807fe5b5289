/**
 * The scopes of `with` at run time: a chain from the innermost outwards. A `with` keeps its scope in
 * a hidden local, which the code inside captures like any other; so there is no with-stack beside
 * the frames, and a thunk keeps alive only the scopes that it can see.
 */

import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { typeMismatch } from "../operations/checks.ts";
import { CALL_SITE, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import type { Slot, Value } from "../value/value.ts";
import type { Suspendable } from "./requests.ts";

/** See the head of this file. */
export class WithScope {
  constructor(
    readonly namespace: Slot,
    readonly parent: WithScope | null,
    /** Where the `with` stands. */
    readonly pos: PosIdx,
  ) {}
}

/** Looks a name up, forcing the namespaces on the way outwards. */
export function* resolveWith(
  ctx: EvalContext,
  innermost: WithScope,
  name: string,
): Suspendable<Slot> {
  let scope: WithScope | null = innermost;
  while (scope !== null) {
    const slot: Slot = scope.namespace;
    const value: Value = slot instanceof Thunk ? yield slot : slot;
    if (!(value instanceof Attrs)) {
      throw typeMismatch(ctx, value, "a set", "").addTrace(
        scope.pos,
        "while evaluating the first subexpression of a with expression",
      );
    }
    const found = value.get(name);
    if (found !== undefined) return found;
    scope = scope.parent;
  }
  throw new EvalError("undefined-variable", `undefined variable '${name}'`, CALL_SITE);
}
