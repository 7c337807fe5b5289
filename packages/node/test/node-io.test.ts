/** Files of this machine, in a directory of their own. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { portableHashes } from "@nivis/formats";
import { afterAll, describe, expect, test } from "vitest";
import { nodeHashes } from "../src/node-hashes.ts";
import { nodeIo } from "../src/node-io.ts";

const root = mkdtempSync(join(tmpdir(), "nivis-io-"));
afterAll(() => rmSync(root, { recursive: true }));
mkdirSync(join(root, "d"));
writeFileSync(join(root, "d/file"), Buffer.from([0x61, 0xff, 0x00]));
chmodSync(join(root, "d/file"), 0o755);
writeFileSync(Buffer.concat([Buffer.from(join(root, "d/n")), Buffer.from([0xe9])]), "x");
symlinkSync(Buffer.from([0x74, 0xfc]), join(root, "d/link"));
symlinkSync("d", join(root, "dir"));

test("contents, names and targets are bytes", () => {
  const io = nodeIo();
  expect(io.readFile(`${root}/d/file`)).toBe("a\xff\0");
  expect(io.readFile(`${root}/d/n\xe9`)).toBe("x");
  expect(io.readLink(`${root}/d/link`)).toBe("t\xfc");
  const entries = [...io.readDirectory(`${root}/d`)].sort((a, b) => (a.name < b.name ? -1 : 1));
  expect(entries).toEqual([
    { name: "file", type: "regular" },
    { name: "link", type: "symlink" },
    { name: "n\xe9", type: "regular" },
  ]);
});

test("types and the executable bit", () => {
  const io = nodeIo();
  expect(
    ["d", "dir", "d/file", "nope", "d/file/x"].map((path) => io.fileType(`${root}/${path}`)),
  ).toEqual(["directory", "symlink", "regular", undefined, undefined]);
  expect(io.isExecutable(`${root}/d/file`)).toBe(true);
  expect(io.isExecutable(`${root}/d/n\xe9`)).toBe(false);
});

test("types are the same after the directory was listed", () => {
  const io = nodeIo();
  io.readDirectory(root);
  io.readDirectory(`${root}/d`);
  expect(
    ["d", "dir", "d/file", "d/link", "nope"].map((path) => io.fileType(`${root}/${path}`)),
  ).toEqual(["directory", "symlink", "regular", "symlink", undefined]);
  expect(io.isExecutable(`${root}/d/file`)).toBe(true);
});

test("what was missing is looked for again, also in a directory that was listed", () => {
  const io = nodeIo();
  io.readDirectory(root);
  expect(io.fileType(`${root}/later`)).toBeUndefined();
  writeFileSync(join(root, "later"), "");
  expect(io.fileType(`${root}/later`)).toBe("regular");
});

describe("errors", () => {
  test.each<readonly [string, (path: string) => unknown, string]>([
    ["nope", (path) => nodeIo().readFile(path), "path '%' does not exist"],
    ["d/file/x", (path) => nodeIo().readFile(path), "path '%' does not exist"],
    ["d", (path) => nodeIo().readFile(path), "file '%' is not a regular file"],
    ["nope", (path) => nodeIo().readDirectory(path), "path '%' does not exist"],
    ["d/file", (path) => nodeIo().readDirectory(path), "'%' is not a directory"],
    ["d/file", (path) => nodeIo().readLink(path), "file '%' is not a symlink"],
    ["nope", (path) => nodeIo().isExecutable(path), "path '%' does not exist"],
  ])("%s %#", (name, read, message) => {
    const path = `${root}/${name}`;
    expect(() => read(path)).toThrow(message.replace("%", path));
  });
});

test("the environment is decoded and encoded", () => {
  const io = nodeIo({ environment: { Ä: "ö" } });
  expect(io.environment("\xc3\x84")).toBe("\xc3\xb6");
  expect(io.environment("nope")).toBeUndefined();
});

test.each(["md5", "sha1", "sha256", "sha512", "blake3"] as const)(
  "%s is as the portable one",
  (algorithm) => {
    const long = "\xe9a".repeat(50_000);
    for (const data of ["", "abc", "abc\xff", long, new Uint8Array([1, 2, 3])]) {
      expect([...nodeHashes.hash(algorithm, data)]).toEqual([
        ...portableHashes.hash(algorithm, data),
      ]);
      expect(nodeHashes.hex(algorithm, data)).toBe(portableHashes.hex(algorithm, data));
      const digest = nodeHashes.byteString(algorithm, data);
      expect(digest).toBe(portableHashes.byteString(algorithm, data));
      const pieces = nodeHashes.create(algorithm);
      pieces.update(data);
      pieces.update(data);
      const twice = typeof data === "string" ? data + data : new Uint8Array([...data, ...data]);
      expect([...pieces.digest()]).toEqual([...portableHashes.hash(algorithm, twice)]);
    }
  },
);
