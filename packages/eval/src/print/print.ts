/**
 * The printed forms of values that run no code:
 *
 *     printAmbiguous   `nix-instantiate --eval`: complete, thunks are `<CODE>`
 *     printForError    values in messages: short
 *
 * The third form, that of `nix eval`, forces as it proceeds: operations/print-pretty.ts. All walk
 * with a stack of their own, so that a value nested a million levels deep can be printed. The
 * results are byte strings (`«` is its UTF-8 bytes).
 */
import { TextBuilder, type Uncolored, uncolored } from "@nivis/formats";
import { printIdentifier, printString } from "@nivis/syntax";
import { tooDeep } from "../errors/too-deep.ts";
import { NO_POS, type PosIdx, type PositionTable } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { originalOf } from "../value/copies.ts";
import { BLACKHOLE, Thunk } from "../value/thunk.ts";
import {
  Builtin,
  Closure,
  ContextString,
  isList,
  PartialBuiltin,
  type Slot,
  type Value,
} from "../value/value.ts";
import {
  type OpenContainer,
  POTENTIAL_RECURSION,
  peek,
  printAtom,
  REPEATED,
  ValuePrinter,
} from "./value-printer.ts";

/**
 * Prints a value as `nix-instantiate --eval` does. It runs no code: thunks print as `<CODE>`. A set
 * or list that was already printed is `«repeated»`, so cycles end. A value with more than
 * `maxNesting` others around it is an error. With `positions`, paths in fetched trees show where those
 * came from.
 */
export function printAmbiguous(
  slot: Slot,
  maxNesting = Number.POSITIVE_INFINITY,
  positions?: PositionTable,
): string {
  const out = new TextBuilder();
  const seen = new Set<unknown>();
  const open: OpenContainer[] = [];
  let current: Slot = slot;
  for (;;) {
    const value = peek(current);
    if (open.length > maxNesting) throw tooDeep(placeOf(value));
    if (value instanceof Attrs) {
      if (value.size() > 0 && seen.has(originalOf(value))) {
        out.add(REPEATED);
      } else {
        seen.add(originalOf(value));
        out.add("{ ");
        open.push({ names: value.sortedNames(), items: value.sortedSlots(), next: 0 });
      }
    } else if (isList(value)) {
      // Nix: lists are identified by the cell that holds them, so a copied list prints again.
      if (value.length > 0 && seen.has(originalOf(current))) {
        out.add(REPEATED);
      } else {
        seen.add(originalOf(current));
        out.add("[ ");
        open.push({ names: null, items: value, next: 0 });
      }
    } else {
      out.add(printAmbiguousLeaf(value, positions));
    }
    // Closes finished containers; the rest of the loop body handles the next item.
    let container = open.at(-1);
    for (;;) {
      if (container === undefined) return out.toString();
      // Every item but the first is preceded by a separator.
      if (container.next > 0) out.add(container.names === null ? " " : "; ");
      if (container.next < container.items.length) break;
      out.add(container.names === null ? "]" : "}");
      open.pop();
      container = open.at(-1);
    }
    if (container.names !== null)
      out.add(`${printIdentifier(container.names[container.next] as string)} = `);
    current = container.items[container.next++] as Slot;
  }
}

/** Returns the position of a value that is one level too deep, if it is known. */
function placeOf(value: Value | Thunk): PosIdx {
  return value instanceof Closure ? value.code.pos : NO_POS;
}

function printAmbiguousLeaf(value: Value | Thunk, positions?: PositionTable): string {
  if (typeof value === "string") return printString(value);
  if (value instanceof ContextString) return printString(value.text);
  if (value instanceof Thunk) return value.code === BLACKHOLE ? POTENTIAL_RECURSION : "<CODE>";
  if (value instanceof Closure) return "<LAMBDA>";
  if (value instanceof Builtin) return "<PRIMOP>";
  if (value instanceof PartialBuiltin) return "<PRIMOP-APP>";
  return printAtom(value, positions);
}

const NO_LIMITS = {
  maxDepth: Number.POSITIVE_INFINITY,
  maxAttrs: Number.POSITIVE_INFINITY,
  maxItems: Number.POSITIVE_INFINITY,
  maxStringBytes: Number.POSITIVE_INFINITY,
};

/** Nix: `errorPrintOptions` in print-options.hh. */
const ERROR_LIMITS = {
  maxDepth: 10,
  maxAttrs: 10,
  maxItems: 10,
  maxStringBytes: 1024,
  maxNesting: Number.POSITIVE_INFINITY,
};

/**
 * Prints a value for a message: nothing is forced; at most ten levels, attributes and items, and a
 * kibibyte of each string are printed. With `positions`, functions show where they are defined.
 */
export function printForError(slot: Slot, positions?: PositionTable): string {
  if (typeof slot === "number" || typeof slot === "boolean") return printAtom(slot);
  return printWith(new ValuePrinter(ERROR_LIMITS, positions, null), slot);
}

/** Prints a value as an argument of an error's message: {@link printForError} in colours. */
export function valueInError(slot: Slot, positions?: PositionTable): Uncolored {
  return uncolored(printWith(new ValuePrinter(ERROR_LIMITS, positions, null, IN_COLOR), slot));
}

const IN_COLOR = { color: "marks" } as const;

/** Without hooks a printer forces nothing, so its generator completes at the first step. */
function printWith(printer: ValuePrinter, slot: Slot): string {
  return printer.print(slot).next(undefined).value as string;
}

/** Prints a value as `builtins.trace` shows it: complete, but without forcing anything. */
export function printForTrace(slot: Slot, positions: PositionTable, maxNesting: number): string {
  const limits = { ...NO_LIMITS, maxNesting };
  return printWith(new ValuePrinter(limits, positions, null), slot);
}
