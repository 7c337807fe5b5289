/**
 * ValuePrinter: the walk behind `printForError` and `printPretty`, which differ in what they omit
 * and in whether they may run code.
 *
 * It is a generator that forces what it meets if it has {@link ForcingHooks}, and never yields
 * without them. Open containers are on a stack of its own.
 */
import { type Color, colored, coloredText, formatG6, TextBuilder } from "@nivis/formats";
import { printIdentifier } from "@nivis/syntax";
import { EvalError } from "../errors/eval-error.ts";
import { evalErrorOf } from "../errors/from-world.ts";
import { type ErrorKind, isPassingKind } from "../errors/kinds.ts";
import { describePosition } from "../errors/position-text.ts";
import { stripTerminalCodes } from "../errors/terminal.ts";
import { tooDeep } from "../errors/too-deep.ts";
import { NO_POS, type PositionTable } from "../position.ts";
import { Attrs } from "../value/attrs.ts";
import { originalOf } from "../value/copies.ts";
import { BLACKHOLE, Thunk, valueOfForced } from "../value/thunk.ts";
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

/** Printed for a set or list that was printed before. */
export const REPEATED = `${LEFT}repeated${RIGHT}`;
/** Printed for a thunk that is being evaluated. */
export const POTENTIAL_RECURSION = `${LEFT}potential infinite recursion${RIGHT}`;
const UNFORCED = `${LEFT}thunk${RIGHT}`;

/** A list or set that has been opened and not yet closed. */
export interface OpenContainer {
  /** The names of the `items`; `null` for a list. */
  readonly names: readonly string[] | null;
  readonly items: readonly Slot[];
  /** The index of the next item to print. */
  next: number;
}

/** A container of this printer. */
interface PrintedContainer extends OpenContainer {
  /** Whether each item has a line of its own. */
  lines: boolean;
}

/** Returns the contents of a slot as far as they are known without running code. */
export function peek(shown: Slot): Value | Thunk {
  const slot = originalOf(shown);
  if (!(slot instanceof Thunk)) return slot;
  const value = valueOfForced(slot);
  return value === undefined ? slot : (value as Value);
}

/** Returns the value of a slot if it has one already; evaluates nothing. */
export function knownValue(slot: Slot): Value | undefined {
  const known = peek(slot);
  return known instanceof Thunk ? undefined : known;
}

/** Prints a path as messages show it. */
export function printPath(path: NixPath, positions: PositionTable | undefined): string {
  const isOfHost = positions !== undefined && path.accessor === undefined;
  return isOfHost ? positions.showPath(path.path) : path.shown;
}

/** Prints numbers, Booleans, null and paths, which all forms print alike. */
export function printAtom(value: Value, positions?: PositionTable): string {
  if (value instanceof NixPath) return printPath(value, positions);
  if (value instanceof NixFloat) return formatG6(value.value);
  return String(value);
}

/** The parts of a value that a printer omits. */
export interface PrintLimits {
  /** The depth at which sets and lists print as `{ ... }` and `[ ... ]`. */
  readonly maxDepth: number;
  /** The maximum number of printed attributes in total. */
  readonly maxAttrs: number;
  /** The maximum number of printed list items in total. */
  readonly maxItems: number;
  /** The maximum number of printed bytes of each string. */
  readonly maxStringBytes: number;
  /** The maximum number of values around a value; a deeper value is an error. */
  readonly maxNesting: number;
}

/** The looks of printed values. The default is one line without colours. */
export interface PrintStyle {
  /** Whether values have the colours of C++ Nix, as ANSI escapes or as marks of a `MarkedText`. */
  readonly color?: boolean | "marks";
  /** The columns of a level of indentation; without it everything is on one line. */
  readonly indent?: number | undefined;
  /** Whether an error of the value itself, not of a part of it, is thrown. */
  readonly throwsAtTop?: boolean;
}

/** The colours of C++ Nix (libexpr/print.cc). */
const COLORS = {
  atom: "cyan",
  text: "magenta",
  path: "green",
  code: "blue",
  error: "red",
  elided: "faint",
} as const satisfies Record<string, Color>;

/** The hooks of a printer that forces. */
export interface ForcingHooks {
  /** Returns the printed form of a set that is a derivation, or `undefined` for other sets. */
  printDerivation(set: Attrs): Suspendable<string | undefined>;
  /** Called for each item; may throw to end the printing. */
  work(): void;
}

/** Represents all empty sets: C++ Nix has only one. */
const EMPTY_SET = Symbol("empty set");

/** `type` and `_type` describe a set best, so they come first if not all names are shown. */
function importantFirst(names: readonly string[]): number[] {
  const isImportant = (name: string): boolean => name === "type" || name === "_type";
  const order = names.map((_, i) => i);
  return [
    ...order.filter((i) => isImportant(names[i] as string)),
    ...order.filter((i) => !isImportant(names[i] as string)),
  ];
}

/** Whether an error concerns the whole evaluation and not the value in which it occurred. */
function endsPrinting(kind: ErrorKind): boolean {
  return kind === "stack-overflow" || isPassingKind(kind);
}

/** Prints one value. */
export class ValuePrinter {
  private readonly out = new TextBuilder();
  private readonly seen = new Set<unknown>();
  private readonly open: PrintedContainer[] = [];
  private attrsPrinted = 0;
  private itemsPrinted = 0;

  constructor(
    private readonly limits: PrintLimits,
    private readonly positions: PositionTable | undefined,
    private readonly hooks: ForcingHooks | null,
    private readonly style: PrintStyle = {},
  ) {}

