/**
 * EvaluationStore: the store of an evaluation over any store that can be opened.
 *
 * Store paths follow from content, so the evaluation knows them before any store does. What it makes
 * is gathered and written together: derivations of a package set are thousands of small files, and a
 * daemon takes them ten times as quickly in one request as one by one. They are written before
 * something is built or looked at, and at the end ({@link EvaluationStore.flush}).
 */

import {
  narSourceOf,
  type SourceAccessor,
  type SourceTree,
  type Store,
  type WantedOutput,
} from "@nivis/eval";
import {
  type Derivation,
  derivationNameOfPath,
  type FinishedDerivation,
  hashNar,
  narBytes,
  parseDerivation,
  storePathBaseName,
} from "@nivis/formats";
import { nodeHashes } from "../../node-hashes.ts";
import type { BlockingStore } from "./blocking-store.ts";
import type { NewObject } from "./requests.ts";

/** Bytes of contents that may wait to be written. */
const MAX_WAITING = 64 * 1024 * 1024;

/** See the head of this file. */
export class EvaluationStore implements Store {
  readonly capabilities = { reads: true, writes: true };
  readonly storeDir: string;
  readonly #store: Pick<BlockingStore, "ask" | "close">;
  /** In order of making, so that references come first. */
  readonly #waiting = new Map<string, NewObject>();
  #waitingBytes = 0;
  readonly #valid = new Set<string>();

  constructor(storeDir: string, store: Pick<BlockingStore, "ask" | "close">) {
    this.storeDir = storeDir;
    this.#store = store;
  }

  isValidPath(path: string): boolean {
    // Whoever asks is about to look into the store.
    if (this.#waiting.has(path)) this.flush();
    if (this.#valid.has(path)) return true;
    if (!this.#store.ask({ ask: "valid", path })) return false;
    this.#valid.add(path);
    return true;
  }

  references(path: string): readonly string[] | undefined {
    return this.#waiting.get(path)?.references ?? this.#store.ask({ ask: "references", path });
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
    const root = files.physicalPath(tree.root);
    const from =
      root === undefined
        ? { nar: narBytes(source, tree.root) }
        : { root, kept: keptOnDisk(tree, files) };
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

  /** Writes what waits to be written. Throws an {@link IoError} with the store's message. */
  flush(): void {
    if (this.#waiting.size === 0) return;
    this.#store.ask({ ask: "write", objects: [...this.#waiting.values()] });
    for (const path of this.#waiting.keys()) this.#valid.add(path);
    this.#waiting.clear();
    this.#waitingBytes = 0;
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
    if (this.#valid.has(object.path)) return;
    this.#waiting.set(object.path, object);
    this.#waitingBytes += bytes;
    if (this.#waitingBytes > MAX_WAITING) this.flush();
  }
}

/** The names that a filter kept, by the paths on this machine. */
function keptOnDisk(
  { kept }: SourceTree,
  files: SourceAccessor,
): ReadonlyMap<string, readonly string[]> | undefined {
  if (kept === undefined) return undefined;
  return new Map([...kept].map(([path, names]) => [files.physicalPath(path) ?? path, names]));
}
