/**
 * Compressions of binary caches on Node.
 *
 * Read: gzip and brotli by zlib, zstd by zlib where Node reads all of it and by fzstd elsewhere, xz by a
 * WebAssembly build of its own library, bzip2 in JavaScript. Written: what zlib can, and xz, zstd
 * and bzip2 by the programs of these names if they are on PATH; nobody keeps an encoder for Node.
 * The libraries are loaded when the first archive is read.
 */

import type { Duplex } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import { marked } from "@nivis/formats";
import { type ByteStream, type Codec, messageOf, StoreError } from "@nivis/store";
import { isOnPath } from "./readable.ts";

type Zlib = typeof import("node:zlib");

/** Zlib with the functions that Node 20 lacks. */
interface NewerZlib {
  createZstdDecompress?(): Duplex;
  zstdCompressSync?(bytes: Uint8Array): Buffer;
  zstdDecompressSync?(bytes: Uint8Array): Buffer;
  createZstdCompress?(options: { params: Record<number, number> }): Duplex;
}

function zlib(): Zlib & NewerZlib {
  return process.getBuiltinModule("node:zlib") as Zlib & NewerZlib;
}

function corrupt(name: string, error: unknown): StoreError {
  if (error instanceof StoreError) return error;
  return new StoreError("corrupt", marked`cannot decompress ${name}: ${messageOf(error)}`);
}

/** Sends a stream through a transform of Node. */
async function* through(stream: ByteStream, transform: Duplex): AsyncGenerator<Uint8Array> {
  const { Readable, pipeline } = process.getBuiltinModule("node:stream");
  // Errors of either end reach the reader of the transform.
  pipeline(
    Readable.from(stream, { objectMode: false, highWaterMark: 1 << 16 }),
    transform,
    () => {},
  );
  yield* transform as AsyncIterable<Uint8Array>;
}

async function* decompressed(
  name: string,
  stream: ByteStream,
  make: () => Duplex,
): AsyncGenerator<Uint8Array> {
  try {
    yield* through(stream, make());
  } catch (error) {
    throw corrupt(name, error);
  }
}

/**
 * Whether zlib reads zstd that consists of several frames, as parallel compressors write it. Node 22 and 24
 * end after the first frame, without an error.
 */
function readsAllFrames({ zstdCompressSync, zstdDecompressSync }: NewerZlib): boolean {
  const frame = zstdCompressSync?.(Buffer.from("frame"));
  return frame !== undefined && zstdDecompressSync?.(Buffer.concat([frame, frame])).length === 10;
}

async function* readZstd(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const { createZstdDecompress } = zlib();
  if (createZstdDecompress !== undefined && readsAllFrames(zlib())) {
    yield* decompressed("zstd", stream, createZstdDecompress);
    return;
  }
  const { Decompress } = await import("fzstd");
  const out: Uint8Array[] = [];
  const decoder = new Decompress((piece) => out.push(piece));
  try {
    for await (const piece of stream) {
      // A copy, because the decoder keeps parts of what it is given.
      decoder.push(new Uint8Array(piece));
      yield* out.splice(0);
    }
    decoder.push(new Uint8Array(0), true);
    yield* out.splice(0);
  } catch (error) {
    throw corrupt("zstd", error);
  }
}

type XzLibrary = typeof import("xz-decompress");

/** Where the header of an xz stream names its integrity check, and what it says of SHA-256. */
const XZ_CHECK_AT = 7;
const XZ_SHA256 = 10;

