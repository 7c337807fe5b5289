/**
 * PackReader: the blocks, directories and contents of a pack, over a source of ranges.
 *
 * What was loaded is read synchronously; `load…` fetches what is missing. Each block is compared with its
 * hash when it arrives. Blocks stay in memory as they came, deflated, so that a reader that starts again
 * after each wait makes progress; the most recent ones also stay inflated.
 */
import {
  encodeBase16,
  FormatError,
  type HashFunctions,
  parseHash,
  portableHashes,
} from "@nivis/formats";
import { inflateSync } from "fflate";
import { decodeDirectory, type PackDirectory } from "./directory-record.ts";
import {
  type Block,
  type BlockKind,
  decodeHeader,
  decodeTable,
  HEADER_LENGTH,
  type PackTable,
} from "./layout.ts";
import type { PackCache, PackSource } from "./pack-source.ts";
import { ByteReader, corrupt } from "./varint.ts";

/** How a pack is opened. */
export interface OpenOptions {
  /**
   * The hash that `nivis pack` printed, such as `sha256-…`. With it, a pack that was read before is not
   * asked for again, and another pack is an error. Defaults to taking what is there.
   */
  readonly hash?: string | undefined;
  /** Where blocks are kept between visits. Defaults to nowhere. */
  readonly cache?: PackCache | undefined;
  readonly hashes?: HashFunctions | undefined;
  /** Called after each request to the source. */
  readonly onTransfer?: ((transfer: Transfer) => void) | undefined;
}

/** What a reader has done so far. */
export interface Transfer {
  /** The requests to the source, and the bytes that they returned. */
  readonly requests: number;
  readonly bytes: number;
}

/** The length of the first request: the header, the table and perhaps the first blocks. */
const FIRST_READ = 1 << 16;
/** The number of blocks that are read ahead at first, and at most. */
const READ_AHEAD = { profile: 8, rest: 1, most: 64 } as const;
/** The total length of the blocks that stay inflated, in bytes. */
const INFLATED_LENGTH = 1 << 24;

/** Where an extent was last read, by the kind of blocks. */
interface ReadAhead {
  next: number;
  window: number;
}

/** Reads a pack. */
export class PackReader {
  readonly table: PackTable;
  /** The SHA-256 that determines the tree. */
  readonly hash: Uint8Array;
  readonly #source: PackSource;
  readonly #options: OpenOptions;
  readonly #hashes: HashFunctions;
  readonly #id: string;
  /** The offset of each block in the pack. */
  readonly #places: number[] = [];
  /** For each block, the offset of its first content, or the number of its first directory. */
  readonly #firsts: number[] = [];
  /** The indices of the blocks of a kind, in order. */
  readonly #ofKind: Record<BlockKind, number[]> = { directories: [], contents: [] };
  /** The index of the extent of each block, and of the block behind each extent. */
  readonly #extentOf: number[] = [];
  readonly #extentEnds: number[] = [];
  readonly #ahead = new Map<string, ReadAhead>();
  readonly #deflated = new Map<number, Uint8Array>();
  readonly #inflated = new Map<number, Uint8Array>();
  readonly #loading = new Map<number, Promise<void>>();
  readonly #failures = new Map<number, unknown>();
  readonly #offsetsOfRecords = new Map<number, readonly number[]>();
  readonly #directories = new Map<number, PackDirectory>();
  #inflatedLength = 0;
  #requests = 0;
  #bytes = 0;

  private constructor(
    source: PackSource,
    options: OpenOptions,
    head: { readonly table: PackTable; readonly hash: Uint8Array; readonly length: number },
  ) {
    this.#source = source;
    this.#options = options;
    this.#hashes = options.hashes ?? portableHashes;
    this.table = head.table;
    this.hash = head.hash;
    this.#id = encodeBase16(head.hash);
    const firsts: Record<BlockKind, number> = { directories: 0, contents: 0 };
    let place = head.length;
    for (const [
      index,
      { kind, packedLength, length, directories },
    ] of this.table.blocks.entries()) {
      this.#places.push(place);
      place += packedLength;
      this.#firsts.push(firsts[kind]);
      firsts[kind] += kind === "directories" ? directories : length;
      this.#ofKind[kind].push(index);
    }
    for (const [extent, { blocks }] of this.table.extents.entries()) {
      for (let left = blocks; left > 0; left--) this.#extentOf.push(extent);
      this.#extentEnds.push(this.#extentOf.length);
    }
  }

