/** Unpacking: which trees archives become, and which archives are refused. */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brotliCompressSync, gzipSync } from "node:zlib";
import { nodeFetchHost } from "@nivis/node";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { MemoryTree, type SourceTree, unpackArchive } from "../src/index.ts";
import { type Member, paxHeader, tarArchive } from "./tar-builder.ts";

class Pieces {
  bytes = new Uint8Array(0);
  write(piece: Uint8Array): void {
    const all = new Uint8Array(this.bytes.length + piece.length);
    all.set(this.bytes);
    all.set(piece, this.bytes.length);
    this.bytes = all;
  }
  read(offset: number, length: number): Uint8Array {
    return this.bytes.subarray(offset, offset + length);
  }
}

async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}

const nodeHost = nodeFetchHost({
  environment: {},
  reporter: { warn: () => {}, begin: () => () => {} },
});

async function unpack(
  bytes: Uint8Array,
  maxSize = 1e9,
  length = 1000,
  host: Parameters<typeof unpackArchive>[0] = {},
) {
  const spool = new Pieces();
  const { root, lastModified } = await unpackArchive(host, inPieces(bytes, length), spool, maxSize);
  return { tree: new MemoryTree(root, ""), lastModified, spool };
}

/** A tree as an object: directories end in a slash, links begin with `-> `. */
function listing(tree: SourceTree, path = "/"): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, type } of tree.readDirectory(path)) {
    const inner = path === "/" ? `/${name}` : `${path}/${name}`;
    if (type === "directory") {
      found[`${inner}/`] = "";
      Object.assign(found, listing(tree, inner));
    } else if (type === "symlink") {
      found[inner] = `-> ${tree.readLink(inner)}`;
    } else {
      found[inner] = (tree.isExecutable(inner) ? "x " : "") + tree.readFile(inner);
    }
  }
  return found;
}

async function tarListing(members: readonly Member[]): Promise<Record<string, string>> {
  return listing((await unpack(tarArchive(members))).tree);
}

describe("the top directory", () => {
  const file = (name: string): Member => ({ name, contents: "c" });

  test("is taken away if it is all there is", async () => {
    expect(await tarListing([file("pkg/a"), file("pkg/b/c")])).toEqual({
      "/a": "c",
      "/b/": "",
      "/b/c": "c",
    });
  });

  test("is taken away once", async () => {
    expect(await tarListing([file("a/b/c")])).toEqual({ "/b/": "", "/b/c": "c" });
  });

  test("stays beside others, and a file is no directory", async () => {
    expect(await tarListing([file("pkg/a"), file("b")])).toEqual({
      "/pkg/": "",
      "/pkg/a": "c",
      "/b": "c",
    });
    expect(await tarListing([file("b")])).toEqual({ "/b": "c" });
  });

  test("a global pax header is not a member", async () => {
    expect(await tarListing([paxHeader({ comment: "x" }, "g"), file("pkg/a")])).toEqual({
      "/a": "c",
    });
  });

  test("an empty one leaves an empty tree", async () => {
    expect(await tarListing([{ name: "pkg/", type: "5" }])).toEqual({});
  });
});