/** By the library; what is checked by SHA-256, which it does not know, by the program `xz`. */
async function* readXz(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const iterator = stream[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  while (head.length <= XZ_CHECK_AT) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* whole(): AsyncGenerator<Uint8Array> {
    yield head;
    yield* { [Symbol.asyncIterator]: () => iterator };
  }
  if (((head[XZ_CHECK_AT] ?? 0) & 0xf) !== XZ_SHA256) {
    yield* readXzByLibrary(whole());
    return;
  }
  if (!isOnPath("xz")) {
    throw new StoreError(
      "unsupported",
      "cannot decompress xz: its integrity check is SHA-256, for which Nivis needs the program 'xz' on PATH",
    );
  }
  try {
    yield* byProgram("xz", ["-dcq"], whole());
  } catch (error) {
    throw error instanceof StoreError && error.kind === "io"
      ? new StoreError("corrupt", marked`cannot decompress xz: ${error.message}`)
      : error;
  }
}

async function* readXzByLibrary(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const library: XzLibrary & { readonly default?: XzLibrary } = await import("xz-decompress");
  // Node does not find the names in a CommonJS module that webpack made; bundlers do.
  const { XzReadableStream } = library.default ?? library;
  const { ReadableStream: WebStream } = process.getBuiltinModule("node:stream/web");
  const iterator = stream[Symbol.asyncIterator]();
  const source = new WebStream<Uint8Array>({
    async pull(controller) {
      const next = await iterator.next();
      if (next.done === true) controller.close();
      else controller.enqueue(new Uint8Array(next.value));
    },
    async cancel() {
      await iterator.return?.();
    },
  });
  try {
    // The library's types name the stream of the browser, which is the same.
    const output = new XzReadableStream(source as never) as unknown as ReadableStream<Uint8Array>;
    yield* output;
  } catch (error) {
    throw corrupt("xz", error);
  }
}

async function* readBzip2(stream: ByteStream): AsyncGenerator<Uint8Array> {
  const { default: unbzip2 } = await import("unbzip2-stream");
  const decoder = unbzip2();
  const out: Uint8Array[] = [];
  let failure: unknown;
  decoder.on("data", (piece: Uint8Array) => out.push(piece));
  decoder.on("error", (error: unknown) => {
    failure ??= error;
  });
  const drain = function* (): Generator<Uint8Array> {
    yield* out.splice(0);
    if (failure !== undefined) throw corrupt("bzip2", failure);
  };
  for await (const piece of stream) {
    decoder.write(Buffer.from(piece));
    yield* drain();
  }
  decoder.end();
  yield* drain();
}

/** Compresses by a program; fails with the reason if there is none. */
async function* byProgram(
  program: string,
  args: readonly string[],
  stream: ByteStream,
): AsyncGenerator<Uint8Array> {
  const { spawn } = process.getBuiltinModule("node:child_process");
  const { Readable } = process.getBuiltinModule("node:stream");
  const child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
  const ended = new Promise<void>((resolve, reject) => {
    child.once("error", (error) =>
      reject(new StoreError("unsupported", marked`cannot run '${program}': ${error.message}`)),
    );
    child.once("close", (code) => {
      if (code === 0) resolve();
      else reject(new StoreError("io", marked`'${program}' failed with exit code ${code}`));
    });
  });
  ended.catch(() => {});
  let failure: unknown;
  const source = Readable.from(stream, { objectMode: false });
  source.once("error", (error) => {
    failure = error;
    child.kill();
  });
  child.stdin.on("error", () => {});
  source.pipe(child.stdin);
  try {
    for await (const piece of child.stdout) yield piece as Uint8Array;
    await ended;
  } catch (error) {
    throw failure ?? error;
  } finally {
    child.kill();
  }
  if (failure !== undefined) throw failure;
}

function programCodec(
  name: string,
  decompress: Codec["decompress"],
  args: (level: number | undefined, threads: number) => string[],
): Codec {
  return {
    ...(decompress === undefined ? {} : { decompress }),
    get compress(): Codec["compress"] {
      if (!isOnPath(name)) return undefined;
      return (stream: ByteStream, level?: number, parallel?: boolean) =>
        byProgram(name, args(level, parallel === true ? 0 : 1), stream);
    },
  } as Codec;
}

const zstdByProgram = programCodec("zstd", readZstd, (level, threads) => [
  "-q",
  "-c",
  `-T${threads}`,
  `-${level ?? 3}`,
]);

/** See the head of this file. */
export const nodeCodecs: Readonly<Record<string, Codec>> = {
  gzip: {
    decompress: (stream) => decompressed("gzip", stream, () => zlib().createGunzip()),
    compress: (stream, level) =>
      through(stream, zlib().createGzip(level === undefined ? {} : { level })),
  },
  br: {
    decompress: (stream) => decompressed("br", stream, () => zlib().createBrotliDecompress()),
    compress: (stream, level) => {
      const { constants, createBrotliCompress } = zlib();
      return through(
        stream,
        createBrotliCompress({ params: { [constants.BROTLI_PARAM_QUALITY]: level ?? 5 } }),
      );
    },
  },
  zstd: {
    decompress: readZstd,
    get compress(): Codec["compress"] {
      const { createZstdCompress } = zlib();
      if (createZstdCompress === undefined) return zstdByProgram.compress;
      // ZSTD_c_compressionLevel
      return (stream: ByteStream, level?: number) =>
        through(stream, createZstdCompress({ params: { 100: level ?? 3 } }));
    },
  } as Codec,
  xz: programCodec("xz", readXz, (level, threads) => [
    "-q",
    "-c",
    `-T${threads}`,
    `-${level ?? 6}`,
  ]),
  bzip2: programCodec("bzip2", readBzip2, (level) => ["-q", "-c", `-${level ?? 9}`]),
};
