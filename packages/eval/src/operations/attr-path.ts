/**
 * Attribute paths of the command line: `a.b."c.d".3`. A number selects a list element. Functions
 * along the path are called with the automatic arguments (C++ Nix: libexpr/attr-path.cc).
 */
import { marked, uncolored } from "@nivis/formats";
import type { EvalContext } from "../context.ts";
import { EvalError } from "../errors/eval-error.ts";
import { bestMatches } from "../errors/suggestions.ts";
import { NO_POS, type PosIdx } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { isList, type Slot, typeWithArticle, type Value } from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";
import { autoCall } from "./auto-call.ts";

/** Splits a path into its parts. A part may be empty; selecting it is an error. */
export function parseAttrPath(path: string): string[] {
  const parts: string[] = [];
  let part = "";
  for (let i = 0; i < path.length; i++) {
    const char = path[i] as string;
    if (char === ".") {
      parts.push(part);
      part = "";
    } else if (char === '"') {
      const end = path.indexOf('"', i + 1);
      if (end < 0) {
        throw new EvalError("parse", marked`missing closing quote in selection path '${path}'`);
      }
      part += path.slice(i + 1, end);
      i = end;
    } else {
      part += char;
    }
  }
  if (part !== "") parts.push(part);
  return parts;
}

/** The largest number that C++ Nix reads as a list index. */
const MAX_INDEX = 0xffff_ffff;

/**
 * Follows a path, given as a text or by its parts; does not force the slot at its end.
 */
export function* select(
  ctx: EvalContext,
  wanted: string | readonly string[],
  args: Attrs,
  root: Slot,
): Suspendable<Slot> {
  return ((yield selectPlaced(ctx, wanted, args, root)) as PlacedSlot).slot;
}

/** An attribute, and its value after a call. */
export interface CalledSlot {
  readonly slot: Slot;
  readonly value: Value;
}

/** Like {@link select}; a function at the end of the path is called, too. */
export function* selectCalled(
  ctx: EvalContext,
  wanted: string | readonly string[],
  args: Attrs,
  root: Slot,
): Suspendable<CalledSlot> {
  const slot = (yield select(ctx, wanted, args, root)) as Slot;
  return { slot, value: (yield autoCall(ctx, args, slot)) as Value };
}

/** What a path leads to, and the position of the attribute; unknown for elements of lists. */
export interface PlacedSlot {
  readonly slot: Slot;
  readonly pos: PosIdx;
}

/** Like {@link select}, with the position. */
export function* selectPlaced(
  ctx: EvalContext,
  wanted: string | readonly string[],
  args: Attrs,
  root: Slot,
): Suspendable<PlacedSlot> {
  const parts = typeof wanted === "string" ? parseAttrPath(wanted) : wanted;
  const path = typeof wanted === "string" ? wanted : wanted.join(".");
  let current = root;
  let pos = NO_POS;
  for (const part of parts) {
    const value = (yield autoCall(ctx, args, current)) as Value;
    // Nix: an index may have a plus sign.
    const isIndex = /^\+?[0-9]+$/.test(part) && Number(part) <= MAX_INDEX;
    current = isIndex ? selectItem(path, Number(part), value) : selectAttribute(path, part, value);
    pos = value instanceof Attrs ? value.positionOf(part) : NO_POS;
  }
  return { slot: current, pos };
}

function wrongType(path: string, expected: string, value: Value): EvalError {
  return new EvalError(
    "type",
    marked`the expression selected by the selection path '${path}' should be ${uncolored(expected)} but is ${typeWithArticle(value)}`,
  );
}

function selectItem(path: string, index: number, value: Value): Slot {
  if (!isList(value)) throw wrongType(path, "a list", value);
  const slot = value[index];
  if (slot !== undefined) return slot;
  throw new EvalError(
    "missing-attribute",
    marked`list index ${index} in selection path '${path}' is out of range`,
  );
}

function selectAttribute(path: string, name: string, value: Value): Slot {
  if (!(value instanceof Attrs)) throw wrongType(path, "a set", value);
  if (name === "") {
    throw new EvalError("value", marked`empty attribute name in selection path '${path}'`);
  }
  const slot = value.get(name);
  if (slot !== undefined) return slot;
  const error = new EvalError(
    "missing-attribute",
    marked`attribute '${name}' in selection path '${path}' not found`,
  );
  throw error.suggest(bestMatches(value.names(), name));
}
