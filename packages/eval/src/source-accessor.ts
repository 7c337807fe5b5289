/**
 * SourceAccessor: a tree of files that evaluation can read, wherever it lives.
 *
 * The file system of the host is one (`EvalIo` extends this interface), the files that come with the
 * evaluator are another; a fetched archive or the tree of a git commit are further ones. A path value
 * names its accessor, so that everything done with a path asks the tree that the path is in.
 * docs/design/008-source-accessors.md gives the reasons.
 *
 * Paths are absolute and canonical inside of their tree; all texts are byte strings. Everything is
 * synchronous, because Nix expressions are. An accessor need not follow symlinks, neither at the end
 * of a path nor on the way: callers resolve them with `resolveSymlinks` first.
 */

/** The type of a file, as `readDir` names it. */
export type FileType = "regular" | "directory" | "symlink" | "unknown";

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: string;
  readonly type: FileType;
}

/** A failure of the world, with the message that C++ Nix has for it. */
export class IoError extends Error {
  override readonly name = "IoError";
  constructor(
    /** `ENOENT`, `EACCES`, `ENOTDIR`, … */
    readonly code: string,
    message: string,
  ) {
    super(message);
  }
}

/** The contents of a path, named so that what was computed from them may be remembered. */
export interface Fingerprint {
  /** Names the contents of a whole tree, such as a commit. Equal trees may have several. */
  readonly tree: string;
  /** The path inside of that tree. */
  readonly path: string;
}

/** See the head of this file. */
export interface SourceAccessor {
  /** The type of what is there, without following a symlink at the end; `undefined` if nothing is. */
  fileType(path: string): FileType | undefined;
  /** Whether the owner may execute a regular file. Throws {@link IoError}. */
  isExecutable(path: string): boolean;
  /** The bytes of a regular file. Throws {@link IoError}. */
  readFile(path: string): string;
  /** The entries of a directory in any order. Throws {@link IoError}. */
  readDirectory(path: string): readonly DirectoryEntry[];
  /** The target of a symlink. Throws {@link IoError}. */
  readLink(path: string): string;
  /** How messages, positions and printed values name a path: `<nix/fetchurl.nix>`. */
  display(path: string): string;
  /**
   * Where a path is in the file system of the host, for programs and people; `undefined` if it is not
   * there. Throws {@link IoError} if evaluation must not look at the path.
   */
  physicalPath(path: string): string | undefined;
  /** The fingerprint of what is at a path; absent, or `undefined`, if it may change or is unknown. */
  fingerprint?(path: string): Fingerprint | undefined;
  /**
   * Directories in whose paths no component is a symlink, as far as `resolveSymlinks` has found out;
   * it keeps this set itself. Absent if the files may change.
   */
  readonly plainDirectories?: Set<string>;
  /** Throws if evaluation must not look at a path; absent if it may look everywhere. */
  checkAccess?(path: string): void;
}
