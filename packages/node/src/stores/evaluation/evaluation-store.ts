/**
 * EvaluationStore: the store of an evaluation over any store that can be opened.
 *
 * Store paths follow from content, so the evaluation knows them before any store does. What it makes
 * is gathered and sent in batches, which the store takes while the evaluation goes on: derivations of
 * a package set are thousands of small files, and each is a transaction of the store's database. The
 * evaluation waits for them before something is built or looked at, and at the end
 * ({@link EvaluationStore.flush}).
 */

import {
  type ClosureCopy,
  type ClosureRequest,
  joinPath,
  narSourceOf,
  type SourceAccessor,
  type SourceTree,
  type Store,
  type StoreFiles,
  type WantedOutput,
} from "@nivis/eval";
import {
  type BuildMode,
  canonPath,
  type Derivation,
  type DerivedPath,
  derivationNameOfPath,
  type FinishedDerivation,
  hashNar,
  type KeyedBuildResult,
  parseDerivation,
  storePathBaseName,
  writeNar,
} from "@nivis/formats";
import type { Missing } from "@nivis/store";
import { nodeHashes } from "../../node-hashes.ts";
import type { BlockingStore } from "./blocking-store.ts";
import { spoolNar } from "./nar-spool.ts";
import { remoteFiles } from "./remote-files.ts";
import type { NewObject } from "./requests.ts";

/** How many objects, or bytes of contents, are sent at once. */
const BATCH_OBJECTS = 128;
const BATCH_BYTES = 1024 * 1024;
/** Bytes of contents that may be under way; the evaluation waits beyond. */
const MAX_UNDER_WAY = 64 * 1024 * 1024;

/** What a {@link BlockingStore} is to an evaluation. */
export type AnsweringStore = Pick<
  BlockingStore,
  "ask" | "askLater" | "send" | "settle" | "warm" | "cancel" | "close"
>;

/** Where the objects of a store are: at their paths on this machine unless said otherwise. */
export interface ObjectPlace {
  /** The directory on this machine that has what paths name in the store directory. */
  readonly directory?: string | undefined;
  /** Whether they are not files of this machine, so that the store has to be asked for them. */
  readonly isRemote?: boolean;
}

/** See the head of this file. */
export class EvaluationStore implements Store {
  readonly capabilities = { reads: true, writes: true };
  readonly storeDir: string;
  readonly relocatedDirectory: string | undefined;
  readonly files: StoreFiles | undefined;
  readonly #store: AnsweringStore;
  /** In order of making, so that references come first. */
  readonly #waiting = new Map<string, NewObject>();
  #waitingBytes = 0;
  /** The paths of objects that were sent and may not be written yet. */
  readonly #underWay = new Set<string>();
  #underWayBytes = 0;
  readonly #valid = new Set<string>();

