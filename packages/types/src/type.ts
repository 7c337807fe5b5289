/**
 * Types: a small algebra between Nix and what describes its data elsewhere. Values and options are
 * read into it; declarations of TypeScript and JSON schemas are written from it.
 */

/** A type of data. */
export type Type =
  | { readonly kind: "unknown" | "boolean" | "number" | "bigint" | "string" | "null" | "json" }
  | { readonly kind: "literal"; readonly value: string | number | boolean }
  | { readonly kind: "list"; readonly element: Type }
  /** Any names with values of a type. */
  | { readonly kind: "record"; readonly value: Type }
  | ObjectType
  | { readonly kind: "union"; readonly members: readonly Type[] }
  | FunctionType;

/** Known names, and perhaps others. */
export interface ObjectType {
  readonly kind: "object";
  readonly fields: readonly Field[];
  /** The type of all other names; without it there are none. */
  readonly rest?: Type | undefined;
}

/** A name in an object, or a formal of a function. */
export interface Field {
  readonly name: string;
  readonly type: Type;
  readonly isOptional: boolean;
  /** What it is for; Markdown. */
  readonly doc?: string | undefined;
}

/** A function of one argument, as Nix has them. */
export interface FunctionType {
  readonly kind: "function";
  readonly parameter: string;
  readonly argument: Type;
  readonly result: Type;
}

export const UNKNOWN: Type = { kind: "unknown" };
export const BOOLEAN: Type = { kind: "boolean" };
export const NUMBER: Type = { kind: "number" };
export const BIGINT: Type = { kind: "bigint" };
export const STRING: Type = { kind: "string" };
export const NULL: Type = { kind: "null" };
export const JSON_VALUE: Type = { kind: "json" };

/** The most shapes of objects that a union keeps apart; more become one type of any names. */
const MAX_SHAPES = 20;

/**
 * The type of data that has any of some types: nested unions are flattened, equal members and those
 * that another one contains are left out, and objects become one with optional fields.
 */
export function unionOf(types: readonly Type[]): Type {
  const flat = types.flatMap((type) => (type.kind === "union" ? type.members : [type]));
  if (flat.some(({ kind }) => kind === "unknown")) return UNKNOWN;
  const members = new Map<string, Type>();
  const objects: ObjectType[] = [];
  const elements: Type[] = [];
  for (const type of flat) {
    if (type.kind === "object") objects.push(type);
    else if (type.kind === "list") elements.push(type.element);
    else members.set(keyOf(type), type);
  }
  for (const [key, type] of members) {
    if (type.kind === "literal" && members.has(typeof type.value)) members.delete(key);
  }
  const result = [...members.values()];
  // A list without elements says nothing about those of the others.
  const known = elements.filter((element) => !isNever(element));
  if (elements.length > 0) result.push({ kind: "list", element: unionOf(known) });
  if (objects.length > 0) result.push(mergedObjects(objects));
  return result.length === 1 ? (result[0] as Type) : { kind: "union", members: result };
}

/** Whether no data has the type: the union of nothing, which is the element of an empty list. */
export function isNever(type: Type): boolean {
  return type.kind === "union" && type.members.length === 0;
}

/** The type of objects that have one of some shapes: what some of them lack is optional. */
function mergedObjects(objects: readonly ObjectType[]): Type {
  const shapes = new Set(objects.map(({ fields }) => fields.map(({ name }) => name).join("\0")));
  const rests = objects.flatMap(({ rest }) => (rest === undefined ? [] : [rest]));
  if (shapes.size > MAX_SHAPES) {
    const values = objects.flatMap(({ fields }) => fields.map(({ type }) => type));
    return { kind: "record", value: unionOf([...values, ...rests]) };
  }
  const fields = new Map<
    string,
    { readonly types: Type[]; readonly first: Field; count: number }
  >();
  for (const object of objects) {
    for (const field of object.fields) {
      const found = fields.get(field.name);
      if (found === undefined)
        fields.set(field.name, { types: [field.type], first: field, count: 1 });
      else {
        found.types.push(field.type);
        found.count++;
      }
    }
  }
  return {
    kind: "object",
    fields: [...fields].map(([name, { types, first, count }]) => ({
      name,
      type: unionOf(types),
      isOptional: first.isOptional || count < objects.length,
      doc: first.doc,
    })),
    ...(rests.length === 0 ? {} : { rest: unionOf(rests) }),
  };
}

/** A text that two types share if and only if they are equal, documentation aside. */
function keyOf(type: Type): string {
  return JSON.stringify(type, (key, value) => (key === "doc" ? undefined : value));
}
