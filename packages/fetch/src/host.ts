/**
 * What fetching needs of its surroundings: a disk, a network, programs, a clock and somebody to talk to.
 *
 * `@nivis/node` implements these for Node; a browser or a test brings its own. All texts and paths are
 * byte strings unless a line says otherwise.
 */
import type { HashFunctions } from "@nivis/formats";
import type { DirectoryEntry, FileType } from "./tree/source-tree.ts";

/** What is known of a file without reading it. */
export interface DiskStat {
  readonly type: FileType;
  readonly isExecutable: boolean;
  /** Bytes. */
  readonly size: number;
  /** Seconds since 1970, rounded down. */
  readonly modified: number;
}

/** A file that is read in parts. */
export interface OpenFile {
  readonly size: number;
  /** As many bytes as there are from `offset` on, at most `length`. */
  read(offset: number, length: number): Uint8Array;
  close(): void;
}

/** A file that is written from its start to its end and then put in its place, or dropped. */
export interface NewFile {
  write(chunk: Uint8Array | string): void;
  /** Reads what was written. */
  read(offset: number, length: number): Uint8Array;
  /** Puts the file there, in one step. */
  moveTo(path: string): void;
  /** Drops it; does nothing once it has been moved. */
  discard(): void;
}

/** The disk. Everything throws `InputError` with the words of the system if it fails. */
export interface Disk {
  /** What lies at a path, links not followed; `undefined` if nothing does. */
  stat(path: string): DiskStat | undefined;
  readFile(path: string): Uint8Array;
  readDirectory(path: string): readonly DirectoryEntry[];
  readLink(path: string): string;
  open(path: string): OpenFile;
  /** Makes a directory and those above it. */
  makeDirectory(path: string): void;
  /** Begins a file that will lie in a directory. */
  newFile(directory: string): NewFile;
  /** Writes a file that exists or not, in its place; for files of the user. */
  writeFile(path: string, contents: string): void;
  /** Sets the time of last change to now. Does nothing if the file is not there. */
  touch(path: string): void;
  remove(path: string): void;
  /** Makes an empty directory of this process; whoever made it removes it. */
  temporaryDirectory(): string;
  /** Removes a directory and all in it. */
  removeTree(path: string): void;
  /**
   * Waits until nobody else holds the lock and takes it. The lock of a process that died is free.
   *
   * @param waiting Called once if there is somebody to wait for.
   */
  lock(path: string, waiting: () => void): Promise<() => void>;
}

/** One request, without retries and redirects. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "POST" | "PUT";
  readonly url: string;
  readonly headers: ReadonlyMap<string, string>;
  readonly body?: string | AsyncIterable<Uint8Array>;
  /** Gives the request up, which then fails; an `AbortSignal` of the platform. */
  readonly signal?: { readonly aborted: boolean };
}

/** The response to one request. */
export interface HttpResponse {
  readonly status: number;
  /** By name in lower case; values of equal names joined by `, `. */
  readonly headers: ReadonlyMap<string, string>;
  /** The body with content encodings undone. A body that ends too early throws {@link HttpFailure}. */
  readonly body: AsyncIterable<Uint8Array>;
  /** Gives the connection up. */
  cancel(): void;
}

/** A request that got no response, or a body that broke off. */
export class HttpFailure extends Error {
  override readonly name = "HttpFailure";
  constructor(
    message: string,
    /** Whether trying again may help. */
    readonly isTransient: boolean,
  ) {
    super(message);
  }
}

/** The network. */
export interface HttpClient {
  /** Throws {@link HttpFailure}. */
  send(request: HttpRequest): Promise<HttpResponse>;
}

/** How a program is run. */
export interface ProgramOptions {
  readonly directory?: string;
  /** Variables to set; `undefined` takes one away. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly input?: string;
  /** Lets the program use the terminal, for passphrases and progress. */
  readonly interactive?: boolean;
}

/** What a program did. */
export interface ProgramResult {
  /** The exit code; 128 and the number of the signal that ended it. */
  readonly code: number;
  readonly output: Uint8Array;
  /** What it wrote to standard error; empty if it was interactive. */
  readonly errors: string;
}

/** Programs. */
export interface ProgramRunner {
  /** Runs a program to its end. Throws `InputError` if it cannot be started. */
  run(program: string, args: readonly string[], options?: ProgramOptions): Promise<ProgramResult>;
}

/** Turns compressed bytes into what they were. */
export type Decompressor = (input: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>;

/** Who is told what goes on. */
export interface FetchReporter {
  warn(message: string): void;
  /**
   * Something that takes its time begins; the function that is returned ends it.
   *
   * @param isNoted - whether it is worth a line where no progress is shown
   */
  begin(message: string, isNoted?: boolean): () => void;
  /** Bytes that a download has got so far, of how many if that is known. */
  progress?(url: string, done: number, total: number | undefined): void;
}

/** See the head of this file. */
export interface FetchHost {
  readonly hashes: HashFunctions;
  readonly reporter: FetchReporter;
  readonly http: HttpClient;
  /** Absent where there is none; schemes that need it then say so. */
  readonly disk?: Disk;
  readonly programs?: ProgramRunner;
  /** Faster ways to decompress than the portable ones. */
  readonly decompressors?: Readonly<
    Partial<Record<"gzip" | "bzip2" | "xz" | "zstd", Decompressor>>
  >;
  /** Undoes zlib's compression of one object, synchronously; a portable way is used if absent. */
  readonly inflate?: (bytes: Uint8Array, size: number) => Uint8Array;
  /** Seconds since 1970. */
  now(): number;
  /** Waits. */
  sleep(milliseconds: number): Promise<void>;
  /** A number from 0 to 1, to spread retries. */
  random(): number;
  environment(name: string): string | undefined;
}
