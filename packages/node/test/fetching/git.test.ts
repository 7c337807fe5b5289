/** The scheme `git` on real repositories: what is seen, found out, kept and said. */
import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Fetcher, type FetchSettings, GitObjects, type SourceTree } from "@nivis/fetch";
import { type InputAttr, inputFromAttrs, parseFlakeRef } from "@nivis/formats";
import { NodeDisk, nodeFetchHost } from "@nivis/node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { COMMIT_TIME, TestRepository } from "./git-repository.ts";

let folder: string;
let count = 0;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-git-"));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function place(): string {
  return join(folder, String(count++));
}

function setUp(settings: Partial<FetchSettings> = {}, cacheDirectory = place()) {
  const warnings: string[] = [];
  const host = nodeFetchHost({
    environment: {
      PATH: process.env["PATH"] ?? "",
      HOME: folder,
      GIT_CONFIG_COUNT: "1",
      GIT_CONFIG_KEY_0: "protocol.file.allow",
      GIT_CONFIG_VALUE_0: "always",
      // A variable that would lead git astray.
      GIT_DIR: "/nowhere",
    },
    reporter: { warn: (message) => warnings.push(message), begin: () => () => {} },
  });
  return { fetcher: new Fetcher(host, { settings, cacheDirectory }), warnings, cacheDirectory };
}

function input(attrs: Readonly<Record<string, InputAttr>>) {
  return inputFromAttrs(new Map(Object.entries({ type: "git", ...attrs })));
}

function url(text: string) {
  return parseFlakeRef(text).input;
}

async function fetched(what: ReturnType<typeof input>, settings: Partial<FetchSettings> = {}) {
  const { fetcher, warnings } = setUp(settings);
  const result = await fetcher.fetch(what);
  const { __final: _final, ...attrs } = Object.fromEntries(result.locked.attrs);
  for (const [name, compute] of result.lazyAttrs) attrs[name] = await compute();
  return { ...result, attrs, warnings };
}

function files(tree: SourceTree, path = "/"): Record<string, string> {
  const found: Record<string, string> = {};
  for (const { name, type } of tree.readDirectory(path)) {
    const inner = path === "/" ? `/${name}` : `${path}/${name}`;
    if (type === "directory") Object.assign(found, { [`${inner}/`]: "" }, files(tree, inner));
    else if (type === "symlink") found[inner] = `-> ${tree.readLink(inner)}`;
    else found[inner] = (tree.isExecutable(inner) ? "x " : "") + tree.readFile(inner);
  }
  return found;
}

