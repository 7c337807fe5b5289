/** The definition of a derivation among sets. */
import type { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import { isString, textOf, type Value } from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";

/** Whether a set is a derivation, which depends on its `type`; forces that. */
export function* isDerivation(set: Attrs): Suspendable<boolean> {
  const slot = set.get("type");
  if (slot === undefined) return false;
  const type: Value = slot instanceof Thunk ? yield slot : slot;
  return isString(type) && textOf(type) === "derivation";
}
