/**
 * Reading zip archives: the directory at the end of the archive names the members, with their modes if
 * the archive was made on Unix. So all of the archive must be there first.
 *
 * The contents are inflated by `fflate`; its own reader of archives hides the modes, without which
 * symlinks are files, and decodes the names.
 *
 * Format: PKWARE's APPNOTE.TXT; the extra fields are Info-ZIP's.
 */
import { bytesToByteString, InputError, marked } from "@nivis/formats";
import { inflateSync } from "fflate/browser";
import type { TarMember, TarMemberType, TarSink } from "./tar.ts";

const MEMBER = 0x04034b50;
const DIRECTORY_ENTRY = 0x02014b50;
const END = 0x06054b50;
const END_64_LOCATOR = 0x07064b50;
const END_64 = 0x06064b50;

const END_LENGTH = 22;
const MAX_COMMENT = 0xffff;
const FULL_16 = 0xffff;
const FULL_32 = 0xffffffff;

const FILE_KIND = 0o170000;
const OWNER_EXECUTES = 0o100;
const KINDS: ReadonlyMap<number, TarMemberType> = new Map([
  [0, "regular"],
  [0o100000, "regular"],
  [0o040000, "directory"],
  [0o120000, "symlink"],
]);

/** The systems that leave their modes in an archive: Unix and macOS. */
const UNIX_SYSTEMS: readonly number[] = [3, 19];
const ENCRYPTED = 1;
const STORED = 0;
const DEFLATED = 8;

/** Extra fields: sizes beyond 32 bits, and times in seconds since 1970. */
const EXTRA_64 = 0x0001;
const EXTRA_TIME = 0x5455;

/** Whether some bytes begin a zip archive. */
export function isZip(head: Uint8Array): boolean {
  if (head.length < 4) return false;
  const signature = viewOf(head).getUint32(0, true);
  return signature === MEMBER || signature === END;
}

