/**
 * The border between an evaluation and its host. Lists are the machine's own arrays: they are
 * frozen when they are handed out, so that a `sort()` in the host fails instead of changing what
 * Nix computes. Values from the host are checked, since the machine takes any unknown object for a
 * set.
 *
 * `evaluation.ts` calls this module. It does not look into thunks: their values are frozen when
 * they are forced.
 */
import { isBytes } from "@nivis/formats";
import { Attrs } from "./value/attrs.ts";
import { toInt } from "./value/number.ts";
import { Thunk } from "./value/thunk.ts";
import {
  Builtin,
  Closure,
  ContextString,
  NixFloat,
  NixPath,
  PartialBuiltin,
  type Slot,
  type Value,
} from "./value/value.ts";

/** Freezes the values that an evaluation hands out. */
export class HandedOut {
  readonly #sets = new WeakSet<Attrs>();

  /** Freezes all lists in a value and returns the value. */
  guard(value: Value): Value {
    if (typeof value !== "object" || value === null) return value;
    const pending: Slot[] = [value];
    for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
      if (Array.isArray(next)) {
        if (Object.isFrozen(next) && next.length > 0) continue;
        Object.freeze(next);
        for (const item of next) if (isContainer(item)) pending.push(item);
      } else if (next instanceof Attrs && !this.#sets.has(next)) {
        this.#sets.add(next);
        if (next.base !== null) pending.push(next.base);
        for (const item of next.values) if (isContainer(item)) pending.push(item);
      }
    }
    return value;
  }
}

function isContainer(slot: Slot): slot is Attrs | readonly Slot[] {
  return Array.isArray(slot) || slot instanceof Attrs;
}

const CLASSES = [Thunk, Attrs, NixFloat, NixPath, ContextString, Closure, Builtin, PartialBuiltin];

/** Whether a JavaScript value is an object that represents a Nix value. */
export function isNixObject(value: unknown): value is Slot {
  return CLASSES.some((known) => value instanceof known);
}

/** Throws a `TypeError` with the reason if `value` is not a Nix value; `where` names it. */
export function checkSlot(value: unknown, where: string): void {
  const seen = new Set<unknown>();
  const pending: { readonly value: unknown; readonly where: string }[] = [{ value, where }];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const fault = faultOf(next.value);
    if (fault !== undefined) throw new TypeError(`${next.where} is ${fault}`);
    if (!Array.isArray(next.value) || seen.has(next.value)) continue;
    seen.add(next.value);
    // A frozen list comes from an evaluation, so its contents are known to be values.
    if (Object.isFrozen(next.value)) continue;
    for (let i = next.value.length - 1; i >= 0; i--) {
      pending.push({ value: next.value[i], where: `${next.where}[${i}]` });
    }
  }
}

/** Returns the reason why a JavaScript value is not a Nix value, or `undefined` if it is one. */
function faultOf(value: unknown): string | undefined {
  switch (typeof value) {
    case "boolean":
      return undefined;
    case "string":
      return isBytes(value)
        ? undefined
        : "a text with chars above U+00FF, not bytes; use encodeUtf8";
    case "number":
      return Number.isSafeInteger(value)
        ? undefined
        : `${value}, which is not a safe integer; floats are made with new NixFloat`;
    case "bigint":
      if (toInt(value) === undefined) return `${value}, which does not fit into 64 bits`;
      return typeof toInt(value) === "bigint" ? undefined : `${value}n, which must be a number`;
    case "object":
      if (value === null || Array.isArray(value) || isNixObject(value)) return undefined;
      return "an object that is not a Nix value; sets are made with Attrs.of or toNixValue";
    default:
      return `${typeof value === "undefined" ? "undefined" : `a ${typeof value}`}, which is not a Nix value`;
  }
}
