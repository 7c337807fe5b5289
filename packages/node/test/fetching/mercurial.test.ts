/** The scheme `hg` on real repositories. Mercurial may be absent: then these tests are skipped. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Fetcher, type FetchSettings } from "@nivis/fetch";
import { parseFlakeRef } from "@nivis/formats";
import { nodeFetchHost } from "@nivis/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

const hasMercurial = spawnSync("hg", ["--version"]).status === 0;
if (!hasMercurial) process.stderr.write("hg is not installed: its tests are skipped\n");

const folder = mkdtempSync(join(tmpdir(), "nivis-hg-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
const repository = join(folder, "repository");
const url = `hg+file://${repository}`;
const environment = {
  PATH: process.env["PATH"] ?? "",
  HOME: folder,
  HGPLAIN: "",
  HGUSER: "a",
  HGRCPATH: "",
};

function hg(...args: readonly string[]): string {
  return execFileSync("hg", args, { cwd: repository, env: environment, encoding: "utf8" }).trim();
}

function write(files: Readonly<Record<string, string>>): void {
  for (const [name, contents] of Object.entries(files)) {
    mkdirSync(dirname(join(repository, name)), { recursive: true });
    writeFileSync(join(repository, name), contents);
  }
}

function commit(files: Readonly<Record<string, string>>): string {
  write(files);
  hg("add", "--quiet", ".");
  hg("commit", "--message", "m", "--date", "2002-03-04 05:06:07 +0000");
  return hg("log", "--rev", ".", "--template", "{node}");
}

function setUp(settings: Partial<FetchSettings> = {}) {
  const warnings: string[] = [];
  const host = nodeFetchHost({
    environment,
    reporter: { warn: (message) => warnings.push(message), begin: () => () => {} },
  });
  const cacheDirectory = join(folder, "cache");
  return { fetcher: new Fetcher(host, { settings, cacheDirectory }), warnings };
}

async function fetched(text: string, settings: Partial<FetchSettings> = {}) {
  const { fetcher, warnings } = setUp(settings);
  const { locked, tree, narHash } = await fetcher.fetch(parseFlakeRef(text).input);
  const { __final: _final, ...attrs } = Object.fromEntries(locked.attrs);
  return { attrs, tree, warnings, narHash: await narHash() };
}

describe.skipIf(!hasMercurial)("a Mercurial repository", () => {
  let first = "";
  let second = "";

  beforeAll(() => {
    mkdirSync(repository);
    hg("init");
    first = commit({ "flake.nix": "{ outputs = _: { }; }", "sub/b": "b" });
    hg("branch", "--quiet", "other");
    second = commit({ "sub/b": "changed" });
    hg("update", "--quiet", "default");
  });

  test("is its default branch, unless a revision or branch is named", async () => {
    const { attrs, tree } = await fetched(url);
    expect(attrs).toEqual({
      type: "hg",
      url: `file://${repository}`,
      ref: "default",
      rev: first,
      revCount: 0,
    });
    expect(tree.readFile("/sub/b")).toBe("b");
    expect(tree.fileType("/.hg_archival.txt")).toBeUndefined();
    const other = await fetched(`${url}?ref=other`);
    expect(other.attrs).toMatchObject({ ref: "other", rev: second, revCount: 1 });
    expect(other.tree.readFile("/sub/b")).toBe("changed");
  });

  test("is remembered by its revision, and then the branch is as it was asked for", async () => {
    await fetched(`${url}?ref=other`);
    const { attrs, tree } = await fetched(`${url}?rev=${second}`);
    expect(attrs).toMatchObject({ ref: "default", rev: second });
    expect(tree.display("/sub/b")).toBe(`\xc2\xab${url}?ref=default&rev=${second}\xc2\xbb/sub/b`);
  });

  test("without a commit to name is what Mercurial tracks", async () => {
    try {
      write({ "sub/b": "dirty", "sub/untracked": "" });
      const { attrs, tree, warnings } = await fetched(url);
      expect(attrs).toEqual({ type: "hg", url: `file://${repository}`, ref: "default" });
      expect(tree.readFile("/sub/b")).toBe("dirty");
      expect(tree.fileType("/sub/untracked")).toBeUndefined();
      const unclean = `Mercurial tree '"${repository}"' is unclean`;
      expect(warnings).toEqual([unclean]);
      expect((await fetched(url, { warnDirty: false })).warnings).toEqual([]);
      await expect(fetched(url, { allowDirty: false })).rejects.toThrow(unclean);
    } finally {
      hg("revert", "--all", "--no-backup", "--quiet");
    }
  });

  test("takes a file, and a commit of it", async () => {
    const { fetcher } = setUp();
    const { input } = parseFlakeRef(url);
    await fetcher.putFile(input, "flake.lock", "{ }\n", undefined);
    expect(hg("status", "--added")).toBe("A flake.lock");
    await fetcher.putFile(input, "flake.lock", "{ }\n", "flake.lock: Add");
    expect(hg("log", "--rev", ".", "--template", "{desc}")).toBe("flake.lock: Add");
    expect(readFileSync(join(repository, "flake.lock"), "utf8")).toBe("{ }\n");
    await expect(
      fetcher.putFile(parseFlakeRef(`${url}?ref=other`).input, "a", "", undefined),
    ).rejects.toThrow("because it's not a working tree");
  });

  test("fails if it does not have what is asked for", async () => {
    await expect(fetched(`${url}?ref=none`)).rejects.toThrow("hg failed with exit code 255");
  });
});
