/**
 * Terms: programs as trees of text, so that they can be printed and made smaller without knowing
 * what each form means.
 *
 * A term has pieces of text, holes filled by other terms, and groups whose items may be left out
 * (bindings of a set, elements of a list). Its level says how loosely it binds; a hole says how
 * loose its term may be before it needs parentheses.
 */
import type { Random } from "./random.ts";

/** How loosely a form binds, the tightest first (the precedence table of the language). */
export const enum Level {
  /** Names, strings, sets, lists, parentheses: what may stand before a `.`. */
  Simple,
  /** Numbers and paths: a `.` behind them would belong to them. */
  Literal,
  Select,
  Application,
  Negation,
  HasAttribute,
  Concatenation,
  Product,
  Sum,
  Not,
  Update,
  Order,
  Equality,
  And,
  Or,
  Implication,
  /** `let`, `if`, `with`, `assert`, functions. */
  Expression,
}

/** A place for a term. */
export interface Hole {
  readonly kind: "hole";
  readonly term: Term;
  /** The loosest level that needs no parentheses here. */
  readonly level: Level;
}

/** Parts that may be left out. */
export interface Group {
  readonly kind: "group";
  readonly items: readonly (readonly Part[])[];
}

export type Part = string | Hole | Group;

/** See the head of this file. */
export interface Term {
  readonly level: Level;
  readonly parts: readonly Part[];
}

/** A term of those parts. */
export function term(level: Level, ...parts: readonly Part[]): Term {
  return { level, parts };
}

/** A hole. */
export function hole(level: Level, content: Term): Hole {
  return { kind: "hole", term: content, level };
}

/** A group. */
export function group(items: readonly (readonly Part[])[]): Group {
  return { kind: "group", items };
}

/** The text of a term. */
export function printTerm(root: Term): string {
  const out: string[] = [];
  printParts(root.parts, out);
  return out.join("");
}

function printParts(parts: readonly Part[], out: string[]): void {
  for (const part of parts) {
    if (typeof part === "string") out.push(part);
    else if (part.kind === "group") for (const item of part.items) printParts(item, out);
    else if (part.term.level > part.level) {
      out.push("(");
      printParts(part.term.parts, out);
      out.push(")");
    } else printParts(part.term.parts, out);
  }
}

/** How many terms there are in a term, itself included. */
export function termSize(root: Term): number {
  return 1 + root.parts.reduce((sum, part) => sum + partSize(part), 0);
}

function partSize(part: Part): number {
  if (typeof part === "string") return 0;
  if (part.kind === "hole") return termSize(part.term);
  return part.items.flat().reduce((sum, inner) => sum + partSize(inner), 0);
}

/** The same term with the bindings of each set, `let` and `listToAttrs` in another order. */
export function shuffleBindings(root: Term, random: Random): Term {
  const shuffled = (parts: readonly Part[]): readonly Part[] =>
    parts.map((part): Part => {
      if (typeof part === "string") return part;
      if (part.kind === "hole") return { ...part, term: shuffleBindings(part.term, random) };
      const items = part.items.map(shuffled);
      const attributes = items.every(
        (item) => String(item.at(-1)).endsWith("; ") || String(item[0]).startsWith("{ name = "),
      );
      return group(attributes ? random.shuffled(items) : items);
    });
  return { ...root, parts: shuffled(root.parts) };
}
