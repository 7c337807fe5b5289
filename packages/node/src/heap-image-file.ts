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
 * Only the user may write to the files (`private-file.ts`). Any error of the disk only means that there is no
 * image.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { CacheFolder } from "./cache-folder.ts";
import { decodeInputs, encodeInputs, type RecordedInputs } from "./inputs/recorded-inputs.ts";
import { nodeHashes } from "./node-hashes.ts";
import { openPrivateFile, type PrivateFile, writePrivateFile } from "./private-file.ts";

/** An image, and what it stands for. */
export interface StoredHeapImage {
  readonly inputs: RecordedInputs;
  readonly image: Uint8Array;
}

/** An image in a file, which is read as far as it is needed, and what it stands for. */
export interface OpenHeapImageFile {
  readonly inputs: RecordedInputs;
  readonly image: {
    /** In bytes. */
    readonly length: number;
    /** Fills an array with the bytes from an offset on; returns whether it could. */
    read(target: Uint8Array, offset: number): boolean;
  };
  /** Closes the file; afterwards, nothing of the image can be read. */
  close(): void;
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

/** Opens the image for a key; `undefined` if there is none that can be trusted. */
export function openHeapImageFile(
  cacheDirectory: string,
  key: string,
): OpenHeapImageFile | undefined {
  const file = openPrivateFile(placeOf(cacheDirectory, key), MAX_FILE);
  if (file === undefined) return undefined;
  const opened = decode(file, key);
  if (opened === undefined) file.close();
  return opened;
}

/** Opens all images in a cache directory that can be trusted, one after the other. */
export function* openHeapImageFiles(cacheDirectory: string): Generator<OpenHeapImageFile> {
  const directory = heapImageDirectory(cacheDirectory);
  for (const shard of namesIn(directory)) {
    for (const name of namesIn(join(directory, shard))) {
      const file = openPrivateFile(join(directory, shard, name), MAX_FILE);
      if (file === undefined) continue;
      try {
        const opened = decode(file, undefined);
        if (opened !== undefined) yield opened;
      } finally {
        file.close();
      }
    }
  }
}

function namesIn(directory: string): readonly string[] {
  try {
    return readdirSync(directory).sort();
  } catch {
    return [];
  }
}

/** Writes the image for a key; returns whether it did. Never fails. */
export function writeHeapImage(
  cacheDirectory: string,
  key: string,
  stored: StoredHeapImage,
): boolean {
  const isWritten = writePrivateFile(placeOf(cacheDirectory, key), () => encode(key, stored));
  if (isWritten) {
    new CacheFolder(heapImageDirectory(cacheDirectory)).trim({ maxBytes: MAX_BYTES });
  }
  return isWritten;
}

/** The bytes of a file; `undefined` if it would be too large. */
function encode(key: string, { inputs, image }: StoredHeapImage): Buffer | undefined {
  const keyBytes = Buffer.from(key);
  const inputBytes = Buffer.from(encodeInputs(inputs));
  const parts = [keyBytes, inputBytes, image];
  const size = parts.reduce((sum, { length }) => sum + paddedLength(length), HEAD);
  if (size > MAX_FILE) return undefined;
  const head = Buffer.alloc(HEAD);
  head.writeUInt32LE(MAGIC, 0);
  parts.forEach((part, i) => {
    head.writeUInt32LE(part.length, (i + 1) * WORD);
  });
  head.set(hashOf(head, keyBytes, inputBytes), HEAD_WORDS * WORD);
  return Buffer.concat([head, ...parts.flatMap((part) => [part, padding(part.length)])]);
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

/** Reads what is before the image; `undefined` if it is damaged, or is not for the key, if one is given. */
function decode(file: PrivateFile, key: string | undefined): OpenHeapImageFile | undefined {
  const head = Buffer.alloc(HEAD);
  if (!file.read(head, 0) || head.readUInt32LE(0) !== MAGIC) return undefined;
  const [keyLength, inputLength, length] = [1, 2, 3].map((word) =>
    head.readUInt32LE(word * WORD),
  ) as [number, number, number];
  const inputsAt = paddedLength(keyLength);
  const imageAt = HEAD + inputsAt + paddedLength(inputLength);
  if (imageAt + paddedLength(length) !== file.size) return undefined;
  const parts = Buffer.alloc(imageAt - HEAD);
  if (!file.read(parts, HEAD)) return undefined;
  const keyBytes = parts.subarray(0, keyLength);
  const inputBytes = parts.subarray(inputsAt, inputsAt + inputLength);
  const hash = head.subarray(HEAD_WORDS * WORD);
  if (hash.compare(hashOf(head, keyBytes, inputBytes)) !== 0) return undefined;
  if (key !== undefined && keyBytes.toString() !== key) return undefined;
  try {
    return {
      inputs: decodeInputs(inputBytes),
      image: { length, read: (target, offset) => file.read(target, imageAt + offset) },
      close: () => file.close(),
    };
  } catch {
    return undefined;
  }
}
