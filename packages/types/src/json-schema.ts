/** JSON schemas (draft 2020-12), written from types; functions have none. */
import type { Field, Type } from "./type.ts";

/** A schema, as JSON. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** Returns the schema of a type; what it was made from is its title. */
export function jsonSchemaOf(type: Type, source: string): JsonSchema {
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: source,
    ...schemaOf(type),
  };
}

function schemaOf(type: Type): JsonSchema {
  switch (type.kind) {
    case "unknown":
    case "json":
    case "function":
      return {};
    case "bigint":
      return { type: "integer" };
    case "literal":
      return { const: type.value };
    case "list":
      return { type: "array", items: schemaOf(type.element) };
    case "record":
      return { type: "object", additionalProperties: schemaOf(type.value) };
    case "object": {
      const required = type.fields.filter(({ isOptional }) => !isOptional).map(({ name }) => name);
      return {
        type: "object",
        properties: Object.fromEntries(
          type.fields.map((field) => [field.name, fieldSchema(field)]),
        ),
        ...(required.length === 0 ? {} : { required }),
        additionalProperties: type.rest === undefined ? false : schemaOf(type.rest),
      };
    }
    case "union": {
      const literals = type.members.flatMap((member) =>
        member.kind === "literal" ? [member.value] : member.kind === "null" ? [null] : [],
      );
      if (literals.length === type.members.length && literals.length > 0) return { enum: literals };
      return type.members.length === 0 ? { not: {} } : { anyOf: type.members.map(schemaOf) };
    }
    default:
      return { type: type.kind };
  }
}

function fieldSchema({ type, doc }: Field): JsonSchema {
  return doc === undefined ? schemaOf(type) : { description: doc, ...schemaOf(type) };
}
