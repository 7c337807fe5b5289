/** NARs, their listings and narinfo files, compared with `nix-hash` if it is on `PATH`. */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testEnvironment } from "@nivis/testkit";
import { describe, expect, test } from "vitest";
import {
  byteStringToBytes,
  bytesToByteString,
  encodeBase16,
  FormatError,
  formatNarInfo,
  formatNarListingFile,
  hashNar,
  listNar,
  type NarTree,
  narBytes,
  narTreeSource,
  parseNar,
  parseNarInfo,
  portableHashes,
  readNar,
  writeNar,
} from "../src/index.ts";

const file = (contents: string, executable = false): NarTree => ({
  type: "regular",
  executable,
  contents,
});
const directory = (entries: Record<string, NarTree>): NarTree => ({
  type: "directory",
  entries: new Map(Object.entries(entries)),
});

const tree = directory({
  b: file("hello"),
  a: directory({ "x y": file("", true), Z: { type: "symlink", target: "../b" } }),
  A: directory({}),
  big: file("0123456789".repeat(20_000)),
  exact: file("12345678"),
});

const word = (text: string) => {
  const length = String.fromCharCode(text.length & 0xff, text.length >> 8, 0, 0, 0, 0, 0, 0);
  return length + text + "\0".repeat((8 - (text.length % 8)) % 8);
};
const words = (...texts: string[]) => texts.map(word).join("");

describe("writing", () => {
  test("frames every word", () => {
    expect(bytesToByteString(narBytes(narTreeSource, file("hi", true)))).toBe(
      words("nix-archive-1", "(", "type", "regular", "executable", "", "contents", "hi", ")"),
    );
    expect(
      bytesToByteString(
        narBytes(narTreeSource, directory({ l: { type: "symlink", target: "t" } })),
      ),
    ).toBe(
      words("nix-archive-1", "(", "type", "directory", "entry", "(", "name", "l", "node") +
        words("(", "type", "symlink", "target", "t", ")", ")", ")"),
    );
  });
  test("gives the size and passes large contents through", () => {
    let size = 0;
    let largest = 0;
    const contents = new Uint8Array(1_000_000);
    const total = writeNar(
      narTreeSource,
      { type: "regular", executable: false, contents },
      (chunk) => {
        size += chunk.length;
        largest = Math.max(largest, chunk.length);
      },
    );
    expect(total).toBe(size);
    expect(largest).toBe(contents.length);
  });
  test("limits the depth", () => {
    const nest = (depth: number): NarTree =>
      depth === 0 ? file("") : directory({ d: nest(depth - 1) });
    const deepest = narBytes(narTreeSource, nest(63));
    expect(narBytes(narTreeSource, readNar(deepest))).toEqual(deepest);
    expect(() => narBytes(narTreeSource, nest(64))).toThrow(
      "exceeds maximum NAR directory depth of 64",
    );
  });
  test("rejects nodes that are not files, directories or links", () => {
    const source = {
      ...narTreeSource,
      stat: () => ({ type: "other" as const }),
      describe: () => "/dev/null",
    };
    expect(() => narBytes(source, tree)).toThrow("file '/dev/null' has an unsupported type");
  });
});

describe("reading", () => {
  test("returns the tree", () => {
    const bytes = narBytes(narTreeSource, tree);
    expect(narBytes(narTreeSource, readNar(bytes))).toEqual(bytes);
    const root = readNar(bytes);
    expect(root.type === "directory" && [...root.entries.keys()]).toEqual([
      "A",
      "a",
      "b",
      "big",
      "exact",
    ]);
  });
  test("returns the length and ignores the bytes after the archive", () => {
    const bytes = narBytes(narTreeSource, file("x"));
    const visitor = { regular() {}, symlink() {}, startDirectory() {}, endDirectory() {} };
    expect(parseNar(Uint8Array.of(...bytes, 1, 2), visitor)).toBe(bytes.length);
  });
  test("is strict", () => {
    const fails = (text: string, message: string) => {
      expect(() => readNar(byteStringToBytes(text))).toThrow(FormatError);
      expect(() => readNar(byteStringToBytes(text))).toThrow(message);
    };
    const start = word("nix-archive-1");
    const entry = (name: string) =>
      words("entry", "(", "name", name, "node", "(", "type", "regular", "contents", "", ")", ")");
    const dir = start + words("(", "type", "directory");
    fails("", "bad archive: input doesn't look like a Nix archive");
    fails(word("nix-archive-2"), "bad archive: input doesn't look like a Nix archive");
    fails(start + words("["), "bad archive: expected tag '(', got '['");
    fails(start + words("(", "type", "fifo"), "bad archive: unknown file type 'fifo'");
    fails(
      start + words("(", "type", "regular", "x"),
      "bad archive: expected tag 'contents', got 'x'",
    );
    fails(start + words("(", "type", "regular", "executable", "x"), "string is too long");
    fails(
      start + words("(", "type", "symlink", "target", ""),
      "bad archive: NAR contains invalid symlink target",
    );
    fails(dir + words("x"), "bad archive: expected tag 'entry' or ')', got 'x'");
    for (const name of ["", ".", "..", "a/b", "a\0"]) {
      fails(dir + entry(name), `bad archive: NAR contains invalid file name '${name}'`);
    }
    fails(dir + entry("b") + entry("a"), "bad archive: NAR directory is not sorted");
    fails(dir + entry("a") + entry("a"), "bad archive: NAR directory is not sorted");
    fails(
      word("nix-archive-1").replace(/\0$/, "x"),
      "bad archive: input doesn't look like a Nix archive",
    );
    fails(start + word("(").replace(/\0$/, "x"), "non-zero padding");
    fails(start, "end of string reached");
  });
});

