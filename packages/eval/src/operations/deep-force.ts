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
import { inSymbolOrder } from "../value/symbol-order.ts";

/** A list or set being walked, and how far. */
interface Level {
  readonly container: NixList | Attrs;
  /** The names of the slots; none for a list. */
  readonly names: readonly string[];
  readonly slots: readonly Slot[];
  current: number;
}

/** Forces a slot deeply and answers its value. */
export function* deepForce(ctx: EvalContext, slot: Slot): Suspendable<Value> {
  const seen = new Set<NixList | Attrs>();
  const stack: Level[] = [];
  const { nesting } = ctx.caches;
  const outside = nesting.levels;
  checkNesting(ctx, positionOf(slot));
  nesting.levels++;
  try {
    const root = (
      slot instanceof Thunk ? yield new ForceRequest(slot, positionOf(slot)) : slot
    ) as Value;
    enter(stack, seen, root);
    for (;;) {
      const level = stack[stack.length - 1];
      if (level === undefined) return root;
      const { slots } = level;
      // The level of the items, which their evaluation sees.
      nesting.levels = outside + stack.length + 1;
      let inner: NixList | Attrs | undefined;
      while (++level.current < slots.length) {
        const next = slots[level.current] as Slot;
        let value = next as Value;
        if (level.current === 0) checkNesting(ctx, positionOf(next), -1);
        if (next instanceof Thunk) {
          if (next.code === null) value = next.a as Value;
          else value = (yield new ForceRequest(next, positionOf(next))) as Value;
        }
        if (
          typeof value === "object" &&
          value !== null &&
          (isList(value) || value instanceof Attrs)
        ) {
          inner = value;
          break;
        }
      }
      if (inner === undefined) stack.pop();
      else {
        enter(stack, seen, inner);
        ctx.limits?.work(1 + (isList(inner) ? inner.length : inner.size));
      }
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

/** Where a function stands, or for a value that is still a call the function that is called. */
function positionOf(value: Slot): PosIdx {
  let slot: Slot | undefined = value;
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
    stack.push({ container: value, names: [], slots: value, current: -1 });
  } else if (value instanceof Attrs) {
    if (value.size === 0 || seen.has(value)) return;
    seen.add(value);
    const defined = value.names();
    const names = inSymbolOrder(defined);
    const slots = names === defined ? value.slots() : names.map((name) => value.get(name) as Slot);
    stack.push({ container: value, names, slots, current: -1 });
  }
}

function addTrace(error: EvalError, level: Level): void {
  const { container, current } = level;
  if (container instanceof Attrs) {
    const name = level.names[current] as string;
    error.addTrace(
      container.positionOf(name),
      `while evaluating the attribute '${printIdentifier(name)}'`,
    );
  } else {
    error.addTrace(NO_POS, `while evaluating list element at index ${current}`);
  }
}
