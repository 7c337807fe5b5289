/**
 * Reading tar archives: ustar, pax and GNU, member by member as the bytes come.
 *
 * The members go to the caller with their names as bytes. (Libraries decode names as UTF-8, and a name
 * that is not UTF-8 would change the hash of the tree; that is why this is not left to one.) What the
 * names mean is the business of the caller: see unpack.ts.
 *
 * Formats: POSIX.1-2017 *pax*, GNU tar manual *Basic Tar Format*.
 */
import { bytesToByteString, InputError } from "@nivis/formats";

/** What a member is. `other` stands for devices, pipes and the like. */
export type TarMemberType = "regular" | "directory" | "symlink" | "hardlink" | "other";

/** A member. */
export interface TarMember {
  readonly type: TarMemberType;
  /** The name as it is written. */
  readonly name: string;
  /** The target of a link. */
  readonly target: string;
  /** Whether the owner may execute it. */
  readonly isExecutable: boolean;
  /** Seconds since 1970, rounded down. */
  readonly modified: number;
  /** Bytes of contents. */
  readonly size: number;
  /** The kind of file in the terms of stat(2), for messages about members of the type `other`. */
  readonly fileKind: number;
}

/** Who takes the members. */
export interface TarSink {
  /** A member; returns who takes its contents piece by piece, if anybody wants them. */
  member(member: TarMember): ((piece: Uint8Array) => void) | undefined;
}

const BLOCK = 512;
/** The longest header data that is believed: names and attributes, not contents. */
const MAX_HEADER_DATA = 1 << 20;

/** Where the fields of a header are, as offset and length. */
const FIELD = {
  name: [0, 100],
  mode: [100, 8],
  size: [124, 12],
  modified: [136, 12],
  checksum: [148, 8],
  type: [156, 1],
  target: [157, 100],
  magic: [257, 6],
  prefix: [345, 155],
} as const;

/** The bit of a mode that lets the owner execute. */
const OWNER_EXECUTES = 0o100;

/** Types of members by the byte in the header. */
const TYPES: Readonly<Record<string, TarMemberType>> = {
  "0": "regular",
  "\0": "regular",
  "7": "regular",
  "1": "hardlink",
  "2": "symlink",
  "5": "directory",
};

/** File kinds of stat(2) by the byte in the header. */
const FILE_KINDS: Readonly<Record<string, number>> = {
  "3": 0o020000,
  "4": 0o060000,
  "6": 0o010000,
};

/** Bytes that come in pieces, taken in other pieces. */
class ByteReader {
  readonly #input: AsyncIterator<Uint8Array>;
  #piece = new Uint8Array(0);
  #at = 0;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#input = input[Symbol.asyncIterator]();
  }

  /** The next bytes, at most `length`; empty at the end. */
  async some(length: number): Promise<Uint8Array> {
    while (this.#at === this.#piece.length) {
      const next = await this.#input.next();
      if (next.done === true) return new Uint8Array(0);
      this.#piece = next.value as Uint8Array<ArrayBuffer>;
      this.#at = 0;
    }
    const taken = this.#piece.subarray(this.#at, this.#at + length);
    this.#at += taken.length;
    return taken;
  }

  /** Exactly `length` bytes, fewer only at the end. */
  async exactly(length: number): Promise<Uint8Array> {
    const first = await this.some(length);
    if (first.length === length || first.length === 0) return first;
    const bytes = new Uint8Array(length);
    bytes.set(first);
    let filled = first.length;
    while (filled < length) {
      const more = await this.some(length - filled);
      if (more.length === 0) return bytes.subarray(0, filled);
      bytes.set(more, filled);
      filled += more.length;
    }
    return bytes;
  }

  async close(): Promise<void> {
    await this.#input.return?.();
  }
}

/** Reads an archive to its end. Throws {@link InputError} for what is not one. */
export async function readTar(input: AsyncIterable<Uint8Array>, sink: TarSink): Promise<void> {
  const reader = new ByteReader(input);
  try {
    await new TarReader(reader, sink).read();
  } finally {
    await reader.close();
  }
}

