/**
 * EvalIo on the file system of this machine.
 *
 * Calls are synchronous, as evaluation is. Evaluation assumes that files do not change, so facts
 * about existing files are cached: their types, the targets of symlinks, directory listings. A
 * missing file is looked for again, since the store may have written it meanwhile. Messages are
 * those of C++ Nix, which names the requested path and never the one on disk.
 */

import {
  closeSync,
  type Dirent,
  fstatSync,
  lstatSync,
  openSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import {
  type DetailMessage,
  type DirectoryEntry,
  type EvalIo,
  type FileLook,
  type FileType,
  IoError,
  type LogMessage,
  type MemoryGauge,
  type OpenListing,
  type OpenNames,
  plainWarning,
  renderLogMessage,
  type StoreFiles,
} from "@nivis/eval";
import { marked } from "@nivis/formats";
import { textOfBytes, toNodePath } from "./byte-path.ts";
import { currentDirectory } from "./current-directory.ts";
import { errnoCode, errnoMessage } from "./errno.ts";
import { exactVariable } from "./exact-bytes.ts";
import { findHomeDirectory } from "./home-directory.ts";
import { fromHostTarget, hasExecutableBit } from "./host-path.ts";
import { type FileLooks, openFileLooks } from "./inputs/file-looks.ts";
import { Kind, kindOfMode } from "./inputs/file-status.ts";
import type { InputRecorder } from "./inputs/input-recorder.ts";
import type { FailedRequest } from "./inputs/recorded-inputs.ts";
import { nodeMemory } from "./memory-gauge.ts";

/** The options of {@link nodeIo}. */
export interface NodeIoOptions {
  /**
   * The store on disk, if it is not at its logical path: reads of missing store paths are
   * redirected to it. Defaults to none.
   */
  readonly relocatedStore?: {
    /** The logical store directory, such as `/nix/store`. */
    readonly storeDir: string;
    /** The directory on disk, such as `/tmp/root/nix/store`. */
    readonly directory: string;
  };
  /** Reads store paths that are not on disk, such as those of a binary cache. Defaults to none. */
  readonly storeFiles?: {
    /** The logical store directory, such as `/nix/store`. */
    readonly storeDir: string;
    readonly files: StoreFiles;
  };
  /** Receives warnings and traces. Defaults to writing them to standard error. */
  readonly log?: (message: LogMessage) => void;
  /** Receives what evaluation does in detail. Defaults to nobody. */
  readonly detail?: ((message: DetailMessage) => void) | undefined;
  /** The environment, as text. Defaults to that of the process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** The system, such as `x86_64-linux`. Defaults to that of this machine. */
  readonly system?: string;
  /** The current directory; bytes. Defaults to that of the process. */
  readonly currentDirectory?: string;
  /** Returns the home directory, a byte string. Defaults to {@link findHomeDirectory}. */
  readonly homeDirectory?: () => string;
  /** Records what is looked at. Defaults to nothing. */
  readonly inputs?: InputRecorder | undefined;
}

interface FileStatus {
  readonly type: FileType;
  readonly executable: boolean;
  /** Where the file is on disk; `undefined` if only the store has it. */
  readonly place: string | undefined;
}

/** A directory that was listed, and what learns which of its names matter; `undefined` without a recorder. */
interface Listing {
  readonly entries: readonly DirectoryEntry[];
  readonly names: OpenNames | undefined;
}

/** Returns an EvalIo for one evaluation on this machine. */
export function nodeIo(options: NodeIoOptions = {}): EvalIo {
  return new NodeIo(options);
}

class NodeIo implements EvalIo {
  /** What was read once is remembered, so files do not change for an evaluation. */
  readonly immutable = true;
  readonly #statuses = new Map<string, FileStatus>();
  readonly #links = new Map<string, string>();
  readonly #directories = new Map<string, Listing>();
  /** The same entries by name, for directories in which a single entry was looked up. */
  readonly #listedTypes = new Map<string, ReadonlyMap<string, FileType>>();
  readonly #options: NodeIoOptions;
  readonly #inputs: InputRecorder | undefined;
  /** How files looked to {@link lookAgain}. */
  #looks: FileLooks | undefined;
  /** The home directory once it has been looked up, which may print a warning. */
  #home: string | undefined;

  constructor(options: NodeIoOptions) {
    this.#options = options;
    this.#inputs = options.inputs;
  }

  readFile(path: string): string {
    const remote = this.#remote(path);
    if (remote !== undefined) return remote.readFile(path);
    const location = this.#locate(path);
    try {
      // Devices and pipes may have no end or block.
      if (this.#isSpecial(path, location)) {
        throw new IoError("EINVAL", marked`file '${path}' is not a regular file`);
      }
      return this.#inputs === undefined
        ? readBytes(location)
        : readObserved(this.#inputs, location);
    } catch (error) {
      if (error instanceof IoError) throw error;
      const code = this.#failed("read", location, error);
      if (isMissing(code)) throw doesNotExist(code, path);
      if (code === "EISDIR") {
        throw new IoError(
          code,
          marked`${path === "/" ? "" : "file "}'${path}' is not a regular file`,
        );
      }
      throw new IoError(code, marked`opening '${path}': ${errnoMessage(code)}`);
    }
  }

  readDirectory(path: string): readonly DirectoryEntry[] {
    const { entries, names } = this.#listing(path);
    names?.list();
    return entries;
  }

  openListing(path: string): OpenListing | undefined {
    if (this.#inputs === undefined) return undefined;
    const { entries, names } = this.#listing(path);
    return names && { entries, names };
  }

  #listing(path: string): Listing {
    let listing = this.#directories.get(path);
    if (listing === undefined) {
      const remote = this.#remote(path);
      listing =
        remote === undefined
          ? this.#listDirectory(path)
          : { entries: remote.readDirectory(path), names: undefined };
      this.#directories.set(path, listing);
    }
    return listing;
  }

  #listDirectory(path: string): Listing {
    let location = toNodePath(path);
    try {
      location = this.#locate(path);
      const inputs = this.#inputs;
      const before = inputs === undefined ? undefined : statSync(location, { bigint: true });
      const entries = readdirSync(location, { withFileTypes: true, encoding: "latin1" }).map(
        (entry) => ({ name: entry.name, type: typeOf(entry) }),
      );
      let names: OpenNames | undefined;
      if (inputs !== undefined && before !== undefined) {
        // Unlike a file, a directory cannot be opened first, so its name may have come to mean another.
        const after = statSync(location, { bigint: true });
        const isSame = before.ino === after.ino && before.ctimeNs === after.ctimeNs;
        names = inputs.listing(bytesOfLocation(location), entries, isSame ? before : undefined);
      }
      return { entries, names };
    } catch (error) {
      const code = this.#failed("list", location, error);
      if (code === "ENOENT") throw doesNotExist(code, path);
      if (code === "ENOTDIR") {
        if (this.fileType(path) === undefined) throw doesNotExist(code, path);
        throw new IoError(code, marked`'${path}' is not a directory`);
      }
      throw new IoError(code, marked`opening directory '${path}': ${errnoMessage(code)}`);
    }
  }

  fileType(path: string): FileType | undefined {
    const known = this.#statuses.get(path);
    return known === undefined ? (this.#listedType(path) ?? this.#status(path)?.type) : known.type;
  }

  isExecutable(path: string): boolean {
    const status = this.#status(path);
    if (status === undefined) throw doesNotExist("ENOENT", path);
    if (status.place !== undefined) this.#inputs?.executable(status.place, status.executable);
    return status.executable;
  }

  readLink(path: string): string {
    const known = this.#links.get(path);
    if (known !== undefined) return known;
    const remote = this.#remote(path)?.readLink(path);
    if (remote !== undefined) {
      this.#links.set(path, remote);
      return remote;
    }
    let location = toNodePath(path);
    try {
      location = this.#locate(path);
      const target = fromHostTarget(readlinkSync(location, "latin1"));
      this.#links.set(path, target);
      this.#inputs?.link(bytesOfLocation(location), target);
      return target;
    } catch (error) {
      const code = this.#failed("link", location, error);
      if (isMissing(code)) throw doesNotExist(code, path);
      if (code === "EINVAL") throw new IoError(code, marked`file '${path}' is not a symlink`);
      throw new IoError(code, marked`reading symbolic link '${path}': ${errnoMessage(code)}`);
    }
  }

  refresh(): void {
    this.#statuses.clear();
    this.#links.clear();
    this.#directories.clear();
    this.#listedTypes.clear();
    this.#looks?.begin();
  }

  lookAgain(path: string): FileLook {
    const { relocatedStore, storeFiles } = this.#options;
    for (const store of [relocatedStore, storeFiles]) {
      // What is read for such a path may be elsewhere.
      if (store !== undefined && isBelow(path, store.storeDir)) return undefined;
    }
    this.#looks ??= openFileLooks();
    return this.#looks.look(path);
  }

  display(path: string): string {
    return path;
  }

  physicalPath(path: string): string | undefined {
    return this.#remote(path) === undefined ? path : undefined;
  }

  homeDirectory(): string {
    this.#home ??=
      this.#options.homeDirectory?.() ??
      findHomeDirectory(
        this.environment("HOME"),
        (message) => this.log(plainWarning(message)),
        this.#inputs,
      );
    return this.#home;
  }

  environment(name: string): string | undefined {
    const value = (this.#options.environment ?? process.env)[textOfBytes(name)];
    return value === undefined ? undefined : exactVariable(name, value);
  }

  now(): number {
    const seconds = Math.floor(Date.now() / 1000);
    this.#inputs?.time(seconds);
    return seconds;
  }

  milliseconds(): number {
    // `performance` would load modules of Node that nothing else needs, which takes a millisecond.
    const [seconds, nanoseconds] = process.hrtime();
    return seconds * 1000 + nanoseconds / 1e6;
  }

  pause(): Promise<void> {
    return new Promise((resolve) => {
      setImmediate(resolve);
    });
  }

  get memory(): MemoryGauge {
    return nodeMemory;
  }

  currentDirectory(): string {
    return this.#options.currentDirectory ?? currentDirectory();
  }

  system(): string {
    return this.#options.system ?? hostSystem();
  }

  get detail(): ((message: DetailMessage) => void) | undefined {
    const { detail } = this.#options;
    const inputs = this.#inputs;
    if (detail === undefined || inputs === undefined) return detail;
    return (message) => {
      inputs.message();
      detail(message);
    };
  }

  log(message: LogMessage): void {
    this.#inputs?.message();
    if (this.#options.log !== undefined) this.#options.log(message);
    else writeAll(2, Buffer.from(`${renderLogMessage(message, false)}\n`, "latin1"));
  }

  /** Returns the type of a file from a cached listing of its directory, if there is one. */
  #listedType(path: string): FileType | undefined {
    const slash = path.lastIndexOf("/");
    const directory = path.slice(0, slash);
    const listing = this.#directories.get(directory);
    if (listing === undefined) return undefined;
    const { entries, names } = listing;
    let types = this.#listedTypes.get(directory);
    if (types === undefined) {
      types = new Map(entries.map(({ name, type }) => [name, type]));
      this.#listedTypes.set(directory, types);
    }
    const name = path.slice(slash + 1);
    names?.ask(name);
    return types.get(name);
  }

  #status(path: string): FileStatus | undefined {
    let status = this.#statuses.get(path);
    if (status !== undefined) return status;
    status = this.#statusAt(path, path) ?? this.#statusInStore(path);
    if (status === undefined) return undefined;
    this.#statuses.set(path, status);
    return status;
  }

  /** Whether the path leads to something that is neither a file nor a directory. */
  #isSpecial(path: string, location: string | Buffer): boolean {
    const type = this.fileType(path);
    if (type !== "symlink") return type === "unknown";
    const target = statSync(location);
    if (target.isFile() || target.isDirectory()) return false;
    this.#inputs?.giveUp(`'${path}' leads to a special file`);
    return true;
  }

  #statusInStore(path: string): FileStatus | undefined {
    const moved = this.#relocate(path);
    if (moved !== undefined) return this.#statusAt(moved, path);
    const remote = this.#remote(path);
    const type = remote?.fileType(path);
    if (remote === undefined || type === undefined) return undefined;
    const executable = type === "regular" && remote.isExecutable(path);
    return { type, executable, place: undefined };
  }

  /** What reads a path that is not on disk; `undefined` for a path that is, or is not in the store. */
  #remote(path: string): StoreFiles | undefined {
    const store = this.#options.storeFiles;
    if (store === undefined || !isBelow(path, store.storeDir)) return undefined;
    if (this.#lstat(path, path) !== undefined) return undefined;
    this.#inputs?.giveUp("a file of a store that is elsewhere was looked at");
    return store.files;
  }

  #statusAt(place: string, path: string): FileStatus | undefined {
    const stats = this.#lstat(place, path);
    if (stats === undefined) return undefined;
    const executable = stats.isFile() && hasExecutableBit(stats.mode);
    return { type: typeOf(stats), executable, place };
  }

  /** Returns the location on disk: in a relocated store only if the path does not exist itself. */
  #locate(path: string): string | Buffer {
    const moved = this.#relocate(path);
    if (moved === undefined || this.#lstat(path, path) !== undefined) return toNodePath(path);
    return toNodePath(moved);
  }

  /** The status of a place on disk; messages name `path`. `undefined` if there is nothing. */
  #lstat(place: string, path: string): Stats | undefined {
    const inputs = this.#inputs;
    try {
      const stats = lstatSync(toNodePath(place), { throwIfNoEntry: false });
      inputs?.kind(place, stats === undefined ? Kind.Missing : kindOfMode(stats.mode));
      return stats;
    } catch (error) {
      const code = errnoCode(error);
      if (isMissing(code)) {
        inputs?.kind(place, Kind.Missing);
        return undefined;
      }
      inputs?.failure("status", place, code);
      throw new IoError(code, marked`getting status of '${path}': ${errnoMessage(code)}`);
    }
  }

  /** Records that a request failed, and returns its code. */
  #failed(request: FailedRequest[0], location: string | Buffer, error: unknown): string {
    const code = errnoCode(error);
    this.#inputs?.failure(request, bytesOfLocation(location), code);
    return code;
  }

  #relocate(path: string): string | undefined {
    const store = this.#options.relocatedStore;
    if (store === undefined || !path.startsWith(`${store.storeDir}/`)) return undefined;
    return store.directory + path.slice(store.storeDir.length);
  }
}

