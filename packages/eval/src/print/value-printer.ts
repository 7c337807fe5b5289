/**
 * ValuePrinter: the walk behind `printForError` and `printPretty`, which differ in what they leave
 * out and in whether they may run code.
 *
 * It is a generator that forces what it meets when it has {@link ForcingHooks}, and never yields
 * without them. Containers that are not finished lie on a stack of its own.
 */
import { formatG6, TextBuilder } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { type ErrorKind, isPassingKind } from "../errors/kinds.ts";
import { describePosition } from "../errors/position-text.ts";
import { stripTerminalCodes } from "../errors/terminal.ts";
import { tooDeep } from "../errors/too-deep.ts";
import { NO_POS, type PositionTable } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { BLACKHOLE, Thunk } from "../value/thunk.ts";
import {
  Builtin,
  Closure,
  isList,
  isString,
  NixFloat,
  NixPath,
  PartialBuiltin,
  type Slot,
  textOf,
  type Value,
} from "../value/value.ts";
import type { Suspendable } from "../vm/requests.ts";
import { elided, LEFT, printStringUpTo, RIGHT } from "./literal.ts";

/** Stands for a set or list that was printed before. */
export const REPEATED = `${LEFT}repeated${RIGHT}`;
/** Stands for a thunk that is being evaluated. */
export const POTENTIAL_RECURSION = `${LEFT}potential infinite recursion${RIGHT}`;
const UNFORCED = `${LEFT}thunk${RIGHT}`;

/** A list or set that has been opened and not yet closed. */
export interface OpenContainer {
  /** Parallel to `items`; `null` for a list. */
  readonly names: readonly string[] | null;
  readonly items: readonly Slot[];
  /** The next item to print. */
  next: number;
}

/** What a slot holds as far as it is known without running anything. */
export function peek(slot: Slot): Value | Thunk {
  return slot instanceof Thunk && slot.code === null ? (slot.a as Value) : slot;
}

/** Numbers, Booleans, null, paths: what all forms print alike. */
export function printAtom(value: Value): string {
  if (value instanceof NixPath) return value.shown;
  if (value instanceof NixFloat) return formatG6(value.value);
  return String(value);
}

/** What a printer leaves out. */
export interface PrintLimits {
  /** Sets and lists at this depth print as `{ ... }` and `[ ... ]`. */
  readonly maxDepth: number;
  /** Attributes printed in all. */
  readonly maxAttrs: number;
  /** List items printed in all. */
  readonly maxItems: number;
  /** Bytes printed of each string. */
  readonly maxStringBytes: number;
  /** A value inside more others than this is an error. */
  readonly maxNesting: number;
}

/** What a printer that forces must know. */
export interface ForcingHooks {
  /** The printed form of a set that is a derivation, or `undefined` for other sets. */
  printDerivation(set: Attrs): Suspendable<string | undefined>;
  /** Is called for each item; may throw to end the printing. */
  work(): void;
}

/** Stands for all empty sets: C++ Nix has only one. */
const EMPTY_SET = Symbol("empty set");

/** `type` and `_type` tell most about a set, so they come first when not all names are shown. */
function importantFirst(names: readonly string[]): number[] {
  const isImportant = (name: string): boolean => name === "type" || name === "_type";
  const order = names.map((_, i) => i);
  return [
    ...order.filter((i) => isImportant(names[i] as string)),
    ...order.filter((i) => !isImportant(names[i] as string)),
  ];
}

/** Whether an error is about the whole evaluation and not about the value where it came up. */
function endsPrinting(kind: ErrorKind): boolean {
  return kind === "stack-overflow" || isPassingKind(kind);
}

/** See the head of this file. One object prints one value. */
export class ValuePrinter {
  private readonly out = new TextBuilder();
  private readonly seen = new Set<unknown>();
  private readonly open: OpenContainer[] = [];
  private attrsPrinted = 0;
  private itemsPrinted = 0;

  constructor(
    private readonly limits: PrintLimits,
    private readonly positions: PositionTable | undefined,
    private readonly hooks: ForcingHooks | null,
  ) {}

