/** OverlaidTree: a tree in which some files have the contents of files on disk. */
import { bytesToByteString } from "@nivis/formats";
import type { Disk } from "../host.ts";
import { ForwardingTree } from "./forwarding-tree.ts";
import type { SourceTree, TreeRecipe } from "./source-tree.ts";

/** A tree with other contents for some of its files. */
export class OverlaidTree extends ForwardingTree {
  readonly #disk: Disk;
  readonly #files: ReadonlyMap<string, string>;

  /** @param files Paths on disk by paths in the tree, which has a regular file at each. */
  constructor(tree: SourceTree, disk: Disk, files: ReadonlyMap<string, string>) {
    super(tree);
    this.#disk = disk;
    this.#files = files;
  }

  override readFile(path: string): string {
    return bytesToByteString(this.readBytes(path));
  }

  override readBytes(path: string): Uint8Array {
    const file = this.#files.get(path);
    return file === undefined ? super.readBytes(path) : this.#disk.readFile(file);
  }

  override physicalPath(path: string): string | undefined {
    const file = this.#files.get(path);
    if (file !== undefined) return file;
    return this.fileType(path) === "directory" ? undefined : super.physicalPath(path);
  }

  override fingerprint(): undefined {
    return undefined;
  }

  override recipe(): TreeRecipe {
    return { kind: "overlaid", tree: this.tree.recipe(), files: this.#files };
  }
}