/** Reads an archive, member by member, to the same sink that tar archives go to. */
export function readZip(bytes: Uint8Array, sink: TarSink): void {
  try {
    new ZipReader(bytes, sink).read();
  } catch (error) {
    if (error instanceof InputError) throw error;
    // Offsets that point outside of the archive, and what does not inflate.
    throw new InputError(
      marked`damaged zip archive: ${error instanceof Error ? error.message : error}`,
    );
  }
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

interface Place {
  readonly at: number;
  readonly count: number;
}

interface Sizes {
  size: number;
  packed: number;
  offset: number;
}

class ZipReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #sink: TarSink;

  constructor(bytes: Uint8Array, sink: TarSink) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
    this.#sink = sink;
  }

  #u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  #u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  #u64(at: number): number {
    return Number(this.#view.getBigUint64(at, true));
  }

  read(): void {
    let { at, count } = this.#directory();
    for (; count > 0; count--) at = this.#entry(at);
  }

  /** Where the directory of the archive begins, and how many entries it has. */
  #directory(): Place {
    const { length } = this.#bytes;
    const last = Math.max(0, length - END_LENGTH - MAX_COMMENT);
    let end = length - END_LENGTH;
    while (end >= last && this.#u32(end) !== END) end--;
    if (end < last) throw new InputError("damaged zip archive: it has no directory");
    const place = { at: this.#u32(end + 16), count: this.#u16(end + 10) };
    const locator = end - 20;
    const isLarge = place.at === FULL_32 || place.count === FULL_16;
    if (!isLarge || locator < 0 || this.#u32(locator) !== END_64_LOCATOR) return place;
    const end64 = this.#u64(locator + 8);
    if (this.#u32(end64) !== END_64) throw new InputError("damaged zip archive: wrong directory");
    return { at: this.#u64(end64 + 48), count: this.#u64(end64 + 32) };
  }

  /** Reads an entry of the directory; returns where the next one begins. */
  #entry(at: number): number {
    if (this.#u32(at) !== DIRECTORY_ENTRY) {
      throw new InputError("damaged zip archive: wrong directory");
    }
    const nameEnd = at + 46 + this.#u16(at + 28);
    const extraEnd = nameEnd + this.#u16(at + 30);
    const name = bytesToByteString(this.#bytes.subarray(at + 46, nameEnd));
    if ((this.#u16(at + 8) & ENCRYPTED) !== 0) {
      throw new InputError(marked`file '${name}' in the zip archive is encrypted`);
    }
    const sizes: Sizes = {
      packed: this.#u32(at + 20),
      size: this.#u32(at + 24),
      offset: this.#u32(at + 42),
    };
    const modified =
      this.#extra(nameEnd, extraEnd, sizes) ?? localTime(this.#u16(at + 14), this.#u16(at + 12));
    const isUnix = UNIX_SYSTEMS.includes(this.#bytes[at + 5] as number);
    const mode = isUnix ? this.#u16(at + 40) : 0;
    const type = name.endsWith("/") ? "directory" : (KINDS.get(mode & FILE_KIND) ?? "other");
    const contents = type === "directory" ? NO_BYTES : this.#contents(name, at, sizes);
    const member: TarMember = {
      type,
      name,
      target: type === "symlink" ? bytesToByteString(contents) : "",
      isExecutable: (mode & OWNER_EXECUTES) !== 0,
      modified,
      size: contents.length,
      fileKind: mode & FILE_KIND,
    };
    const take = this.#sink.member(member);
    if (type === "regular" && contents.length > 0) take?.(contents);
    return extraEnd + this.#u16(at + 32);
  }

  /** Reads extra fields: sizes into `sizes`, the time as the result. */
  #extra(start: number, end: number, sizes: Sizes): number | undefined {
    let modified: number | undefined;
    for (let at = start; at + 4 <= end; at += 4 + this.#u16(at + 2)) {
      const id = this.#u16(at);
      if (
        id === EXTRA_TIME &&
        this.#u16(at + 2) >= 5 &&
        ((this.#bytes[at + 4] as number) & 1) !== 0
      ) {
        modified = this.#view.getInt32(at + 5, true);
      }
      if (id !== EXTRA_64) continue;
      let field = at + 4;
      for (const name of ["size", "packed", "offset"] as const) {
        if (sizes[name] !== FULL_32) continue;
        sizes[name] = this.#u64(field);
        field += 8;
      }
    }
    return modified;
  }

  #contents(name: string, entry: number, { offset, packed, size }: Sizes): Uint8Array {
    if (this.#u32(offset) !== MEMBER) throw new InputError("damaged zip archive: wrong directory");
    const start = offset + 30 + this.#u16(offset + 26) + this.#u16(offset + 28);
    if (start + packed > this.#bytes.length) throw new InputError("truncated zip archive");
    const data = this.#bytes.subarray(start, start + packed);
    const method = this.#u16(entry + 10);
    if (method !== STORED && method !== DEFLATED) {
      throw new InputError(
        marked`file '${name}' in the zip archive is compressed by method ${method}, which Nivis cannot read`,
      );
    }
    // A size that the data does not have is found out below; one that no data can have, here.
    if (size > packed * MAX_RATIO + MAX_RATIO) {
      throw new InputError(marked`damaged zip archive: the size of '${name}' cannot be right`);
    }
    const contents = method === STORED ? data : inflateSync(data, { out: new Uint8Array(size) });
    if (contents.length !== size || crc32(contents) !== this.#u32(entry + 16)) {
      throw new InputError(
        marked`damaged zip archive: '${name}' has other contents than it should have`,
      );
    }
    return contents;
  }
}

const NO_BYTES = new Uint8Array(0);
/** Deflate makes nothing smaller than by about this. */
const MAX_RATIO = 1032;

/** A date and time of MS-DOS, which is local time, in seconds since 1970. */
function localTime(date: number, time: number): number {
  const moment = new Date(
    1980 + (date >> 9),
    ((date >> 5) & 15) - 1,
    date & 31,
    time >> 11,
    (time >> 5) & 63,
    (time & 31) * 2,
  );
  return Math.max(0, Math.floor(moment.getTime() / 1000)) || 0;
}

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let value = byte;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ ((value & 1) === 0 ? 0 : 0xedb88320);
  return value;
});

function crc32(bytes: Uint8Array): number {
  let crc = FULL_32;
  for (const byte of bytes) crc = (CRC_TABLE[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  return (crc ^ FULL_32) >>> 0;
}