class TarReader {
  readonly #reader: ByteReader;
  readonly #sink: TarSink;
  /** What pax headers say about all members, and about the next one. */
  readonly #global = new Map<string, string>();
  #next = new Map<string, string>();

  constructor(reader: ByteReader, sink: TarSink) {
    this.#reader = reader;
    this.#sink = sink;
  }

  async read(): Promise<void> {
    for (let isFirst = true; ; isFirst = false) {
      const header = await this.#reader.exactly(BLOCK);
      if (header.length === 0) {
        if (isFirst) throw new InputError("the archive is empty");
        return;
      }
      if (header.length < BLOCK) {
        throw new InputError(isFirst ? NOT_AN_ARCHIVE : "truncated tar archive");
      }
      // Zeros end the archive; what follows them is padding.
      if (header.every((byte) => byte === 0)) {
        await this.#drain();
        return;
      }
      if (!hasChecksum(header)) {
        throw new InputError(isFirst ? NOT_AN_ARCHIVE : "damaged tar archive");
      }
      await this.#member(header);
    }
  }

  async #drain(): Promise<void> {
    while ((await this.#reader.some(1 << 16)).length > 0);
  }

  async #member(header: Uint8Array): Promise<void> {
    const type = text(header, FIELD.type, false);
    const size = this.#size(header);
    switch (type) {
      case "g":
        addPaxRecords(this.#global, await this.#headerData(size));
        return;
      case "x":
        addPaxRecords(this.#next, await this.#headerData(size));
        return;
      case "L":
        this.#next.set("path", untilZero(bytesToByteString(await this.#headerData(size))));
        return;
      case "K":
        this.#next.set("linkpath", untilZero(bytesToByteString(await this.#headerData(size))));
        return;
      case "V":
      case "M":
      case "N":
        await this.#contents(size, undefined);
        return;
    }
    if (
      type === "S" ||
      this.#attribute("GNU.sparse.major") !== undefined ||
      this.#attribute("GNU.sparse.size") !== undefined
    ) {
      throw new InputError("the archive has a sparse file, which Nivis cannot read");
    }
    const member = this.#describe(header, type, size);
    this.#next = new Map();
    const take = this.#sink.member(member);
    const hasContents = member.type === "regular" || member.type === "other" || type === "1";
    if (hasContents) await this.#contents(member.size, take);
  }

  #attribute(name: string): string | undefined {
    return this.#next.get(name) ?? this.#global.get(name);
  }

  #size(header: Uint8Array): number {
    const written = this.#attribute("size");
    const type = text(header, FIELD.type, false);
    const isMeta = type === "g" || type === "x" || type === "L" || type === "K";
    const size = isMeta || written === undefined ? number(header, FIELD.size) : Number(written);
    if (!(Number.isSafeInteger(size) && size >= 0)) throw new InputError("damaged tar archive");
    return size;
  }

  #describe(header: Uint8Array, type: string, size: number): TarMember {
    const name = this.#attribute("path") ?? nameOf(header);
    const time = this.#attribute("mtime");
    const isLink = type === "1" || type === "2";
    let kind = TYPES[type] ?? (FILE_KINDS[type] === undefined ? "regular" : "other");
    // Old archives have no other mark of a directory.
    if (kind === "regular" && name.endsWith("/")) kind = "directory";
    return {
      type: kind,
      name,
      target: isLink ? (this.#attribute("linkpath") ?? text(header, FIELD.target)) : "",
      isExecutable: (number(header, FIELD.mode) & OWNER_EXECUTES) !== 0,
      modified: Math.floor(time === undefined ? number(header, FIELD.modified) : Number(time)) || 0,
      size: kind === "regular" || kind === "other" ? size : 0,
      fileKind: FILE_KINDS[type] ?? 0,
    };
  }

