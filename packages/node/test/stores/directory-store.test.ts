/** A store in a directory on the real file system: what it writes, and what it does when things go wrong. */
import { spawnSync } from "node:child_process";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  collect,
  copyPaths,
  DirectoryStore,
  MemoryStore,
  narOfFiles,
  streamOf,
} from "@nivis/store";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { LocalStore } from "../../src/local-store.ts";
import { nodeFileSystem } from "../../src/stores/node-file-system.ts";
import { nodeStoreHost } from "../../src/stores/node-store-host.ts";
import { isNixInstalled } from "./nix-daemon.ts";

const folder = mkdtempSync(join(tmpdir(), "nivis-directory-"));
let root = "";
let count = 0;

beforeEach(() => {
  root = join(folder, String(count++));
});
afterAll(() => {
  spawnSync("chmod", ["-R", "u+w", folder]);
  rmSync(folder, { recursive: true, force: true });
});

function open(): DirectoryStore {
  return new DirectoryStore(nodeStoreHost, nodeFileSystem, {
    storeDir: "/nix/store",
    root,
    uri: `local://${root}`,
    uniqueId: "test",
  });
}

/** A tree with odd names, an empty directory and a link. */
function oddTree(): string {
  const tree = join(folder, "odd");
  if (existsSync(tree)) return tree;
  mkdirSync(join(tree, "empty"), { recursive: true });
  mkdirSync(join(tree, "a", "deep"), { recursive: true });
  writeFileSync(join(tree, "a", "deep", "zero"), "");
  writeFileSync(join(tree, "a", "eight"), "12345678");
  writeFileSync(join(tree, "big"), "x".repeat(700_001));
  writeFileSync(Buffer.concat([Buffer.from(`${tree}/`), Buffer.from([0xff, 0x41])]), "not UTF-8");
  writeFileSync(join(tree, "run"), "#!/bin/sh\n");
  chmodSync(join(tree, "run"), 0o755);
  symlinkSync("/etc", join(tree, "way-out"));
  return tree;
}

const addTree = (store: DirectoryStore) =>
  store.writer.addContent({
    name: "odd",
    method: "nar",
    algorithm: "sha256",
    bytes: () => narOfFiles(nodeFileSystem, oddTree()),
  });