describe("a work tree", () => {
  test("that is clean has its commit, branch, count and time", async () => {
    const repository = new TestRepository(place());
    repository.commit({ a: "1" });
    const rev = repository.commit({ "b/c": "2" });
    const { attrs, tree, fingerprint } = await fetched(url(`git+file://${repository.path}`));
    expect(attrs).toEqual({
      type: "git",
      url: `file://${repository.path}`,
      ref: "refs/heads/main",
      rev,
      revCount: 2,
      lastModified: COMMIT_TIME,
    });
    expect(files(tree)).toEqual({ "/a": "1", "/b/": "", "/b/c": "2" });
    expect(tree.display("/a")).toBe(`${repository.path}/a`);
    expect(fingerprint).toBe(`git:${rev}`);
  });

  test("that is dirty shows what is tracked, as it is now", async () => {
    const repository = new TestRepository(place());
    const rev = repository.commit({ kept: "1", gone: "2", changed: "3", ".gitignore": "ignored" });
    rmSync(join(repository.path, "gone"));
    repository.write({ changed: "4", staged: "5", intended: "6", untracked: "7", ignored: "8" });
    repository.git("add", "staged");
    repository.git("add", "--intent-to-add", "intended");
    const { attrs, tree, warnings, fingerprint } = await fetched(
      url(`git+file://${repository.path}`),
    );
    expect(attrs).toEqual({
      type: "git",
      url: `file://${repository.path}`,
      dirtyRev: `${rev}-dirty`,
      dirtyShortRev: `${rev.slice(0, 7)}-dirty`,
      lastModified: COMMIT_TIME,
    });
    expect(Object.keys(files(tree)).sort()).toEqual(
      ["/.gitignore", "/changed", "/intended", "/kept", "/staged"].sort(),
    );
    expect(tree.readFile("/changed")).toBe("4");
    expect(warnings).toEqual([`Git tree '${repository.path}' is dirty`]);
    expect(fingerprint).toMatch(new RegExp(`^git:${rev};d=[0-9a-f]{128}$`));
    expect(() => tree.readFile("/untracked")).toThrow(
      `Path 'untracked' in the repository "${repository.path}" is not tracked by Git.\n\nTo make it visible to Nix, run:\n\ngit -C "${repository.path}" add -N "untracked"`,
    );
    expect(() => tree.readFile("/nothing")).toThrow(
      `Path 'nothing' does not exist in Git repository "${repository.path}".`,
    );
    await expect(
      fetched(url(`git+file://${repository.path}`), { allowDirty: false }),
    ).rejects.toThrow(`Git tree '${repository.path}' is dirty`);
  });

  test("without a commit has zeros", async () => {
    const repository = new TestRepository(place());
    const empty = await fetched(url(`git+file://${repository.path}`));
    expect(empty.attrs).toMatchObject({ rev: "0".repeat(40), revCount: 0, lastModified: 0 });
    repository.write({ a: "1" }).git("add", "a");
    const staged = await fetched(url(`git+file://${repository.path}`));
    expect(staged.attrs).toEqual({
      type: "git",
      url: `file://${repository.path}`,
      lastModified: 0,
    });
  });

  test("that another one shares its repository with", async () => {
    const repository = new TestRepository(place());
    const rev = repository.commit({ a: "1" });
    const other = place();
    repository.git("worktree", "add", "--quiet", "-b", "other", other);
    const { attrs } = await fetched(url(`git+file://${other}`));
    expect(attrs).toMatchObject({ rev, ref: "refs/heads/other" });
  });

  test("of a repository with names that are hard to read", async () => {
    const repository = new TestRepository(place());
    const names = ["with blank", "new\nline", "quote\"s'", "ünïcode", "-dash", "tab\t"];
    repository.commit(Object.fromEntries(names.map((name) => [name, name])));
    const { tree } = await fetched(url(`git+file://${repository.path}`));
    const found = tree.readDirectory("/").map(({ name }) => Buffer.from(name, "latin1").toString());
    expect(found.sort()).toEqual([...names].sort());
  });
});

