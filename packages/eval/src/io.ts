/**
 * EvalIo: all that the language can ask of the world. `@nivis/node` implements it on the file
 * system, `memory-io.ts` in memory; tests and web pages use the latter. Everything is synchronous,
 * because Nix expressions are. Paths and contents are byte strings.
 */

import type { Trace } from "./errors/eval-error.ts";
import type { PosIdx } from "./position.ts";
import type { SourceAccessor } from "./source-accessor.ts";

export {
  type DirectoryEntry,
  type FileType,
  IoError,
  type SourceAccessor,
} from "./source-accessor.ts";

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

/**
 * All that an evaluation can ask of its host. A method that fails throws an {@link IoError}, which becomes an
 * error of the program; whatever else it throws ends the evaluation and comes out as it is, past
 * `tryEval`. To change a few methods of another implementation use {@link overrideIo}: objects with private
 * fields cannot be spread.
 *
 * The part that is a {@link SourceAccessor} is the file system in which ordinary paths are; its `readFile`
 * and `readDirectory` may be given paths with symlinks in them.
 */
export interface EvalIo extends SourceAccessor {
  /** Lets evaluation look at a path, and what is below it, that it has put there itself. */
  allowPath?(path: string): void;
  /**
   * The home directory of the user, which `~` stands for: that of `HOME`, or of the user database.
   * Throws {@link IoError} if there is none.
   */
  homeDirectory(): string;
  /** An environment variable, or `undefined`. */
  environment(name: string): string | undefined;
  /** The current time in whole seconds since 1970. */
  now(): number;
  /** A clock that never goes back, in milliseconds; absent where `now` must do. */
  milliseconds?(): number;
  /** Lets the event loop turn once; absent where there is none. Used by asynchronous evaluation. */
  pause?(): Promise<void>;
  /** Absent if memory cannot be measured. */
  readonly memory?: MemoryGauge | undefined;
  /** The current directory. */
  currentDirectory(): string;
  /** The system that the evaluation runs on, such as `x86_64-linux`. */
  system(): string;
  /** Takes a line for the user: warnings and traces. */
  log(message: LogMessage): void;
}

/** The names of the methods and properties of an {@link EvalIo}; those that are about files say so. */
const MEMBERS: Readonly<Record<keyof EvalIo, "files" | "other">> = {
  readFile: "files",
  readDirectory: "files",
  fileType: "files",
  readLink: "files",
  isExecutable: "files",
  display: "files",
  physicalPath: "files",
  fingerprint: "files",
  plainDirectories: "other",
  checkAccess: "other",
  allowPath: "other",
  homeDirectory: "other",
  environment: "other",
  now: "other",
  milliseconds: "other",
  pause: "other",
  memory: "other",
  currentDirectory: "other",
  system: "other",
  log: "other",
};

/**
 * An EvalIo that is `base` but for some methods. The methods of `base` go on working on `base`, whatever
 * they keep in private fields.
 */
export function overrideIo(base: EvalIo, overrides: Partial<EvalIo>): EvalIo {
  const names = Object.keys(MEMBERS) as (keyof EvalIo)[];
  const otherFiles = names.some((name) => MEMBERS[name] === "files" && name in overrides);
  const result: Partial<Record<keyof EvalIo, unknown>> = {};
  for (const name of names) {
    const own = name in overrides;
    // What is known of the files of `base` says nothing about others.
    if (!own && otherFiles && (name === "plainDirectories" || name === "fingerprint")) continue;
    const member: unknown = own ? overrides[name] : base[name];
    if (member === undefined) continue;
    result[name] = typeof member === "function" ? member.bind(own ? overrides : base) : member;
  }
  return result as EvalIo;
}
