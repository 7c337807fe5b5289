/**
 * All derivations below a value, each evaluated for itself, so that one that fails does not stop the
 * others: what search pages, dashboards and CI need of a package set.
 */
import {
  Attrs,
  EvalError,
  force,
  isDerivation,
  isString,
  type Slot,
  type Suspendable,
  Thunk,
  textOf,
  type Value,
} from "@nivis/eval";
import { decodeUtf8 } from "@nivis/formats";
import type { Engine } from "./engine.ts";
import { NixError } from "./nix-error.ts";
import type { WaitOptions } from "./nix-value.ts";

/** A derivation, or an attribute that failed. */
export type NixJob =
  | {
      readonly path: readonly string[];
      readonly name: string;
      readonly system: string;
      readonly drvPath: string;
      readonly outputs: { readonly [name: string]: string };
      readonly error?: undefined;
    }
  | { readonly path: readonly string[]; readonly error: NixError };

/** A derivation without its path, the names of a set to look into, or nothing of interest. */
type Found = Omit<Extract<NixJob, { name: string }>, "path" | "error"> | Attrs | undefined;

/**
 * Yields the derivations below a set: in the set itself, and in sets in it that have
 * `recurseForDerivations`. Nothing is evaluated before it is asked for.
 */
export async function* jobsOf(
  engine: Engine,
  root: Slot,
  options: WaitOptions,
): AsyncGenerator<NixJob, void, undefined> {
  const pending: { readonly path: readonly string[]; readonly slot: Slot }[] = [
    { path: [], slot: root },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { path, slot } = next;
    let found: Found;
    try {
      found = await engine.runAsync(inspect(slot, path.length === 0), options);
    } catch (error) {
      if (!(error instanceof NixError)) throw error;
      yield { path, error };
      continue;
    }
    if (!(found instanceof Attrs)) {
      if (found !== undefined) yield { path, ...found };
      continue;
    }
    for (const name of [...found.sortedNames()].reverse()) {
      pending.push({ path: [...path, decodeUtf8(name)], slot: found.get(name) as Slot });
    }
  }
}

function* inspect(slot: Slot, isRoot: boolean): Suspendable<Found> {
  const value = (yield force(slot)) as Value;
  if (!(value instanceof Attrs)) return undefined;
  if (!((yield isDerivation(value)) as boolean)) {
    if (isRoot) return value;
    const recurse = value.get("recurseForDerivations");
    if (recurse === undefined) return undefined;
    return ((yield force(recurse)) as Value) === true ? value : undefined;
  }
  const outputs: [string, string][] = [];
  const names = value.get("outputs");
  const list = names === undefined ? ["out"] : ((yield force(names)) as readonly Slot[]);
  for (const item of list) {
    const name = textOf((yield force(item)) as string);
    const output = value.get(name);
    const set = output === undefined ? value : ((yield force(output)) as Value);
    if (set instanceof Attrs) {
      outputs.push([decodeUtf8(name), (yield textAt(set, "outPath")) as string]);
    }
  }
  return {
    name: (yield textAt(value, "name")) as string,
    system: (yield textAt(value, "system")) as string,
    drvPath: (yield textAt(value, "drvPath")) as string,
    outputs: Object.fromEntries(outputs),
  };
}

function* textAt(set: Attrs, name: string): Suspendable<string> {
  const slot = set.get(name);
  const value = slot instanceof Thunk ? ((yield slot) as Value) : slot;
  if (value !== undefined && isString(value)) return decodeUtf8(textOf(value));
  throw new EvalError("value", `the derivation has no string '${name}'`);
}