  *print(slot: Slot): Suspendable<string> {
    let current: Slot | undefined = slot;
    while (current !== undefined) {
      try {
        let value: Value | Thunk = peek(current);
        if (this.open.length > this.limits.maxNesting) throw tooDeep(NO_POS);
        this.hooks?.work();
        if (this.hooks !== null && value instanceof Thunk) value = (yield value) as Value;
        if (value instanceof Attrs) {
          if (this.markSeen(value.size() === 0 ? EMPTY_SET : value)) {
            const derivation: string | undefined =
              this.hooks === null ? undefined : yield this.hooks.printDerivation(value);
            if (derivation === undefined) this.openSet(value);
            else this.out.add(derivation);
          }
        } else if (isList(value)) {
          if (value.length === 0 || this.markSeen(current)) this.openList(value);
        } else {
          this.out.add(this.printLeaf(value));
        }
      } catch (thrown) {
        const error = evalErrorOf(thrown);
        if (!(error instanceof EvalError)) throw error;
        if (endsPrinting(error.kind)) throw error;
        this.out.add(`${LEFT}error: ${stripTerminalCodes(error.message)}${RIGHT}`);
      }
      current = this.nextItem();
    }
    return this.out.toString();
  }

  private printLeaf(value: Value | Thunk): string {
    if (value instanceof Thunk) return value.code === BLACKHOLE ? POTENTIAL_RECURSION : UNFORCED;
    if (isString(value)) return printStringUpTo(textOf(value), this.limits.maxStringBytes);
    if (value instanceof Closure) return this.printLambda(value);
    if (value instanceof Builtin) return `${LEFT}primop ${value.definition.name}${RIGHT}`;
    if (value instanceof PartialBuiltin) {
      return `${LEFT}partially applied primop ${value.builtin.definition.name}${RIGHT}`;
    }
    return printAtom(value);
  }

  private printLambda(closure: Closure): string {
    const { name, pos } = closure.code;
    const shownName = name === undefined ? "" : ` ${printIdentifier(name)}`;
    const where = this.positions === undefined ? "" : ` @ ${describePosition(this.positions, pos)}`;
    return `${LEFT}lambda${shownName}${where}${RIGHT}`;
  }

  /** Notes a set or list; prints `«repeated»` and answers false if it was noted before. */
  private markSeen(identity: unknown): boolean {
    if (this.seen.has(identity)) {
      this.out.add(REPEATED);
      return false;
    }
    this.seen.add(identity);
    return true;
  }

  private openSet(set: Attrs): void {
    if (this.open.length >= this.limits.maxDepth) {
      this.out.add("{ ... }");
      return;
    }
    this.out.add("{");
    let names = set.sortedNames();
    let items = set.sortedSlots();
    if (this.limits.maxAttrs !== Number.POSITIVE_INFINITY) {
      const order = importantFirst(names);
      const [sortedNames, sortedItems] = [names, items];
      names = order.map((i) => sortedNames[i] as string);
      items = order.map((i) => sortedItems[i] as Slot);
    }
    this.open.push({ names, items, next: 0 });
  }

  private openList(list: readonly Slot[]): void {
    if (this.open.length >= this.limits.maxDepth) {
      this.out.add("[ ... ]");
      return;
    }
    this.out.add("[");
    this.open.push({ names: null, items: list, next: 0 });
  }

  /** Ends the item that was printed last, closes what is finished, announces the next item. */
  private nextItem(): Slot | undefined {
    const { out, open } = this;
    for (;;) {
      const container = open.at(-1);
      if (container === undefined) return undefined;
      const { names, items, next } = container;
      if (next > 0) this.endItem(names !== null);
      out.add(" ");
      if (next < items.length) {
        if (this.mayPrintMore(names !== null)) {
          if (names !== null) out.add(`${printIdentifier(names[next] as string)} = `);
          container.next = next + 1;
          return items[next];
        }
        out.add(`${elided(items.length - next, names === null ? "item" : "attribute")} `);
      }
      out.add(names === null ? "]" : "}");
      open.pop();
    }
  }

  private endItem(inSet: boolean): void {
    if (inSet) {
      this.out.add(";");
      this.attrsPrinted++;
    } else {
      this.itemsPrinted++;
    }
  }

  private mayPrintMore(inSet: boolean): boolean {
    return inSet
      ? this.attrsPrinted < this.limits.maxAttrs
      : this.itemsPrinted < this.limits.maxItems;
  }
}
