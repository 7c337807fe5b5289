/**
 * EvalIo: everything that the language can request from its host. `@nivis/node` implements it on
 * the file system, `memory-io.ts` in memory for tests and web pages. All methods are synchronous,
 * because Nix expressions are. Paths and contents are byte strings.
 */
import type { Bytes, MarkedText } from "@nivis/formats";

import type { Trace } from "./errors/eval-error.ts";
import type { PosIdx } from "./position.ts";
import type { SourceAccessor } from "./source-accessor.ts";

export {
  type DirectoryEntry,
  type FileType,
  IoError,
  type OpenListing,
  type SourceAccessor,
} from "./source-accessor.ts";

/** The kind of a {@link LogMessage}; the word printed before it. */
export type LogSeverity = "trace" | "warning" | "evaluation warning";

/** A message for the user: a warning, or the output of `builtins.trace`. Texts are bytes. */
export interface LogMessage {
  readonly severity: LogSeverity;
  /**
   * The text after the severity and its colon, formatted as in C++ Nix: without colours, without a
   * newline at its end, further lines indented. `renderLogMessage` adds the severity.
   */
  readonly text: Bytes;
  /** The data of the text; present for warnings that consist of more than one sentence. */
  readonly report?: WarningReport;
}

/**
 * What evaluation does, in one line; bytes. Nix: `talkative` messages are shown from `-v` on, `chatty`
 * ones from `-vv` on.
 */
export interface DetailMessage {
  readonly level: "talkative" | "chatty";
  readonly text: Bytes;
}

/** A warning as data. */
export interface WarningReport {
  /** The sentence, with marks for its colours. */
  readonly text: MarkedText;
  /** The text of the message, with marks for its colours. */
  readonly shown: MarkedText;
  /** The position in a program, or `NO_POS`. */
  readonly pos: PosIdx;
  /** The traces, innermost first. */
  readonly traces: readonly Trace[];
}

/** A host's memory measurement. */
export interface MemoryGauge {
  /** The bytes that the engine can allocate. */
  readonly capacity: number;
  /** Returns the bytes in use, garbage included. */
  used(): number;
  /** Collects garbage, if the host can. */
  collect(): void;
}

/**
 * What is known of a file that was looked at before: every question about it has the same answer, or there was
 * nothing, and still is nothing. `undefined` if the questions must be asked again.
 */
export type FileLook = "same" | "missing" | undefined;

/**
 * Everything that an evaluation can request from its host. A method that fails throws an {@link
 * IoError}, which becomes an error of the program. Any other exception ends the evaluation and
 * propagates unchanged, past `tryEval`. To replace a few methods of another implementation use
 * {@link overrideIo}: objects with private fields cannot be spread.
 *
 * The {@link SourceAccessor} part is the file system of ordinary paths; its `readFile` and
 * `readDirectory` may receive paths that contain symlinks.
 */
export interface EvalIo extends SourceAccessor {
  /** Allows evaluation to read a path that it has created itself, and everything below it. */
  allowPath?(path: Bytes): void;
  /**
   * Forgets what is remembered of files, so that further questions are about the present ones. Absent
   * if nothing is remembered.
   */
  refresh?(): void;
  /**
   * Looks at what is at a path without reading it, and remembers how it looks. Returns what is known to be as at
   * the last call for this path. {@link refresh} comes before. Absent if comparing answers is as quick.
   */
  lookAgain?(path: Bytes): FileLook;
  /**
   * Returns the user's home directory, which `~` stands for: that of `HOME`, or of the user
   * database. Throws {@link IoError} if there is none.
   */
  homeDirectory(): Bytes;
  /** Returns the value of an environment variable, or `undefined` if it is not set. */
  environment(name: Bytes): Bytes | undefined;
  /** Returns the current time in whole seconds since 1970. */
  now(): number;
  /** Returns a monotonic time in milliseconds. Defaults to `now`. */
  milliseconds?(): number;
  /** Lets the event loop turn once; absent without one. Asynchronous evaluation uses it. */
  pause?(): Promise<void>;
  /** The memory measurement; absent if memory cannot be measured. */
  readonly memory?: MemoryGauge | undefined;
  /** Returns the current directory, an absolute path. */
  currentDirectory(): Bytes;
  /** Returns the system that the evaluation runs on, such as `x86_64-linux`. */
  system(): Bytes;
  /** Receives a message for the user: a warning or a trace. */
  log(message: LogMessage): void;
  /** Receives what evaluation does in detail; absent if nobody wants to know. */
  readonly detail?: ((message: DetailMessage) => void) | undefined;
}

/** The members of {@link EvalIo}, and whether they concern files. */
const MEMBERS: Readonly<Record<keyof EvalIo, "files" | "other">> = {
  readFile: "files",
  readDirectory: "files",
  openListing: "files",
  fileType: "files",
  readLink: "files",
  isExecutable: "files",
  display: "files",
  physicalPath: "files",
  fingerprint: "files",
  narDigest: "files",
  immutable: "other",
  checkAccess: "other",
  allowPath: "other",
  refresh: "other",
  lookAgain: "other",
  homeDirectory: "other",
  environment: "other",
  now: "other",
  milliseconds: "other",
  pause: "other",
  memory: "other",
  currentDirectory: "other",
  system: "other",
  log: "other",
  detail: "other",
};

/** The members that say something about files that others have read. */
const ABOUT_FILES = new Set<keyof EvalIo>([
  "immutable",
  "fingerprint",
  "narDigest",
  "openListing",
  "lookAgain",
]);

/**
 * Returns an EvalIo like `base` with some methods replaced. The methods of `base` are still called
 * on `base`, whatever private fields they use.
 */
export function overrideIo(base: EvalIo, overrides: Partial<EvalIo>): EvalIo {
  const names = Object.keys(MEMBERS) as (keyof EvalIo)[];
  const otherFiles = names.some((name) => MEMBERS[name] === "files" && name in overrides);
  const result: Partial<Record<keyof EvalIo, unknown>> = {};
  for (const name of names) {
    const own = name in overrides;
    // Facts about the files of `base` need not hold for others.
    if (!own && otherFiles && ABOUT_FILES.has(name)) continue;
    const member: unknown = own ? overrides[name] : base[name];
    if (member === undefined) continue;
    result[name] = typeof member === "function" ? member.bind(own ? overrides : base) : member;
  }
  return result as EvalIo;
}
