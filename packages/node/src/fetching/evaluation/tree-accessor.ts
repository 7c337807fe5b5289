/** TreeAccessor: a fetched tree as evaluation reads it. */
import {
  type DirectoryEntry,
  type FileType,
  type Fingerprint,
  IoError,
  type SourceAccessor,
} from "@nivis/eval";
import type { SourceTree } from "@nivis/fetch";
import { FormatError } from "@nivis/formats";

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

  fingerprint(path: string): Fingerprint | undefined {
    return this.#tree.fingerprint(path);
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
