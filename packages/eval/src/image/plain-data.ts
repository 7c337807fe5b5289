/**
 * Plain data as arguments of remembered calls: sets, lists, strings without context, numbers, Booleans, `null`
 * and paths, all evaluated. Programs can compare it only by value.
 */
import { Attrs } from "../value/attrs.ts";
import { Thunk, valueOfForced } from "../value/thunk.ts";
import { ContextString, isList, NixFloat, NixPath, type Slot, type Value } from "../value/value.ts";
import type { SameCode } from "./same-code.ts";

/** Plain data beyond this many values is not compared. */
export const MAX_PLAIN = 1000;

/**
 * Whether two slots are evaluated, plain data and the same. Functions have an identity, and floats that are
 * not numbers are not equal to themselves, so neither are plain. The positions of attributes must be the
 * same as far as programs can ask for them.
 */
export function arePlainAndSame(code: SameCode, left: Slot, right: Slot): boolean {
  const pairs: [Slot, Slot][] = [[left, right]];
  let count = 0;
  for (let pair = pairs.pop(); pair !== undefined; pair = pairs.pop()) {
    if (++count > MAX_PLAIN) return false;
    const a = plainValue(pair[0]);
    const b = plainValue(pair[1]);
    if (a === undefined || b === undefined) return false;
    if (isList(a)) {
      if (!isList(b) || a.length !== b.length) return false;
      for (let i = 0; i < a.length; i++) pairs.push([a[i] as Slot, b[i] as Slot]);
    } else if (a instanceof Attrs) {
      if (!(b instanceof Attrs)) return false;
      const names = a.names();
      const others = b.names();
      if (names.length !== others.length) return false;
      // The order of the names can be seen, too.
      for (let i = 0; i < names.length; i++) {
        const name = names[i] as string;
        if (name !== others[i]) return false;
        if (!code.correspond(a.positionOf(name), b.positionOf(name))) return false;
        pairs.push([a.slots()[i] as Slot, b.slots()[i] as Slot]);
      }
    } else if (a instanceof NixPath) {
      if (!(b instanceof NixPath) || a.path !== b.path || a.accessor !== b.accessor) return false;
    } else if (a !== b) return false;
  }
  return true;
}

/** A value that may be plain data; `undefined` for others, and for what is not evaluated. */
export function plainValue(slot: Slot): Value | undefined {
  const value = slot instanceof Thunk ? (valueOfForced(slot) as Value | undefined) : slot;
  switch (typeof value) {
    case "string":
    case "number":
    case "bigint":
    case "boolean":
      return value;
    default:
      if (value === null || isList(value)) return value;
      if (value instanceof ContextString || value instanceof NixFloat) return undefined;
      return value instanceof Attrs || value instanceof NixPath ? value : undefined;
  }
}
