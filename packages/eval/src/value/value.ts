/**
 * Values: what Nix expressions evaluate to, and how each is represented.
 *
 *     Nix         JavaScript
 *     int         number while |n| <= 2^53, else bigint (always within int64)
 *     float       NixFloat (boxed: the rare case)
 *     bool, null  boolean, null
 *     string      string, one char a byte; with a context: ContextString
 *     path        NixPath
 *     list        array of slots
 *     set         Attrs
 *     lambda      Closure, Builtin, PartialBuiltin
 *
 * A *slot* is a value or a {@link Thunk}. Lists and sets hold slots; builtins receive slots for their lazy
 * arguments and values for their strict ones. `==` takes the identity of slots as a short-cut, so slots are
 * copied, never rebuilt.
 */
import type { Bytes } from "@nivis/formats";

import type { BuiltinDefinition, StrictArgument } from "../builtins/definition.ts";
import type { Lambda } from "../bytecode/lambda.ts";
import type { EvalContext } from "../context.ts";
import type { SourceAccessor } from "../source-accessor.ts";
import type { Suspendable } from "../vm/requests.ts";
import type { Attrs } from "./attrs.ts";
import type { StringContext } from "./context.ts";
import type { Thunk } from "./thunk.ts";

/** A value in weak head normal form. */
export type Value =
  | number
  | bigint
  | boolean
  | null
  | string
  | NixFloat
  | ContextString
  | NixPath
  | NixList
  | Attrs
  | Closure
  | Builtin
  | PartialBuiltin;

/** A value, or a thunk that will become one. */
export type Slot = Value | Thunk;

/** A list. Never changed once built. */
export type NixList = readonly Slot[];

/** An IEEE double. */
export class NixFloat {
  constructor(readonly value: number) {}
}

/** A string that depends on store paths; `context` is never empty. */
export class ContextString {
  constructor(
    /** The bytes. */
    readonly text: Bytes,
    readonly context: StringContext,
  ) {}
}

/** An absolute canonical path, and the tree of files that it is a path of. */
export class NixPath {
  constructor(
    /** The bytes of the path, `/` at the start, no `.`/`..`/double or trailing slashes. */
    readonly path: Bytes,
    /** The tree; `undefined` is the file system that the evaluation's `EvalIo` shows. */
    readonly accessor: SourceAccessor | undefined = undefined,
  ) {}

  /** The path as messages, positions and printed values show it. */
  get shown(): Bytes {
    return this.accessor === undefined ? this.path : this.accessor.display(this.path);
  }

  /** Another path of the same tree. */
  at(path: Bytes): NixPath {
    return path === this.path ? this : new NixPath(path, this.accessor);
  }
}

/** A function written in Nix: its code and what it captured. Upvalues as in {@link Thunk}. */
export class Closure {
  constructor(
    readonly code: Lambda,
    readonly a: Slot | undefined,
    readonly b: Slot | undefined,
    readonly rest: Slot[] | null,
  ) {}
}

/** A function written in TypeScript. */
export class Builtin {
  /** How many arguments it takes; at least 1. */
  readonly arity: number;
  /** A copy of the definition's field: calls read it, and definitions have many hidden classes. */
  readonly strict: readonly StrictArgument[];
  /** Whether it runs no Nix code, so that it returns at once. */
  readonly plain: boolean;
  /** The code of a plain builtin, or the function that starts a suspending one. */
  readonly run: (ctx: EvalContext, ...args: Slot[]) => Slot | Suspendable<Slot>;

  constructor(readonly definition: BuiltinDefinition) {
    this.arity = definition.args.length;
    this.strict = definition.strict;
    this.plain = definition.kind === "plain";
    this.run = definition.run as Builtin["run"];
  }
}

/** A builtin with some, but not all, of its arguments. */
export class PartialBuiltin {
  constructor(
    readonly builtin: Builtin,
    /** At least one, fewer than the arity. */
    readonly args: readonly Slot[],
  ) {}
}

/** The names of the types, as `typeOf` gives them. */
export type TypeName =
  | "int"
  | "float"
  | "bool"
  | "null"
  | "string"
  | "path"
  | "list"
  | "set"
  | "lambda";

/** The type of a value, as `typeOf` names it. */
export function typeName(value: Value): TypeName {
  switch (typeof value) {
    case "number":
    case "bigint":
      return "int";
    case "boolean":
      return "bool";
    case "string":
      return "string";
    default:
      if (value === null) return "null";
      if (Array.isArray(value)) return "list";
      if (value instanceof ContextString) return "string";
      if (value instanceof NixFloat) return "float";
      if (value instanceof NixPath) return "path";
      if (value instanceof Closure || value instanceof Builtin || value instanceof PartialBuiltin)
        return "lambda";
      return "set";
  }
}

/** The type of a value with its article, as error messages say it (`a list`, `an integer`). */
export function typeWithArticle(value: Value): string {
  switch (typeName(value)) {
    case "int":
      return "an integer";
    case "float":
      return "a float";
    case "bool":
      return "a Boolean";
    case "null":
      return "null";
    case "string":
      return value instanceof ContextString ? "a string with context" : "a string";
    case "path":
      return "a path";
    case "list":
      return "a list";
    case "set":
      return "a set";
    case "lambda":
      if (value instanceof Builtin) return `the built-in function '${value.definition.name}'`;
      if (value instanceof PartialBuiltin) {
        return `the partially applied built-in function '${value.builtin.definition.name}'`;
      }
      return "a function";
  }
}

/** Whether a value is a list. */
export function isList(value: unknown): value is NixList {
  return Array.isArray(value);
}

/** Whether a value is a string, with or without context. */
export function isString(value: unknown): value is string | ContextString {
  return typeof value === "string" || value instanceof ContextString;
}

/** Whether a value is a function (not a set with `__functor`). */
export function isFunction(value: unknown): value is Closure | Builtin | PartialBuiltin {
  return value instanceof Closure || value instanceof Builtin || value instanceof PartialBuiltin;
}

/** Whether a value is an integer. */
export function isInt(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** The bytes of a string value. */
export function textOf(value: string | ContextString): Bytes {
  return typeof value === "string" ? value : value.text;
}
