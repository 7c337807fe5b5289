/** DiskTree: a directory on disk, or a single file. */
import { bytesToByteString } from "@nivis/formats";
import type { Disk, DiskStat } from "../host.ts";
import {
  type DirectoryEntry,
  type FileType,
  type Fingerprint,
  missingPath,
  type SourceTree,
  type TreeRecipe,
} from "./source-tree.ts";

/** Files that are kept are not larger, in bytes. */
const MAX_KEPT = 1 << 16;

/** See the head of this file. Remembers the newest time of what it has looked at. */
export class DiskTree implements SourceTree {
  readonly #kept: Map<string, Uint8Array> | undefined;
  readonly #disk: Disk;
  readonly #root: string;
  #newest = 0;

  /**
   * @param keeps Whether small files at the top, such as `flake.nix`, are kept: they are read for the hash
   *   of the tree and again for what they say, which then is what was hashed.
   */
  constructor(disk: Disk, root: string, keeps = false) {
    this.#kept = keeps ? new Map() : undefined;
    this.#disk = disk;
    this.#root = root === "/" ? "" : root;
  }

  /** The time of last change of the newest path that was looked at, in seconds since 1970. */
  get newest(): number {
    return this.#newest;
  }

  #path(path: string): string {
    return path === "/" ? this.#root || "/" : this.#root + path;
  }

  stat(path: string): DiskStat | undefined {
    const stat = this.#disk.stat(this.#path(path));
    if (stat !== undefined && stat.modified > this.#newest) this.#newest = stat.modified;
    return stat;
  }

  fileType(path: string): FileType | undefined {
    return this.stat(path)?.type;
  }

  isExecutable(path: string): boolean {
    return this.stat(path)?.isExecutable === true;
  }

  readFile(path: string): string {
    return bytesToByteString(this.readBytes(path));
  }

  readBytes(path: string): Uint8Array {
    const kept = this.#kept?.get(path);
    if (kept !== undefined) return kept;
    try {
      const bytes = this.#disk.readFile(this.#path(path));
      const isAtTop = path.lastIndexOf("/") === 0;
      if (isAtTop && bytes.length <= MAX_KEPT) this.#kept?.set(path, bytes);
      return bytes;
    } catch (error) {
      if (this.stat(path) === undefined) throw missingPath(this.display(path));
      throw error;
    }
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    return this.#disk.readDirectory(this.#path(path));
  }

  readLink(path: string): string {
    return this.#disk.readLink(this.#path(path));
  }

  display(path: string): string {
    return this.#path(path);
  }

  physicalPath(path: string): string | undefined {
    return this.#path(path);
  }

  fingerprint(): Fingerprint | undefined {
    return undefined;
  }

  recipe(): TreeRecipe {
    return { kind: "disk", root: this.#root || "/" };
  }
}
