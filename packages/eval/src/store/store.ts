/**
 * Store: the destination of derivations and sources.
 *
 * Store paths depend on content alone, so the evaluator computes them itself with `@nivis/formats`;
 * a Store reports which paths exist, and writes. In read-only mode nothing is written, and computed
 * paths are then not *valid*, as in C++ Nix. `dummy-store.ts` is a store that holds nothing;
 * `@nivis/node` has one on disk.
 */
import type { Bytes, Derivation, FinishedDerivation } from "@nivis/formats";
import type { SourceAccessor } from "../source-accessor.ts";
import type { SourceTree } from "./source-tree.ts";

/** The capabilities of a store. */
export interface StoreCapabilities {
  /** Whether it may hold paths. */
  readonly reads: boolean;
  /** Whether it accepts texts, sources and derivations. */
  readonly writes: boolean;
}

/**
 * An output that evaluation needs, of the derivation at `drvPath` or of one that is itself an
 * output.
 */
export interface WantedOutput {
  /** As in a string context: a `.drv` path, or `out!/nix/store/….drv` for an output. */
  readonly drvPath: Bytes;
  readonly output: Bytes;
}

/** A closure to copy; see {@link Store.fetchClosure}. */
export interface ClosureRequest {
  /** The URL of a binary cache, such as `https://cache.nixos.org`. */
  readonly from: Bytes;
  /** A store path. */
  readonly path: Bytes;
  /** Whether to rewrite the closure to content-addressed form. */
  readonly rewrite: boolean;
}

/** A copied closure. */
export interface ClosureCopy {
  readonly path: Bytes;
  readonly isContentAddressed: boolean;
}

/** Reads files of store objects by their whole paths, as a {@link SourceAccessor} does. */
export type StoreFiles = Pick<
  SourceAccessor,
  "fileType" | "isExecutable" | "readFile" | "readDirectory" | "readLink"
>;

/** A store, as evaluation uses it. All paths are whole store paths; all texts are byte strings. */
export interface Store {
  readonly capabilities: StoreCapabilities;
  /**
   * The host's directory with the files of {@link storeDir}, if it is a different one; bytes.
   */
  readonly relocatedDirectory?: Bytes | undefined;
  /**
   * Reads objects that are not files of the host, such as those of a binary cache. The host reads a
   * path from here if it is below {@link storeDir} and the host does not have it itself. Absent if
   * all objects are files of the host.
   */
  readonly files?: StoreFiles | undefined;
  /**
   * Protects a path from garbage collection: makes `link` a symlink to it and registers the link.
   * Returns the link, an absolute path. Absent if the store has no such roots.
   */
  addRoot?(path: Bytes, link: Bytes): Bytes;
  /** Returns the hash of the NAR of a store path, `sha256-…`; `undefined` if the path is not valid. */
  narHash?(path: Bytes): Bytes | undefined;
  /** The logical store directory, such as `/nix/store`. */
  readonly storeDir: Bytes;
  /** Whether a path exists, complete and registered. */
  isValidPath(path: Bytes): boolean;
  /** Returns the references of a valid path; `undefined` if they are not known. */
  references(path: Bytes): readonly Bytes[] | undefined;
  /** Returns the derivation in a valid `.drv` path; `undefined` if the path is not valid. */
  readDerivation(path: Bytes): Derivation | undefined;
  /** Writes the text file whose path was computed, unless the path is valid. */
  addText(path: Bytes, contents: Bytes, references: readonly Bytes[]): void;
  /** Writes the copy of a source, read from `files`, whose path was computed. */
  addSource(
    path: Bytes,
    source: SourceTree,
    references: readonly Bytes[],
    files: SourceAccessor,
  ): void;
  /** Writes a derivation, unless its path is valid. */
  addDerivation(derivation: FinishedDerivation): void;
  /**
   * Builds outputs, or fetches them from another store, all together; returns their paths in the
   * same order. Throws an {@link IoError} with the store's message if one is not available. Absent
   * if the store cannot build.
   */
  build?(wanted: readonly WantedOutput[]): readonly Bytes[];
  /** Fetches a path that is not valid from another store; returns whether it is valid now. */
  substitute?(path: Bytes): boolean;
  /**
   * Copies the closure of a path from the binary cache at `from`, or with `rewrite` its
   * content-addressed form, and returns what was copied. Throws an {@link IoError} with the store's
   * message. Absent if the store cannot copy.
   */
  fetchClosure?(request: ClosureRequest): ClosureCopy;
}