describe("a commit", () => {
  test("has raw contents, modes and links", async () => {
    const repository = new TestRepository(place());
    repository.write({
      tool: "#!",
      crlf: "a\r\nb",
      ".gitattributes": "crlf text eol=lf\nsub export-subst\n",
      sub: "$Format:%H$",
    });
    chmodSync(join(repository.path, "tool"), 0o755);
    symlinkSync("../out", join(repository.path, "link"));
    const rev = repository.commit({});
    const { attrs, tree } = await fetched(url(`git+file://${repository.path}?rev=${rev}`));
    expect(attrs).toMatchObject({ rev, ref: "refs/heads/main", revCount: 1 });
    expect(files(tree)).toMatchObject({
      "/tool": "x #!",
      "/link": "-> ../out",
      "/sub": "$Format:%H$",
      "/crlf": "a\nb",
    });
  });

  test("is found by branch, tag and annotated tag", async () => {
    const repository = new TestRepository(place());
    const first = repository.commit({ a: "1" });
    repository.git("tag", "light");
    repository.git("tag", "--annotate", "--message", "m", "heavy");
    repository.git("branch", "side");
    const second = repository.commit({ a: "2" });
    for (const ref of ["light", "heavy", "refs/tags/heavy", "side", "HEAD~1"]) {
      if (ref === "HEAD~1") continue;
      expect((await fetched(input({ url: repository.path, ref }))).attrs["rev"]).toBe(first);
    }
    expect((await fetched(input({ url: repository.path, ref: "main" }))).attrs["rev"]).toBe(second);
    await expect(fetched(input({ url: repository.path, ref: "no" }))).rejects.toThrow(
      "resolving Git reference 'no': revspec 'no' not found (libgit2 error code = 4)",
    );
    const rev = "1".repeat(40);
    await expect(fetched(input({ url: repository.path, rev }))).rejects.toThrow(
      `no match for id (${rev}) (libgit2 error code = 9)`,
    );
  });

  test("has the same hash as the work tree, and as git's archive of it", async () => {
    const repository = new TestRepository(place());
    const all: Record<string, string> = {};
    for (let i = 0; i < 300; i++) {
      all[`d${i % 7}/f${i}`] = `${"line of text\n".repeat(i)}${i}`;
    }
    repository.commit(all);
    for (let i = 0; i < 300; i += 3) all[`d${i % 7}/f${i}`] += "more";
    const rev = repository.commit(all);
    repository.git("gc", "--quiet", "--aggressive");
    const { narHash } = await fetched(url(`git+file://${repository.path}?rev=${rev}`));
    const workTree = await fetched(url(`git+file://${repository.path}`));
    expect(await narHash()).toBe(await workTree.narHash());
    // Objects in packs, as deltas and whole, are those that git reads.
    const objects = new GitObjects(
      new NodeDisk(),
      join(repository.path, ".git", "objects"),
      20,
      undefined,
    );
    const ids = repository.git("rev-list", "--objects", "--all").split("\n");
    for (const line of ids) {
      const id = line.split(" ")[0] as string;
      const object = objects.find(id);
      const type = repository.git("cat-file", "-t", id);
      const size = Number(repository.git("cat-file", "-s", id));
      expect([object?.type, object?.data.length]).toEqual([type, size]);
    }
    objects.close();
  });

  test("of a repository with SHA-256", async () => {
    const repository = new TestRepository(place(), "--object-format=sha256");
    repository.commit({ a: "1" });
    await expect(fetched(url(`git+file://${repository.path}?ref=main`))).rejects.toThrow(
      `the Git repository "${repository.path}" has ids of the kind sha256, which inputs cannot name`,
    );
  });

  test("whose objects lie in another repository", async () => {
    const repository = new TestRepository(place());
    const rev = repository.commit({ a: "1" });
    const clone = place();
    repository.git("clone", "--quiet", "--shared", ".", clone);
    const { tree } = await fetched(url(`git+file://${clone}?rev=${rev}`));
    expect(files(tree)).toEqual({ "/a": "1" });
  });

  test("without what is not for export", async () => {
    const repository = new TestRepository(place());
    repository.commit({
      ".gitattributes": "hidden export-ignore\n/top/*.txt export-ignore\nvalue export-ignore=yes\n",
      "top/.gitattributes": "keep.txt -export-ignore\n",
      "top/a.txt": "1",
      "top/keep.txt": "2",
      "top/deep/b.txt": "3",
      "x/hidden/c": "4",
      value: "5",
    });
    const { tree } = await fetched(
      input({ url: repository.path, ref: "main", exportIgnore: true }),
    );
    expect(
      Object.keys(files(tree))
        .filter((path) => !path.endsWith("/"))
        .sort(),
    ).toEqual([
      "/.gitattributes",
      "/top/.gitattributes",
      "/top/deep/b.txt",
      "/top/keep.txt",
      "/value",
    ]);
    expect(() => tree.readFile("/x/hidden/c")).toThrow(
      "does not exist because it was fetched with exportIgnore enabled",
    );
  });
});

