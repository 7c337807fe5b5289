/**
 * The workspace of the language server on this machine: the file system, and the search path of Nix as
 * the environment and nix.conf set it.
 */
import { lstatSync, readdirSync, readFileSync, statSync } from "node:fs";
import type { DirectoryEntry, FileStatus, Workspace } from "@nivis/lsp";

/** What the workspace needs besides the file system. */
export interface NodeWorkspaceOptions {
  readonly home: string | undefined;
  /** The entries of the search path, `PREFIX=PATH` or `PATH`; texts. */
  readonly searchPath: readonly string[];
}

/** The files of this machine. */
export class NodeWorkspace implements Workspace {
  readonly home: string | undefined;
  readonly #searchPath: readonly string[];

  constructor({ home, searchPath }: NodeWorkspaceOptions) {
    this.home = home;
    this.#searchPath = searchPath;
  }

  async status(path: string): Promise<FileStatus | undefined> {
    try {
      const found = statSync(path, { throwIfNoEntry: false });
      if (found === undefined) return undefined;
      const type = found.isFile() ? "file" : found.isDirectory() ? "directory" : "other";
      return { type, size: found.size, stamp: `${found.mtimeMs} ${found.size} ${found.ino}` };
    } catch {
      return undefined;
    }
  }

  async read(path: string): Promise<string | undefined> {
    try {
      if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
      return readFileSync(path, "utf8");
    } catch {
      return undefined;
    }
  }

  async list(path: string): Promise<readonly DirectoryEntry[] | undefined> {
    try {
      return readdirSync(path, { withFileTypes: true }).map((entry) => ({
        name: entry.name,
        type: entry.isFile() ? "file" : entry.isDirectory() ? "directory" : "other",
      }));
    } catch {
      return undefined;
    }
  }

  async findInSearchPath(name: string): Promise<string | undefined> {
    for (const entry of this.#searchPath) {
      const equals = entry.indexOf("=");
      const prefix = equals < 0 ? "" : entry.slice(0, equals);
      const target = entry.slice(equals + 1);
      if (!target.startsWith("/")) continue;
      if (prefix !== "" && name !== prefix && !name.startsWith(`${prefix}/`)) continue;
      const rest = prefix === "" ? name : name.slice(prefix.length + 1);
      const path = rest === "" ? target : `${target}/${rest}`;
      try {
        lstatSync(path);
        return path;
      } catch {
        // The next entry may have it.
      }
    }
    return undefined;
  }
}
