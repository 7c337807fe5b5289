/**
 * The slow half of selecting a known name from a set. The quick half, comparing the set's shape with the
 * inline cache of the select site, stands where it is needed: in the loop (`run.ts`) and in translated
 * code's runtime (`tier/runtime.ts`).
 */
import type { SelectCache } from "../bytecode/lambda.ts";
import type { Attrs } from "../value/attrs.ts";
import type { Slot } from "../value/value.ts";
import { missingAttribute } from "./instruction-errors.ts";

/** The slot of an attribute of a set whose shape `cache` does not hold. Throws if there is none. */
export function selectUncached(set: Attrs, name: string, cache: SelectCache): Slot {
  const { shape } = set;
  const index = shape.indexOf(name);
  if (index >= 0) {
    cache.shape = shape;
    cache.index = index;
    return set.values[index] as Slot;
  }
  const slot = set.base === null ? undefined : set.base.get(name);
  if (slot === undefined) throw missingAttribute(name, set);
  return slot;
}
