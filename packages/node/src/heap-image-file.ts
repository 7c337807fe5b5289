/**
 * Files of heap images: an image with the inputs that it stands for, under a key that names everything that
 * identifies the evaluation before it has looked at anything.
 *
 *     <cache>/images/<first digit of the hash of the key>/<the other 63>
 *
 *     u32 × 4     magic, and the lengths in bytes of the three parts
 *     hash        SHA-256 of the lengths, the key and the inputs; the image has one of its own
 *     key, inputs, image, each padded to 8 bytes
 *
 * A file is used only if it and its directories belong to the user and nobody else may write to them. It
 * appears by renaming a complete one. Any error of the disk only means that there is no image.
 */
import {
  closeSync,
  fstatSync,
  mkdirSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { CacheFolder } from "./cache-folder.ts";
import { decodeInputs, encodeInputs, type RecordedInputs } from "./inputs/recorded-inputs.ts";
import { nodeHashes } from "./node-hashes.ts";

/** An image, and what it stands for. */
export interface StoredHeapImage {
  readonly inputs: RecordedInputs;
  /** Begins at a multiple of 8 of its buffer. */
  readonly image: Uint8Array;
}

const MAGIC = 0x4e56_4931;
const HEAD_WORDS = 4;
const WORD = 4;
const HASH_LENGTH = 32;
const ALIGNMENT = 8;
const HEAD = HEAD_WORDS * WORD + HASH_LENGTH;
/** Larger files are neither written nor read, in bytes. */
const MAX_FILE = 512 * 2 ** 20;
/** The size that all images together may have, in bytes. */
const MAX_BYTES = 2 ** 30;

/** The directory of the images in a cache directory. */
export function heapImageDirectory(cacheDirectory: string): string {
  return join(cacheDirectory, "images");
}

function placeOf(cacheDirectory: string, key: string): string {
  const digits = nodeHashes.hex("sha256", Buffer.from(key).toString("latin1"));
  return join(heapImageDirectory(cacheDirectory), digits.slice(0, 1), digits.slice(1));
}

/** Reads the image for a key; `undefined` if there is none that can be trusted. */
export function readHeapImage(cacheDirectory: string, key: string): StoredHeapImage | undefined {
  const file = placeOf(cacheDirectory, key);
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch {
    return undefined;
  }
  try {
    const { size, uid, mode } = fstatSync(descriptor);
    if (!isPrivate(uid, mode) || size < HEAD || size > MAX_FILE) return undefined;
    if (!isPrivateFolder(dirname(file)) || !isPrivateFolder(dirname(dirname(file))))
      return undefined;
    const bytes = Buffer.allocUnsafeSlow(size);
    for (let at = 0; at < size; ) {
      const count = readSync(descriptor, bytes, at, size - at, at);
      if (count === 0) return undefined;
      at += count;
    }
    return decode(bytes, key);
  } catch {
    return undefined;
  } finally {
    closeSync(descriptor);
  }
}

/** Writes the image for a key; returns whether it did. Never fails. */
export function writeHeapImage(
  cacheDirectory: string,
  key: string,
  { inputs, image }: StoredHeapImage,
): boolean {
  const file = placeOf(cacheDirectory, key);
  const temporary = `${file}.${process.pid}${Math.random().toString(36).slice(1)}.tmp`;
  try {
    const folder = dirname(file);
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    if (!isPrivateFolder(folder) || !isPrivateFolder(dirname(folder))) return false;
    const parts = [Buffer.from(key), Buffer.from(encodeInputs(inputs)), image];
    const size = parts.reduce((sum, { length }) => sum + paddedLength(length), HEAD);
    if (size > MAX_FILE) return false;
    const head = Buffer.alloc(HEAD);
    head.writeUInt32LE(MAGIC, 0);
    parts.forEach((part, i) => {
      head.writeUInt32LE(part.length, (i + 1) * WORD);
    });
    const [keyBytes, inputBytes] = parts as [Buffer, Buffer, Uint8Array];
    head.set(hashOf(head, keyBytes, inputBytes), HEAD_WORDS * WORD);
    const all = Buffer.concat([head, ...parts.flatMap((part) => [part, padding(part.length)])]);
    writeFileSync(temporary, all, { flag: "wx", mode: 0o600 });
    renameSync(temporary, file);
  } catch {
    try {
      unlinkSync(temporary);
    } catch {
      // It was never written.
    }
    return false;
  }
  new CacheFolder(heapImageDirectory(cacheDirectory)).trim({ maxBytes: MAX_BYTES });
  return true;
}

function hashOf(head: Buffer, key: Buffer, inputs: Buffer): Uint8Array {
  return nodeHashes.hash(
    "sha256",
    Buffer.concat([head.subarray(0, HEAD_WORDS * WORD), key, inputs]),
  );
}

function padding(length: number): Buffer {
  return Buffer.alloc(paddedLength(length) - length);
}

function paddedLength(length: number): number {
  return length + (-length & (ALIGNMENT - 1));
}

function decode(bytes: Buffer, key: string): StoredHeapImage | undefined {
  if (bytes.readUInt32LE(0) !== MAGIC) return undefined;
  let at = HEAD;
  const parts = [1, 2, 3].map((word) => {
    const length = bytes.readUInt32LE(word * WORD);
    const part = bytes.subarray(at, at + length);
    if (part.length !== length) throw new RangeError("a part beyond the end");
    at += paddedLength(length);
    return part;
  });
  const [keyBytes, inputs, image] = parts as [Buffer, Buffer, Buffer];
  const hash = bytes.subarray(HEAD_WORDS * WORD, HEAD);
  if (at !== bytes.length || hash.compare(hashOf(bytes, keyBytes, inputs)) !== 0) return undefined;
  return keyBytes.toString() === key ? { inputs: decodeInputs(inputs), image } : undefined;
}

function isPrivate(uid: number, mode: number): boolean {
  const user = process.geteuid?.();
  return user === undefined || (uid === user && (mode & 0o022) === 0);
}

function isPrivateFolder(path: string): boolean {
  const { uid, mode } = statSync(path);
  return isPrivate(uid, mode);
}
