/** MemoryTree: a tree whose nodes are objects; the contents may lie elsewhere. */
import { bytesToByteString, InputError, marked, uncolored } from "@nivis/formats";
import {
  type DirectoryEntry,
  type FileType,
  type Fingerprint,
  missingObject,
  missingPath,
  namesOf,
  type SourceStat,
  type SourceTree,
  type TreeRecipe,
} from "./source-tree.ts";

/** A node. */
export type MemoryNode =
  | {
      readonly type: "regular";
      readonly isExecutable: boolean;
      /** Bytes. */
      readonly size: number;
      readonly read: () => Uint8Array;
    }
  | { readonly type: "symlink"; readonly target: string }
  | MemoryDirectory;

/** A directory. */
export interface MemoryDirectory {
  readonly type: "directory";
  readonly entries: Map<string, MemoryNode>;
}

/** See the head of this file. */
export class MemoryTree implements SourceTree {
  readonly #root: MemoryNode;
  readonly #name: string;
  readonly #recipe: TreeRecipe | undefined;

  /**
   * @param name What stands before paths in messages.
   * @param recipe How another thread opens the tree, if it can.
   */
  constructor(root: MemoryNode, name: string, recipe?: TreeRecipe) {
    this.#root = root;
    this.#name = name;
    this.#recipe = recipe;
  }

  #find(path: string): MemoryNode | undefined {
    let node: MemoryNode | undefined = this.#root;
    for (const name of namesOf(path)) {
      node = node?.type === "directory" ? node.entries.get(name) : undefined;
    }
    return node;
  }

  #get<Type extends MemoryNode["type"]>(
    path: string,
    type: Type,
    what: string,
  ): Extract<MemoryNode, { type: Type }> {
    const node = this.#find(path);
    if (node === undefined) {
      // Nix: a tree that is a single file lies on the disk.
      const isFile = this.#root.type === "regular";
      throw (isFile ? missingPath : missingObject)(this.display(path));
    }
    if (node.type === type) return node as Extract<MemoryNode, { type: Type }>;
    throw new InputError(marked`path '${this.display(path)}' is not a ${uncolored(what)}`);
  }

  stat(path: string): SourceStat | undefined {
    const node = this.#find(path);
    if (node === undefined) return undefined;
    return { type: node.type, isExecutable: node.type === "regular" && node.isExecutable };
  }

  fileType(path: string): FileType | undefined {
    return this.#find(path)?.type;
  }

  isExecutable(path: string): boolean {
    return this.#get(path, "regular", "regular file").isExecutable;
  }

  readFile(path: string): string {
    return bytesToByteString(this.readBytes(path));
  }

  readBytes(path: string): Uint8Array {
    return this.#get(path, "regular", "regular file").read();
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    const { entries } = this.#get(path, "directory", "directory");
    return [...entries].map(([name, { type }]) => ({ name, type }));
  }

  readLink(path: string): string {
    return this.#get(path, "symlink", "symlink").target;
  }

  display(path: string): string {
    return this.#name + path;
  }

  physicalPath(): string | undefined {
    return undefined;
  }

  fingerprint(): Fingerprint | undefined {
    return undefined;
  }

  recipe(): TreeRecipe {
    if (this.#recipe !== undefined) return this.#recipe;
    throw new TypeError("a tree in memory cannot be sent to another thread");
  }
}

/** A tree that is a single file. */
export function fileTree(contents: Uint8Array): SourceTree {
  const { length: size } = contents;
  const root = { type: "regular", isExecutable: false, size, read: () => contents } as const;
  return new MemoryTree(root, "", { kind: "file", contents });
}