  /** Opens a pack. Rejects with an `IoError` or, for a file that is not one, a `FormatError`. */
  static async open(source: PackSource, options: OpenOptions = {}): Promise<PackReader> {
    const { cache, hash: wanted } = options;
    const hashes = options.hashes ?? portableHashes;
    const digest = wanted === undefined ? undefined : parseHash(wanted, "sha256").digest;
    const key = `head ${digest === undefined ? source.name : encodeBase16(digest)}`;
    const check = (bytes: Uint8Array) => readHead(bytes, hashes, digest, source.name);
    const kept = async () => {
      const bytes = await cache?.get(key).catch(() => undefined);
      try {
        return bytes === undefined ? undefined : check(bytes);
      } catch {
        return undefined;
      }
    };
    // A pack without a known hash may have changed, so the server is asked first.
    const known = digest === undefined ? undefined : await kept();
    if (known !== undefined) return new PackReader(source, options, known);
    let transfer = { requests: 0, bytes: 0 };
    const read = async (start: number, end: number): Promise<Uint8Array> => {
      const bytes = await source.read(start, end);
      transfer = { requests: transfer.requests + 1, bytes: transfer.bytes + bytes.length };
      options.onTransfer?.(transfer);
      return bytes;
    };
    let bytes: Uint8Array;
    try {
      bytes = await read(0, FIRST_READ);
      const { tableLength } = decodeHeader(bytes);
      const length = HEADER_LENGTH + tableLength;
      if (length > bytes.length) bytes = joined(bytes, await read(bytes.length, length));
      bytes = bytes.slice(0, length);
    } catch (error) {
      const offline = await kept();
      if (offline === undefined) throw error;
      return new PackReader(source, options, offline);
    }
    const head = check(bytes);
    cache?.set(key, bytes).catch(() => {});
    const reader = new PackReader(source, options, head);
    reader.#requests = transfer.requests;
    reader.#bytes = transfer.bytes;
    return reader;
  }

