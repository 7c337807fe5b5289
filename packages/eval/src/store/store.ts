/**
 * Store: where derivations and sources go.
 *
 * Store paths follow from content, so the evaluator computes them itself, with `@nivis/formats`; a
 * Store is asked only what lies there already, and to write. In read-only mode nothing is written,
 * and paths that only exist in thought are then not *valid*, just as in C++ Nix. `dummy-store.ts` is
 * the store that holds nothing; `@nivis/node` has one on disk.
 */
import type { Derivation, FinishedDerivation } from "@nivis/formats";
import type { SourceAccessor } from "../source-accessor.ts";
import type { SourceTree } from "./source-tree.ts";

/** What a store can do. */
export interface StoreCapabilities {
  /** It may hold paths, so it is worth asking. */
  readonly reads: boolean;
  /** It takes texts, sources and derivations. */
  readonly writes: boolean;
}

/** An output that evaluation needs: of the derivation at `drvPath`, or of one that is itself an output. */
export interface WantedOutput {
  /** As in a string context: a `.drv` path, or `out!/nix/store/….drv` for one that is an output. */
  readonly drvPath: string;
  readonly output: string;
}

/** See the head of this file. All paths are whole store paths. */
export interface Store {
  readonly capabilities: StoreCapabilities;
  /**
   * The directory of the host in which the files of {@link storeDir} are, if it is another one; bytes.
   */
  readonly relocatedDirectory?: string | undefined;
  /**
   * Keeps a path from being collected as garbage: makes `link` a symlink to it and registers the link.
   * Returns the link, an absolute path. Absent if the store has no such roots.
   */
  addRoot?(path: string, link: string): string;
  /** Such as `/nix/store`. */
  readonly storeDir: string;
  /** Whether there is such a path, complete and registered. */
  isValidPath(path: string): boolean;
  /** The references of a valid path; `undefined` if they are not known. */
  references(path: string): readonly string[] | undefined;
  /** The derivation in a valid `.drv` path; `undefined` if the path is not valid. */
  readDerivation(path: string): Derivation | undefined;
  /** Writes the text file whose path was computed, unless the path is valid. */
  addText(path: string, contents: string, references: readonly string[]): void;
  /** Writes the copy of a source, read from `files`, whose path was computed. */
  addSource(
    path: string,
    source: SourceTree,
    references: readonly string[],
    files: SourceAccessor,
  ): void;
  /** Writes a derivation, unless its path is valid. */
  addDerivation(derivation: FinishedDerivation): void;
  /**
   * Builds outputs, or fetches them where another store has them, all together; returns their paths in
   * the same order. Throws an {@link IoError} with the store's message when one cannot be had. Absent
   * from a store that cannot build.
   */
  build?(wanted: readonly WantedOutput[]): readonly string[];
  /** Fetches a path that is not valid from another store; returns whether it is valid now. */
  substitute?(path: string): boolean;
}