describe("listing", () => {
  test("has the offsets of contents", () => {
    const bytes = narBytes(narTreeSource, tree);
    const root = listNar(bytes);
    const b = root.type === "directory" ? root.entries.get("b") : undefined;
    if (b?.type !== "regular") throw new Error("no file b");
    expect(bytesToByteString(bytes.subarray(b.narOffset, b.narOffset + b.size))).toBe("hello");
    expect(
      formatNarListingFile(listNar(narBytes(narTreeSource, directory({ f: file("ab") })))),
    ).toBe(
      '{"root":{"entries":{"f":{"executable":false,"narOffset":232,"size":2,"type":"regular"}},"type":"directory"},"version":1}',
    );
  });
});

function hasNixHash(): boolean {
  try {
    execFileSync("nix-hash", ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    console.warn("nix-hash is not installed: the NAR hash is not cross-checked");
    return false;
  }
}

describe("C++ Nix", () => {
  test.skipIf(!hasNixHash())("hashes the same tree alike", () => {
    const path = mkdtempSync(join(tmpdir(), "nar-"));
    const root = join(path, "root");
    const write = (at: string, node: NarTree): void => {
      if (node.type === "symlink") symlinkSync(node.target, at);
      else if (node.type === "regular") {
        writeFileSync(at, node.contents);
        if (node.executable) chmodSync(at, 0o755);
      } else {
        mkdirSync(at);
        for (const [name, child] of node.entries) write(join(at, name), child);
      }
    };
    try {
      write(root, tree);
      const expected = execFileSync("nix-hash", ["--type", "sha256", root], {
        env: testEnvironment(),
      })
        .toString()
        .trim();
      const { digest, size } = hashNar(narTreeSource, tree, portableHashes);
      expect(encodeBase16(digest)).toBe(expected);
      const dump = execFileSync("nix-store", ["--dump", root], {
        env: testEnvironment(),
        maxBuffer: 1 << 26,
      });
      expect(size).toBe(dump.length);
      expect(Buffer.from(narBytes(narTreeSource, tree)).equals(dump)).toBe(true);
    } finally {
      rmSync(path, { recursive: true });
    }
  });
});

describe("narinfo", () => {
  const text = `StorePath: /nix/store/7qvrnr4kah64ilyxh4b734malr3ls6mr-t
URL: nar/x.nar.xz
Compression: xz
FileHash: sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73
FileSize: 12
NarHash: sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73
NarSize: 34
References: 2zgm6g4x91yavq1nyf217ahv0hr592j2-f.txt 7qvrnr4kah64ilyxh4b734malr3ls6mr-t
Deriver: 7qvrnr4kah64ilyxh4b734malr3ls6mr-t.drv
Sig: a:AAAA
Sig: b:AAAA
CA: fixed:r:sha256:0mdqa9w1p6cmli6976v4wi0sw9r4p5prkj7lzfd1877wk11c9c73
`;
  const parse = (narinfo: string) => parseNarInfo(narinfo, "w", "/nix/store");
  const fails = (narinfo: string, reason: string) =>
    expect(() => parse(narinfo)).toThrow(`NAR info file 'w' is corrupt: ${reason}`);
  test("round-trips", () => {
    expect(formatNarInfo(parse(text))).toBe(text);
  });
  test("defaults to bzip2 compression", () => {
    const minimal = text.replace(/^(Compression|File.*|References|Deriver|Sig|CA): .*\n/gm, "");
    expect(parse(minimal)).toMatchObject({ compression: "bzip2", fileSize: 0, signatures: [] });
    expect(parse(`${minimal}Unknown: x\nDeriver: unknown-deriver\n`)).not.toHaveProperty("deriver");
  });
  test("reports what is wrong", () => {
    fails("x", "expecting ':' at line 1");
    fails("URL: x", "expecting '\\n' at line 1");
    fails(text.replace("NarSize: 34", "NarSize: 3x"), "invalid NarSize at line 7");
    fails(text.replace("NarHash: sha256:0mdq", "NarHash: sha256:0mde"), "bad hash at line 6");
    fails(text.replace("NarSize: 34", "NarSize: 0"), "NarSize missing or zero");
    fails(text.replace(/StorePath.*\n/, ""), "StorePath missing");
    fails(text.replace("Compression: xz", "Compression: zip"), "invalid Compression at line 3");
    fails(`${text}CA: text:sha256:${"0".repeat(64)}\n`, "extra CA at line 13");
  });
});
