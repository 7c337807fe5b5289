/**
 * A {@link SourceAccessor} over files in memory that never change: the files of the evaluator
 * (`core-files.ts`), and trees of tests.
 *
 * It does not imitate the file system of a machine; `memory-io.ts` does, with C++ Nix's messages
 * for files on disk. The messages here are those of its `MemorySourceAccessor`.
 */
import { marked, uncolored } from "@nivis/formats";
import { parentOfPath } from "./path.ts";
import {
  type DirectoryEntry,
  type FileType,
  IoError,
  type SourceAccessor,
} from "./source-accessor.ts";

/** A regular file, given by its contents, or a symlink. Texts are byte strings. */
export type MemoryTreeFile =
  | string
  | { readonly contents: string; readonly executable: boolean }
  | { readonly target: string };

/** The text around a displayed path of the tree. Byte strings. */
export interface PathDisplay {
  readonly prefix: string;
  readonly suffix?: string;
}

type Node =
  | { readonly type: "regular"; readonly contents: string; readonly executable: boolean }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "directory"; readonly entries: DirectoryEntry[] };

/** A tree of files in memory that never changes. */
export class MemoryAccessor implements SourceAccessor {
  readonly #nodes = new Map<string, Node>();
  readonly #display: PathDisplay;

  /** Takes `files` by absolute canonical path; their parent directories are implied. */
  constructor(files: Readonly<Record<string, MemoryTreeFile>>, display: PathDisplay) {
    this.#display = display;
    this.#nodes.set("/", { type: "directory", entries: [] });
    for (const [path, file] of Object.entries(files)) this.#add(path, nodeOf(file));
  }

  fileType(path: string): FileType | undefined {
    return this.#nodes.get(path)?.type;
  }

  isExecutable(path: string): boolean {
    const node = this.#open(path);
    return node.type === "regular" && node.executable;
  }

  readFile(path: string): string {
    const node = this.#open(path);
    if (node.type === "regular") return node.contents;
    throw node.type === "symlink"
      ? this.#error("ELOOP", path, "is a symlink")
      : this.#error("EISDIR", path, "is not a regular file");
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    const node = this.#open(path);
    if (node.type === "directory") return node.entries;
    throw node.type === "symlink"
      ? this.#error("ELOOP", path, "is a symlink")
      : this.#error("ENOTDIR", path, "is not a directory");
  }

  readLink(path: string): string {
    const node = this.#open(path);
    if (node.type === "symlink") return node.target;
    throw this.#error("EINVAL", path, "is not a symbolic link");
  }

  display(path: string): string {
    return `${this.#display.prefix}${path}${this.#display.suffix ?? ""}`;
  }

  physicalPath(): undefined {
    return undefined;
  }

  #open(path: string): Node {
    const node = this.#nodes.get(path);
    if (node === undefined) throw this.#error("ENOENT", path, "does not exist");
    return node;
  }

  #error(code: string, path: string, what: string): IoError {
    return new IoError(code, marked`file '${this.display(path)}' ${uncolored(what)}`);
  }

  #add(path: string, node: Node): void {
    const parentPath = parentOfPath(path);
    let parent = this.#nodes.get(parentPath);
    if (parent === undefined) {
      parent = { type: "directory", entries: [] };
      this.#add(parentPath, parent);
    }
    if (parent.type !== "directory" || this.#nodes.has(path)) {
      throw new TypeError(`'${path}' is given twice, or lies below a file`);
    }
    parent.entries.push({ name: path.slice(path.lastIndexOf("/") + 1), type: node.type });
    this.#nodes.set(path, node);
  }
}

function nodeOf(file: MemoryTreeFile): Node {
  if (typeof file === "string") return { type: "regular", contents: file, executable: false };
  if ("target" in file) return { type: "symlink", target: file.target };
  return { type: "regular", contents: file.contents, executable: file.executable };
}
