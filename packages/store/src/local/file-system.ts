/**
 * The file system below a store in a directory, as an interface: the platform brings the real one.
 * Paths are absolute byte strings. Errors are `io` errors of stores with the text of C++ Nix.
 */
import type { ByteStream } from "../host.ts";

/** What is at a path; links are not followed. */
export interface FileStatus {
  readonly type: "regular" | "directory" | "symlink" | "other";
  /** Bytes. */
  readonly size: number;
  readonly executable: boolean;
}

/** A file that is being written. */
export interface FileWriter {
  write(bytes: Uint8Array): Promise<void>;
  close(): Promise<void>;
}

/** See the head of this file. */
export interface FileSystem {
  /** `undefined` if nothing is there. */
  status(path: string): Promise<FileStatus | undefined>;
  /** The contents of a file; `size` in bytes, if it is known, saves asking for it. */
  read(path: string, size?: number): ByteStream;
  /** Names in any order. */
  readDirectory(path: string): Promise<readonly string[]>;
  readLink(path: string): Promise<string>;
  /** Makes a file that must not be there. */
  create(path: string): Promise<FileWriter>;
  /** Makes a directory and those above it; one that is there stays. */
  makeDirectory(path: string): Promise<void>;
  symlink(target: string, path: string): Promise<void>;
  /** Replaces what is at `to`, unless that is a directory that is not empty: then `from` is removed. */
  rename(from: string, to: string): Promise<void>;
  /** Removes whatever is at a path, read-only directories too. */
  remove(path: string): Promise<void>;
  /** Adds bytes to a file in one write; makes the file. */
  append(path: string, bytes: Uint8Array): Promise<void>;
  /** Makes a file or directory read-only and dates it to one second after 1970; links are only dated. */
  seal(path: string, status: Pick<FileStatus, "type" | "executable">): Promise<void>;
}
