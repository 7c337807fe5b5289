/** OverlaidTree: a tree in which some files have the contents of files on disk. */
import { bytesToByteString } from "@nivis/formats";
import type { Disk } from "../host.ts";
import type {
  DirectoryEntry,
  FileType,
  Fingerprint,
  SourceStat,
  SourceTree,
} from "./source-tree.ts";

/** See the head of this file. */
export class OverlaidTree implements SourceTree {
  readonly #tree: SourceTree;
  readonly #disk: Disk;
  readonly #files: ReadonlyMap<string, string>;

  /** @param files Paths on disk by paths in the tree, which has a regular file at each. */
  constructor(tree: SourceTree, disk: Disk, files: ReadonlyMap<string, string>) {
    this.#tree = tree;
    this.#disk = disk;
    this.#files = files;
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
    return bytesToByteString(this.readBytes(path));
  }

  readBytes(path: string): Uint8Array {
    const file = this.#files.get(path);
    return file === undefined ? this.#tree.readBytes(path) : this.#disk.readFile(file);
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    return this.#tree.readDirectory(path);
  }

  readLink(path: string): string {
    return this.#tree.readLink(path);
  }

  display(path: string): string {
    return this.#tree.display(path);
  }

  physicalPath(path: string): string | undefined {
    return this.#files.get(path) ?? this.#tree.physicalPath(path);
  }

  fingerprint(): Fingerprint | undefined {
    return undefined;
  }
}
