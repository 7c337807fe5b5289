/** NamedTree: a tree with another name in messages, and with the fingerprint of how it was obtained. */
import { InputError, type NarSink } from "@nivis/formats";
import { ForwardingTree } from "./forwarding-tree.ts";
import {
  type DirectoryEntry,
  dumpTree,
  type Fingerprint,
  missingObject,
  missingPath,
  type SourceTree,
  type TreeRecipe,
} from "./source-tree.ts";

/** A tree with a name and a fingerprint of its own. */
export class NamedTree extends ForwardingTree {
  readonly #findPrefix: string | (() => string) | undefined;
  readonly #fingerprint: string | undefined;

  /**
   * @param prefix What stands before paths in messages, such as `«github:o/r/REV»`, or a function that
   *   finds it out; `undefined` to leave the names of the tree.
   * @param fingerprint What names the contents of the tree.
   */
  constructor(
    tree: SourceTree,
    prefix: string | (() => string) | undefined,
    fingerprint: string | undefined,
  ) {
    super(tree);
    this.#findPrefix = prefix;
    this.#fingerprint = fingerprint;
  }

  get #prefix(): string | undefined {
    return typeof this.#findPrefix === "function" ? this.#findPrefix() : this.#findPrefix;
  }

  override display(path: string): string {
    const prefix = this.#prefix;
    return prefix === undefined ? super.display(path) : prefix + path;
  }

  /** Reads something; the error for a path that is not there has the name of this tree. */
  #reading<Result>(path: string, read: () => Result): Result {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      const inner = this.tree.display(path);
      for (const missing of [missingObject, missingPath]) {
        if (error.message === missing(inner).message) throw missing(this.display(path));
      }
      throw error;
    }
  }

  override isExecutable(path: string): boolean {
    return this.#reading(path, () => super.isExecutable(path));
  }

  override readFile(path: string): string {
    return this.#reading(path, () => super.readFile(path));
  }

  override readBytes(path: string): Uint8Array {
    return this.#reading(path, () => super.readBytes(path));
  }

  override readDirectory(path: string): readonly DirectoryEntry[] {
    return this.#reading(path, () => super.readDirectory(path));
  }

  override readLink(path: string): string {
    return this.#reading(path, () => super.readLink(path));
  }

  override fingerprint(path: string): Fingerprint | undefined {
    return this.#fingerprint === undefined ? undefined : { tree: this.#fingerprint, path };
  }

  dump(path: string, sink: NarSink): number {
    return dumpTree(this.tree, sink, path);
  }

  override recipe(): TreeRecipe {
    const tree = this.tree.recipe();
    return { kind: "named", tree, prefix: this.#prefix, fingerprint: this.#fingerprint };
  }
}