function isBelow(path: string, directory: string): boolean {
  return path.startsWith(directory) && (path[directory.length] ?? "/") === "/";
}

/** Reads a file as bytes. Node reads text in one native call, and ASCII text equals its bytes. */
function readBytes(location: string | Buffer): string {
  const text = readFileSync(location, "utf8");
  const isAscii = Buffer.byteLength(text, "utf8") === text.length;
  return isAscii ? text : readFileSync(location).toString("latin1");
}

/** Reads a file as bytes, and records them with the status of the file that was opened. */
function readObserved(inputs: InputRecorder, location: string | Buffer): string {
  const descriptor = openSync(location, "r");
  try {
    const stats = fstatSync(descriptor, { bigint: true });
    const contents = readFileSync(descriptor);
    inputs.contents(bytesOfLocation(location), contents, stats);
    return contents.toString("latin1");
  } finally {
    closeSync(descriptor);
  }
}

function bytesOfLocation(location: string | Buffer): string {
  return typeof location === "string" ? location : location.toString("latin1");
}

function typeOf(file: Stats | Dirent): FileType {
  if (file.isFile()) return "regular";
  if (file.isDirectory()) return "directory";
  return file.isSymbolicLink() ? "symlink" : "unknown";
}

function isMissing(code: string): boolean {
  return code === "ENOENT" || code === "ENOTDIR";
}

function doesNotExist(code: string, path: string): IoError {
  return new IoError(code, marked`path '${path}' does not exist`);
}

function writeAll(descriptor: number, bytes: Uint8Array): void {
  let rest = bytes;
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(descriptor, rest));
    } catch (error) {
      // The pipe is full, and another process made it non-blocking.
      if (errnoCode(error) !== "EAGAIN") throw error;
    }
  }
}

const CPUS: Readonly<Record<string, string>> = {
  x64: "x86_64",
  ia32: "i686",
  arm64: "aarch64",
  arm: "armv7l",
  ppc64: "powerpc64le",
};

/** The system of this machine in Nix's notation, such as `x86_64-linux`. */
export function hostSystem(): string {
  const platform = process.platform === "win32" ? "windows" : process.platform;
  return `${CPUS[process.arch] ?? process.arch}-${platform}`;
}
