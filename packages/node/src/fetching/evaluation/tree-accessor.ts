/** TreeAccessor: a fetched tree as evaluation reads it. */
import {
  type DirectoryEntry,
  type FileType,
  type Fingerprint,
  IoError,
  type SourceAccessor,
} from "@nivis/eval";
import type { SourceTree, TreeRecipe } from "@nivis/fetch";
import { FormatError, InputError } from "@nivis/formats";

/** See the head of this file. Errors of the tree become {@link IoError}s. */
export class TreeAccessor implements SourceAccessor {
  readonly immutable = true;
  readonly #tree: SourceTree;

  constructor(tree: SourceTree) {
    this.#tree = tree;
  }

  fileType(path: string): FileType | undefined {
    return reading(() => this.#tree.fileType(path));
  }

  isExecutable(path: string): boolean {
    return reading(() => this.#tree.isExecutable(path));
  }

  readFile(path: string): string {
    return reading(() => this.#tree.readFile(path));
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    return reading(() => this.#tree.readDirectory(path));
  }

  readLink(path: string): string {
    return reading(() => this.#tree.readLink(path));
  }

  display(path: string): string {
    return this.#tree.display(path);
  }

  physicalPath(path: string): string | undefined {
    return reading(() => this.#tree.physicalPath(path));
  }

  checkAccess(path: string): void {
    reading(() => this.#tree.checkAccess?.(path));
  }

  fingerprint(path: string): Fingerprint | undefined {
    return this.#tree.fingerprint(path);
  }

  /** How another thread can open the tree. */
  recipe(): TreeRecipe {
    return this.#tree.recipe();
  }
}

/** A file or directory of a tree as a tree of its own. */
export class SubtreeAccessor implements SourceAccessor {
  readonly immutable = true;
  readonly #tree: TreeAccessor;
  readonly #root: string;

  constructor(tree: SourceTree, root: string) {
    this.#tree = new TreeAccessor(tree);
    this.#root = root;
  }

  #path(path: string): string {
    return path === "/" ? this.#root : this.#root + path;
  }

  fileType(path: string): FileType | undefined {
    return this.#tree.fileType(this.#path(path));
  }

  isExecutable(path: string): boolean {
    return this.#tree.isExecutable(this.#path(path));
  }

  readFile(path: string): string {
    return this.#tree.readFile(this.#path(path));
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    return this.#tree.readDirectory(this.#path(path));
  }

  readLink(path: string): string {
    return this.#tree.readLink(this.#path(path));
  }

  display(path: string): string {
    return this.#tree.display(this.#path(path));
  }

  physicalPath(path: string): string | undefined {
    return this.#tree.physicalPath(this.#path(path));
  }

  checkAccess(path: string): void {
    this.#tree.checkAccess(this.#path(path));
  }
}

function reading<Result>(work: () => Result): Result {
  try {
    return work();
  } catch (error) {
    if (error instanceof FormatError) throw new IoError("fetched-tree", error.message);
    throw error;
  }
}

/** How another thread can open a tree that evaluation reads. */
export function recipeOf(tree: SourceAccessor): TreeRecipe {
  // Bundles on demand have this class of their own, so its member says what it is.
  if ("recipe" in tree) return (tree as TreeAccessor).recipe();
  throw new InputError("the flake is in a tree that only this thread can read");
}
