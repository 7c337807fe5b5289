/** Trees that a store has: their hashes are asked for, not computed, and nothing is fetched. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Fetcher, treeStorePath } from "@nivis/fetch";
import { type InputAttr, inputFromAttrs } from "@nivis/formats";
import { nodeFetchHost, nodeHashes } from "@nivis/node";
import { afterAll, describe, expect, test } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "nivis-store-trees-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const storeDir = join(folder, "store");
const HASH = `sha256-${"A".repeat(43)}=`;

function setUp(known: Readonly<Record<string, string>>) {
  const asked: string[] = [];
  const host = nodeFetchHost({
    environment: { HOME: folder, NIX_STORE_DIR: storeDir },
    reporter: { warn: () => {}, begin: () => () => {} },
  });
  const storeHash = (path: string): string | undefined => {
    asked.push(path);
    return known[path];
  };
  return { fetcher: new Fetcher(host, { storeHash }), asked };
}

function fileAt(path: string): string {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, "contents");
  return dirname(path);
}

const input = (attrs: Readonly<Record<string, InputAttr>>) =>
  inputFromAttrs(new Map(Object.entries(attrs)));

describe("an input of the scheme path", () => {
  const name = `${"0".repeat(32)}-source`;

  test("that a store has, has the hash that the store knows, and no time", async () => {
    const path = fileAt(join(storeDir, name, "a.txt"));
    const { fetcher, asked } = setUp({ [path]: HASH });
    const { locked, narHash, tree } = await fetcher.fetch(input({ type: "path", path }));
    expect(await narHash()).toBe(HASH);
    expect(locked.attrs.get("lastModified")).toBe(0);
    expect(tree.readFile("/a.txt")).toBe("contents");
    expect(asked).toEqual([path]);
  });

  test("names a missing file below its store path", async () => {
    const path = fileAt(join(folder, "without", "a.txt"));
    const { tree } = await setUp({}).fetcher.fetch(input({ type: "path", path }));
    expect(() => tree.readFile("/flake.nix")).toThrow(
      /^path '.*\/store\/[a-z0-9]+-source\/flake\.nix' does not exist$/,
    );
  });

  test("that no store has is hashed", async () => {
    const path = fileAt(join(storeDir, name, "a.txt"));
    const unknown = await setUp({}).fetcher.fetch(input({ type: "path", path }));
    const elsewhere = setUp({});
    const other = fileAt(join(folder, "elsewhere", "a.txt"));
    const found = await elsewhere.fetcher.fetch(input({ type: "path", path: other }));
    expect(await found.narHash()).toBe(await unknown.narHash());
    expect(elsewhere.asked).toEqual([]);
  });
});

describe("a locked input", () => {
  const attrs = { type: "tarball", url: "http://127.0.0.1:1/none.tar", narHash: HASH };
  const final = input({ ...attrs, __final: true });
  const path = treeStorePath(final, HASH, { storeDir, hashes: nodeHashes });

  test("is read from a store that has it", async () => {
    fileAt(join(path, "a.txt"));
    const { fetcher } = setUp({ [path]: HASH });
    const { tree, narHash } = await fetcher.fetch(final);
    expect(tree.readFile("/a.txt")).toBe("contents");
    expect(await narHash()).toBe(HASH);
  });

  test("is fetched if the store does not know what lies there", async () => {
    fileAt(join(path, "a.txt"));
    const { fetcher } = setUp({});
    await expect(fetcher.fetch(final)).rejects.toThrow("unable to download");
  });
});

test("a file on this disk that is gone is what it was when it was last read", async () => {
  const path = join(folder, "once.json");
  writeFileSync(path, "[]");
  const warnings: string[] = [];
  const host = nodeFetchHost({
    environment: { HOME: folder },
    reporter: { warn: (message) => warnings.push(message), begin: () => () => {} },
  });
  const settings = { tarballTtl: 0 };
  const fetcher = new Fetcher(host, { settings, cacheDirectory: join(folder, "cache") });
  const read = () => fetcher.fetchFile(`file://${path}`, "once.json");
  const before = await read();
  rmSync(path);
  expect(await read()).toEqual(before);
  expect(warnings).toEqual([
    `unable to download 'file://${path}': Could not read a file:// file (37) Could not open file ${path}; using cached version`,
  ]);
  await expect(fetcher.fetchFile(`file://${path}`, "other.json")).rejects.toThrow(
    "unable to download",
  );
});
