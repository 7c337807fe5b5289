/** EvalCaches: results that one evaluation caches. Each field belongs to the code that uses it. */
import type { DerivationCache, KnownInput } from "@nivis/formats";
import { PlainDirectories } from "./path.ts";
import type { Regex } from "./regex/regex.ts";
import type { SourceAccessor } from "./source-accessor.ts";
import type { Attrs } from "./value/attrs.ts";
import type { MadeOfEntries } from "./value/open-list.ts";
import { ShapeTable } from "./value/shape-table.ts";
import type { ContextString, NixPath } from "./value/value.ts";

/** Assigns each path of an evaluation a unique text, so that paths can be keys of maps. */
export class PathKeys {
  readonly #numbers = new Map<SourceAccessor, number>();

  /** Returns the key of a path: the path itself if it is in the host's file system. */
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

/** The cached results of one evaluation. */
export class EvalCaches {
  /** The keys of paths in the maps below. */
  readonly pathKeys = new PathKeys();
  /** Derivations, by path (`builtins/derivation.ts`, `store/closure.ts`). */
  readonly derivations: DerivationCache = new Map();
  /** Outputs of derivations as inputs of others, by context element (`builtins/derivation.ts`). */
  readonly inputs = new Map<string, KnownInput>();
  /** The references of other store paths made here, written or not (`store/closure.ts`). */
  readonly references = new Map<string, readonly string[]>();
  /** The store paths of copied sources, by method, name and path (`store/copy-path.ts`). */
  readonly sourceCopies = new Map<string, string>();
  /** The store paths of paths that were copied unchanged, by path (`store/copy-path.ts`). */
  readonly copiedPaths = new Map<string, ContextString>();
  /** Resolved entries of search paths, by their text (`fetching/search-path.ts`). */
  readonly searchPathEntries = new Map<string, string | undefined>();
  /** Files found in the search path, by name (`fetching/search-path.ts`). */
  readonly searchPathResults = new Map<string, string | undefined>();
  /** Builds during evaluation that were announced and have not ended (`store/realise.ts`). */
  readonly announcedBuilds = new Set<string>();
  /** Directories that are reached without a symlink (`path.ts`). */
  readonly plainDirectories: PlainDirectories;
  /** Compiled regular expressions, by pattern (`builtins/patterns.ts`). */
  readonly regexes = new Map<string, Regex>();
  /** How the values of sets are made of the entries of directories (`value/open-list.ts`). */
  readonly madeOfEntries = new WeakMap<Attrs, MadeOfEntries>();
  /** The shapes of sets whose names were computed. */
  readonly shapes = new ShapeTable();

  constructor(plainDirectories = new PlainDirectories()) {
    this.plainDirectories = plainDirectories;
  }
}