  async #headerData(size: number): Promise<Uint8Array> {
    if (size > MAX_HEADER_DATA) throw new InputError("damaged tar archive: a name is too long");
    const data = await this.#reader.exactly(size);
    if (data.length < size) throw new InputError("truncated tar archive");
    const copy = data.slice();
    await this.#padding(size);
    return copy;
  }

  async #contents(size: number, take: ((piece: Uint8Array) => void) | undefined): Promise<void> {
    for (let left = size; left > 0; ) {
      const piece = await this.#reader.some(left);
      if (piece.length === 0) throw new InputError("truncated tar archive");
      take?.(piece);
      left -= piece.length;
    }
    await this.#padding(size);
  }

  async #padding(size: number): Promise<void> {
    const rest = size % BLOCK;
    if (rest === 0) return;
    const padding = await this.#reader.exactly(BLOCK - rest);
    if (padding.length < BLOCK - rest) throw new InputError("truncated tar archive");
  }
}

const NOT_AN_ARCHIVE = "Unrecognized archive format";

function field(header: Uint8Array, [offset, length]: readonly [number, number]): Uint8Array {
  return header.subarray(offset, offset + length);
}

function untilZero(bytes: string): string {
  const end = bytes.indexOf("\0");
  return end < 0 ? bytes : bytes.slice(0, end);
}

function text(header: Uint8Array, place: readonly [number, number], cut = true): string {
  const bytes = bytesToByteString(field(header, place));
  return cut ? untilZero(bytes) : bytes;
}

/** A number in octal digits, or, with the highest bit set, in base 256. */
function number(header: Uint8Array, place: readonly [number, number]): number {
  const bytes = field(header, place);
  const first = bytes[0] as number;
  if ((first & 0x80) === 0) {
    const digits = untilZero(bytesToByteString(bytes)).trim();
    return digits === "" ? 0 : Number.parseInt(digits, 8);
  }
  if ((first & 0x40) !== 0) return -1;
  let value = first & 0x3f;
  for (const byte of bytes.subarray(1)) value = value * 256 + byte;
  return value;
}

/** The sum of all bytes, those of the sum itself counted as blanks. */
function hasChecksum(header: Uint8Array): boolean {
  const [start, length] = FIELD.checksum;
  let unsigned = 0;
  let signed = 0;
  for (let i = 0; i < BLOCK; i++) {
    const byte = i >= start && i < start + length ? 0x20 : (header[i] as number);
    unsigned += byte;
    signed += byte >= 0x80 ? byte - 0x100 : byte;
  }
  const written = number(header, FIELD.checksum);
  // Some old programs added the bytes as signed numbers.
  return written === unsigned || written === signed;
}

function nameOf(header: Uint8Array): string {
  const name = text(header, FIELD.name);
  // GNU tar has other things in the place of the prefix.
  const isPosix = text(header, FIELD.magic, false) === "ustar\0";
  const prefix = isPosix ? text(header, FIELD.prefix) : "";
  return prefix === "" ? name : `${prefix}/${name}`;
}

/** Reads records such as `30 mtime=1700000000.123456789\n`. */
function addPaxRecords(attributes: Map<string, string>, data: Uint8Array): void {
  const records = bytesToByteString(data);
  for (let at = 0; at < records.length; ) {
    const blank = records.indexOf(" ", at);
    const length = blank < 0 ? Number.NaN : Number(records.slice(at, blank));
    const end = at + length;
    const equals = records.indexOf("=", blank);
    if (!(length > 0 && end <= records.length && equals > 0 && equals < end)) {
      // Zeros may fill the block.
      if (/^\0*$/.test(records.slice(at))) return;
      throw new InputError("damaged tar archive: a pax header makes no sense");
    }
    const name = records.slice(blank + 1, equals);
    const value = records.slice(equals + 1, end - 1);
    if (value === "") attributes.delete(name);
    else attributes.set(name, value);
    at = end;
  }
}
