/**
 * OutputMemory: what was found out about the outputs of a locked flake, kept between commands, so that
 * `flake show`, `search` and looking up an attribute need not evaluate (C++ Nix: libexpr/eval-cache.cc).
 *
 * Pure evaluation of a flake depends on nothing but its sources, the settings of the evaluator and Nivis
 * itself, all of which are in the key of an entry. Only names of attributes, Booleans and texts without
 * context are remembered; errors and everything else are evaluated again. Of two commands that run at
 * once, the one that ends later is remembered.
 */
import { Attrs, contextOf, isString, textOf, type Value } from "@nivis/eval";
import { sortedBytes } from "@nivis/formats";
import { DiskOutputCache, nodeHashes } from "@nivis/node";

/** What is known of an attribute: the sorted names of a set, a text, or a Boolean. */
export type KnownOutput = readonly string[] | string | boolean;

/** Entries larger than this are not written, in bytes. */
const MAX_ENTRY = 64 * 2 ** 20;

/** See the head of this file. */
export class OutputMemory {
  readonly #cache: DiskOutputCache;
  readonly #key: Uint8Array;
  /** By the names on the way to the attribute, which contain no NUL. */
  #known: Map<string, KnownOutput> | undefined;
  #isChanged = false;

  /**
   * @param directory - where the caches are
   * @param key - everything that the outputs depend on
   */
  constructor(directory: string, key: readonly unknown[]) {
    this.#cache = new DiskOutputCache(directory);
    this.#key = nodeHashes.hash("sha256", JSON.stringify(key));
  }

  /** What is known of the attribute that these names lead to. */
  get(names: readonly string[]): KnownOutput | undefined {
    this.#known ??= this.#read();
    return this.#known.get(pathKey(names));
  }

  /** Remembers a value if it is of a kind that is remembered. */
  put(names: readonly string[], value: Value): void {
    const known = knownOf(value);
    if (known === undefined) return;
    this.#known ??= this.#read();
    const key = pathKey(names);
    if (this.#known.has(key)) return;
    this.#known.set(key, known);
    this.#isChanged = true;
  }

  #read(): Map<string, KnownOutput> {
    const entry = this.#cache.load(this.#key);
    if (entry === undefined) return new Map();
    try {
      const text = Buffer.from(entry.buffer, entry.byteOffset, entry.length).toString("latin1");
      return new Map(JSON.parse(text) as readonly (readonly [string, KnownOutput])[]);
    } catch {
      // The file was damaged; the next write replaces it.
      return new Map();
    }
  }

  /** Writes what was found out since the last time; returns whether there was anything. */
  save(): boolean {
    if (!this.#isChanged || this.#known === undefined) return false;
    this.#isChanged = false;
    const text = JSON.stringify([...this.#known]);
    if (text.length <= MAX_ENTRY) this.#cache.store(this.#key, Buffer.from(text, "latin1"));
    return true;
  }
}

function pathKey(names: readonly string[]): string {
  return names.join("\0");
}

function knownOf(value: Value): KnownOutput | undefined {
  if (value instanceof Attrs) return sortedBytes(value.names());
  if (typeof value === "boolean") return value;
  return isString(value) && contextOf(value) === undefined ? textOf(value) : undefined;
}
