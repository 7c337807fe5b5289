/**
 * UnitOutlines: the expressions and the captures of the code of a text. Compiled code has positions and the
 * numbers of its upvalues only, so a text is resolved once more for whoever shows them to people.
 */
import { type Expr, parse, type SourceFile } from "@nivis/syntax";
import type { PosIdx } from "../position.ts";
import { Resolution, resolve } from "./resolve.ts";

/** The code of one function or thunk as the text has it. */
export interface UnitOutline {
  readonly expr: Expr;
  /** The names of its upvalues, in order; empty for hidden ones, such as the set of a `with`. */
  readonly captures: readonly string[];
}

/** The outlines of a text, and the whole expression. */
export interface TextOutline {
  readonly root: Expr;
  /** By {@link Lambda.number}, of code that does not come from a cache. */
  readonly units: ReadonlyMap<number, UnitOutline>;
}

/**
 * Returns the outlines of a text that begins at `base`. `globals` are the names that it can use;
 * `keepsScopes` says whether it was compiled for a debugger.
 */
export function outlineText(
  source: SourceFile,
  base: PosIdx,
  globals: Iterable<string>,
  keepsScopes = false,
): TextOutline {
  const values = new Map(Array.from(globals, (name) => [name, undefined] as const));
  const resolution = new Resolution(values, base, undefined, keepsScopes);
  const root = parse(source, { basePath: "/", home: "/" }).expr;
  resolve(root, resolution, () => {});
  const units = new Map<number, UnitOutline>();
  for (const { lambda, expr, captured } of resolution.units.values()) {
    units.set(lambda.number, { expr, captures: captured.map(({ name }) => name) });
  }
  return { root, units };
}
