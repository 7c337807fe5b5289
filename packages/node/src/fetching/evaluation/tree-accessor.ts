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
  readonly #touched: ((path: string) => void) | undefined;

  /** @param touched - takes the path on disk of everything that is looked at in a tree that lies there */
  constructor(tree: SourceTree, touched?: (path: string) => void) {
    this.#tree = tree;
    this.#touched = touched;
  }

  #touch(path: string): void {
    const place = this.#tree.physicalPath(path);
    if (place !== undefined) this.#touched?.(place);
  }

  fileType(path: string): FileType | undefined {
    const type = reading(() => this.#tree.fileType(path));
    // Something that appears is seen in its directory.
    if (this.#touched !== undefined) this.#touch(type === undefined ? parentOf(path) : path);
    return type;
  }

  isExecutable(path: string): boolean {
    return reading(() => this.#tree.isExecutable(path));
  }

  readFile(path: string): string {
    if (this.#touched !== undefined) this.#touch(path);
    return reading(() => this.#tree.readFile(path));
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    if (this.#touched !== undefined) this.#touch(path);
    return reading(() => this.#tree.readDirectory(path));
  }

  readLink(path: string): string {
    if (this.#touched !== undefined) this.#touch(path);
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

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
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
