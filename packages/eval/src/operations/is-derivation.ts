/** What makes a set a derivation. */
import type { Attrs } from "../value/attrs.ts";
import { Thunk } from "../value/thunk.ts";
import { isString, textOf, type Value } from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";

/** Whether a set is a derivation, which is what its `type` says; forces that. */
export function* isDerivation(set: Attrs): Suspendable<boolean> {
  const slot = set.get("type");
  if (slot === undefined) return false;
  const type: Value = slot instanceof Thunk ? yield slot : slot;
  return isString(type) && textOf(type) === "derivation";
}
