/**
 * EvalIo in memory: a file tree given as an object, for tests, web pages and other hosts without a
 * file system. The tree may be changed between evaluations, not during one.
 */
import { isBytes, marked } from "@nivis/formats";
import { type DirectoryEntry, type EvalIo, type FileType, IoError, type LogMessage } from "./io.ts";
import { parentOfPath, resolveSymlinks } from "./path.ts";

/** A file of {@link memoryIo}: its contents, or a file of another kind. Texts are byte strings. */
export type MemoryFile =
  | string
  | { readonly contents: string; readonly executable?: boolean }
  | { readonly target: string }
  | { readonly directory: true }
  /** A file that can be neither read nor copied, like a device. */
  | { readonly unknown: true };

/** The options of {@link memoryIo}. */
export interface MemoryIoOptions {
  /**
   * The files by absolute canonical path; their parent directories are implied. Defaults to none.
   */
  readonly files?: Readonly<Record<string, MemoryFile>>;
  readonly environment?: Readonly<Record<string, string>>;
  /** The current time in seconds since 1970. Defaults to 0. */
  readonly now?: number;
  /** The clock for `maxTime`, in milliseconds. Defaults to that of the process. */
  readonly milliseconds?: () => number;
  /** The current directory. Defaults to `/`. */
  readonly currentDirectory?: string;
  /** The system. Defaults to `x86_64-linux`. */
  readonly system?: string;
  /** Receives warnings and traces. Defaults to dropping them. */
  readonly log?: (message: LogMessage) => void;
}

type Node =
  | { readonly type: "regular"; readonly contents: string; readonly executable: boolean }
  | { readonly type: "symlink"; readonly target: string }
  | { readonly type: "unknown" }
  | { readonly type: "directory"; readonly entries: Map<string, Node> };

/** Returns an EvalIo over files in memory. */
export function memoryIo(options: MemoryIoOptions = {}): EvalIo {
  return new MemoryIo(options);
}

function nodeOf(path: string, file: MemoryFile): Node {
  const contents = typeof file === "string" ? file : "contents" in file ? file.contents : "";
  if (!isBytes(contents)) {
    throw new TypeError(
      `the file '${path}' holds chars above U+00FF: make it bytes with encodeUtf8`,
    );
  }
  if (typeof file === "string") return { type: "regular", contents: file, executable: false };
  if ("contents" in file) {
    return { type: "regular", contents: file.contents, executable: file.executable ?? false };
  }
  if ("target" in file) return { type: "symlink", target: file.target };
  if ("directory" in file) return { type: "directory", entries: new Map() };
  return { type: "unknown" };
}

class MemoryIo implements EvalIo {
  readonly #nodes = new Map<string, Node>();
  readonly #options: MemoryIoOptions;

  constructor(options: MemoryIoOptions) {
    this.#options = options;
    this.#nodes.set("/", { type: "directory", entries: new Map() });
    for (const [path, file] of Object.entries(options.files ?? {}))
      this.#add(path, nodeOf(path, file));
  }

  readFile(path: string): string {
    const node = this.#follow(path);
    if (node.type === "regular") return node.contents;
    throw new IoError(
      "EISDIR",
      marked`${path === "/" ? "" : "file "}'${path}' is not a regular file`,
    );
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    const node = this.#follow(path);
    if (node.type !== "directory")
      throw new IoError("ENOTDIR", marked`'${path}' is not a directory`);
    return Array.from(node.entries, ([name, entry]) => ({ name, type: entry.type }));
  }

  fileType(path: string): FileType | undefined {
    return this.#find(path)?.type;
  }

  readLink(path: string): string {
    const node = this.#find(path);
    if (node === undefined) throw doesNotExist(path);
    if (node.type === "symlink") return node.target;
    throw new IoError("EINVAL", marked`file '${path}' is not a symlink`);
  }

  isExecutable(path: string): boolean {
    const node = this.#find(path);
    if (node === undefined) throw doesNotExist(path);
    return node.type === "regular" && node.executable;
  }

  display(path: string): string {
    return path;
  }

  physicalPath(path: string): string {
    return path;
  }

  homeDirectory(): string {
    const home = this.environment("HOME");
    if (home === undefined) throw new IoError("ENOENT", "cannot determine user's home directory");
    return home;
  }

  environment(name: string): string | undefined {
    const environment = this.#options.environment;
    return environment !== undefined && Object.hasOwn(environment, name)
      ? environment[name]
      : undefined;
  }

  now(): number {
    return this.#options.now ?? 0;
  }

  milliseconds(): number {
    return (this.#options.milliseconds ?? Date.now)();
  }

  currentDirectory(): string {
    return this.#options.currentDirectory ?? "/";
  }

  system(): string {
    return this.#options.system ?? "x86_64-linux";
  }

  log(message: LogMessage): void {
    this.#options.log?.(message);
  }

  #add(path: string, node: Node): void {
    const parentPath = parentOfPath(path);
    let parent = this.#nodes.get(parentPath);
    if (parent === undefined) {
      parent = { type: "directory", entries: new Map() };
      this.#add(parentPath, parent);
    }
    if (parent.type !== "directory")
      throw new TypeError(`'${parentPath}' is both a directory and a file`);
    const before = this.#nodes.get(path);
    // A directory that is listed after a file in it keeps that file.
    if (before?.type === "directory" && node.type === "directory") return;
    parent.entries.set(path.slice(path.lastIndexOf("/") + 1), node);
    this.#nodes.set(path, node);
  }

  /** Returns the node at a path whose ancestors may be symlinks, or `undefined`. */
  #find(path: string): Node | undefined {
    const direct = this.#nodes.get(path);
    if (direct !== undefined || !this.#hasSymlinkAncestor(path)) return direct;
    return this.#nodes.get(resolveSymlinks(this, path, "ancestors"));
  }

  #hasSymlinkAncestor(path: string): boolean {
    for (let parent = parentOfPath(path); parent !== "/"; parent = parentOfPath(parent)) {
      const node = this.#nodes.get(parent);
      if (node !== undefined) return node.type === "symlink";
    }
    return false;
  }

  #follow(path: string): Node {
    const node = this.#find(path);
    if (node === undefined) throw doesNotExist(path);
    if (node.type !== "symlink") return node;
    const target = this.#nodes.get(resolveSymlinks(this, path, "full"));
    if (target === undefined || target.type === "symlink") throw doesNotExist(path);
    return target;
  }
}

function doesNotExist(path: string): IoError {
  return new IoError("ENOENT", marked`path '${path}' does not exist`);
}