  constructor(storeDir: string, store: AnsweringStore, place: ObjectPlace = {}) {
    this.storeDir = storeDir;
    this.#store = store;
    this.relocatedDirectory = place.directory;
    if (place.isRemote === true) {
      this.files = remoteFiles(storeDir, store, (path) => this.#settle(path));
    }
  }

  addRoot(path: string, link: string): string {
    const root = canonPath(link);
    this.flush();
    return this.#store.ask({ ask: "root", path, link: root }) ? root : path;
  }

  isValidPath(path: string): boolean {
    this.#settle(path);
    if (this.#valid.has(path)) return true;
    if (!this.#store.ask({ ask: "valid", path })) return false;
    this.#valid.add(path);
    return true;
  }

  /** Writes what waits if the path is among it: whoever asks is about to look into the store. */
  #settle(path: string): void {
    if (this.#waiting.has(path) || this.#underWay.has(path)) this.flush();
  }

  references(path: string): readonly string[] | undefined {
    return this.#waiting.get(path)?.references ?? this.#store.ask({ ask: "references", path });
  }

  narHash(path: string): string | undefined {
    return this.#store.ask({ ask: "hash", path });
  }

  readDerivation(path: string): Derivation | undefined {
    const waiting = this.#waiting.get(path);
    const text =
      waiting?.kind === "file" ? waiting.contents : this.#store.ask({ ask: "derivation", path });
    if (text === undefined) return undefined;
    return parseDerivation(text, derivationNameOfPath(storePathBaseName(path)), {
      storeDir: this.storeDir,
      hashes: nodeHashes,
    });
  }

  addText(path: string, contents: string, references: readonly string[]): void {
    this.#add({ kind: "file", method: "text", path, contents, references }, contents.length);
  }

  addDerivation({ drvPath, text, references }: FinishedDerivation): void {
    this.addText(drvPath, text, references);
  }

  addSource(
    path: string,
    tree: SourceTree,
    references: readonly string[],
    files: SourceAccessor,
  ): void {
    if (tree.flat) {
      const contents = files.readFile(tree.root);
      this.#add({ kind: "file", method: "flat", path, contents, references }, contents.length);
      return;
    }
    const source = narSourceOf(files, tree);
    const { digest, size } = tree.nar ?? hashNar(source, tree.root, nodeHashes);
    const from =
      this.#treeOnDisk(tree, files) ?? spoolNar(size, (sink) => writeNar(source, tree.root, sink));
    const object = { kind: "source", path, narDigest: digest, narSize: size, references, from };
    this.#add(object as NewObject, "nar" in from ? size : 0);
  }

  build(wanted: readonly WantedOutput[]): readonly string[] {
    this.flush();
    return this.#store.ask({ ask: "build", wanted });
  }

  substitute(path: string): boolean {
    return this.#store.ask({ ask: "substitute", path });
  }

  fetchClosure(request: ClosureRequest): ClosureCopy {
    this.flush();
    return this.#store.ask({ ask: "closure", ...request });
  }

  /** What the build store would have to do for these paths. */
  missing(wanted: readonly DerivedPath[]): Missing {
    this.flush();
    return this.#store.ask({ ask: "missing", wanted });
  }

  /**
   * Builds paths, or fetches them, without holding up this thread. Failed builds are results; what the
   * store never came to has none. The promise fails with an {@link IoError}.
   */
  async realise(
    wanted: readonly DerivedPath[],
    mode: BuildMode,
    cancel?: AbortSignal,
  ): Promise<readonly KeyedBuildResult[]> {
    this.flush();
    return this.#store.askLater({ ask: "realise", wanted, mode }, cancel);
  }

  /** The outputs of a derivation; `undefined` for one that is not known before it is built. */
  outputs(drvPath: string): ReadonlyMap<string, string | undefined> {
    this.flush();
    return this.#store.ask({ ask: "outputs", drvPath });
  }

  /** Prints lines for the user among what the store says. */
  print(level: number, lines: readonly string[]): void {
    this.#store.ask({ ask: "print", level, lines });
  }

  /** Writes what waits to be written. Throws an {@link IoError} with the store's message. */
  flush(): void {
    this.#send();
    if (this.#underWay.size === 0) return;
    const sent = [...this.#underWay];
    this.#underWay.clear();
    this.#underWayBytes = 0;
    this.#store.settle();
    for (const path of sent) this.#valid.add(path);
  }

  /** Sends what waits, without waiting for the store. */
  #send(): void {
    if (this.#waiting.size === 0) return;
    this.#store.send({ ask: "write", objects: [...this.#waiting.values()] });
    for (const path of this.#waiting.keys()) this.#underWay.add(path);
    this.#waiting.clear();
    this.#underWayBytes += this.#waitingBytes;
    this.#waitingBytes = 0;
  }

  /** Ends the connections; what is not written yet is dropped. */
  abandon(): void {
    this.#waiting.clear();
    this.#store.cancel();
    this.#store.close();
  }

  /** Writes what waits, and ends the connections. */
  close(): void {
    try {
      this.flush();
    } finally {
      this.#store.close();
    }
  }

  #add(object: NewObject, bytes: number): void {
    if (this.#valid.has(object.path) || this.#underWay.has(object.path)) return;
    if (this.#waiting.size === 0) this.#store.warm();
    this.#waiting.set(object.path, object);
    this.#waitingBytes += bytes;
    if (this.#waiting.size < BATCH_OBJECTS && this.#waitingBytes < BATCH_BYTES) return;
    this.#send();
    if (this.#underWayBytes > MAX_UNDER_WAY) this.flush();
  }

  /** Where a path of the evaluation is on this machine; objects of the store may be elsewhere. */
  #placeOnDisk(files: SourceAccessor, path: string): string | undefined {
    const place = files.physicalPath(path);
    if (this.relocatedDirectory === undefined || place?.startsWith(`${this.storeDir}/`) !== true) {
      return place;
    }
    return this.relocatedDirectory + place.slice(this.storeDir.length);
  }

  /** Where a tree is on disk; `undefined` if a part of it is not. */
  #treeOnDisk(tree: SourceTree, files: SourceAccessor): TreeOnDisk | undefined {
    const root = this.#placeOnDisk(files, tree.root);
    if (root === undefined) return undefined;
    const { kept } = tree;
    const isHost = files.physicalPath(tree.root) === tree.root;
    if (isHost && kept === undefined) return { root, kept };
    const names = new Map<string, readonly string[]>();
    // A fetched tree may show less than its directory contains, or files from elsewhere.
    const open = [{ path: tree.root, place: root }];
    for (let next = open.pop(); next !== undefined; next = open.pop()) {
      const { path, place } = next;
      if (this.#placeOnDisk(files, path) !== place) return undefined;
      if (files.fileType(path) !== "directory") continue;
      const inside = kept?.get(path) ?? files.readDirectory(path).map(({ name }) => name);
      names.set(place, inside);
      for (const name of inside) {
        open.push({ path: joinPath(path, name), place: joinPath(place, name) });
      }
    }
    return { root, kept: names };
  }
}

/** A directory or file of this machine, without what a filter removed. */
interface TreeOnDisk {
  readonly root: string;
  /** The names in each directory, by its path; `undefined` for all. */
  readonly kept: ReadonlyMap<string, readonly string[]> | undefined;
}
