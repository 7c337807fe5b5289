/**
 * Paths as text, and resolving symlinks in a tree of files.
 *
 * All paths are absolute and canonical byte strings: they start with `/` and have no `.`, `..`,
 * doubled or trailing slashes. `canonPath` of `@nivis/formats` makes a path canonical; neither it
 * nor the textual functions here access a disk.
 */
import { marked } from "@nivis/formats";
import { EvalError } from "./errors/eval-error.ts";
import { type FileType, IoError, type SourceAccessor } from "./source-accessor.ts";

/** Returns the last component of a path; empty for the root. */
export function baseNameOfPath(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** Returns the path without its last component; the root is its own parent. */
export function parentOfPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** Returns the path of an entry of a directory. */
export function joinPath(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

/**
 * Returns the type of the file at a path, not following a symlink. Throws {@link IoError} if none
 * exists.
 */
export function existingType(files: SourceAccessor, path: string): FileType {
  const type = files.fileType(path);
  if (type !== undefined) return type;
  files.checkAccess?.(path);
  throw new IoError("ENOENT", marked`path '${files.display(path)}' does not exist`);
}

/**
 * Throws if the directory of a path cannot be reached without following a symlink. A path that does
 * not exist is not an error here. `plain` is the memory of {@link PlainDirectories}.
 */
export function checkNoSymlinkAbove(
  files: SourceAccessor,
  path: string,
  plain?: Set<string>,
): void {
  const parent = parentOfPath(path);
  if (parent === "/" || plain?.has(parent)) return;
  files.checkAccess?.(path);
  let above = "/";
  for (const name of parent.slice(1).split("/")) {
    above = joinPath(above, name);
    const type = files.fileType(above);
    if (type === "symlink") {
      const shown = files.display(parent);
      throw new EvalError("io", marked`path '${shown}' (or its ancestor) is a symlink`);
    }
    if (type === undefined) return;
  }
}

/**
 * What an evaluation remembers of the trees that do not change: directories that are reached
 * without a symlink, so that most paths need not be walked again.
 */
export class PlainDirectories {
  readonly #directories = new Map<SourceAccessor, Set<string>>();
  readonly #open: () => Set<string>;

  /** @param open - makes the memory of one tree */
  constructor(open: () => Set<string> = () => new Set()) {
    this.#open = open;
  }

  /**
   * The directories of a tree in whose paths no component is a symlink; `undefined` if it may
   * change.
   */
  of(files: SourceAccessor): Set<string> | undefined {
    if (files.immutable !== true) return undefined;
    let known = this.#directories.get(files);
    if (known === undefined) {
      known = this.#open();
      this.#directories.set(files, known);
    }
    return known;
  }

  /** Forgets all trees. */
  clear(): void {
    this.#directories.clear();
  }
}

/**
 * Whether a path leads to an existing file when all symlinks are followed; `plain` as in
 * {@link resolveSymlinks}.
 */
export function leadsSomewhere(files: SourceAccessor, path: string, plain?: Set<string>): boolean {
  return files.fileType(resolveSymlinks(files, path, "full", plain)) !== undefined;
}

/** The maximum number of symlinks that are followed in one path; as in C++ Nix. */
export const MAX_LINKS = 1024;

/**
 * Replaces symlinks in a path by their targets: with `full` also in the last component, with
 * `ancestors` only before it. Components that do not exist are kept. `plain` is a memory for trees
 * that do not change, see {@link PlainDirectories}. Throws an {@link EvalError} for a cycle.
 */
export function resolveSymlinks(
  files: SourceAccessor,
  path: string,
  mode: "full" | "ancestors",
  plain?: Set<string>,
): string {
  if (plain?.has(parentOfPath(path))) {
    if (mode === "ancestors" || files.fileType(path) !== "symlink") return path;
  }
  const resolved = walkComponents(files, path, mode);
  if (plain !== undefined && resolved === path) {
    const parent = parentOfPath(path);
    if (files.fileType(parent) === "directory") plain.add(parent);
  }
  return resolved;
}

function walkComponents(files: SourceAccessor, path: string, mode: "full" | "ancestors"): string {
  // The components still to resolve, the next one last.
  const todo = componentsReversed(path);
  let linksAllowed = MAX_LINKS;
  let resolved = "/";
  for (let name = todo.pop(); name !== undefined; name = todo.pop()) {
    if (name === "" || name === ".") continue;
    if (name === "..") {
      resolved = parentOfPath(resolved);
      continue;
    }
    const next = joinPath(resolved, name);
    if ((mode === "ancestors" && todo.length === 0) || files.fileType(next) !== "symlink") {
      resolved = next;
      continue;
    }
    if (linksAllowed-- === 0) {
      throw new EvalError(
        "io",
        marked`infinite symlink recursion in path '${files.display(path)}'`,
      );
    }
    const target = files.readLink(next);
    if (target.startsWith("/")) resolved = "/";
    todo.push(...componentsReversed(target));
  }
  return resolved;
}

function componentsReversed(path: string): string[] {
  return path.split("/").reverse();
}
