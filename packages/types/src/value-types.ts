/**
 * The types of values: what `evaluate` returns for a value, described by looking at it. It says nothing
 * about another value of the same file, which is why what is generated names its source.
 */
import type { NixValue } from "@nivis/embed";
import {
  BIGINT,
  BOOLEAN,
  type Field,
  type FunctionType,
  NULL,
  NUMBER,
  STRING,
  type Type,
  UNKNOWN,
  unionOf,
} from "./type.ts";

/** How values are looked at. */
export interface ValueTypeOptions {
  /** The deepest level that is looked at; below it the type is unknown. Defaults to 64. */
  readonly maxDepth?: number;
  /** The most values that are looked at; a larger value is an error. Defaults to 100,000. */
  readonly maxValues?: number;
}

/**
 * Returns the type of the data that a value becomes (derivations as their output path, functions by
 * their formals), and the documentation of what is documented. Evaluates the whole value. Throws a
 * `NixError` if that fails, and a `RangeError` for a value with more than `maxValues` parts.
 */
export function typeOfValue(value: NixValue, options: ValueTypeOptions = {}): Type {
  const { maxDepth = 64, maxValues = 100_000 } = options;
  let count = 0;
  const visit = (value: NixValue, depth: number): Type => {
    if (++count > maxValues) {
      throw new RangeError(`the value has more than ${maxValues} parts; choose an attribute of it`);
    }
    switch (value.type) {
      case "null":
        return NULL;
      case "bool":
        return BOOLEAN;
      case "int":
        return typeof value.toData() === "bigint" ? BIGINT : NUMBER;
      case "float":
        return NUMBER;
      case "string":
      case "path":
        return STRING;
      case "lambda":
        return functionType(value);
      case "list":
        if (depth >= maxDepth) return UNKNOWN;
        return { kind: "list", element: unionOf([...value].map((item) => visit(item, depth + 1))) };
      case "set":
        if (value.isDerivation) return STRING;
        if (depth >= maxDepth) return UNKNOWN;
        return {
          kind: "object",
          fields: value.keys().map((name): Field => {
            const attribute = value.get(name);
            const type = visit(attribute, depth + 1);
            const doc = attribute.doc?.trim();
            return { name, type, isOptional: false, doc: doc === "" ? undefined : doc };
          }),
        };
      default:
        return UNKNOWN;
    }
  };
  return visit(value, 0);
}

/** The type of a function: the names of its arguments are known, their types are not. */
function functionType(value: NixValue): Type {
  const info = value.function;
  if (info === undefined) return UNKNOWN;
  const { formals, ellipsis, parameters } = info;
  const names = parameters.length === 0 ? [undefined] : parameters;
  return names.reduceRight((result: Type, name, i): FunctionType => {
    const hasFormals = i === 0 && formals !== undefined;
    const argument: Type = hasFormals
      ? {
          kind: "object",
          fields: Object.entries(formals).map(([name, isOptional]) => ({
            name,
            type: UNKNOWN,
            isOptional,
          })),
          ...(ellipsis ? { rest: UNKNOWN } : {}),
        }
      : UNKNOWN;
    return {
      kind: "function",
      parameter: name ?? (hasFormals ? "args" : `arg${i}`),
      argument,
      result,
    };
  }, UNKNOWN);
}