  /** The requests so far. */
  get transfer(): Transfer {
    return { requests: this.#requests, bytes: this.#bytes };
  }

  /**
   * Returns a directory by its number, or `undefined` if its block must be loaded first with
   * {@link loadDirectory}. Throws the error of the last attempt to load it.
   */
  directory(id: number): PackDirectory | undefined {
    const known = this.#directories.get(id);
    if (known !== undefined) return known;
    const index = this.#blockWith("directories", id);
    const block = this.#block(index);
    if (block === undefined) return undefined;
    const offset = this.#recordsOf(index, block)[id - (this.#firsts[index] as number)];
    const directory = decodeDirectory(new ByteReader(block, offset));
    this.#directories.set(id, directory);
    return directory;
  }

  /** Loads the block of a directory. Failures are kept for the next {@link directory}. */
  loadDirectory(id: number): Promise<void> {
    return this.#load(this.#blockWith("directories", id));
  }

  /** Returns contents, or `undefined` if they must be loaded first. Throws as {@link directory}. */
  contents(offset: number, length: number): Uint8Array | undefined {
    if (length === 0) return new Uint8Array();
    const first = this.#blockWith("contents", offset);
    const start = offset - (this.#firsts[first] as number);
    const block = this.#block(first);
    if (block !== undefined && start + length <= block.length) {
      return block.subarray(start, start + length);
    }
    const indices = this.#contentBlocks(offset, length);
    const blocks = indices.map((index) => this.#block(index));
    if (blocks.includes(undefined)) return undefined;
    const whole = (blocks as Uint8Array[]).reduce(joined);
    return whole.subarray(start, start + length);
  }

  /** Loads all blocks of some contents. */
  async loadContents(offset: number, length: number): Promise<void> {
    const missing = this.#contentBlocks(offset, length).filter((i) => !this.#deflated.has(i));
    await Promise.all(missing.map((index) => this.#load(index)));
  }

  #contentBlocks(offset: number, length: number): number[] {
    const indices: number[] = [];
    for (let at = offset; at < offset + length; ) {
      const index = this.#blockWith("contents", at);
      indices.push(index);
      at = (this.#firsts[index] as number) + (this.table.blocks[index] as Block).length;
    }
    return indices;
  }

  /** Finds the block with a directory or an offset. */
  #blockWith(kind: BlockKind, wanted: number): number {
    const indices = this.#ofKind[kind];
    let [low, high] = [0, indices.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#firsts[indices[middle] as number] as number) <= wanted) low = middle;
      else high = middle;
    }
    const index = indices[low];
    if (index === undefined) throw corrupt("it lacks a block");
    const { length, directories } = this.table.blocks[index] as Block;
    const size = kind === "directories" ? directories : length;
    if (wanted < 0 || wanted >= (this.#firsts[index] as number) + size) {
      throw corrupt("an entry points outside of it");
    }
    return index;
  }

  #recordsOf(index: number, block: Uint8Array): readonly number[] {
    let offsets = this.#offsetsOfRecords.get(index) as number[] | undefined;
    if (offsets === undefined) {
      offsets = [];
      const input = new ByteReader(block);
      while (input.at < block.length) {
        offsets.push(input.at);
        input.bytes(input.number());
      }
      this.#offsetsOfRecords.set(index, offsets);
    }
    return offsets;
  }

  #block(index: number): Uint8Array | undefined {
    const known = this.#inflated.get(index);
    if (known !== undefined) return known;
    const deflated = this.#deflated.get(index);
    if (deflated === undefined) {
      const failure = this.#failures.get(index);
      if (failure === undefined) return undefined;
      // The next attempt asks again.
      this.#failures.delete(index);
      throw failure;
    }
    const { length } = this.table.blocks[index] as Block;
    const block = inflate(deflated, length);
    this.#inflated.set(index, block);
    this.#inflatedLength += length;
    for (const [oldest, bytes] of this.#inflated) {
      if (this.#inflatedLength <= INFLATED_LENGTH || oldest === index) break;
      this.#inflated.delete(oldest);
      this.#inflatedLength -= bytes.length;
    }
    return block;
  }

  /** Loads a block and those that will probably be needed next. Never rejects. */
  #load(index: number): Promise<void> {
    const loading = this.#loading.get(index);
    if (loading !== undefined) return loading;
    if (this.#deflated.has(index)) return Promise.resolve();
    const run = this.#runFrom(index);
    const promise = this.#loadRun(run).catch((error) => {
      this.#failures.set(index, error);
    });
    for (const one of run) {
      this.#loading.set(one, promise);
      promise.then(() => this.#loading.delete(one));
    }
    return promise;
  }

  /** Returns the blocks that are loaded together with one: more, the longer one reads on. */
  #runFrom(index: number): number[] {
    const extent = this.#extentOf[index] as number;
    const { kind } = this.table.blocks[index] as Block;
    const key = `${extent} ${kind}`;
    const isProfile = (this.table.extents[extent] as { name: string }).name !== "";
    const first = isProfile ? READ_AHEAD.profile : READ_AHEAD.rest;
    const ahead = this.#ahead.get(key);
    const window = ahead?.next === index ? Math.min(ahead.window * 2, READ_AHEAD.most) : first;
    const run: number[] = [];
    for (let at = index; at < (this.#extentEnds[extent] as number); at++) {
      if (run.length === window || this.#deflated.has(at) || this.#loading.has(at)) break;
      run.push(at);
    }
    this.#ahead.set(key, { next: index + run.length, window });
    return run;
  }

  async #loadRun(run: readonly number[]): Promise<void> {
    const { cache } = this.#options;
    const missing: number[] = [];
    await Promise.all(
      run.map(async (index) => {
        const kept = await cache?.get(this.#key(index)).catch(() => undefined);
        if (kept !== undefined && this.#isRight(index, kept)) this.#deflated.set(index, kept);
        else missing.push(index);
      }),
    );
    missing.sort((a, b) => a - b);
    while (missing.length > 0) {
      let count = 1;
      while (missing[count] === (missing[0] as number) + count) count++;
      await this.#fetch(missing.splice(0, count));
    }
  }

  /** Fetches neighbouring blocks. */
  async #fetch(indices: readonly number[]): Promise<void> {
    const start = this.#places[indices[0] as number] as number;
    const last = indices.at(-1) as number;
    const end = (this.#places[last] as number) + (this.table.blocks[last] as Block).packedLength;
    const bytes = await this.#source.read(start, end);
    this.#requests++;
    this.#bytes += bytes.length;
    this.#options.onTransfer?.(this.transfer);
    for (const index of indices) {
      const place = (this.#places[index] as number) - start;
      const { packedLength } = this.table.blocks[index] as Block;
      const block = bytes.slice(place, place + packedLength);
      if (!this.#isRight(index, block)) {
        throw new FormatError(
          "error",
          `'${this.#source.name}' has changed or is damaged: its bytes from ${start + place} do not have the hash that its table gives (a server must not compress it on the way)`,
        );
      }
      this.#deflated.set(index, block);
      this.#options.cache?.set(this.#key(index), block).catch(() => {});
    }
  }

  #isRight(index: number, bytes: Uint8Array): boolean {
    const { packedLength, digest } = this.table.blocks[index] as Block;
    return bytes.length === packedLength && equalBytes(this.#hashes.hash("sha256", bytes), digest);
  }

  #key(index: number): string {
    return `${this.#id} ${index}`;
  }
}

function readHead(
  bytes: Uint8Array,
  hashes: HashFunctions,
  wanted: Uint8Array | undefined,
  name: string,
) {
  const { tableLength, inflatedLength } = decodeHeader(bytes);
  const length = HEADER_LENGTH + tableLength;
  if (bytes.length < length) throw corrupt("it ends in its table");
  const hash = hashes.hash("sha256", bytes.subarray(0, length));
  if (wanted !== undefined && !equalBytes(hash, wanted)) {
    throw new FormatError("error", `'${name}' is not the pack with the hash that was given`);
  }
  const table = decodeTable(inflate(bytes.subarray(HEADER_LENGTH, length), inflatedLength));
  return { table, hash, length };
}

function inflate(deflated: Uint8Array, length: number): Uint8Array {
  let bytes: Uint8Array;
  try {
    // A buffer of a known length also bounds what damaged bytes inflate to.
    bytes = inflateSync(deflated, { out: new Uint8Array(length) });
  } catch (error) {
    throw corrupt(error instanceof Error ? error.message : String(error));
  }
  if (bytes.length !== length) throw corrupt("a block has another length than the table says");
  return bytes;
}

function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const whole = new Uint8Array(a.length + b.length);
  whole.set(a);
  whole.set(b, a.length);
  return whole;
}
