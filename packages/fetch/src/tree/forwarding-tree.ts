/** ForwardingTree: what trees share that are another tree but for a few answers. */
import type {
  DirectoryEntry,
  FileType,
  Fingerprint,
  SourceStat,
  SourceTree,
  TreeRecipe,
} from "./source-tree.ts";

/** Forwards everything but the fingerprint, which each kind of tree decides for itself. */
export abstract class ForwardingTree implements SourceTree {
  protected readonly tree: SourceTree;

  constructor(tree: SourceTree) {
    this.tree = tree;
  }

  stat(path: string): SourceStat | undefined {
    return this.tree.stat(path);
  }

  fileType(path: string): FileType | undefined {
    return this.tree.fileType(path);
  }

  isExecutable(path: string): boolean {
    return this.tree.isExecutable(path);
  }

  readFile(path: string): string {
    return this.tree.readFile(path);
  }

  readBytes(path: string): Uint8Array {
    return this.tree.readBytes(path);
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    return this.tree.readDirectory(path);
  }

  readLink(path: string): string {
    return this.tree.readLink(path);
  }

  display(path: string): string {
    return this.tree.display(path);
  }

  physicalPath(path: string): string | undefined {
    return this.tree.physicalPath(path);
  }

  checkAccess(path: string): void {
    this.tree.checkAccess?.(path);
  }

  abstract fingerprint(path: string): Fingerprint | undefined;

  abstract recipe(): TreeRecipe;
}
