/**
 * Paths as text, and the resolving of symlinks in a tree of files.
 *
 * All paths are absolute and canonical byte strings: `/` at the start, no `.`, `..`, doubled or
 * trailing slashes. Making one canonical is `canonPath` of `@nivis/formats`; nothing there or in
 * the textual functions here looks at a disk.
 */
import { EvalError } from "./errors/eval-error.ts";
import { type FileType, IoError, type SourceAccessor } from "./source-accessor.ts";

/** The last component; empty for the root. */
export function baseNameOfPath(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** The path without its last component; the root is its own parent. */
export function parentOfPath(path: string): string {
  const slash = path.lastIndexOf("/");
  return slash <= 0 ? "/" : path.slice(0, slash);
}

/** The path of an entry of a directory. */
export function joinPath(directory: string, name: string): string {
  return directory === "/" ? `/${name}` : `${directory}/${name}`;
}

/** The type of what is at a path, without following a symlink; an {@link IoError} if nothing is. */
export function existingType(files: SourceAccessor, path: string): FileType {
  const type = files.fileType(path);
  if (type !== undefined) return type;
  files.checkAccess?.(path);
  throw new IoError("ENOENT", `path '${files.display(path)}' does not exist`);
}

/**
 * Throws if the directory that a path is in cannot be reached without following a symlink. What does
 * not exist is left to the caller, who finds nothing there.
 */
export function checkNoSymlinkAbove(files: SourceAccessor, path: string): void {
  const parent = parentOfPath(path);
  if (parent === "/" || files.plainDirectories?.has(parent)) return;
  files.checkAccess?.(path);
  let above = "/";
  for (const name of parent.slice(1).split("/")) {
    above = joinPath(above, name);
    const type = files.fileType(above);
    if (type === "symlink") {
      const shown = files.display(parent);
      throw new EvalError("io", `path '${shown}' (or its ancestor) is a symlink`);
    }
    if (type === undefined) return;
  }
}

/** Whether following all symlinks leads from a path to something. */
export function leadsSomewhere(files: SourceAccessor, path: string): boolean {
  return files.fileType(resolveSymlinks(files, path, "full")) !== undefined;
}

/** As many symlinks C++ Nix follows in one path. */
const MAX_LINKS = 1024;

/**
 * The path with symlinks replaced by what they point to. `full` resolves the last component too,
 * `ancestors` leaves it alone. What does not exist stays as it is.
 */
export function resolveSymlinks(
  files: SourceAccessor,
  path: string,
  mode: "full" | "ancestors",
): string {
  const plain = files.plainDirectories;
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
  // Components still to walk, the next one last.
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
      throw new EvalError("io", `infinite symlink recursion in path '${files.display(path)}'`);
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
