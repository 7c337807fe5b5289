/**
 * Flake references as people type them on a command line, where a path means a directory on disk: the
 * flake in it or above it, and the Git repository around that (C++ Nix: libflake/flakeref.cc).
 */
import {
  EMPTY_AUTHORITY,
  type FlakeRef,
  type FlakeRefOptions,
  type FlakeRefWithFragment,
  FormatError,
  flakeRefFromUrl,
  InputError,
  marked,
  parseFlakeIdRef,
  parseUrlFlakeRef,
  splitPathRef,
  urlPathOf,
} from "@nivis/formats";

/** The disk, as far as finding a flake needs it. Paths are absolute byte strings. */
export interface FlakeDisk {
  /** A path made absolute and canonical, with all links in it followed. Throws if it leads nowhere. */
  realPath(path: string): string;
  /** What lies at a path, links not followed; `undefined` if nothing does. */
  fileType(path: string): "regular" | "directory" | "symlink" | "unknown" | undefined;
  /** A number for the file system that a path lies on. */
  device(path: string): number;
}

/** What a reference on a command line needs of its caller. */
export interface PathRefOptions extends FlakeRefOptions {
  /** Where relative paths begin. */
  readonly base: string;
  readonly disk: FlakeDisk;
  /** Takes a notice that is no warning. */
  readonly notice?: (message: string) => void;
  /** Whether a directory without a `flake.nix` will do, such as for `--override-input`. */
  readonly allowMissing?: boolean;
}

/** Parses a reference of a command line; a fragment is an error. */
export function parseTypedFlakeRef(text: string, options: PathRefOptions): FlakeRef {
  const { ref, fragment } = parseTypedFlakeRefWithFragment(text, options);
  if (fragment === "") return ref;
  throw new InputError(marked`unexpected fragment '${fragment}' in flake reference '${text}'`);
}

/** Parses a reference of a command line that may have a fragment. */
export function parseTypedFlakeRefWithFragment(
  text: string,
  options: PathRefOptions,
): FlakeRefWithFragment {
  const absolute = (path: string): string => absolutePath(options.base, path);
  return (
    parseFlakeIdRef(text, options) ??
    parseUrlFlakeRef(text, options, absolute) ??
    fromPath(text, options)
  );
}

function absolutePath(base: string, path: string): string {
  const names: string[] = [];
  for (const name of (path.startsWith("/") ? path : `${base}/${path}`).split("/")) {
    if (name === "..") names.pop();
    else if (name !== "" && name !== ".") names.push(name);
  }
  return `/${names.join("/")}`;
}

function parentOf(path: string): string {
  return path.slice(0, Math.max(1, path.lastIndexOf("/")));
}

function inside(path: string, name: string): string {
  return path === "/" ? `/${name}` : `${path}/${name}`;
}

function fromPath(text: string, options: PathRefOptions): FlakeRefWithFragment {
  const { path, query, fragment } = splitPathRef(text, options.warn);
  const { disk } = options;
  const found = disk.realPath(absolutePath(options.base, path));
  if (options.isFlake === false) return pathRef(found, query, fragment, options);
  const root = findFlake(found, options);
  const exists = (name: string): boolean => disk.fileType(name) !== undefined;
  let subdirectory = "";
  for (let around = root; around !== "/"; around = parentOf(around)) {
    if (exists(inside(around, ".git"))) {
      const parameters = new Map(query);
      if (subdirectory !== "") {
        if (parameters.has("dir")) {
          throw new InputError(marked`flake URL '${text}' has an inconsistent 'dir' parameter`);
        }
        parameters.set("dir", subdirectory);
      }
      if (exists(inside(around, ".git/shallow"))) parameters.set("shallow", "1");
      return flakeRefFromUrl(
        {
          scheme: "git+file",
          authority: EMPTY_AUTHORITY,
          path: urlPathOf(around),
          query: parameters,
          fragment,
        },
        options,
      );
    }
    const name = around.slice(around.lastIndexOf("/") + 1);
    subdirectory = subdirectory === "" ? name : `${name}/${subdirectory}`;
  }
  return pathRef(root, query, fragment, options);
}

function pathRef(
  path: string,
  query: ReadonlyMap<string, string>,
  fragment: string,
  options: PathRefOptions,
): FlakeRefWithFragment {
  return flakeRefFromUrl(
    { scheme: "path", authority: EMPTY_AUTHORITY, path: urlPathOf(path), query, fragment },
    options,
  );
}

/** The directory of the flake that a path means: itself, or the nearest one above it. */
function findFlake(path: string, options: PathRefOptions): string {
  const { disk } = options;
  let start = path;
  if (disk.fileType(start) !== "directory") {
    if (!start.endsWith("/flake.nix")) {
      throw badPath(`path "${start}" is not a flake (because it's not a directory)`);
    }
    const parent = parentOf(start);
    options.warn?.(
      `Path "${start}" should point at the directory containing the 'flake.nix' file, not the file itself. Pretending that you meant "${parent}"`,
    );
    start = parent;
  }
  const hasFlake = (directory: string): boolean =>
    disk.fileType(inside(directory, "flake.nix")) !== undefined;
  if (options.allowMissing === true || hasFlake(start)) return start;
  options.notice?.(`path "${start}" does not contain a 'flake.nix', searching up`);
  const device = disk.device(start);
  for (let around = start; around !== "/"; around = parentOf(around)) {
    if (hasFlake(around)) return around;
    if (disk.fileType(inside(around, ".git")) !== undefined) {
      throw new InputError(
        marked`path "${around}" is not part of a flake (neither it nor its parent directories contain a 'flake.nix' file)`,
      );
    }
    if (disk.device(around) !== device) {
      throw new InputError(
        marked`unable to find a flake before encountering filesystem boundary at "${around}"`,
      );
    }
  }
  throw badPath("could not find a flake.nix file");
}

function badPath(message: string): FormatError {
  return new FormatError("bad-url", message);
}
