/** NamedTree: a tree with another name in messages, and with the fingerprint of how it was obtained. */
import type {
  DirectoryEntry,
  FileType,
  Fingerprint,
  SourceStat,
  SourceTree,
} from "./source-tree.ts";

/** See the head of this file. */
export class NamedTree implements SourceTree {
  readonly #tree: SourceTree;
  readonly #prefix: string | undefined;
  readonly #fingerprint: string | undefined;

  /**
   * @param prefix What stands before paths in messages, such as `«github:o/r/REV»`; `undefined` to leave
   *   the names of the tree.
   * @param fingerprint What names the contents of the tree.
   */
  constructor(tree: SourceTree, prefix: string | undefined, fingerprint: string | undefined) {
    this.#tree = tree;
    this.#prefix = prefix;
    this.#fingerprint = fingerprint;
  }

  stat(path: string): SourceStat | undefined {
    return this.#tree.stat(path);
  }

  fileType(path: string): FileType | undefined {
    return this.#tree.fileType(path);
  }

  isExecutable(path: string): boolean {
    return this.#tree.isExecutable(path);
  }

  readFile(path: string): string {
    return this.#tree.readFile(path);
  }

  readBytes(path: string): Uint8Array {
    return this.#tree.readBytes(path);
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    return this.#tree.readDirectory(path);
  }

  readLink(path: string): string {
    return this.#tree.readLink(path);
  }

  display(path: string): string {
    return this.#prefix === undefined ? this.#tree.display(path) : this.#prefix + path;
  }

  physicalPath(path: string): string | undefined {
    return this.#tree.physicalPath(path);
  }

  fingerprint(path: string): Fingerprint | undefined {
    return this.#fingerprint === undefined ? undefined : { tree: this.#fingerprint, path };
  }
}
