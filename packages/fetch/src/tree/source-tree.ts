/**
 * SourceTree: a tree of files that was obtained from somewhere, read synchronously.
 *
 * Obtaining a tree may wait for a network; reading it may not, because Nix expressions are evaluated
 * synchronously. Paths are absolute and canonical inside of their tree (`/`, `/a/b`), all texts are byte
 * strings. A tree does not follow symlinks. The shape is that of the evaluator's source accessors, so a
 * tree can be given to it as it is.
 */
import {
  type HashFunctions,
  InputError,
  marked,
  type NarSink,
  type NarSource,
  type NarStat,
  writeNar,
} from "@nivis/formats";

/** The type of a file, as `builtins.readDir` names it. */
export type FileType = "regular" | "directory" | "symlink" | "unknown";

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type: FileType;
}

/** The contents of a path, named so that what was computed from them may be remembered. */
export interface Fingerprint {
  /** Names the contents of a whole tree, such as `git:COMMIT`. */
  readonly tree: string;
  /** The path inside of that tree. */
  readonly path: string;
}

/**
 * How a tree is opened: data that can be sent to another thread, for `openTree`. All paths are byte
 * strings.
 */
export type TreeRecipe =
  /** A directory or file on disk. */
  | { readonly kind: "disk"; readonly root: string }
  /** The tracked files of a Git work tree; the names have no slash at their start. */
  | { readonly kind: "tracked"; readonly directory: string; readonly files: ReadonlySet<string> }
  /** A tree object in a directory of Git objects. */
  | {
      readonly kind: "commit";
      readonly objects: string;
      readonly idLength: number;
      readonly tree: string;
    }
  /** A tree in the cache of trees. */
  | { readonly kind: "cached"; readonly directory: string; readonly narHash: string }
  /** A single file in memory. */
  | { readonly kind: "file"; readonly contents: Uint8Array }
  /** A tree without what the attributes in another one mark with `export-ignore`. */
  | { readonly kind: "exported"; readonly tree: TreeRecipe; readonly attributes: TreeRecipe }
  | {
      readonly kind: "named";
      readonly tree: TreeRecipe;
      readonly prefix: string | undefined;
      readonly fingerprint: string | undefined;
    }
  /** A tree with the contents of files on disk in some places. */
  | {
      readonly kind: "overlaid";
      readonly tree: TreeRecipe;
      readonly files: ReadonlyMap<string, string>;
    }
  | {
      readonly kind: "mounted";
      readonly root: TreeRecipe;
      readonly mounts: ReadonlyMap<string, TreeRecipe>;
    };

/** What is known of a path without reading it. */
export interface SourceStat {
  readonly type: FileType;
  /** Whether the owner may execute a regular file. */
  readonly isExecutable: boolean;
}

/** See the head of this file. */
export interface SourceTree {
  /** What is there, in one step; `undefined` if nothing is. */
  stat(path: string): SourceStat | undefined;
  /** The type of what is there; `undefined` if nothing is. */
  fileType(path: string): FileType | undefined;
  /** Whether the owner may execute a regular file. */
  isExecutable(path: string): boolean;
  /** The contents of a regular file as a byte string. Throws {@link InputError}. */
  readFile(path: string): string;
  /** The contents of a regular file as bytes; for large files. */
  readBytes(path: string): Uint8Array;
  /** The entries of a directory in any order. */
  readDirectory(path: string): readonly DirectoryEntry[];
  /** The target of a symlink. */
  readLink(path: string): string;
  /** The path as messages and positions name it: `«github:o/r/REV»/flake.nix`. */
  display(path: string): string;
  /** Where a path is on disk, with all that is below it and nothing else; `undefined` if it is not. */
  physicalPath(path: string): string | undefined;
  /** What is at a path by its contents; `undefined` if they may change. */
  fingerprint(path: string): Fingerprint | undefined;
  /** Throws {@link InputError} with the reason if a path is kept out of the tree; absent if none is. */
  checkAccess?(path: string): void;
  /** Writes the NAR of what is at a path; absent if reading the paths one by one is as quick. */
  dump?(path: string, sink: NarSink): number;
  /** How another thread can open this tree. Throws if it is only in the memory of this one. */
  recipe(): TreeRecipe;
}

/** A path one step further down. */
export function childPath(path: string, name: string): string {
  return path === "/" ? `/${name}` : `${path}/${name}`;
}

/** The names on the way to a path. */
export function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "");
}

/** The error for a path that is not there. */
export function missingPath(shown: string): InputError {
  return new InputError(marked`path '${shown}' does not exist`);
}

/** The same for a tree that is not a directory on disk. */
export function missingObject(shown: string): InputError {
  return new InputError(marked`'${shown}' does not exist`);
}

/** A tree as a source of NARs, with the paths as nodes. */
export function narSourceOf(tree: SourceTree): NarSource<string> {
  return {
    stat: (path): NarStat => {
      const stat = tree.stat(path);
      if (stat === undefined) throw missingPath(tree.display(path));
      const { type, isExecutable } = stat;
      return { type: type === "unknown" ? "other" : type, executable: isExecutable };
    },
    readFile: (path) => tree.readBytes(path),
    readDirectory: (path) => tree.readDirectory(path).map(({ name }) => name),
    child: childPath,
    readLink: (path) => tree.readLink(path),
    describe: (path) => tree.display(path),
  };
}

/** The SHA-256 hash of the NAR of what is at a path. */
export function hashTree(tree: SourceTree, hashes: HashFunctions, path = "/"): Uint8Array {
  const hash = hashes.create("sha256");
  dumpTree(tree, (chunk) => hash.update(chunk), path);
  return hash.digest();
}

/** Writes the NAR of what is at a path to a sink; returns its size in bytes. */
export function dumpTree(tree: SourceTree, sink: NarSink, path = "/"): number {
  return tree.dump?.(path, sink) ?? writeNar(narSourceOf(tree), path, sink);
}
