/**
 * Reading the objects of a Git repository: loose ones and those in packs, with deltas, also from the
 * object directories that it borrows from.
 *
 * Evaluation reads files synchronously, which no library for Git does, and asking a running
 * `git cat-file --batch` cannot either. Nothing is written here, and references are the business of the
 * git program.
 *
 * Formats: Git's documentation, *gitformat-pack* and *gitrepository-layout*.
 */
import { bytesToByteString, encodeBase16, InputError, marked } from "@nivis/formats";
import type { Disk, OpenFile } from "../host.ts";
import { inflateHead, inflateWhole } from "./inflate.ts";

/** The types of objects. */
export type GitObjectType = "commit" | "tree" | "blob" | "tag";

/** An object. */
export interface GitObject {
  readonly type: GitObjectType;
  readonly data: Uint8Array;
}

/** Undoes zlib's compression of an object whose size is known; the bytes behind it do not matter. */
export type Inflate = (bytes: Uint8Array, size: number) => Uint8Array;

const PACKED_TYPES: readonly (GitObjectType | undefined)[] = [
  undefined,
  "commit",
  "tree",
  "blob",
  "tag",
];
const OFFSET_DELTA = 6;
const REFERENCE_DELTA = 7;

/** Longer than the headers of an object in a pack: type and size, then the base of a delta. */
const ENTRY_HEADER = 64;
/** How much memory the bases of deltas may take. */
const MAX_CACHE = 1 << 26;
/** Objects for which calling the platform's zlib takes longer than inflating them here; bytes. */
const SMALL_SIZE = 256;
/** Alternates of alternates end here. */
const MAX_ALTERNATES = 5;

/** Ids are handled as the hexadecimal text of their bytes. */
type Oid = string;

/** Bytes of a pack that are read at once. Measured: docs/design/011-fetched-trees.md. */
const PAGE_LENGTH = 1 << 16;
/** How many such pages of a pack are kept. */
const MAX_PAGES = 256;

/** One pack with its index. */
class Pack {
  readonly #disk: Disk;
  readonly #base: string;
  readonly #idLength: number;
  #index: OpenFile | undefined;
  #data: OpenFile | undefined;
  #fanout: DataView | undefined;
  /** The ids that begin with one byte. */
  readonly #names = new Map<number, Uint8Array>();
  #offsets: DataView | undefined;
  readonly #pages = new Map<number, Uint8Array>();

  constructor(disk: Disk, base: string, idLength: number) {
    this.#disk = disk;
    this.#base = base;
    this.#idLength = idLength;
  }

  /** Where an object is in the pack; `undefined` if it is not. */
  find(id: Uint8Array): number | undefined {
    this.#index ??= this.#disk.open(`${this.#base}.idx`);
    this.#fanout ??= this.#readFanout(this.#index);
    const first = id[0] as number;
    const start = first === 0 ? 0 : this.#fanout.getUint32((first - 1) * 4);
    const end = this.#fanout.getUint32(first * 4);
    let names = this.#names.get(first);
    if (names === undefined) {
      const length = this.#idLength;
      names = this.#index.read(FANOUT_END + start * length, (end - start) * length);
      this.#names.set(first, names);
    }
    const position = search(names, id);
    return position === undefined ? undefined : this.#offset(start + position);
  }

