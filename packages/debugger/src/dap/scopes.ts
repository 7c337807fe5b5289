/** The scopes of a frame as a client shows them. */
import type { Environment, Scope } from "@nivis/eval";
import type { Bytes } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import { type DebugFrame, knownSet } from "../frames.ts";
import type { NamedSlot } from "./variables.ts";

/** A scope with its names. */
export interface ShownScope {
  readonly title: string;
  readonly names: readonly NamedSlot[];
  /** Whether it may have very many names. */
  readonly isExpensive: boolean;
  readonly hint: "arguments" | "locals" | undefined;
}

/**
 * Arguments and locals of the frame itself, what it has captured from outside, and each `with`, inner
 * ones first. Names that are shadowed are left out.
 */
export function scopesOfFrame(frame: DebugFrame): ShownScope[] {
  const { code, region } = frame;
  if (code === undefined) return [];
  const { unit, file } = code;
  const ownArguments = file.resolution.scopes.get(unit.expr);
  const seen = new Set<Bytes>();
  const args: NamedSlot[] = [];
  const locals: NamedSlot[] = [];
  const captured: NamedSlot[] = [];
  const withs: ShownScope[] = [];
  let scope: Scope | undefined = region?.scope ?? unit.scope;
  let level: Environment | null = frame.environment ?? null;
  for (; scope !== undefined && level !== null; scope = scope.parent) {
    if (scope.environment === undefined) continue;
    if (level.names === null) withs.push(withScope(level, withs.length));
    else {
      const isOwn = scope.environment.owner === unit;
      const list = !isOwn ? captured : scope === ownArguments ? args : locals;
      for (const name of level.names) {
        if (name === "" || seen.has(name)) continue;
        seen.add(name);
        list.push({
          name: printIdentifier(name),
          slot: level.get(name),
          path: printIdentifier(name),
        });
      }
    }
    level = level.parent;
  }
  const scopes: ShownScope[] = [];
  const add = (title: string, names: NamedSlot[], hint: ShownScope["hint"]): void => {
    if (names.length > 0) scopes.push({ title, names, isExpensive: false, hint });
  };
  add("Arguments", args, "arguments");
  add("Locals", locals, "locals");
  add("Captured", captured, undefined);
  return [...scopes, ...withs];
}

/** A `with`: its names if its set is evaluated, else the set itself. */
function withScope(level: Environment, index: number): ShownScope {
  const title = index === 0 ? "With" : `With (${index + 1})`;
  const { namespace } = level;
  const set = namespace === undefined ? undefined : knownSet(namespace);
  const names: NamedSlot[] =
    set === undefined
      ? [{ name: "set", slot: namespace, path: undefined }]
      : set.sortedNames().map((name) => ({
          name: printIdentifier(name),
          slot: set.get(name),
          path: printIdentifier(name),
        }));
  return { title, names, isExpensive: true, hint: undefined };
}
