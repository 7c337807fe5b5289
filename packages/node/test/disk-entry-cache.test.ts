/** The cache of compiled files on disk: entries, permissions and trimming. */
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { DiskBytecodeCache } from "../src/disk-entry-cache.ts";

let directory = "";

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "nivis-cache-test-"));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

/** A key that begins with two bytes; the others are made from a number. */
function keyOf(first: number, second: number, rest: number): Uint8Array {
  const key = new Uint8Array(32).fill(rest);
  key.set([first, second]);
  return key;
}

const KEY = keyOf(0x12, 0x34, 0x56);
const ENTRY = Uint8Array.from({ length: 1000 }, (_, i) => i);

/** Where the entry of a key lies. */
function fileOf(key: Uint8Array): string {
  const digits = Buffer.from(key).toString("hex");
  return join(directory, "bytecode", digits.slice(0, 1), digits.slice(1));
}

describe("entries on disk", () => {
  test("come back, also in another process, at the beginning of their buffer", () => {
    new DiskBytecodeCache(directory).store(KEY, ENTRY);
    const entry = new DiskBytecodeCache(directory).load(KEY) as Uint8Array;
    expect(entry).toEqual(ENTRY);
    expect(entry.byteOffset).toBe(0);
    expect(entry.buffer.byteLength).toBe(ENTRY.length);
  });

  test("may be large", () => {
    const large = new Uint8Array(3_000_000).fill(7);
    const cache = new DiskBytecodeCache(directory);
    cache.store(KEY, large);
    expect(cache.load(KEY)).toEqual(large);
  });

  test("are replaced as a whole", () => {
    const cache = new DiskBytecodeCache(directory);
    cache.store(KEY, ENTRY);
    cache.store(KEY, ENTRY.subarray(0, 10));
    expect(cache.load(KEY)).toEqual(ENTRY.subarray(0, 10));
    expect(readdirSync(join(directory, "bytecode", "1"))).toHaveLength(1);
  });

  test("that are not there are nothing", () => {
    const cache = new DiskBytecodeCache(join(directory, "none"));
    expect(cache.load(KEY)).toBeUndefined();
    expect(existsSync(join(directory, "none"))).toBe(false);
    expect(cache.contents()).toEqual({ files: 0, bytes: 0 });
  });

  test("belong to the user alone", () => {
    new DiskBytecodeCache(directory).store(KEY, ENTRY);
    chmodSync(join(directory, "bytecode"), 0o777);
    const cache = new DiskBytecodeCache(directory);
    expect(cache.load(KEY)).toBeUndefined();
    const other = keyOf(0x12, 0x35, 1);
    cache.store(other, ENTRY);
    expect(existsSync(fileOf(other))).toBe(false);
  });

  test.skipIf(process.getuid?.() !== 0)("of another user are not read", () => {
    new DiskBytecodeCache(directory).store(KEY, ENTRY);
    chownSync(join(directory, "bytecode"), 12345, 12345);
    expect(new DiskBytecodeCache(directory).load(KEY)).toBeUndefined();
  });
});

describe("a disk that refuses", () => {
  test("a file in the place of a folder", () => {
    writeFileSync(join(directory, "bytecode"), "");
    const cache = new DiskBytecodeCache(directory);
    cache.store(KEY, ENTRY);
    expect(cache.load(KEY)).toBeUndefined();
    expect(cache.contents()).toEqual({ files: 0, bytes: 0 });
    expect(cache.clear()).toEqual({ files: 0, bytes: 0 });
  });

  test("a folder in the place of an entry", () => {
    mkdirSync(fileOf(KEY), { recursive: true });
    const cache = new DiskBytecodeCache(directory);
    expect(cache.load(KEY)).toBeUndefined();
    cache.store(KEY, ENTRY);
    expect(cache.load(KEY)).toBeUndefined();
    expect(readdirSync(join(directory, "bytecode", "1"))).toHaveLength(1);
  });

  test("a device that is always full", () => {
    // The path cannot be made below a device.
    const cache = new DiskBytecodeCache("/dev/full");
    cache.store(KEY, ENTRY);
    expect(cache.load(KEY)).toBeUndefined();
  });
});

describe("trimming", () => {
  /** Stores entries last used 0, 1, 2, … days ago. */
  function fill(cache: DiskBytecodeCache, count: number, size: number): Uint8Array[] {
    return Array.from({ length: count }, (_, days) => {
      const key = keyOf(0x10 * days, 1, days);
      cache.store(key, new Uint8Array(size));
      const then = Date.now() / 1000 - days * 86_400;
      utimesSync(fileOf(key), then, then);
      return key;
    });
  }

  test("by size drops what was not used for longest", () => {
    const cache = new DiskBytecodeCache(directory);
    const keys = fill(cache, 4, 100);
    expect(cache.contents()).toEqual({ files: 4, bytes: 400 });
    expect(cache.trim({ maxBytes: 250 })).toEqual({ files: 2, bytes: 200 });
    expect(keys.map((key) => existsSync(fileOf(key)))).toEqual([true, true, false, false]);
  });

  test("by age drops what is older", () => {
    const cache = new DiskBytecodeCache(directory);
    fill(cache, 4, 100);
    expect(cache.trim({ maxAge: 2.5 * 86_400_000 })).toEqual({ files: 1, bytes: 100 });
    expect(cache.trim({})).toEqual({ files: 0, bytes: 0 });
  });

  test("clears everything, and only what is the cache's", () => {
    const cache = new DiskBytecodeCache(directory);
    fill(cache, 3, 10);
    writeFileSync(join(directory, "bytecode", "other"), "x");
    expect(cache.clear()).toEqual({ files: 3, bytes: 30 });
    expect(readdirSync(join(directory, "bytecode"))).toEqual(["other"]);
    cache.store(KEY, ENTRY);
    expect(cache.contents().files).toBe(0);
    expect(new DiskBytecodeCache(directory).load(KEY)).toBeUndefined();
  });

  test("happens by itself when a folder holds more than its share", () => {
    const cache = new DiskBytecodeCache(directory);
    const share = 16 * 1024 * 1024;
    const keys = [0, 1, 2].map((n) => keyOf(0x20, 1, n));
    keys.forEach((key, i) => {
      cache.store(key, new Uint8Array(share / 2));
      const then = Date.now() / 1000 - 1000 + i;
      utimesSync(fileOf(key), then, then);
    });
    expect(cache.contents().files).toBe(3);
    const unfinished = `${fileOf(keyOf(0x20, 1, 9))}.1.abc.tmp`;
    writeFileSync(unfinished, "");
    utimesSync(unfinished, 1, 1);
    // The second byte decides that this one looks.
    cache.store(keyOf(0x20, 0, 3), new Uint8Array(10));
    expect(keys.map((key) => existsSync(fileOf(key)))).toEqual([false, false, true]);
    expect(existsSync(unfinished)).toBe(false);
  });
});