describe("a store in a directory", () => {
  test("gives back what it was given, sealed", async () => {
    const store = open();
    const { path } = await addTree(store);
    const nar = await collect(narOfFiles(nodeFileSystem, oddTree()));
    if (isNixInstalled) {
      const theirs = spawnSync("nix-store", ["--dump", oddTree()], { maxBuffer: 1 << 26 });
      expect(Buffer.compare(nar, theirs.stdout)).toBe(0);
    }
    expect(Buffer.compare(await collect(store.nar(path)), nar)).toBe(0);
    const real = store.realPath(path);
    expect(lstatSync(real).mode & 0o777).toBe(0o555);
    expect(lstatSync(join(real, "run")).mode & 0o777).toBe(0o555);
    expect(lstatSync(join(real, "big")).mode & 0o777).toBe(0o444);
    for (const name of ["", "a", "a/deep/zero", "way-out"]) {
      expect(lstatSync(join(real, name)).mtimeMs).toBe(1000);
    }
    const files = await store.files(path);
    expect(await files.readDirectory("/")).toEqual([
      "a",
      "big",
      "empty",
      "run",
      "way-out",
      "\xffA",
    ]);
    expect(await files.stat("/a/eight")).toMatchObject({ size: 8, executable: false });
    expect(await files.readLink("/way-out")).toBe("/etc");
  });

  test("lets nothing out of an object", async () => {
    const store = open();
    const files = await store.files((await addTree(store)).path);
    for (const path of ["/way-out/passwd", "/../../../../../../etc/passwd", "/a/..", "/a/../big"]) {
      expect(await files.stat(path), path).toBeUndefined();
      await expect(collect(files.readFile(path))).rejects.toMatchObject({ kind: "io" });
    }
  });

  test("is the store that evaluation writes, and C++ Nix can load", async () => {
    const local = new LocalStore({ root });
    const text = `/nix/store/${"a".repeat(32)}-by-evaluation`;
    local.addText(text, "written by evaluation", []);
    const store = open();
    expect((await store.info(text))?.narSize).toBe(136);
    const { path } = await addTree(store);
    const again = new LocalStore({ root });
    expect(again.isValidPath(path)).toBe(true);
    if (!isNixInstalled) return;
    const registration = readFileSync(local.registrationFile);
    const nix = (...args: string[]) =>
      spawnSync("nix-store", ["--store", root, ...args], {
        input: registration,
        encoding: "utf8",
        env: { ...process.env, NIX_CONFIG: "build-users-group =", NIX_CONF_DIR: "/var/empty" },
      });
    expect(nix("--load-db").status).toBe(0);
    expect(nix("--verify-path", path)).toMatchObject({ status: 0, stderr: "" });
  });

  test("leaves nothing behind when an addition fails or is given up", async () => {
    const store = open();
    const names = (): string[] => readdirSync(join(root, "nix/store"));
    await expect(
      store.writer.addContent({
        name: "failing",
        method: "nar",
        algorithm: "sha256",
        bytes: async function* () {
          yield* narOfFiles(nodeFileSystem, join(oddTree(), "a"));
          throw new Error("the source is gone");
        },
      }),
    ).rejects.toThrow("the source is gone");
    const memory = new MemoryStore(nodeStoreHost, { storeDir: "/nix/store" });
    const { path } = await memory.writer.addContent({
      name: "large",
      method: "flat",
      algorithm: "sha256",
      bytes: () => streamOf("y".repeat(500_000)),
    });
    const info = await memory.info(path);
    const bad = { ...(info as NonNullable<typeof info>), narSize: 3 };
    await expect(store.writer.add({ info: bad, nar: () => memory.nar(path) })).rejects.toThrow(
      "size mismatch importing path",
    );
    await expect(
      store.writer.add({
        info: info as NonNullable<typeof info>,
        nar: async function* () {
          yield (await collect(memory.nar(path))).subarray(0, 100_000);
        },
      }),
    ).rejects.toThrow();
    expect(names()).toEqual([]);
    const controller = new AbortController();
    controller.abort();
    await expect(
      copyPaths(memory, store, [path], { signal: controller.signal }),
    ).rejects.toMatchObject({
      kind: "cancelled",
    });
    // What a crash left under the name of an object is no object, and is replaced.
    mkdirSync(join(root, path));
    writeFileSync(join(root, path, "half"), "");
    expect(await store.info(path)).toBeUndefined();
    await copyPaths(memory, store, [path]);
    expect(readFileSync(join(root, path), "latin1").length).toBe(500_000);
    expect(names()).toHaveLength(1);
  });

  test("reads a registration that a crash cut off", async () => {
    const { path } = await addTree(open());
    const file = join(root, "nix/var/nix/nivis.reginfo");
    appendFileSync(file, `/nix/store/${"b".repeat(32)}-half\n0123\n77\n\n3\n/nix/store/x`);
    expect(await open().allPaths()).toEqual([path]);
  });

  test("keeps what links and connections root", async () => {
    const store = open();
    const { path } = await addTree(store);
    const link = join(folder, `link-${count}`);
    symlinkSync(path, link);
    await store.roots.addIndirectRoot?.(link);
    const fresh = open();
    expect(await fresh.roots.findRoots()).toEqual([{ link, path }]);
    expect((await fresh.collector.collect({ action: "return-dead" })).paths).toEqual([]);
    rmSync(link);
    const temporary = open();
    await temporary.roots.addTempRoot(path);
    expect((await temporary.collector.collect({ action: "delete-dead" })).paths).toEqual([]);
    await temporary.close();
    expect((await temporary.collector.collect({ action: "delete-dead" })).paths).toEqual([path]);
    expect(existsSync(store.realPath(path))).toBe(false);
    expect(await open().allPaths()).toEqual([]);
  });

  test("notices what was changed behind its back", async () => {
    const said: string[] = [];
    const { path } = await addTree(open());
    const store = new DirectoryStore(nodeStoreHost, nodeFileSystem, {
      storeDir: "/nix/store",
      root,
      uri: "local",
      uniqueId: "test",
      observer: { message: (text) => said.push(text) },
    });
    const check = { checkContents: true, repair: false };
    expect(await store.verifier.verify(check)).toBe(false);
    chmodSync(join(root, path, "a/eight"), 0o644);
    writeFileSync(join(root, path, "a/eight"), "87654321");
    expect(await store.verifier.verify(check)).toBe(true);
    expect(said).toEqual([expect.stringContaining("was modified")]);
  });
});
