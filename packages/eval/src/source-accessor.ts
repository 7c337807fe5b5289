/**
 * SourceAccessor: a tree of files that evaluation can read.
 *
 * The host's file system is one (`EvalIo` extends this interface), the evaluator's own files are
 * another; a fetched archive or the tree of a git commit can be further ones. A path value refers
 * to its accessor, so every operation on a path uses the tree that the path belongs to.
 * docs/design/008-source-accessors.md gives the reasons.
 *
 * Paths are absolute and canonical within their tree; all texts are byte strings. All methods are
 * synchronous, because Nix expressions are. An accessor need not follow symlinks, neither at the
 * end of a path nor before it: callers resolve them with `resolveSymlinks` first.
 */
import { type Bytes, type MarkedText, type NarDigest, plainText } from "@nivis/formats";
import type { OpenNames } from "./value/open-names.ts";

/** The type of a file, as `readDir` names it. */
export type FileType = "regular" | "directory" | "symlink" | "unknown";

/** An entry of a directory. */
export interface DirectoryEntry {
  readonly name: Bytes;
  readonly type: FileType;
}

/** The entries of a directory, and what learns which of their names an evaluation can tell apart. */
export interface OpenListing {
  readonly entries: readonly DirectoryEntry[];
  readonly names: OpenNames;
}

/** An error of the host, with C++ Nix's message for it. */
export class IoError extends Error {
  override readonly name = "IoError";
  constructor(
    /** `ENOENT`, `EACCES`, `ENOTDIR`, … */
    readonly code: string,
    /** The message with marks for its colours. */
    readonly text: MarkedText,
    /** The exit code of a command that ends with it, where C++ Nix has another than 1. */
    readonly exitCode?: number,
  ) {
    super(plainText(text));
  }
}

/** An identifier of the contents of a path, used as a key for results computed from them. */
export interface Fingerprint {
  /** Identifies the contents of a whole tree, such as a commit. Equal trees may have several. */
  readonly tree: Bytes;
  /** The path within that tree. */
  readonly path: Bytes;
}

/** A tree of files that evaluation can read. */
export interface SourceAccessor {
  /**
   * Returns the type of the file at a path, not following a symlink; `undefined` if there is none.
   */
  fileType(path: Bytes): FileType | undefined;
  /** Whether the owner may execute a regular file. Throws {@link IoError}. */
  isExecutable(path: Bytes): boolean;
  /** Returns the bytes of a regular file. Throws {@link IoError}. */
  readFile(path: Bytes): Bytes;
  /** Returns the entries of a directory in any order. Throws {@link IoError}. */
  readDirectory(path: Bytes): readonly DirectoryEntry[];
  /**
   * Returns the entries of a directory, of which only those matter that are reported to `names`. Absent, or
   * `undefined`, if nobody wants to know; the caller then uses {@link readDirectory}. Throws {@link IoError}.
   */
  openListing?(path: Bytes): OpenListing | undefined;
  /** Returns the target of a symlink. Throws {@link IoError}. */
  readLink(path: Bytes): Bytes;
  /** Returns a path as messages, positions and printed values show it: `<nix/fetchurl.nix>`. */
  display(path: Bytes): Bytes;
  /**
   * Returns the path in the host's file system, for programs and people; `undefined` if there is
   * none. A directory there has the same files. Throws {@link IoError} if evaluation must not read the path.
   */
  physicalPath(path: Bytes): Bytes | undefined;
  /** Returns the fingerprint of a path; absent, or `undefined`, if the contents may change. */
  fingerprint?(path: Bytes): Fingerprint | undefined;
  /**
   * Returns the SHA-256 and the length of the NAR of a path, in which only the last component may be a
   * symlink, if they are known without reading it. Absent, or `undefined`, if they are not.
   */
  narDigest?(path: Bytes): NarDigest | undefined;
  /**
   * Whether the files stay as they are for as long as this object is used, so that the evaluator
   * may remember what it found out about them. Defaults to false.
   */
  readonly immutable?: boolean;
  /** Throws if evaluation must not read a path; absent if it may read all paths. */
  checkAccess?(path: Bytes): void;
}
