/**
 * Terms: programs as trees of text, which can be printed and shrunk without knowing
 * what each form means.
 *
 * A term has pieces of text, holes filled by other terms, and groups with removable items
 * (bindings of a set, elements of a list). Its level is its precedence; the level of a hole is the
 * loosest one that needs no parentheses.
 */
import type { Random } from "./random.ts";

/** The precedence of a form, tightest first (the precedence table of the language). */
export const enum Level {
  /** Names, strings, sets, lists, parentheses: forms that may precede a `.`. */
  Simple,
  /** Numbers and paths: a `.` after them would belong to them. */
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

/** A position filled by a term. */
export interface Hole {
  readonly kind: "hole";
  readonly term: Term;
  /** The loosest level that needs no parentheses here. */
  readonly level: Level;
}

/** A list of items, each of which can be removed. */
export interface Group {
  readonly kind: "group";
  readonly items: readonly (readonly Part[])[];
}

export type Part = string | Hole | Group;

/** A program or a part of one, as a tree of text. */
export interface Term {
  readonly level: Level;
  readonly parts: readonly Part[];
}

/** Makes a term of the given parts. */
export function term(level: Level, ...parts: readonly Part[]): Term {
  return { level, parts };
}

/** Makes a hole. */
export function hole(level: Level, content: Term): Hole {
  return { kind: "hole", term: content, level };
}

/** Makes a group. */
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

/** The number of terms in a term, including itself. */
export function termSize(root: Term): number {
  return 1 + root.parts.reduce((sum, part) => sum + partSize(part), 0);
}

function partSize(part: Part): number {
  if (typeof part === "string") return 0;
  if (part.kind === "hole") return termSize(part.term);
  return part.items.flat().reduce((sum, inner) => sum + partSize(inner), 0);
}

/** The term with the bindings of each set, `let` and `listToAttrs` in a random order. */
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
