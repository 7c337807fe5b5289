/**
 * The types that guide the generator. They are finer than those of Nix (the elements of a list,
 * the attributes of a set), so that most programs evaluate to a value.
 */
import type { Random } from "./random.ts";

/** The intended type of a generated term. */
export type ProgramType =
  | { readonly kind: "int" | "float" | "bool" | "string" | "path" | "null" | "derivation" }
  | { readonly kind: "list"; readonly of: ProgramType }
  | { readonly kind: "set"; readonly fields: readonly Field[] }
  | { readonly kind: "function"; readonly from: ProgramType; readonly to: ProgramType };

/** An attribute of a set. */
export interface Field {
  readonly name: string;
  readonly type: ProgramType;
}

export const INT: ProgramType = { kind: "int" };
export const FLOAT: ProgramType = { kind: "float" };
export const BOOL: ProgramType = { kind: "bool" };
export const STRING: ProgramType = { kind: "string" };
export const PATH: ProgramType = { kind: "path" };
export const NULL: ProgramType = { kind: "null" };
export const DERIVATION: ProgramType = { kind: "derivation" };

/** The type of lists with elements of a type. */
export function listOf(of: ProgramType): ProgramType {
  return { kind: "list", of };
}

/** The type of functions. */
export function functionOf(from: ProgramType, to: ProgramType): ProgramType {
  return { kind: "function", from, to };
}

/** The type of sets with the given attributes. */
export function setOf(...fields: readonly Field[]): ProgramType {
  return { kind: "set", fields };
}

/** Names of variables; some shadow builtins. */
export const VARIABLES = ["a", "b", "c", "x", "y", "z", "f", "g", "acc", "n'", "_u", "foo-bar"];

/** Names of attributes; some need quotes. */
export const ATTRIBUTES = [
  ..."abcxyz",
  "name",
  "value",
  "key",
  "foo-bar",
  "a'",
  "_",
  "or",
  "type",
  "B",
  "constructor",
  "__proto__",
  "toString",
];

/** Whether an attribute name may be written without quotes. */
export function isPlainName(name: string): boolean {
  return /^[a-zA-Z_][a-zA-Z0-9_'-]*$/.test(name) && !KEYWORDS.has(name);
}

const KEYWORDS = new Set(["if", "then", "else", "assert", "with", "let", "in", "rec", "inherit"]);

/** A random type, nested at most `depth` deep. */
export function randomType(random: Random, depth: number): ProgramType {
  const simple: readonly (readonly [number, () => ProgramType])[] = [
    [6, () => INT],
    [2, () => FLOAT],
    [4, () => BOOL],
    [6, () => STRING],
    [1, () => PATH],
    [1, () => NULL],
  ];
  if (depth <= 0) return random.weighted(simple)();
  return random.weighted<() => ProgramType>([
    ...simple,
    [6, () => listOf(randomType(random, depth - 1))],
    [7, () => randomSetType(random, depth - 1)],
    [3, () => functionOf(randomType(random, depth - 1), randomType(random, depth - 1))],
    [1, () => DERIVATION],
  ])();
}

/** A random set type with attributes nested at most `depth` deep. */
export function randomSetType(random: Random, depth: number): ProgramType {
  const names = new Set<string>();
  for (let count = random.below(4); count > 0; count--) names.add(randomName(random));
  return setOf(...[...names].map((name) => ({ name, type: randomType(random, depth) })));
}

/** A random attribute name. */
export function randomName(random: Random): string {
  if (random.chance(0.04))
    return random.pick(["", "1", "a b", "if", "a.b", "$x", "${", '"', "\u00c3\u00a9"]);
  return random.pick(ATTRIBUTES);
}

/** Whether two types are equal, with attributes in the same order. */
export function sameType(a: ProgramType, b: ProgramType): boolean {
  if (a === b) return true;
  if (a.kind === "list" && b.kind === "list") return sameType(a.of, b.of);
  if (a.kind === "function" && b.kind === "function") {
    return sameType(a.from, b.from) && sameType(a.to, b.to);
  }
  if (a.kind === "set" && b.kind === "set") {
    return (
      a.fields.length === b.fields.length &&
      a.fields.every((field, i) => {
        const other = b.fields[i] as Field;
        return field.name === other.name && sameType(field.type, other.type);
      })
    );
  }
  return a.kind === b.kind && a.kind !== "list" && a.kind !== "set" && a.kind !== "function";
}
