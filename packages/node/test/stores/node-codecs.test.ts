/** Compressions: what the usual programs write is read, in chunks of any length; damage is noticed. */
import { execFileSync } from "node:child_process";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { type ByteStream, collect } from "@nivis/store";
import { describe, expect, test } from "vitest";
import { nodeCodecs } from "../../src/stores/node-codecs.ts";
import { isOnPath } from "../../src/stores/readable.ts";

const text = Buffer.from(Array.from({ length: 30_000 }, (_, i) => `line ${i * 7919}\n`).join(""));

async function* pieces(bytes: Uint8Array, length: number): ByteStream & AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

function by(program: string, ...args: string[]): Buffer {
  return execFileSync(program, args, { input: text, maxBuffer: 1 << 26 });
}

/** Compressed by somebody else; the program that is needed, if one is. */
const compressed: [name: string, program: string | undefined, make: () => Buffer][] = [
  ["gzip", undefined, () => gzipSync(text)],
  ["br", undefined, () => brotliCompressSync(text)],
  ["xz", "xz", () => by("xz", "-c")],
  ["xz", "xz", () => by("xz", "-c", "--check=sha256")],
  ["bzip2", "bzip2", () => by("bzip2", "-c")],
  ["zstd", "zstd", () => by("zstd", "-q", "-c")],
];

describe.each(compressed)("%s", (name, program, make) => {
  const codec = nodeCodecs[name];
  const isThere = program === undefined || isOnPath(program);
  const decompress = (bytes: Uint8Array, length: number): Promise<Uint8Array> =>
    collect(codec?.decompress?.(pieces(bytes, length)) ?? pieces(bytes, length));

  test.skipIf(!isThere)("is read", async () => {
    const bytes = make();
    for (const length of [bytes.length, 1000, 77]) {
      expect(Buffer.from(await decompress(bytes, length)).equals(text), `${length}`).toBe(true);
    }
  });

  test.skipIf(!isThere)("is read when it comes in several parts", async () => {
    if (name === "br") return;
    const part = make();
    const whole = await decompress(Buffer.concat([part, part]), 5000);
    expect(Buffer.from(whole).equals(Buffer.concat([text, text]))).toBe(true);
  });

  test.skipIf(!isThere)("is refused when it is cut off or damaged", async () => {
    const bytes = make();
    await expect(decompress(bytes.subarray(0, bytes.length >> 1), 1000)).rejects.toMatchObject({
      kind: "corrupt",
    });
    await expect(decompress(Buffer.from("this was never compressed"), 5)).rejects.toMatchObject({
      kind: "corrupt",
    });
  });

  test.skipIf(codec?.compress === undefined)("is written", async () => {
    const bytes = await collect(codec?.compress?.(pieces(text, 1000)) ?? pieces(text, 1));
    expect(bytes.length).toBeLessThan(text.length / 2);
    expect(Buffer.from(await decompress(bytes, 1000)).equals(text)).toBe(true);
  });
});
