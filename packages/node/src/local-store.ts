/**
 * LocalStore: a store on disk, as `--store ROOT` names it.
 *
 * Files appear under their store paths only when they are complete: they are written under another
 * name in the same directory and then renamed. As in any Nix store, they are read-only and dated
 * one second after 1970. Existing files are left alone. A path counts as valid if it exists.
 */
import {
  chmodSync,
  lstatSync,
  lutimesSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import {
  IoError,
  narSourceOf,
  type SourceAccessor,
  type SourceTree,
  type Store,
} from "@nivis/eval";
import {
  type Derivation,
  derivationNameOfPath,
  type FinishedDerivation,
  hashNar,
  marked,
  type NarSource,
  narTreeSource,
  parseDerivation,
  sortedBytes,
  storePathBaseName,
} from "@nivis/formats";
import { toNodePath } from "./byte-path.ts";
import { errnoCode, errnoMessage } from "./errno.ts";
import { GarbageRoots } from "./garbage-roots.ts";
import { makeDirectories } from "./make-directories.ts";
import { nodeHashes } from "./node-hashes.ts";
import { Registration } from "./registration.ts";

/** The location of a {@link LocalStore}. Paths are byte strings. */
export interface LocalStoreOptions {
  /** The logical store directory. Defaults to `/nix/store`. */
  readonly storeDir?: string;
  /** A directory that replaces `/` for the store's files. Defaults to none. */
  readonly root?: string;
}

/** The modification time of all files in a store, in seconds since 1970. */
const STORE_TIME = 1;
const READ_ONLY = 0o444;
const READ_ONLY_EXECUTABLE = 0o555;
const WRITABLE = 0o700;

/** A store on disk that is written without a daemon. */
export class LocalStore implements Store {
  readonly capabilities = { reads: true, writes: true };
  readonly storeDir: string;
  /** The store directory on disk. */
  readonly directory: string;
  readonly #roots: GarbageRoots;
  readonly #registration: Registration;
  readonly #valid = new Set<string>();
  #temporaries = 0;

  constructor(options: LocalStoreOptions = {}) {
    const root = (options.root ?? "").replace(/\/+$/, "");
    this.storeDir = options.storeDir ?? "/nix/store";
    this.directory = root + this.storeDir;
    this.#registration = new Registration(`${root}/nix/var/nix/nivis.reginfo`);
    this.#roots = new GarbageRoots(`${root}/nix/var/nix/gcroots`, this.storeDir);
  }

  get relocatedDirectory(): string | undefined {
    return this.directory === this.storeDir ? undefined : this.directory;
  }

  addRoot(path: string, link: string): string {
    return this.#roots.add(path, link);
  }

  /** The file for `nix-store --load-db`, which makes the written paths known to C++ Nix. */
  get registrationFile(): string {
    return this.#registration.file;
  }

  isValidPath(path: string): boolean {
    if (this.#valid.has(path)) return true;
    try {
      const found = lstatSync(toNodePath(this.#onDisk(path)), { throwIfNoEntry: false });
      if (found === undefined) return false;
    } catch (error) {
      if (errnoCode(error) === "ENOTDIR") return false;
      throw error;
    }
    this.#valid.add(path);
    return true;
  }

  references(path: string): readonly string[] | undefined {
    return this.#registration.references(path);
  }

  readDerivation(path: string): Derivation | undefined {
    if (!this.isValidPath(path)) return undefined;
    const text = readFileSync(toNodePath(this.#onDisk(path)), "latin1");
    return parseDerivation(text, derivationNameOfPath(storePathBaseName(path)), {
      storeDir: this.storeDir,
      hashes: nodeHashes,
    });
  }

  addText(path: string, contents: string, references: readonly string[]): void {
    if (this.isValidPath(path)) return;
    this.#install(path, (temporary) => writeFile(temporary, contents, false));
    const nar = hashNar(
      narTreeSource,
      { type: "regular", executable: false, contents },
      nodeHashes,
    );
    this.#register(path, nar, references);
  }

  addDerivation(derivation: FinishedDerivation): void {
    this.addText(derivation.drvPath, derivation.text, derivation.references);
  }

  addSource(
    path: string,
    tree: SourceTree,
    references: readonly string[],
    files: SourceAccessor,
  ): void {
    if (this.isValidPath(path)) return;
    const source = narSourceOf(files, tree);
    this.#install(path, (temporary) => writeNode(source, tree.root, temporary));
    this.#register(path, tree.nar ?? hashNar(source, tree.root, nodeHashes), references);
  }

  #onDisk(path: string): string {
    return this.directory + path.slice(this.storeDir.length);
  }

  #register(
    path: string,
    nar: { digest: Uint8Array; size: number },
    references: readonly string[],
  ): void {
    this.#registration.add(path, nar, references);
    this.#valid.add(path);
  }

  /** Writes under another name and renames. Throws an {@link IoError} and leaves nothing behind. */
  #install(path: string, write: (temporary: string) => void): void {
    const temporary = `${this.directory}/.nivis-${process.pid}-${this.#temporaries++}`;
    const target = this.#onDisk(path);
    try {
      makeDirectories(toNodePath(this.directory));
      write(temporary);
      rename(temporary, target);
      makeReadOnlyDirectory(target);
    } catch (error) {
      remove(temporary);
      if (error instanceof IoError) throw error;
      const code = errnoCode(error);
      throw new IoError(code, marked`cannot write '${target}': ${errnoMessage(code)}`);
    }
  }
}

function writeFile(path: string, contents: string | Uint8Array, executable: boolean): void {
  const location = toNodePath(path);
  const bytes = typeof contents === "string" ? Buffer.from(contents, "latin1") : contents;
  writeFileSync(location, bytes, { flag: "wx" });
  chmodSync(location, executable ? READ_ONLY_EXECUTABLE : READ_ONLY);
  utimesSync(location, STORE_TIME, STORE_TIME);
}

/**
 * Copies a node and everything below it. The depth is bounded, since its NAR was computed before.
 */
function writeNode(source: NarSource<string>, node: string, path: string): void {
  const { type, executable } = source.stat(node);
  const location = toNodePath(path);
  switch (type) {
    case "regular":
      writeFile(path, source.readFile(node), executable === true);
      break;
    case "symlink":
      symlinkSync(toNodePath(source.readLink(node)), location);
      lutimesSync(location, STORE_TIME, STORE_TIME);
      break;
    case "directory":
      mkdirSync(location);
      for (const name of sortedBytes(source.readDirectory(node))) {
        const child = `${path}/${name}`;
        writeNode(source, source.child(node, name), child);
        makeReadOnlyDirectory(child);
      }
      break;
    case "other":
      throw new IoError("EINVAL", marked`file '${source.describe(node)}' has an unsupported type`);
  }
}

/** Makes a directory read-only: after it was filled, and the outermost after it was renamed. */
function makeReadOnlyDirectory(path: string): void {
  const location = toNodePath(path);
  if (!lstatSync(location).isDirectory()) return;
  chmodSync(location, READ_ONLY_EXECUTABLE);
  utimesSync(location, STORE_TIME, STORE_TIME);
}

function rename(from: string, to: string): void {
  try {
    renameSync(toNodePath(from), toNodePath(to));
  } catch (error) {
    // Another process was faster; its result has the same content.
    const code = errnoCode(error);
    if (code !== "ENOTEMPTY" && code !== "EEXIST") throw error;
    remove(from);
  }
}

/** Removes a file or a tree, some of whose directories may be read-only already. */
function remove(path: string): void {
  const location = toNodePath(path);
  const found = lstatSync(location, { throwIfNoEntry: false });
  if (found?.isDirectory() === true) {
    chmodSync(location, WRITABLE);
    for (const name of readdirSync(location, "latin1")) remove(`${path}/${name}`);
  }
  rmSync(location, { recursive: true, force: true });
}