  *print(slot: Slot): Suspendable<string> {
    if (this.hooks === null && (slot instanceof Attrs || slot instanceof Thunk || isList(slot))) {
      this.positions?.showsEvaluationState();
    }
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
            else this.paint("path", derivation);
          }
        } else if (isList(value)) {
          if (value.length === 0 || this.markSeen(current)) this.openList(value);
        } else this.printLeaf(value);
        if (this.mayNeedLines()) yield this.chooseLines();
      } catch (thrown) {
        const error = evalErrorOf(thrown);
        if (!(error instanceof EvalError)) throw error;
        if (endsPrinting(error.kind)) throw error;
        if (this.style.throwsAtTop === true && this.open.length === 0) throw error;
        this.paint("error", `${LEFT}error: ${stripTerminalCodes(error.message)}${RIGHT}`);
      }
      current = this.nextItem();
    }
    return this.out.toString();
  }

  private paint(color: keyof typeof COLORS, text: string): void {
    const { color: how = false } = this.style;
    const painted = how === false ? text : colored(COLORS[color], text);
    this.out.add(how === true ? coloredText(painted) : painted);
  }

  private printLeaf(value: Value | Thunk): void {
    if (value instanceof Thunk) {
      if (value.code === BLACKHOLE) this.paint("error", POTENTIAL_RECURSION);
      else this.paint("text", UNFORCED);
    } else if (isString(value)) this.printText(textOf(value));
    else if (value instanceof Closure) this.paint("code", this.printLambda(value));
    else if (value instanceof Builtin) {
      this.paint("code", `${LEFT}primop ${value.definition.name}${RIGHT}`);
    } else if (value instanceof PartialBuiltin) {
      const { name } = value.builtin.definition;
      this.paint("code", `${LEFT}partially applied primop ${name}${RIGHT}`);
    } else this.paint(value instanceof NixPath ? "path" : "atom", printAtom(value, this.positions));
  }

  private printText(text: string): void {
    const { maxStringBytes } = this.limits;
    if (!this.style.color || text.length <= maxStringBytes) {
      this.paint("text", printStringUpTo(text, maxStringBytes));
      return;
    }
    const shown = printStringUpTo(text, maxStringBytes);
    const note = shown.lastIndexOf(` ${LEFT}`) + 1;
    this.paint("text", shown.slice(0, note - 1));
    this.out.add(" ");
    this.paint("elided", shown.slice(note));
  }

  private printLambda(closure: Closure): string {
    const { name, pos } = closure.code;
    const shownName = name === undefined ? "" : ` ${printIdentifier(name)}`;
    const where = this.positions === undefined ? "" : ` @ ${describePosition(this.positions, pos)}`;
    return `${LEFT}lambda${shownName}${where}${RIGHT}`;
  }

  /** Records a set or list; if it was recorded before, prints `«repeated»` and returns false. */
  private markSeen(shown: unknown): boolean {
    const identity = originalOf(shown);
    if (this.seen.has(identity)) {
      this.paint("text", REPEATED);
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
    this.open.push({ names, items, next: 0, lines: this.hasLines(items) });
  }

  private openList(list: readonly Slot[]): void {
    if (this.open.length >= this.limits.maxDepth) {
      this.out.add("[ ... ]");
      return;
    }
    this.out.add("[");
    this.open.push({ names: null, items: list, next: 0, lines: this.hasLines(list) });
  }

  /** Whether items have lines of their own; of a single one that is decided in `chooseLines`. */
  private hasLines(items: readonly Slot[]): boolean {
    return this.style.indent !== undefined && items.length > 1;
  }

  private mayNeedLines(): boolean {
    const container = this.open.at(-1);
    return this.style.indent !== undefined && container?.next === 0 && container.items.length === 1;
  }

  /** Nix: a single item has a line of its own if it contains others or is not evaluated. */
  private *chooseLines(): Suspendable<undefined> {
    const container = this.open.at(-1) as PrintedContainer;
    let item: Value | Thunk = peek(container.items[0] as Slot);
    if (this.hooks !== null && item instanceof Thunk) {
      try {
        item = (yield item) as Value;
      } catch (thrown) {
        const error = evalErrorOf(thrown);
        if (!(error instanceof EvalError) || endsPrinting(error.kind)) throw error;
        // Unlike C++ Nix, which leaves its brace open: the item prints as its error.
        return undefined;
      }
    }
    container.lines = item instanceof Attrs || isList(item) || item instanceof Thunk;
    return undefined;
  }

  /** The space before an item or a closing bracket. */
  private space(lines: boolean, levels: number): void {
    const { indent = 0 } = this.style;
    this.out.add(lines ? `\n${" ".repeat(indent * levels)}` : " ");
  }

  /** Ends the last item, closes finished containers and starts the next item. */
  private nextItem(): Slot | undefined {
    const { out, open } = this;
    for (;;) {
      const container = open.at(-1);
      if (container === undefined) return undefined;
      const { names, items, next, lines } = container;
      if (next > 0) this.endItem(names !== null);
      this.space(lines, next < items.length ? open.length : open.length - 1);
      if (next < items.length) {
        if (this.mayPrintMore(names !== null)) {
          if (names !== null) out.add(`${printIdentifier(names[next] as string)} = `);
          container.next = next + 1;
          return items[next];
        }
        this.paint("elided", elided(items.length - next, names === null ? "item" : "attribute"));
        this.space(lines, open.length - 1);
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