describe("submodules", () => {
  function withSubmodule() {
    const inner = new TestRepository(place());
    const innerRev = inner.commit({ inner: "1" });
    const outer = new TestRepository(place());
    outer.commit({ outer: "2" });
    outer.git("submodule", "--quiet", "add", inner.path, "sub");
    return { inner, innerRev, outer, rev: outer.commit({}) };
  }

  test("are empty directories unless they are asked for", async () => {
    const { outer, rev } = withSubmodule();
    const plain = await fetched(url(`git+file://${outer.path}?rev=${rev}`));
    expect(files(plain.tree)).toMatchObject({ "/outer": "2", "/sub/": "" });
    expect(files(plain.tree)).not.toHaveProperty("/sub/inner");
    const all = await fetched(url(`git+file://${outer.path}?rev=${rev}&submodules=1`));
    expect(files(all.tree)).toMatchObject({ "/outer": "2", "/sub/inner": "1" });
    expect(all.fingerprint).toBe(`git:${rev};s`);
  });

  test("are read where they are checked out, and make the tree dirty", async () => {
    const { outer } = withSubmodule();
    const clean = await fetched(url(`git+file://${outer.path}?submodules=1`));
    expect(files(clean.tree)).toMatchObject({ "/sub/inner": "1" });
    expect(clean.attrs).toHaveProperty("rev");
    writeFileSync(join(outer.path, "sub", "inner"), "changed");
    const dirty = await fetched(url(`git+file://${outer.path}?submodules=1`));
    expect(files(dirty.tree)).toMatchObject({ "/sub/inner": "changed" });
    expect(dirty.attrs).not.toHaveProperty("rev");
  });

  test("do not go with exportIgnore", async () => {
    const { outer } = withSubmodule();
    await expect(
      fetched(input({ url: outer.path, submodules: true, exportIgnore: true })),
    ).rejects.toThrow("exportIgnore and submodules are not supported together yet");
  });
});

describe("a clone", () => {
  test("is used for an hour, and then brought up to date", async () => {
    const source = new TestRepository(place());
    const first = source.commit({ a: "1" });
    const bare = place();
    source.git("clone", "--quiet", "--bare", ".", bare);
    const what = url(`git+file://${bare}`);
    const { fetcher, cacheDirectory } = setUp();
    const rev = async (one: Fetcher) => (await one.fetch(what)).locked.attrs.get("rev");
    expect(await rev(fetcher)).toBe(first);
    const second = source.commit({ a: "2" });
    source.git("push", "--quiet", bare, "main");
    expect(await rev(setUp({}, cacheDirectory).fetcher)).toBe(first);
    expect(await rev(setUp({ tarballTtl: 0 }, cacheDirectory).fetcher)).toBe(second);
  });

  test("serves when the repository is gone, with a warning", async () => {
    const source = new TestRepository(place());
    source.commit({ a: "1" });
    const bare = place();
    source.git("clone", "--quiet", "--bare", ".", bare);
    const { fetcher, cacheDirectory } = setUp({ forceHttp: true });
    await fetcher.fetch(url(`git+file://${bare}`));
    rmSync(bare, { recursive: true });
    const later = setUp({ tarballTtl: 0, forceHttp: true }, cacheDirectory);
    const { locked } = await later.fetcher.fetch(url(`git+file://${bare}`));
    expect(locked.attrs.get("ref")).toBe("refs/heads/main");
    expect(later.warnings.join("\n")).toContain(
      `could not get HEAD ref for repository 'file://${bare}'; using expired cached ref 'refs/heads/main'`,
    );
    expect(later.warnings.join("\n")).toContain(
      `could not update local clone of Git repository 'file://${bare}'; continuing with the most recent version`,
    );
  });

  test("gets a commit by itself, also shallow", async () => {
    const source = new TestRepository(place());
    const first = source.commit({ a: "1" });
    source.commit({ a: "2" });
    source.git("config", "uploadpack.allowAnySHA1InWant", "true");
    const bare = place();
    source.git("clone", "--quiet", "--bare", ".", bare);
    execFileSync("git", ["-C", bare, "config", "uploadpack.allowAnySHA1InWant", "true"]);
    const { attrs, tree } = await fetched(
      url(`git+file://${bare}?rev=${first}&ref=main&shallow=1`),
    );
    expect(attrs).toMatchObject({ rev: first, ref: "main", shallow: true });
    expect(attrs).not.toHaveProperty("revCount");
    expect(files(tree)).toEqual({ "/a": "1" });
  });

  test("without the commit says so", async () => {
    const source = new TestRepository(place());
    source.commit({ a: "1" });
    const bare = place();
    source.git("clone", "--quiet", "--bare", ".", bare);
    const missing = "1".repeat(40);
    await expect(fetched(url(`git+file://${bare}?rev=${missing}&ref=main`))).rejects.toThrow(
      /^(?:Failed to fetch git repository|Cannot find Git revision)/,
    );
  });

  test("that a run was killed over is repaired", async () => {
    const source = new TestRepository(place());
    source.commit({ a: "1" });
    const bare = place();
    source.git("clone", "--quiet", "--bare", ".", bare);
    const { fetcher, cacheDirectory } = setUp();
    await fetcher.fetch(url(`git+file://${bare}`));
    const [clone] = execFileSync(
      "find",
      [join(cacheDirectory, "git"), "-maxdepth", "1", "-mindepth", "1", "-type", "d"],
      { encoding: "utf8" },
    ).split("\n") as [string];
    // What `git fetch` and `git init` leave when they are killed.
    execFileSync("touch", [
      join(clone, "shallow.lock"),
      join(clone, "packed-refs.lock"),
      join(clone, "refs/heads/main.lock"),
    ]);
    rmSync(join(clone, "description"), { force: true });
    const again = setUp({ tarballTtl: 0 }, cacheDirectory);
    const { locked } = await again.fetcher.fetch(url(`git+file://${bare}`));
    expect(locked.attrs.get("rev")).toBe(source.git("rev-parse", "HEAD"));
  });
});

