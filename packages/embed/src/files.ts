/**
 * The world of a session from what its options give: files in memory or behind an interface, and the
 * facts about the machine that replace those of the host.
 */
import {
  type DirectoryEntry,
  type EvalIo,
  type EventualFiles,
  type FileType,
  isPromise,
  type LogMessage,
  type MemoryFile,
  memoryIo,
  overrideIo,
  WaitingIo,
} from "@nivis/eval";
import { bytesToByteString, canonPath, decodeUtf8, encodeUtf8 } from "@nivis/formats";
import type { FileUrl } from "./data.ts";

/** An answer, or a promise of it, which only an asynchronous evaluation can wait for. */
export type Eventual<Answer> = Answer | PromiseLike<Answer>;

/** A file in memory: its text, its bytes, or a file of another kind. */
export type NixFile =
  | string
  | Uint8Array
  | { readonly contents: string | Uint8Array; readonly executable?: boolean }
  | { readonly target: string };

/**
 * A tree of files whose answers may be promises. Paths are absolute and canonical. A failure should
 * throw, or reject with, an `IoError` of `@nivis/eval`; other errors end the evaluation unchanged.
 */
export interface NixFiles {
  /** The type of the file at a path, not following a symlink; `undefined` if there is none. */
  fileType(path: string): Eventual<FileType | undefined>;
  /** The contents of a regular file; a string is its text in UTF-16. */
  readFile(path: string): Eventual<string | Uint8Array>;
  /** The entries of a directory in any order. */
  readDirectory(
    path: string,
  ): Eventual<readonly { readonly name: string; readonly type: FileType }[]>;
  /** The target of a symlink. Absent if there are none. */
  readLink?(path: string): Eventual<string>;
  /** Whether a regular file is executable. Defaults to none being so. */
  isExecutable?(path: string): Eventual<boolean>;
}

/** A warning, or the output of `builtins.trace`. */
export interface NixLogMessage {
  readonly severity: LogMessage["severity"];
  readonly text: string;
}

/** The options of a session about its world. */
export interface WorldOptions {
  /**
   * The files that programs can read: by absolute path in memory, or as an interface. Defaults to
   * those of the host: of this machine in Node, Deno and Bun, none elsewhere.
   */
  readonly files?: NixFiles | { readonly [path: string]: NixFile } | undefined;
  /** The whole world in the terms of `@nivis/eval`; replaces that of the host. */
  readonly io?: EvalIo | undefined;
  /** The directory that relative paths start from. Defaults to the current directory of the host. */
  readonly basePath?: string | FileUrl | undefined;
  /**
   * The environment variables that `builtins.getEnv` sees. Defaults to those of the process, or none
   * with `files`.
   */
  readonly env?: { readonly [name: string]: string | undefined } | undefined;
  /** `builtins.currentSystem`, such as `x86_64-linux`. Defaults to that of the host. */
  readonly system?: string | undefined;
  /** Receives warnings and traces. Defaults to the host's way: standard error in Node. */
  readonly onLog?: ((message: NixLogMessage) => void) | undefined;
}

/** What a session needs of its host. */
export interface WorldHost {
  /** The world of the host. */
  io(): EvalIo;
  /** A path or a `file:` URL of the host as an absolute or relative path of Nix, in UTF-16. */
  path(path: string | FileUrl): string;
  /** Lets the event loop turn once. */
  pause(): Promise<void>;
}

/** Returns the world of a session. */
export function openWorld(options: WorldOptions, host: WorldHost): EvalIo {
  const { files, io, basePath, env, system, onLog } = options;
  if (files !== undefined && io !== undefined) {
    throw new TypeError("'files' and 'io' exclude each other");
  }
  const base = files === undefined ? (io ?? host.io()) : worldOf(files, host);
  const start = base.currentDirectory.bind(base);
  const overrides: Partial<EvalIo> = {
    ...(base.pause === undefined ? { pause: host.pause } : {}),
    ...(basePath === undefined
      ? {}
      : { currentDirectory: constant(absolute(encodeUtf8(host.path(basePath)), start)) }),
    ...(system === undefined ? {} : { system: constant(encodeUtf8(system)) }),
    ...(onLog === undefined
      ? {}
      : {
          log: ({ severity, text }) => onLog({ severity, text: decodeUtf8(text) }),
        }),
    ...(env === undefined ? {} : { environment: (name) => variable(env, name) }),
  };
  return Object.keys(overrides).length === 0 ? base : overrideIo(base, overrides);
}

function constant<Value>(value: Value): () => Value {
  return () => value;
}

function absolute(path: string, start: () => string): string {
  return canonPath(path.startsWith("/") ? path : `${start()}/${path}`);
}

function variable(env: NonNullable<WorldOptions["env"]>, name: string): string | undefined {
  const key = decodeUtf8(name);
  const value = Object.hasOwn(env, key) ? env[key] : undefined;
  return value === undefined ? undefined : encodeUtf8(value);
}

function worldOf(files: NonNullable<WorldOptions["files"]>, host: WorldHost): EvalIo {
  const now = Math.floor(Date.now() / 1000);
  if (isInterface(files)) {
    return new WaitingIo(overrideIo(memoryIo({ now }), { pause: host.pause }), bytesOf(files));
  }
  const inMemory: Record<string, MemoryFile> = {};
  for (const [path, file] of Object.entries(files)) {
    if (!path.startsWith("/")) throw new TypeError(`the path '${path}' in 'files' is not absolute`);
    inMemory[canonPath(encodeUtf8(path))] = memoryFile(file);
  }
  return memoryIo({ files: inMemory, now });
}

function isInterface(files: NonNullable<WorldOptions["files"]>): files is NixFiles {
  return typeof (files as { readonly readFile?: unknown }).readFile === "function";
}

function memoryFile(file: NixFile): MemoryFile {
  if (typeof file === "string" || file instanceof Uint8Array) return contentsOf(file);
  if ("target" in file) return { target: encodeUtf8(file.target) };
  return { contents: contentsOf(file.contents), executable: file.executable === true };
}

function contentsOf(contents: string | Uint8Array): string {
  return typeof contents === "string" ? encodeUtf8(contents) : bytesToByteString(contents);
}

/** The same files with byte strings. */
function bytesOf(files: NixFiles): EventualFiles {
  return {
    fileType: (path) => files.fileType(decodeUtf8(path)),
    readFile: (path) => then(files.readFile(decodeUtf8(path)), contentsOf),
    readDirectory: (path) =>
      then(files.readDirectory(decodeUtf8(path)), (entries) =>
        entries.map(({ name, type }): DirectoryEntry => ({ name: encodeUtf8(name), type })),
      ),
    readLink: (path) => then(files.readLink?.(decodeUtf8(path)) ?? "", encodeUtf8),
    isExecutable: (path) => files.isExecutable?.(decodeUtf8(path)) ?? false,
  };
}

function then<From, To>(answer: Eventual<From>, convert: (value: From) => To): Eventual<To> {
  return isPromise(answer) ? answer.then(convert) : convert(answer);
}
