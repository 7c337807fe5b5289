/** MountedTree: a tree with other trees in the place of some of its directories, such as submodules. */
import type {
  DirectoryEntry,
  FileType,
  Fingerprint,
  SourceStat,
  SourceTree,
  TreeRecipe,
} from "./source-tree.ts";

/** See the head of this file. */
export class MountedTree implements SourceTree {
  readonly #root: SourceTree;
  /** The longest paths first, so that a mount inside of a mount is found. */
  readonly #mounts: readonly (readonly [string, SourceTree])[];

  /** @param mounts Trees by the path at which they are seen; the directory must be in the tree below. */
  constructor(root: SourceTree, mounts: ReadonlyMap<string, SourceTree>) {
    this.#root = root;
    this.#mounts = [...mounts].sort(([a], [b]) => b.length - a.length);
  }

  /** The tree that a path is in, and the path there. */
  #at(path: string): readonly [SourceTree, string] {
    for (const [mount, tree] of this.#mounts) {
      if (path === mount) return [tree, "/"];
      if (path.startsWith(`${mount}/`)) return [tree, path.slice(mount.length)];
    }
    return [this.#root, path];
  }

  stat(path: string): SourceStat | undefined {
    const [tree, inner] = this.#at(path);
    return tree.stat(inner);
  }

  fileType(path: string): FileType | undefined {
    const [tree, inner] = this.#at(path);
    return tree.fileType(inner);
  }

  isExecutable(path: string): boolean {
    const [tree, inner] = this.#at(path);
    return tree.isExecutable(inner);
  }

  readFile(path: string): string {
    const [tree, inner] = this.#at(path);
    return tree.readFile(inner);
  }

  readBytes(path: string): Uint8Array {
    const [tree, inner] = this.#at(path);
    return tree.readBytes(inner);
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    const [tree, inner] = this.#at(path);
    return tree.readDirectory(inner);
  }

  readLink(path: string): string {
    const [tree, inner] = this.#at(path);
    return tree.readLink(inner);
  }

  display(path: string): string {
    const [tree, inner] = this.#at(path);
    return tree.display(inner);
  }

  checkAccess(path: string): void {
    const [tree, inner] = this.#at(path);
    tree.checkAccess?.(inner);
  }

  physicalPath(path: string): string | undefined {
    const below = path === "/" ? "/" : `${path}/`;
    if (this.#mounts.some(([mount]) => mount.startsWith(below))) return undefined;
    const [tree, inner] = this.#at(path);
    return tree.physicalPath(inner);
  }

  fingerprint(): Fingerprint | undefined {
    return undefined;
  }

  recipe(): TreeRecipe {
    const mounts = this.#mounts.map(([path, tree]) => [path, tree.recipe()] as const);
    return { kind: "mounted", root: this.#root.recipe(), mounts: new Map(mounts) };
  }
}