  #readFanout(index: OpenFile): DataView {
    const head = viewOf(index.read(0, FANOUT_END));
    if (
      head.byteLength < FANOUT_END ||
      head.getUint32(0) !== 0xff744f63 ||
      head.getUint32(4) !== 2
    ) {
      throw new InputError(
        marked`the index '${this.#base}.idx' has a version that Nivis cannot read`,
      );
    }
    return new DataView(head.buffer, head.byteOffset + 8, 1024);
  }

  #offset(position: number): number {
    const count = (this.#fanout as DataView).getUint32(255 * 4);
    const index = this.#index as OpenFile;
    const start = FANOUT_END + count * (this.#idLength + 4);
    this.#offsets ??= viewOf(index.read(start, count * 4));
    const offset = this.#offsets.getUint32(position * 4);
    if (offset < 0x80000000) return offset;
    const large = viewOf(index.read(start + count * 4 + (offset - 0x80000000) * 8, 8));
    return Number(large.getBigUint64(0));
  }

  /** Reads some bytes, through pages that are kept: most objects are much smaller than a page. */
  read(offset: number, length: number): Uint8Array {
    this.#data ??= this.#disk.open(`${this.#base}.pack`);
    const start = offset % PAGE_LENGTH;
    if (start + length > PAGE_LENGTH) return this.#data.read(offset, length);
    const number = (offset - start) / PAGE_LENGTH;
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = this.#data.read(offset - start, PAGE_LENGTH);
      if (this.#pages.size >= MAX_PAGES) this.#pages.clear();
      this.#pages.set(number, page);
    }
    return page.subarray(start, start + length);
  }

  close(): void {
    this.#index?.close();
    this.#data?.close();
  }
}

/** Magic, version and the counts by first byte. */
const FANOUT_END = 8 + 256 * 4;

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** The position of an id in sorted ids. */
function search(names: Uint8Array, id: Uint8Array): number | undefined {
  const { length } = id;
  let low = 0;
  let high = names.length / length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const order = compareAt(names, middle * length, id);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle;
  }
  return undefined;
}

function compareAt(names: Uint8Array, at: number, id: Uint8Array): number {
  for (let i = 0; i < id.length; i++) {
    const order = (names[at + i] as number) - (id[i] as number);
    if (order !== 0) return order;
  }
  return 0;
}

interface PackedPlace {
  readonly pack: Pack;
  readonly offset: number;
}

/** Nix: the message of libgit2, in which 9 stands for the database of objects. */
export function missingGitObject(id: string): string {
  if (/^0+$/.test(id)) {
    return `getting Git object '${id}': odb: cannot read object: null OID cannot exist (libgit2 error code = 9)`;
  }
  return `getting Git object '${id}': object not found - no match for id (${id}) (libgit2 error code = 9)`;
}

/** See the head of this file. */
export class GitObjects {
  readonly #disk: Disk;
  readonly #inflate: Inflate;
  readonly #idLength: number;
  /** The directory `objects`. */
  readonly directory: string;
  readonly #directories: readonly string[];
  #packs: readonly Pack[] | undefined;
  /** Bases of deltas by pack and offset, the least used first. */
  readonly #bases = new Map<string, GitObject>();
  readonly #packNumbers = new Map<Pack, number>();
  #basesSize = 0;

  /**
   * @param directory The directory `objects`.
   * @param idLength The bytes of an id: 20, or 32 with SHA-256.
   */
  constructor(disk: Disk, directory: string, idLength: number, inflate: Inflate | undefined) {
    this.#disk = disk;
    this.#idLength = idLength;
    this.directory = directory;
    this.#inflate =
      inflate === undefined
        ? inflateWhole
        : (bytes, size) => (size < SMALL_SIZE ? inflateWhole : inflate)(bytes, size);
    this.#directories = withAlternates(disk, directory);
  }

  /** The bytes of an id: 20, or 32 with SHA-256. */
  get idLength(): number {
    return this.#idLength;
  }

