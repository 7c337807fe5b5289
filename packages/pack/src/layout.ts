/**
 * The layout of a pack: a tree of files in one file that is read by ranges.
 *
 *     0      "NIVISPAK"
 *     8      u32 version · u32 length of the table · u32 its length when inflated · u32 zero
 *     24     the table, deflated
 *     …      the blocks, each deflated, in the order of the table
 *
 * Integers before the table are little-endian. Compression is raw deflate (RFC 1951). A block holds the
 * records of directories, or pieces of files. All pieces together are the *contents*: a file is at an
 * offset in them, may span blocks, and files with equal contents share one place. Directories have
 * numbers, in the order of their records; the root has the number 0.
 *
 * Blocks are grouped in *extents*: what one profile reads, or the rest of the tree. A reader reads ahead
 * inside of an extent only. The hash of a pack is the SHA-256 of everything before the blocks. The table
 * holds the SHA-256 of each block, so this hash determines the whole tree.
 *
 * PMTiles (version 3) and Git's packs have similar layouts; see docs/packs.md.
 */
import { ByteReader, ByteWriter, corrupt } from "./varint.ts";

/** The first bytes of a pack. */
export const MAGIC = "NIVISPAK";
/** The version of the layout, which readers compare. */
export const VERSION = 1;
/** The length of the bytes before the table. */
export const HEADER_LENGTH = 24;
/** The length of a SHA-256. */
export const DIGEST_LENGTH = 32;
/** The length of an inflated block, except for one that ends early. */
export const BLOCK_LENGTH = 1 << 17;
/** The greatest lengths that a reader accepts, in bytes. */
export const LIMITS = { table: 1 << 26, block: 1 << 22 } as const;

/** The contents of a block. */
export type BlockKind = "directories" | "contents";

/** A block of a pack. */
export interface Block {
  readonly kind: BlockKind;
  /** The length in the pack, and when inflated, in bytes. */
  readonly packedLength: number;
  readonly length: number;
  /** The number of directories in it; 0 for contents. */
  readonly directories: number;
  /** The SHA-256 of the deflated bytes. */
  readonly digest: Uint8Array;
}

/** Neighbouring blocks that are read together. */
export interface Extent {
  /** The name of the profile; empty for the rest of the tree. */
  readonly name: string;
  readonly blocks: number;
}

/** The table of a pack. */
export interface PackTable {
  readonly files: number;
  readonly directories: number;
  /** The sum of the lengths of all files in bytes. */
  readonly bytes: number;
  readonly extents: readonly Extent[];
  readonly blocks: readonly Block[];
}

/** Returns the table as bytes, before compression. */
export function encodeTable({ files, directories, bytes, extents, blocks }: PackTable): Uint8Array {
  const out = new ByteWriter();
  for (const count of [files, directories, bytes, extents.length]) out.number(count);
  for (const { name, blocks } of extents) {
    out.text(name);
    out.number(blocks);
  }
  out.number(blocks.length);
  for (const { kind, packedLength, length, directories } of blocks) {
    out.number(length * 2 + (kind === "directories" ? 1 : 0));
    out.number(packedLength);
    if (kind === "directories") out.number(directories);
  }
  for (const { digest } of blocks) out.bytes(digest);
  return out.finish();
}

/** Reads a table. Throws a `FormatError` if it is not one. */
export function decodeTable(table: Uint8Array): PackTable {
  const input = new ByteReader(table);
  const [files, directories, bytes] = [input.number(), input.number(), input.number()];
  const extents: Extent[] = [];
  for (let left = input.number(); left > 0; left--) {
    extents.push({ name: input.text(), blocks: input.number() });
  }
  const heads: Omit<Block, "digest">[] = [];
  for (let left = input.number(); left > 0; left--) {
    const first = input.number();
    const kind = first % 2 === 1 ? "directories" : "contents";
    const packedLength = input.number();
    const count = kind === "directories" ? input.number() : 0;
    const length = Math.floor(first / 2);
    if (length > LIMITS.block) throw corrupt("a block is too long");
    heads.push({ kind, packedLength, length, directories: count });
  }
  const blocks = heads.map((head) => ({ ...head, digest: input.bytes(DIGEST_LENGTH) }));
  const counted = extents.reduce((sum, { blocks }) => sum + blocks, 0);
  if (counted !== blocks.length) throw corrupt("its extents do not add up");
  return { files, directories, bytes, extents, blocks };
}

/** Returns the bytes before the table. */
export function encodeHeader(tableLength: number, inflatedLength: number): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH);
  for (let i = 0; i < MAGIC.length; i++) header[i] = MAGIC.charCodeAt(i);
  const view = new DataView(header.buffer);
  view.setUint32(8, VERSION, true);
  view.setUint32(12, tableLength, true);
  view.setUint32(16, inflatedLength, true);
  return header;
}

/** Reads the bytes before the table. Throws a `FormatError` if they are not those of a pack. */
export function decodeHeader(bytes: Uint8Array): { tableLength: number; inflatedLength: number } {
  const magic = String.fromCharCode(...bytes.subarray(0, MAGIC.length));
  if (bytes.length < HEADER_LENGTH || magic !== MAGIC) throw corrupt("it does not begin as one");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const version = view.getUint32(8, true);
  if (version !== VERSION) {
    throw corrupt(`its layout has the version ${version}, this reader knows ${VERSION}`);
  }
  const [tableLength, inflatedLength] = [view.getUint32(12, true), view.getUint32(16, true)];
  if (Math.max(tableLength, inflatedLength) > LIMITS.table) throw corrupt("its table is too long");
  return { tableLength, inflatedLength };
}
