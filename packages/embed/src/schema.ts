/**
 * Checking results with a schema of any library that implements Standard Schema 1 (zod, valibot,
 * arktype): https://standardschema.dev.
 */
import { isPromise } from "@nivis/eval";
import type { PlainData } from "./data.ts";
import type { NixPosition } from "./nix-error.ts";

/** A schema, as Standard Schema 1 defines it. `Output` is the type of what it accepts. */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly "~standard": {
    readonly version: 1;
    readonly vendor: string;
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>;
    readonly types?: { readonly input: Input; readonly output: Output } | undefined;
  };
}

/** The result of a schema: the value, perhaps converted, or what is wrong with it. */
export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] };

/** What a schema finds wrong with a value. */
export interface SchemaIssue {
  readonly message: string;
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined;
}

/** The type of what a schema accepts. */
export type SchemaOutput<Schema extends StandardSchema> = NonNullable<
  Schema["~standard"]["types"]
>["output"];

/** A {@link SchemaIssue} of a value of Nix. */
export interface NixSchemaIssue {
  readonly message: string;
  /** The names and indexes that lead to the value. */
  readonly path: readonly (string | number)[];
  /** Where the attribute, or the closest one around it, is defined. */
  readonly position: NixPosition | undefined;
}

/** A value that was evaluated, but is not what the schema wants. */
export class NixSchemaError extends Error {
  override readonly name = "NixSchemaError";
  readonly issues: readonly NixSchemaIssue[];

  constructor(issues: readonly NixSchemaIssue[]) {
    super(issues.map(issueText).join("\n"));
    this.issues = issues;
  }
}

function issueText({ message, path, position }: NixSchemaIssue): string {
  const where = path.length === 0 ? "" : `${path.join(".")}: `;
  const at =
    position === undefined ? "" : ` (${position.file}:${position.line}:${position.column})`;
  return `${where}${message}${at}`;
}

/** Finds the position of the value at a path. */
type Locate = (path: readonly (string | number)[]) => NixPosition | undefined;

/** Checks data; throws a {@link NixSchemaError}, or a `TypeError` for an asynchronous schema. */
export function checkSchema<Schema extends StandardSchema>(
  schema: Schema,
  data: PlainData,
  locate: Locate,
): SchemaOutput<Schema> {
  const result = schema["~standard"].validate(data);
  if (isPromise(result)) {
    throw new TypeError("the schema is asynchronous: use the asynchronous function");
  }
  return accepted(result, locate) as SchemaOutput<Schema>;
}

/** {@link checkSchema} for schemas that may be asynchronous. */
export async function checkSchemaAsync<Schema extends StandardSchema>(
  schema: Schema,
  data: PlainData,
  locate: Locate,
): Promise<SchemaOutput<Schema>> {
  return accepted(await schema["~standard"].validate(data), locate) as SchemaOutput<Schema>;
}

function accepted(result: SchemaResult<unknown>, locate: Locate): unknown {
  if (result.issues === undefined) return result.value;
  throw new NixSchemaError(
    result.issues.map(({ message, path = [] }) => {
      // Some libraries have arrays of their own.
      const keys = Array.from(path, (part) => {
        const key = typeof part === "object" ? part.key : part;
        return typeof key === "number" ? key : String(key);
      });
      return { message, path: keys, position: locate(keys) };
    }),
  );
}
