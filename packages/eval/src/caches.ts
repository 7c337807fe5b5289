/** EvalCaches: what one evaluation remembers so as not to compute it again. Fields belong to the code that uses them. */
import type { DerivationCache, KnownInput } from "@nivis/formats";
import { Nesting } from "./operations/nesting.ts";
import type { Regex } from "./regex/regex.ts";
import type { SourceAccessor } from "./source-accessor.ts";
import { ShapeTable } from "./value/shape-table.ts";
import type { ContextString, NixPath } from "./value/value.ts";

/** Gives each path of an evaluation a text that no other has, so that paths can be keys. */
export class PathKeys {
  readonly #numbers = new Map<SourceAccessor, number>();

  /** The key of a path: the path itself if it is one of the host's file system. */
  of({ path, accessor }: NixPath): string {
    if (accessor === undefined) return path;
    let number = this.#numbers.get(accessor);
    if (number === undefined) {
      number = this.#numbers.size;
      this.#numbers.set(accessor, number);
    }
    return `${number}${path}`;
  }
}

/** See the head of this file. */
export class EvalCaches {
  /** The keys of paths in the maps below. */
  readonly pathKeys = new PathKeys();
  /** Derivations by path (`builtins/derivation.ts`, `store/closure.ts`). */
  readonly derivations: DerivationCache = new Map();
  /** Outputs of derivations as inputs of others, by context element (`builtins/derivation.ts`). */
  readonly inputs = new Map<string, KnownInput>();
  /** References of other store paths made here, written or not (`store/closure.ts`). */
  readonly references = new Map<string, readonly string[]>();
  /** Store paths of copied sources, by method, name and path (`store/copy-path.ts`). */
  readonly sourceCopies = new Map<string, string>();
  /** What paths became when they were copied as they are, by path (`store/copy-path.ts`). */
  readonly copiedPaths = new Map<string, ContextString>();
  /** Entries of search paths, by their text (`search-path.ts`). */
  readonly searchPathEntries = new Map<string, string | undefined>();
  /** Files found in the search path (`search-path.ts`). */
  readonly searchPathResults = new Map<string, string | undefined>();
  /** Builds for evaluation that were told of and have not ended (`store/realise.ts`). */
  readonly announcedBuilds = new Set<string>();
  /** How deep operations are in values (`operations/nesting.ts`). */
  readonly nesting = new Nesting();
  /** How many values have been evaluated deeply (`operations/deep-force.ts`). */
  deepForces = 0;
  /** Compiled regular expressions, by pattern (`builtins/patterns.ts`). */
  readonly regexes = new Map<string, Regex>();
  /** Shapes of sets whose names were computed. */
  readonly shapes = new ShapeTable();
}
