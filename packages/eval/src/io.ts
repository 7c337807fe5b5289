/**
 * EvalIo: all that the language can ask of the world. `@nivis/node` implements it on the file
 * system, `memory-io.ts` in memory; tests and web pages use the latter. Everything is synchronous,
 * because Nix expressions are. Paths and contents are byte strings.
 */

import type { Trace } from "./errors/eval-error.ts";
import type { PosIdx } from "./position.ts";

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

/** What kind of line for the user a {@link LogMessage} is; the word that stands in front of it. */
export type LogSeverity = "trace" | "warning" | "evaluation warning";

/** A line for the user: a warning, or what `builtins.trace` prints. Texts are bytes. */
export interface LogMessage {
  readonly severity: LogSeverity;
  /**
   * What follows the severity and its colon, laid out as C++ Nix does: without colours, without a
   * newline at its end, further lines indented. `renderLogMessage` puts the whole together.
   */
  readonly text: string;
  /** What the text was laid out from, of warnings that are more than a sentence. */
  readonly report?: WarningReport;
}

/** A warning as data. */
export interface WarningReport {
  readonly message: string;
  /** Where in a program, or `NO_POS`. */
  readonly pos: PosIdx;
  /** What was going on, innermost first. */
  readonly traces: readonly Trace[];
}

/** How a host measures memory. */
export interface MemoryGauge {
  /** Bytes that the engine can hold. */
  readonly capacity: number;
  /** Bytes in use, garbage included. */
  used(): number;
  /** Frees what is garbage, if the host can. */
  collect(): void;
}

/** See the head of this file. No path given is a symlink's target unless it says so. */
export interface EvalIo {
  /** The bytes of a regular file; follows symlinks. Throws {@link IoError}. */
  readFile(path: string): string;
  /** The entries of a directory in any order; follows symlinks. Throws {@link IoError}. */
  readDirectory(path: string): readonly DirectoryEntry[];
  /** The type of what is there, without following a symlink at the end; `undefined` if nothing is. */
  fileType(path: string): FileType | undefined;
  /**
   * Directories in whose paths no component is a symlink, as far as `resolveSymlinks` has found out;
   * it keeps this set itself. Absent if the files may change.
   */
  readonly plainDirectories?: Set<string>;
  /** Throws if evaluation must not look at a path; absent if it may look everywhere. */
  checkAccess?(path: string): void;
  /** Lets evaluation look at a path, and what is below it, that it has put there itself. */
  allowPath?(path: string): void;
  /** The target of a symlink. Throws {@link IoError}. */
  readLink(path: string): string;
  /** Whether the owner may execute a regular file. Throws {@link IoError}. */
  isExecutable(path: string): boolean;
  /** An environment variable, or `undefined`. */
  environment(name: string): string | undefined;
  /** The current time in whole seconds since 1970. */
  now(): number;
  /** A clock that never goes back, in milliseconds; absent where `now` must do. */
  milliseconds?(): number;
  /** Absent if memory cannot be measured. */
  readonly memory?: MemoryGauge | undefined;
  /** The current directory. */
  currentDirectory(): string;
  /** The system that the evaluation runs on, such as `x86_64-linux`. */
  system(): string;
  /** Takes a line for the user: warnings and traces. */
  log(message: LogMessage): void;
}