describe("members", () => {
  test("keep the bit of the owner, links and empty directories", async () => {
    expect(
      await tarListing([
        { name: "a", contents: "1", mode: 0o755 },
        { name: "b", contents: "2", mode: 0o655 },
        { name: "c", type: "2", target: "../../etc" },
        { name: "d/", type: "5" },
        { name: "e", type: "1", target: "a" },
      ]),
    ).toEqual({ "/a": "x 1", "/b": "2", "/c": "-> ../../etc", "/d/": "", "/e": "x 1" });
  });

  test("have long names and targets in pax and GNU headers", async () => {
    const long = `${"n".repeat(150)}/${"m".repeat(150)}`;
    expect(
      await tarListing([
        paxHeader({ path: `x/${long}`, linkpath: long }),
        { name: "short", type: "2" },
        { name: "././@LongLink", type: "L", contents: `y/${long}\0` },
        { name: "short", contents: "c" },
      ]),
    ).toMatchObject({ [`/x/${long}`]: `-> ${long}`, [`/y/${long}`]: "c" });
  });

  test("the last of two wins, unless a directory with something in it would go", async () => {
    expect(
      await tarListing([
        { name: "a", contents: "1" },
        { name: "a", contents: "2" },
        { name: "b", contents: "3" },
        { name: "b/", type: "5" },
      ]),
    ).toEqual({ "/a": "2", "/b/": "" });
    await expect(tarListing([{ name: "a/b" }, { name: "a" }])).rejects.toThrow(
      "cannot create 'a', conflicting non-empty directory",
    );
  });

  test("names that differ only in case are two files", async () => {
    const members = ["A/x", "a/x", "a/X"].map((name) => ({ name, contents: name }));
    expect(await tarListing(members)).toEqual({
      ...{ "/A/": "", "/A/x": "A/x", "/a/": "", "/a/X": "a/X", "/a/x": "a/x" },
    });
  });

  test("names that are not UTF-8 stay as they are", async () => {
    const bytes = tarArchive([{ name: "x\u00e9y", contents: "c" }, { name: "z" }]);
    // The two bytes of é become one that is not UTF-8, and the sum in the header fits that.
    const text = Buffer.from(bytes);
    const at = text.indexOf("\u00e9");
    text[at] = 0xe9;
    text[at + 1] = 0x79;
    text[at + 2] = 0;
    const sum = text
      .subarray(0, 512)
      .reduce((all, byte, i) => all + (i >= 148 && i < 156 ? 32 : byte), 0);
    text.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    const { tree } = await unpack(text);
    expect(tree.readDirectory("/").map(({ name }) => name)).toContain("x\xe9y");
  });

  test("give the newest time", async () => {
    const { lastModified } = await unpack(
      tarArchive([
        { name: "a", modified: 5 },
        paxHeader({ mtime: "9.75" }),
        { name: "b", modified: 3 },
      ]),
    );
    expect(lastModified).toBe(9);
  });
});

describe("hostile archives", () => {
  test("names cannot leave the tree", async () => {
    expect(
      await tarListing([
        { name: "../../a", contents: "1" },
        { name: "/b", contents: "2" },
        { name: "c/../../d", contents: "3" },
      ]),
    ).toEqual({ "/a": "1", "/b": "2", "/d": "3" });
  });

  test("a link in the way of a file is replaced, not followed", async () => {
    const all = await tarListing([
      { name: "l", type: "2", target: "/tmp" },
      { name: "l/evil", contents: "e" },
      { name: "z" },
    ]);
    expect(all).toEqual({ "/l/": "", "/l/evil": "e", "/z": "" });
  });

  test.each([
    [{ name: "p", type: "6" }, "file 'p' in tarball has unsupported file type 4096"],
    [{ name: "p", type: "3" }, "file 'p' in tarball has unsupported file type 8192"],
    [{ name: ".", contents: "x" }, "cannot create a file at the root of the git repository"],
    [{ name: "a/.git/config", contents: "x" }, "invalid name for a tree entry - .git"],
    [{ name: "l", type: "1", target: "no" }, "hard link 'l' in tarball refers to 'no'"],
    [{ name: "l", type: "1", target: ".." }, "refers to a directory"],
    [{ name: "s", type: "S", contents: "x" }, "sparse file"],
    [{ name: "big", size: 8_000_000_000 }, "holds more than"],
  ] as const)("%o", async (member, message) => {
    await expect(tarListing([member])).rejects.toThrow(message);
  });

  test("an archive that unpacks to more than is allowed", async () => {
    const bomb = gzipSync(tarArchive([{ name: "zeros", contents: "0".repeat(1_000_000) }]));
    await expect(unpack(bomb, 1000)).rejects.toThrow(
      "the archive holds more than 1000 bytes, which is more than is allowed",
    );
  });

  test("compression within compression ends", async () => {
    let bytes: Uint8Array = tarArchive([{ name: "a" }]);
    for (let i = 0; i < 10; i++) bytes = gzipSync(bytes);
    await expect(unpack(bytes)).rejects.toThrow("compressed too many times");
  });

  test.each([
    ["nothing", new Uint8Array(0), "the archive is empty"],
    ["a page", Buffer.from(`<html>${" ".repeat(600)}`), "Unrecognized archive format"],
    [
      "half an archive",
      tarArchive([{ name: "a", contents: "x".repeat(900) }]).subarray(0, 1000),
      "truncated tar archive",
    ],
    [
      "half a compressed one",
      gzipSync(tarArchive([{ name: "a" }])).subarray(0, 30),
      "the archive is not valid gzip",
    ],
    [
      "an unknown compression",
      Buffer.from([0x04, 0x22, 0x4d, 0x18, 0, 0, 0]),
      "in the format lz4, which Nivis cannot read",
    ],
    [
      "brotli, which has no mark",
      brotliCompressSync(tarArchive([{ name: "a" }])),
      "Unrecognized archive format",
    ],
    ["half a zip archive", Buffer.from("PK\x03\x04 and then nothing"), "damaged zip archive"],
  ])("%s", async (_what, bytes, message) => {
    await expect(unpack(bytes)).rejects.toThrow(message);
  });

  test("any bytes are a tree or an error with a text", async () => {
    const archive = tarArchive([
      { name: "a/b", contents: "hello" },
      { name: "a/c", type: "5" },
    ]);
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(archive.length - 1), fc.nat(255)), { maxLength: 6 }),
        async (changes) => {
          const bytes = archive.slice();
          for (const [at, byte] of changes) bytes[at] = byte;
          try {
            listing((await unpack(bytes)).tree);
          } catch (error) {
            expect((error as Error).name).toBe("InputError");
          }
        },
      ),
      { numRuns: 300 },
    );
  });
});

