/**
 * What archives are compressed with, found by the first bytes and never by a name, and portable ways to
 * undo it. A host that has faster ways gives its own.
 */
import { InputError, marked } from "@nivis/formats";
import { Gunzip } from "fflate/browser";
import { Decompress } from "fzstd";
import type { Decompressor, FetchHost } from "../host.ts";
import { peek } from "./byte-stream.ts";

type Compression = "gzip" | "bzip2" | "xz" | "zstd";

/** First bytes by what they mean. Those that cannot be undone are here to be named in messages. */
const SIGNATURES: readonly (readonly [name: string, bytes: readonly number[]])[] = [
  ["gzip", [0x1f, 0x8b]],
  ["bzip2", [0x42, 0x5a, 0x68]],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd]],
  ["compress", [0x1f, 0x9d]],
  ["lz4", [0x04, 0x22, 0x4d, 0x18]],
  ["lzip", [0x4c, 0x5a, 0x49, 0x50]],
  ["lzma", [0x5d, 0x00, 0x00]],
  ["7-Zip", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]],
  ["RAR", [0x52, 0x61, 0x72, 0x21, 0x1a, 0x07]],
];

const KNOWN: readonly string[] = ["gzip", "bzip2", "xz", "zstd"];

/** As many bytes as the longest signature has. */
export const SIGNATURE_LENGTH = 6;

/** A compression in another one, and so on, ends here. */
const MAX_LAYERS = 4;

/** The name of what begins with some bytes; `undefined` for what is not compressed. */
export function compressionOf(head: Uint8Array): string | undefined {
  return SIGNATURES.find(([, bytes]) => bytes.every((byte, i) => head[i] === byte))?.[0];
}

/** The bytes of an archive with its compression undone. Throws {@link InputError} for unknown ones. */
export async function decompressed(
  host: Pick<FetchHost, "decompressors">,
  input: AsyncIterable<Uint8Array>,
): Promise<AsyncIterable<Uint8Array>> {
  let bytes = input;
  for (let layers = 0; ; layers++) {
    const { head, all } = await peek(bytes, SIGNATURE_LENGTH);
    const compression = compressionOf(head);
    if (compression === undefined) return all;
    if (!KNOWN.includes(compression)) {
      throw new InputError(
        marked`the archive is compressed in the format ${compression}, which Nivis cannot read; it reads gzip, bzip2, xz and zstd`,
      );
    }
    if (layers >= MAX_LAYERS) throw new InputError("the archive is compressed too many times");
    const name = compression as Compression;
    const decompressor = host.decompressors?.[name] ?? PORTABLE[name];
    if (decompressor === undefined) {
      throw new InputError(
        marked`the archive is compressed in the format ${name}, which cannot be read here`,
      );
    }
    bytes = translated(name, decompressor, all);
  }
}

/** Decompresses; what goes wrong says so, unless it went wrong where the bytes come from. */
async function* translated(
  name: Compression,
  decompressor: Decompressor,
  input: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let failure: { readonly error: unknown } | undefined;
  async function* watched(): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      yield* input;
    } catch (error) {
      failure = { error };
      throw error;
    }
  }
  try {
    yield* decompressor(watched());
  } catch (error) {
    if (failure !== undefined) throw failure.error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(marked`the archive is not valid ${name}: ${reason}`);
  }
}

/** Feeds a stream to something that is pushed bytes and calls back with bytes. */
async function* pushed(
  input: AsyncIterable<Uint8Array>,
  start: (out: (chunk: Uint8Array) => void) => (chunk: Uint8Array, isLast: boolean) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  let pieces: Uint8Array[] = [];
  const push = start((chunk) => {
    if (chunk.length > 0) pieces.push(chunk);
  });
  for await (const chunk of input) {
    push(chunk, false);
    yield* pieces;
    pieces = [];
  }
  push(new Uint8Array(0), true);
  yield* pieces;
}

/** Those that take no more than a small library; hosts bring the others, and faster ones. */
const PORTABLE: Readonly<Partial<Record<Compression, Decompressor>>> = {
  gzip: (input) =>
    pushed(input, (out) => {
      const stream = new Gunzip(out);
      return (chunk, isLast) => stream.push(chunk, isLast);
    }),
  zstd: (input) =>
    pushed(input, (out) => {
      const stream = new Decompress(out);
      // A copy, because the stream keeps parts of what it is given.
      return (chunk, isLast) => stream.push(chunk.slice(), isLast);
    }),
};
