/** NamedTree: a tree with another name in messages, and with the fingerprint of how it was obtained. */
import type { NarSink } from "@nivis/formats";
import { ForwardingTree } from "./forwarding-tree.ts";
import { dumpTree, type Fingerprint, type SourceTree, type TreeRecipe } from "./source-tree.ts";

/** A tree with a name and a fingerprint of its own. */
export class NamedTree extends ForwardingTree {
  readonly #prefix: string | undefined;
  readonly #fingerprint: string | undefined;

  /**
   * @param prefix What stands before paths in messages, such as `«github:o/r/REV»`; `undefined` to leave
   *   the names of the tree.
   * @param fingerprint What names the contents of the tree.
   */
  constructor(tree: SourceTree, prefix: string | undefined, fingerprint: string | undefined) {
    super(tree);
    this.#prefix = prefix;
    this.#fingerprint = fingerprint;
  }

  override display(path: string): string {
    return this.#prefix === undefined ? super.display(path) : this.#prefix + path;
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