test("a shallow repository has no count of revisions", async () => {
  const source = new TestRepository(place());
  source.commit({ a: "1" });
  source.commit({ a: "2" });
  const shallow = place();
  source.git("clone", "--quiet", "--depth", "1", `file://${source.path}`, shallow);
  const { fetcher } = setUp();
  const { lazyAttrs } = await fetcher.fetch(url(`git+file://${shallow}`));
  await expect(lazyAttrs.get("revCount")?.()).rejects.toThrow(
    `'${shallow}' is a shallow Git repository, so 'revCount' is not available`,
  );
});

test("what the input says about time and count is believed", async () => {
  const repository = new TestRepository(place());
  const rev = repository.commit({ a: "1" });
  const { attrs } = await fetched(
    input({ url: repository.path, rev, ref: "main", lastModified: 5, revCount: 7 }),
  );
  expect(attrs).toMatchObject({ lastModified: 5, revCount: 7 });
});

test("a commit is verified by its signature", async () => {
  const repository = new TestRepository(place());
  const key = join(folder, "key");
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  const unsigned = repository.commit({ a: "1" });
  repository.git("config", "gpg.format", "ssh");
  repository.git("config", "user.signingkey", key);
  repository.write({ a: "2" }).git("commit", "--quiet", "--all", "--gpg-sign", "--message", "m");
  const signed = repository.git("rev-parse", "HEAD");
  const publicKey = readFileSync(`${key}.pub`, "utf8").split(" ")[1] as string;
  const what = (rev: string) => input({ url: repository.path, rev, ref: "main", publicKey });
  expect((await fetched(what(signed))).attrs["rev"]).toBe(signed);
  await expect(fetched(what(unsigned))).rejects.toThrow(
    `Commit signature verification on commit ${unsigned} failed`,
  );
});

test("a file is put into a repository, and git is told", async () => {
  const repository = new TestRepository(place());
  repository.commit({ a: "1" });
  const { fetcher } = setUp();
  const what = url(`git+file://${repository.path}`);
  expect(fetcher.sourcePath(what)).toBe(repository.path);
  await fetcher.putFile(what, "flake.lock", "{}\n", undefined);
  expect(repository.git("status", "--porcelain")).toBe("A flake.lock");
  const { tree } = await fetcher.fetch(what);
  expect(tree.readFile("/flake.lock")).toBe("{}\n");
});

test("the time of a path is that of its newest file", async () => {
  const repository = place();
  new TestRepository(repository).write({ "a/b": "1" });
  for (const path of ["a/b", "a", "."])
    utimesSync(join(repository, path), 5, path === "a" ? 77 : 5);
  rmSync(join(repository, ".git"), { recursive: true });
  utimesSync(repository, 5, 5);
  const { attrs } = await fetched(url(`path:${repository}`));
  expect(attrs).toEqual({ type: "path", path: repository, lastModified: 77 });
});