  /** Reads an object; `undefined` if the repository does not have it. */
  find(id: Oid | Uint8Array): GitObject | undefined {
    const place = this.#findPacked(typeof id === "string" ? bytesOfId(id) : id);
    if (place !== undefined) return this.#readPacked(place);
    const hex = typeof id === "string" ? id : encodeBase16(id);
    for (const directory of this.#directories) {
      const path = `${directory}/${hex.slice(0, 2)}/${hex.slice(2)}`;
      if (this.#disk.stat(path) !== undefined) return this.#readLoose(path);
    }
    return undefined;
  }

  /** Reads an object of a type. Throws {@link InputError}. */
  read(id: Oid | Uint8Array, type: GitObjectType): Uint8Array {
    const object = this.find(id);
    if (object?.type === type) return object.data;
    const hex = typeof id === "string" ? id : encodeBase16(id);
    throw new InputError(
      object === undefined
        ? missingGitObject(hex)
        : marked`Git object '${hex}' is a ${object.type}, not a ${type}`,
    );
  }

  /** Closes the files of the packs; they are opened again when they are needed. */
  close(): void {
    for (const pack of this.#packs ?? []) pack.close();
    this.#packs = undefined;
    this.#bases.clear();
    this.#basesSize = 0;
  }

  #findPacked(id: Uint8Array): PackedPlace | undefined {
    this.#packs ??= this.#openPacks();
    for (const pack of this.#packs) {
      const offset = pack.find(id);
      if (offset !== undefined) return { pack, offset };
    }
    return undefined;
  }

  #openPacks(): readonly Pack[] {
    const packs: Pack[] = [];
    for (const directory of this.#directories) {
      const folder = `${directory}/pack`;
      if (this.#disk.stat(folder)?.type !== "directory") continue;
      for (const { name } of this.#disk.readDirectory(folder)) {
        if (!name.endsWith(".idx")) continue;
        const base = `${folder}/${name.slice(0, -".idx".length)}`;
        packs.push(new Pack(this.#disk, base, this.#idLength));
      }
    }
    for (const [number, pack] of packs.entries()) this.#packNumbers.set(pack, number);
    return packs;
  }

  #readLoose(path: string): GitObject {
    const bytes = this.#disk.readFile(path);
    // The header has the size, which is needed to know how much there is to inflate.
    const head = bytesToByteString(this.#inflateSome(bytes, 64));
    const found = /^(commit|tree|blob|tag) (\d+)\0/.exec(head);
    if (found === null) throw new InputError(marked`the Git object '${path}' is damaged`);
    const start = found[0].length;
    const data = this.#inflate(bytes, start + Number(found[2])).subarray(start);
    return { type: found[1] as GitObjectType, data };
  }

  #inflateSome(bytes: Uint8Array, length: number): Uint8Array {
    const pieces: Uint8Array[] = [];
    inflateHead(bytes, length, (piece) => pieces.push(piece));
    const all = new Uint8Array(pieces.reduce((size, piece) => size + piece.length, 0));
    let at = 0;
    for (const piece of pieces) {
      all.set(piece, at);
      at += piece.length;
    }
    return all.subarray(0, length);
  }

  /** Reads an object in a pack; the bases of deltas are found one after the other, not by recursion. */
  #readPacked(place: PackedPlace): GitObject {
    const deltas: { readonly data: Uint8Array; readonly place: PackedPlace }[] = [];
    let current = place;
    let object = this.#bases.get(this.#keyOf(current));
    while (object === undefined) {
      const entry = this.#entry(current);
      if (entry.base === undefined) {
        object = { type: entry.type as GitObjectType, data: entry.data };
        break;
      }
      deltas.push({ data: entry.data, place: current });
      current = entry.base;
      object = this.#bases.get(this.#keyOf(current));
    }
    for (let delta = deltas.pop(); delta !== undefined; delta = deltas.pop()) {
      this.#keep(current, object);
      object = { type: object.type, data: applyDelta(object.data, delta.data) };
      current = delta.place;
    }
    return object;
  }

  #keyOf({ pack, offset }: PackedPlace): string {
    return `${this.#packNumbers.get(pack)}:${offset}`;
  }

  #keep(place: PackedPlace, object: GitObject): void {
    const key = this.#keyOf(place);
    const known = this.#bases.delete(key);
    this.#bases.set(key, object);
    if (!known) this.#basesSize += object.data.length;
    for (const [oldest, { data }] of this.#bases) {
      if (this.#basesSize <= MAX_CACHE) break;
      this.#bases.delete(oldest);
      this.#basesSize -= data.length;
    }
  }

