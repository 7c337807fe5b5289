/**
 * deepForce: evaluates a value with everything inside lists and sets, as `deepSeq` and strict
 * printing need. Functions are not looked into. Values that contain themselves are visited once.
 */
import { printIdentifier } from "@nivis/syntax";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { APPLY, Thunk } from "../value/thunk.ts";
import { Closure, isList, type NixList, type Slot, type Value } from "../value/value.ts";
import { ForceRequest, type Suspendable } from "../vm/requests.ts";
import { checkNesting } from "./nesting.ts";

/** A list or set being walked, and how far. */
interface Level {
  readonly container: NixList | Attrs;
  /** The names of the slots, where they are not in the set's own order. */
  readonly names: readonly string[] | null;
  readonly slots: readonly Slot[];
  current: number;
}

/** Forces a slot deeply and answers its value. */
export function* deepForce(ctx: EvalContext, slot: Slot): Suspendable<Value> {
  const root = (slot instanceof Thunk ? yield slot : slot) as Value;
  const seen = new Set<NixList | Attrs>();
  const stack: Level[] = [];
  const { nesting } = ctx.caches;
  const outside = nesting.levels;
  enter(stack, seen, root);
  try {
    for (;;) {
      const level = stack[stack.length - 1];
      if (level === undefined) return root;
      const { slots } = level;
      // The level of the items, which their evaluation sees.
      nesting.levels = outside + stack.length + 1;
      let inner: Value | undefined;
      while (++level.current < slots.length) {
        const next = slots[level.current] as Slot;
        let value = next as Value;
        if (next instanceof Thunk) {
          if (next.code === null) value = next.a as Value;
          else {
            const pos = positionOfPending(next);
            if (next.code === APPLY) checkNesting(ctx, pos);
            value = (yield new ForceRequest(next, pos)) as Value;
          }
        }
        if (
          typeof value === "object" &&
          value !== null &&
          (isList(value) || value instanceof Attrs)
        ) {
          checkNesting(ctx, NO_POS, -1);
          inner = value;
          break;
        }
      }
      if (inner === undefined) stack.pop();
      else enter(stack, seen, inner);
    }
  } catch (error) {
    if (error instanceof EvalError) {
      for (let i = stack.length - 1; i >= 0; i--) addTrace(error, stack[i] as Level);
    }
    throw error;
  } finally {
    nesting.levels = outside;
  }
}

/** Where a value that is still a call was made: at the function that is called. */
function positionOfPending(thunk: Thunk): PosIdx {
  let slot: Slot | undefined = thunk;
  while (slot instanceof Thunk) {
    if (slot.code !== null && slot.code !== APPLY) return NO_POS;
    slot = slot.a;
  }
  return slot instanceof Closure ? slot.code.pos : NO_POS;
}

function enter(stack: Level[], seen: Set<NixList | Attrs>, value: Value): void {
  if (isList(value)) {
    if (value.length === 0 || seen.has(value)) return;
    seen.add(value);
    stack.push({ container: value, names: null, slots: value, current: -1 });
  } else if (value instanceof Attrs) {
    if (value.size === 0 || seen.has(value)) return;
    seen.add(value);
    // Nix: sets are walked in the order in which names were first seen, and these two come first of
    // all, so the paths of a derivation fail before its attributes do.
    const names = value.has("outPath") ? pathsFirst(value.names()) : null;
    const slots = names === null ? value.slots() : names.map((name) => value.get(name) as Slot);
    stack.push({ container: value, names, slots, current: -1 });
  }
}

const PATHS: readonly string[] = ["outPath", "drvPath"];

function pathsFirst(names: readonly string[]): string[] {
  const paths = PATHS.filter((name) => names.includes(name));
  return [...paths, ...names.filter((name) => !PATHS.includes(name))];
}

function addTrace(error: EvalError, level: Level): void {
  const { container, current } = level;
  if (container instanceof Attrs) {
    const name = (level.names ?? container.names())[current] as string;
    error.addTrace(
      container.positionOf(name),
      `while evaluating the attribute '${printIdentifier(name)}'`,
    );
  } else {
    error.addTrace(NO_POS, `while evaluating list element at index ${current}`);
  }
}