describe("archives of real programs", () => {
  let folder: string;
  const expected = {
    "/bin/": "",
    "/bin/tool": "x #!/bin/sh\n",
    "/link": "-> bin/tool",
    "/text": "hello\n",
  };

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), "nivis-archive-"));
    mkdirSync(join(folder, "pkg/bin"), { recursive: true });
    writeFileSync(join(folder, "pkg/text"), "hello\n");
    writeFileSync(join(folder, "pkg/bin/tool"), "#!/bin/sh\n", { mode: 0o755 });
    symlinkSync("bin/tool", join(folder, "pkg/link"));
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  test.each([
    ["gnu", []],
    ["ustar", []],
    ["posix", []],
    ["gnu", ["-z"]],
    ["gnu", ["-j"]],
    ["gnu", ["-J"]],
    ["gnu", ["--zstd"]],
  ])("tar --format=%s %s", async (format, flags) => {
    const bytes = execFileSync("tar", ["-c", `--format=${format}`, ...flags, "-C", folder, "pkg"]);
    const isPortable = !["-j", "-J"].includes(flags[0] ?? "");
    for (const host of isPortable ? [{}, nodeHost] : [nodeHost]) {
      for (const length of [7, 511, 1 << 20]) {
        const { tree, lastModified } = await unpack(bytes, 1e9, length, host);
        expect(listing(tree)).toEqual(expected);
        expect(lastModified).toBeGreaterThan(1_600_000_000);
      }
    }
    if (!isPortable) await expect(unpack(bytes)).rejects.toThrow("which cannot be read here");
  });

  test("a zip archive with links and modes", async () => {
    const script = [
      "import zipfile, os, sys",
      "z = zipfile.ZipFile(sys.argv[1], 'w', zipfile.ZIP_DEFLATED)",
      "def add(name, mode, data):",
      "    info = zipfile.ZipInfo(name, (2020, 1, 2, 3, 4, 6)); info.create_system = 3",
      "    info.external_attr = mode << 16; info.compress_type = zipfile.ZIP_DEFLATED",
      "    z.writestr(info, data)",
      "add('pkg/', 0o040755, b'')",
      "add('pkg/text', 0o100644, b'hello\\n')",
      "add('pkg/bin/tool', 0o100755, b'#!/bin/sh\\n')",
      "add('pkg/link', 0o120777, b'bin/tool')",
      "z.close()",
    ].join("\n");
    const file = join(folder, "a.zip");
    execFileSync("python3", ["-c", script, file]);
    const { tree, lastModified } = await unpack(readFileSync(file));
    expect(listing(tree)).toEqual(expected);
    expect(lastModified).toBe(new Date(2020, 0, 2, 3, 4, 6).getTime() / 1000);
  });
});