  /** Reads what is at a place: an object, or a delta and its base. */
  #entry(place: PackedPlace): {
    readonly type: GitObjectType | undefined;
    readonly base: PackedPlace | undefined;
    readonly data: Uint8Array;
  } {
    const { pack, offset } = place;
    const head = pack.read(offset, ENTRY_HEADER);
    let at = 0;
    let byte = head[at++] as number;
    const kind = (byte >> 4) & 7;
    let size = byte & 15;
    for (let scale = 16; (byte & 0x80) !== 0; scale *= 128) {
      byte = head[at++] as number;
      size += (byte & 0x7f) * scale;
    }
    let base: PackedPlace | undefined;
    if (kind === OFFSET_DELTA) {
      byte = head[at++] as number;
      let back = byte & 0x7f;
      while ((byte & 0x80) !== 0) {
        byte = head[at++] as number;
        back = (back + 1) * 128 + (byte & 0x7f);
      }
      base = { pack, offset: offset - back };
    } else if (kind === REFERENCE_DELTA) {
      const id = head.subarray(at, at + this.#idLength);
      base = this.#findPacked(id);
      at += this.#idLength;
      if (base === undefined) {
        throw new InputError(marked`getting Git object '${encodeBase16(id)}': object not found`);
      }
    }
    const type = PACKED_TYPES[kind];
    if (type === undefined && base === undefined) {
      throw new InputError("a pack of the Git repository is damaged");
    }
    const compressed = pack.read(offset + at, compressedBound(size));
    return { type, base, data: this.#inflate(compressed, size) };
  }
}

/** As many bytes as some bytes may have compressed, at most: those of zlib's `compressBound` and more. */
function compressedBound(size: number): number {
  return size + (size >> 8) + 64;
}

/** The bytes of an id that is given in hexadecimal digits. */
export function bytesOfId(id: Oid): Uint8Array {
  const bytes = new Uint8Array(id.length / 2);
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(id.slice(i * 2, i * 2 + 2), 16);
  return bytes;
}

/** An object directory and those that it borrows from. */
function withAlternates(disk: Disk, directory: string): readonly string[] {
  const found: string[] = [];
  const visit = (path: string, depth: number): void => {
    if (found.includes(path) || depth > MAX_ALTERNATES) return;
    found.push(path);
    const list = `${path}/info/alternates`;
    if (disk.stat(list) === undefined) return;
    for (const line of bytesToByteString(disk.readFile(list)).split("\n")) {
      if (line === "" || line.startsWith("#")) continue;
      visit(line.startsWith("/") ? line : `${path}/${line}`, depth + 1);
    }
  };
  visit(directory, 0);
  return found;
}

/** Applies a delta: instructions to copy from the base, and bytes to insert. */
export function applyDelta(base: Uint8Array, delta: Uint8Array): Uint8Array {
  let at = 0;
  const number = (): number => {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = delta[at++];
      if (byte === undefined) throw damagedDelta();
      value += (byte & 0x7f) * scale;
      if ((byte & 0x80) === 0) return value;
    }
  };
  if (number() !== base.length) throw damagedDelta();
  const result = new Uint8Array(number());
  let filled = 0;
  while (at < delta.length) {
    const op = delta[at++] as number;
    if ((op & 0x80) !== 0) {
      let offset = 0;
      let size = 0;
      for (let i = 0; i < 4; i++)
        if ((op & (1 << i)) !== 0) offset += (delta[at++] as number) * 2 ** (8 * i);
      for (let i = 0; i < 3; i++)
        if ((op & (0x10 << i)) !== 0) size |= (delta[at++] as number) << (8 * i);
      if (size === 0) size = 0x10000;
      if (offset + size > base.length || filled + size > result.length) throw damagedDelta();
      result.set(base.subarray(offset, offset + size), filled);
      filled += size;
    } else {
      if (op === 0 || filled + op > result.length) throw damagedDelta();
      result.set(delta.subarray(at, at + op), filled);
      at += op;
      filled += op;
    }
  }
  if (filled !== result.length) throw damagedDelta();
  return result;
}

function damagedDelta(): InputError {
  return new InputError("a pack of the Git repository is damaged");
}
