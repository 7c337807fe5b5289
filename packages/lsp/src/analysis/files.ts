/**
 * Files: the snapshots of all files that features look at, open in the editor or not.
 *
 * An open document wins over the file of the same path. Snapshots of other files are kept until the
 * file changes, which the workspace tells by a stamp, and the least recently used go first.
 */
import type { Workspace } from "../host.ts";
import { directoryOf, uriOfPath } from "../text/uri.ts";
import { Snapshot } from "./snapshot.ts";

/** Snapshots of files that are not open, at most. */
const MAX_KEPT = 256;
/** A file of more bytes is not read for navigation. */
const MAX_FILE_SIZE = 4 * 1024 * 1024;

interface Kept {
  readonly stamp: string;
  readonly snapshot: Snapshot;
}

/** The snapshots of files by path. */
export class Files {
  readonly #workspace: Workspace;
  readonly #open: (path: string) => Snapshot | undefined;
  /** In the order of their last use. */
  readonly #kept = new Map<string, Kept>();

  constructor(workspace: Workspace, open: (path: string) => Snapshot | undefined) {
    this.#workspace = workspace;
    this.#open = open;
  }

  /** The snapshot of a file; `undefined` if there is none, or it is too large. */
  async snapshot(path: string): Promise<Snapshot | undefined> {
    const open = this.#open(path);
    if (open !== undefined) return open;
    const status = await this.#workspace.status(path);
    if (status?.type !== "file" || status.size > MAX_FILE_SIZE) return undefined;
    const kept = this.#kept.get(path);
    this.#kept.delete(path);
    if (kept?.stamp === status.stamp) {
      this.#kept.set(path, kept);
      return kept.snapshot;
    }
    const text = await this.#workspace.read(path);
    if (text === undefined) return undefined;
    const snapshot = new Snapshot(uriOfPath(path), path, 0, text);
    this.#kept.set(path, { stamp: status.stamp, snapshot });
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= MAX_KEPT) break;
      this.#kept.delete(oldest);
    }
    return snapshot;
  }

  /** The file that `import PATH` reads: that of a directory is its `default.nix`. */
  async importedFile(path: string): Promise<string | undefined> {
    const status = await this.#workspace.status(path);
    if (status?.type === "file") return path;
    if (status?.type !== "directory") return undefined;
    const inside = `${path === "/" ? "" : path}/default.nix`;
    return (await this.#workspace.status(inside))?.type === "file" ? inside : undefined;
  }

  /** The path that `<NAME>` stands for. */
  searchPath(name: string): Promise<string | undefined> {
    return this.#workspace.findInSearchPath(name);
  }

  /** The nearest directory from that of a file upwards that has a `flake.nix`. */
  async flakeDirectory(path: string): Promise<string | undefined> {
    for (let at = directoryOf(path); ; at = directoryOf(at)) {
      const file = at === "/" ? "/flake.nix" : `${at}/flake.nix`;
      if ((await this.#workspace.status(file))?.type === "file") return at;
      if (at === "/") return undefined;
    }
  }

  /**
   * The `.nix` files below a directory, at most `limit`; hidden directories, `result` links and other
   * symbolic links are left out.
   */
  async nixFilesBelow(root: string, limit: number): Promise<string[]> {
    const found: string[] = [];
    const pending = [root];
    for (let at = pending.pop(); at !== undefined; at = pending.pop()) {
      for (const { name, type } of (await this.#workspace.list(at)) ?? []) {
        if (name.startsWith(".")) continue;
        const path = at === "/" ? `/${name}` : `${at}/${name}`;
        if (type === "directory" && name !== "node_modules") pending.push(path);
        else if (type === "file" && name.endsWith(".nix")) found.push(path);
        if (found.length >= limit) return found;
      }
    }
    return found;
  }

  /** The text of a file as a quick look, without keeping it. */
  async peek(path: string): Promise<string | undefined> {
    const open = this.#open(path);
    if (open !== undefined) return open.text;
    const status = await this.#workspace.status(path);
    if (status?.type !== "file" || status.size > MAX_FILE_SIZE) return undefined;
    return this.#workspace.read(path);
  }

  /** Forgets a file that has changed. */
  forget(path: string): void {
    this.#kept.delete(path);
  }
}
