/** Git LFS with its own program, which may be absent: then these tests are skipped. */
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { Fetcher } from "@nivis/fetch";
import { parseFlakeRef } from "@nivis/formats";
import { nodeFetchHost } from "@nivis/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestRepository } from "./git-repository.ts";
import { type LfsServer, serveLfs } from "./lfs-server.ts";

const hasLfs = spawnSync("git", ["lfs", "version"]).status === 0;
if (!hasLfs) process.stderr.write("git-lfs is not installed: its tests are skipped\n");

const CONTENTS = "contents that are kept elsewhere\n".repeat(100);

describe.skipIf(!hasLfs)("a repository with files in LFS", () => {
  const folder = mkdtempSync(join(tmpdir(), "nivis-lfs-"));
  const places = { count: 0 };
  let server: LfsServer;

  beforeAll(async () => {
    const repository = new TestRepository(join(folder, "repository"));
    repository.git("lfs", "install", "--local");
    repository.git("lfs", "track", "*.bin");
    repository.commit({
      "a.bin": CONTENTS,
      "sub/same.bin": CONTENTS,
      "sub/b.bin": "b",
      "plain.txt": "plain",
      "pointer.txt": `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize 1\n`,
    });
    server = await serveLfs(folder);
  });
  afterAll(() => {
    server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const url = (query = "?lfs=1") => `git+${server.url}/repository/.git${query}`;

  function fetcher(cacheDirectory = join(folder, `cache${places.count++}`)) {
    const host = nodeFetchHost({
      environment: { PATH: process.env["PATH"] ?? "", HOME: folder },
      reporter: { warn: () => {}, begin: () => () => {} },
    });
    return new Fetcher(host, { cacheDirectory });
  }

  const fetched = (query?: string) => fetcher().fetch(parseFlakeRef(url(query)).input);

  test("has their contents, each fetched once, and no others", async () => {
    server.requests.length = 0;
    const { tree } = await fetched();
    for (const path of ["/a.bin", "/sub/same.bin"]) expect(tree.readFile(path)).toBe(CONTENTS);
    expect(tree.readFile("/sub/b.bin")).toBe("b");
    expect(tree.readFile("/pointer.txt")).toContain("version https://git-lfs");
    expect(server.requests.filter((one) => one.startsWith("POST"))).toHaveLength(1);
    expect(server.requests.filter((one) => one.startsWith("GET"))).toHaveLength(2);
  });

  test("has the hash of a checkout", async () => {
    const checkout = join(folder, "checkout");
    // The server is in this process, so it must not be held up.
    const git = promisify(execFile);
    await git(
      "git",
      [
        ...["-c", "filter.lfs.smudge=git-lfs smudge -- %f", "-c", "filter.lfs.required=true"],
        ...["clone", "--quiet", `${server.url}/repository/.git`, checkout],
      ],
      { env: { ...process.env, HOME: folder }, timeout: 60_000 },
    );
    rmSync(join(checkout, ".git"), { recursive: true });
    const ofFiles = await fetcher().fetch(parseFlakeRef(`path:${checkout}`).input);
    expect(await (await fetched()).narHash()).toBe(await ofFiles.narHash());
  });

  test("has pointers unless LFS is asked for", async () => {
    server.requests.length = 0;
    const { tree } = await fetched("");
    expect(tree.readFile("/a.bin")).toMatch(/^version https:\/\/git-lfs/);
    expect(server.requests).toEqual([]);
  });

  test("is read from the cache the second time", async () => {
    const cache = join(folder, "one-cache");
    const first = await fetcher(cache).fetch(parseFlakeRef(url()).input);
    server.requests.length = 0;
    const second = await fetcher(cache).fetch(parseFlakeRef(url()).input);
    expect(second.tree.readFile("/a.bin")).toBe(CONTENTS);
    expect(await second.narHash()).toBe(await first.narHash());
    expect(server.requests).toEqual([]);
  });
});
