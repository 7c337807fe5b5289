/** FilteredTree: a tree of which only some paths can be seen. */
import type { InputError } from "@nivis/formats";
import {
  childPath,
  type DirectoryEntry,
  type FileType,
  type Fingerprint,
  type SourceStat,
  type SourceTree,
  type TreeRecipe,
} from "./source-tree.ts";

/** See the head of this file. */
export class FilteredTree implements SourceTree {
  readonly #tree: SourceTree;
  readonly #sees: (path: string) => boolean;
  readonly #hidden: (path: string) => InputError;
  readonly #recipe: () => TreeRecipe;

  /**
   * @param sees Whether a path can be seen; what is below a hidden directory is not asked about.
   * @param hidden The error for a path that cannot.
   * @param recipe How another thread opens this tree.
   */
  constructor(
    tree: SourceTree,
    sees: (path: string) => boolean,
    hidden: (path: string) => InputError,
    recipe: () => TreeRecipe,
  ) {
    this.#tree = tree;
    this.#sees = sees;
    this.#hidden = hidden;
    this.#recipe = recipe;
  }

  checkAccess(path: string): void {
    if (!this.#sees(path)) throw this.#hidden(path);
  }

  stat(path: string): SourceStat | undefined {
    return this.#sees(path) ? this.#tree.stat(path) : undefined;
  }

  fileType(path: string): FileType | undefined {
    return this.#sees(path) ? this.#tree.fileType(path) : undefined;
  }

  isExecutable(path: string): boolean {
    this.checkAccess(path);
    return this.#tree.isExecutable(path);
  }

  readFile(path: string): string {
    this.checkAccess(path);
    return this.#tree.readFile(path);
  }

  readBytes(path: string): Uint8Array {
    this.checkAccess(path);
    return this.#tree.readBytes(path);
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    this.checkAccess(path);
    return this.#tree.readDirectory(path).filter(({ name }) => this.#sees(childPath(path, name)));
  }

  readLink(path: string): string {
    this.checkAccess(path);
    return this.#tree.readLink(path);
  }

  display(path: string): string {
    return this.#tree.display(path);
  }

  physicalPath(path: string): string | undefined {
    // A directory on disk may have entries that cannot be seen here.
    if (!this.#sees(path) || this.#tree.fileType(path) === "directory") return undefined;
    return this.#tree.physicalPath(path);
  }

  fingerprint(): Fingerprint | undefined {
    return undefined;
  }

  recipe(): TreeRecipe {
    return this.#recipe();
  }
}
