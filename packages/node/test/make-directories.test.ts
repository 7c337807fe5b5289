import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { makeDirectories } from "../src/make-directories.ts";

const root = mkdtempSync(join(tmpdir(), "nivis-directories-"));

afterAll(() => rmSync(root, { recursive: true }));

test("a directory, those above it, and again", () => {
  const path = join(root, "a/b/c");
  makeDirectories(path, 0o700);
  makeDirectories(path);
  expect(statSync(path).isDirectory()).toBe(true);
  expect(statSync(join(root, "a")).mode & 0o777).toBe(0o700);
});

test("bytes that are no text", () => {
  const bytes = Buffer.concat([Buffer.from(`${root}/`), Buffer.from([0xff]), Buffer.from("/x")]);
  makeDirectories(bytes);
  expect(statSync(bytes).isDirectory()).toBe(true);
});

test("a file in the way is an error, and nothing is made", () => {
  const file = join(root, "file");
  writeFileSync(file, "");
  expect(() => makeDirectories(join(file, "x", "y"))).toThrow(/ENOTDIR|EEXIST|ENOENT/);
  expect(() => makeDirectories(file)).toThrow(/EEXIST/);
  expect(readdirSync(root)).toContain("file");
});

test("a relative path", () => {
  makeDirectories(".");
  expect(() => makeDirectories("")).toThrow(/ENOENT/);
});
