/** EvalCaches: what one evaluation remembers so as not to compute it again. Fields belong to the code that uses them. */
import type { DerivationOutput, HashModuloCache } from "@nivis/formats";
import { Nesting } from "./operations/nesting.ts";
import type { Regex } from "./regex/regex.ts";
import { ShapeTable } from "./value/shape-table.ts";
import type { ContextString } from "./value/value.ts";

/** See the head of this file. */
export class EvalCaches {
  /** Hashes modulo by `.drv` path (`builtins/derivation.ts`). */
  readonly hashesModulo: HashModuloCache = new Map();
  /** Outputs of known derivations by name, by `.drv` path (`store/closure.ts`). */
  readonly outputs = new Map<string, ReadonlyMap<string, DerivationOutput>>();
  /** References of store paths made here, written or not (`store/closure.ts`). */
  readonly references = new Map<string, readonly string[]>();
  /** Store paths of copied sources, by method, name and path (`store/copy-path.ts`). */
  readonly sourceCopies = new Map<string, string>();
  /** What paths became when they were copied as they are, by path (`store/copy-path.ts`). */
  readonly copiedPaths = new Map<string, ContextString>();
  /** Entries of search paths, by their text (`search-path.ts`). */
  readonly searchPathEntries = new Map<string, string | undefined>();
  /** Files found in the search path (`search-path.ts`). */
  readonly searchPathResults = new Map<string, string | undefined>();
  /** How deep operations are in values (`operations/nesting.ts`). */
  readonly nesting = new Nesting();
  /** How many values have been evaluated deeply (`operations/deep-force.ts`). */
  deepForces = 0;
  /** Compiled regular expressions, by pattern (`builtins/patterns.ts`). */
  readonly regexes = new Map<string, Regex>();
  /** Shapes of sets whose names were computed. */
  readonly shapes = new ShapeTable();
}
