/** `nivis flake`, `nivis registry` and `nivis prefetch` on flakes and repositories of this disk. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, test } from "vitest";
import { folderWith, nivisLater } from "./terminal-double.ts";

const folder = folderWith({
  "top/flake.nix": `{
    description = "a flake";
    inputs.dep.url = "path:DEP";
    inputs.same.follows = "dep";
    outputs = _: { };
  }`,
  "dep/flake.nix": "{ outputs = _: { }; }",
  "other/flake.nix": "{ outputs = _: { }; }",
  "broken/flake.nix": '{ description = "a" + "b"; outputs = _: { }; }',
});
const at = (name: string): string => join(folder.path, name);
const flakeFile = at("top/flake.nix");
writeFileSync(flakeFile, readFileSync(flakeFile, "utf8").replace("DEP", at("dep")));
afterAll(folder.remove);
beforeEach(() => rmSync(at("top/flake.lock"), { force: true }));

const given = {
  environment: {
    HOME: folder.path,
    PATH: process.env["PATH"] ?? "",
    XDG_CONFIG_HOME: at("config"),
    NIX_CONFIG: "flake-registry =",
  },
};

const run = (...args: string[]) => nivisLater(args, given);

async function lock(): Promise<string> {
  const { code, err } = await run("flake", "lock", `path:${at("top")}`);
  expect(code, err).toBe(0);
  return readFileSync(at("top/flake.lock"), "utf8");
}

describe("nivis flake", () => {
  test("lock writes the lock file and says what is in it", async () => {
    const { code, out, err } = await run("flake", "lock", `path:${at("top")}`);
    expect({ code, out }).toEqual({ code: 0, out: "" });
    expect(err).toContain(
      `warning: creating lock file "${at("top/flake.lock")}": \n• Added input 'dep':\n    'path:`,
    );
    expect(err).toContain("• Added input 'same':\n    follows 'dep'\n");
    expect(JSON.parse(readFileSync(at("top/flake.lock"), "utf8")).nodes.root.inputs).toEqual({
      dep: "dep",
      same: ["dep"],
    });
  });

  test("update changes what is named", async () => {
    const before = await lock();
    expect(await run("flake", "update", "--flake", `path:${at("top")}`)).toEqual({
      code: 0,
      out: "",
      err: "",
    });
    expect(readFileSync(at("top/flake.lock"), "utf8")).toBe(before);
    const missing = await run("flake", "update", "nothing", "--flake", `path:${at("top")}`);
    expect(missing.err).toContain("warning: 'nothing' does not match any input of this flake");
  });

  test("lock takes another reference for an input", async () => {
    const args = [
      "flake",
      "lock",
      `path:${at("top")}`,
      "--override-input",
      "dep",
      `path:${at("other")}`,
    ];
    expect((await run(...args)).code).toBe(0);
    const { dep } = JSON.parse(readFileSync(at("top/flake.lock"), "utf8")).nodes;
    expect([dep.locked.path, dep.original.path]).toEqual([at("other"), at("dep")]);
  });

  test("metadata shows the facts, and as JSON", async () => {
    await lock();
    const shown = await run("flake", "metadata", `path:${at("top")}`);
    expect(shown.out).toContain("Description:\x1b[0m   a flake\n");
    expect(shown.out).toMatch(/├───.*dep.*: path:.*\n└───.*same.* follows input 'dep'\n$/);
    const { out } = await run("flake", "metadata", "--json", `path:${at("top")}`);
    expect(JSON.parse(out)).toMatchObject({
      description: "a flake",
      originalUrl: `path:${at("top")}`,
      path: expect.stringMatching(/^\/nix\/store\/[0-9a-z]{32}-source$/),
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  test("metadata keeps changes to itself if it is asked to", async () => {
    const { code, err } = await run(
      "flake",
      "metadata",
      "--no-write-lock-file",
      `path:${at("top")}`,
    );
    expect(code).toBe(0);
    expect(err).toContain(`warning: not writing modified lock file of flake 'path:${at("top")}':`);
    expect(existsSync(at("top/flake.lock"))).toBe(false);
  });

  test("finds the repository around a directory, and the mistakes in it", async () => {
    execFileSync("git", ["-C", at("broken"), "init", "--quiet"]);
    const untracked = await run("flake", "metadata", at("broken"));
    expect(untracked.code).toBe(1);
    expect(untracked.err).toContain("Path 'flake.nix' in the repository");
    execFileSync("git", ["-C", at("broken"), "add", "flake.nix"]);
    const { err } = await run("flake", "metadata", at("broken"));
    expect(err).toContain("error: expected a string but got a thunk at ");
  });

  test("prefetch shows what it has found", async () => {
    const { out } = await run("flake", "prefetch", "--json", `path:${at("dep")}`);
    expect(JSON.parse(out)).toMatchObject({ locked: { type: "path", path: at("dep") } });
  });

  test.each([
    [["flake"], "Usage: nivis flake"],
    [
      ["flake", "lok"],
      "'lok' is not a recognised command of 'nivis flake'\n       Did you mean lock",
    ],
    [["flake", "lock", "a", "b"], "unexpected argument 'b'"],
    [
      ["flake", "update", "--override-input", "", "x"],
      "--override-input was passed a zero-length input path",
    ],
    [["flake", "update", "a b"], "invalid flake input attribute path element 'a b'"],
    [["flake", "metadata", "nowhere"], "cannot find flake 'flake:nowhere' in the flake registries"],
    [
      ["flake", "metadata", "--option", "tarball-ttl", "soon", "x"],
      "setting 'tarball-ttl' has invalid value 'soon'",
    ],
    [["prefetch"], "this command needs a URL"],
    [["registry", "add", "x"], "this command takes 2 references, but 1 were given"],
  ])("%j is refused", async (args, message) => {
    const { code, err } = await run(...args);
    expect(code).toBe(1);
    expect(err).toContain(message);
  });
});

test("nivis registry names, pins, resolves and forgets", async () => {
  expect(await run("registry", "add", "mine", `path:${at("dep")}`)).toEqual({
    code: 0,
    out: "",
    err: "",
  });
  expect((await run("registry", "list")).out).toBe(`user   flake:mine path:${at("dep")}\n`);
  expect((await run("registry", "resolve", "mine")).out).toBe(`path:${at("dep")}\n`);
  expect((await run("registry", "pin", "mine")).err).toContain("is not locked");
  const { flakes } = JSON.parse(readFileSync(at("config/nix/registry.json"), "utf8"));
  expect(flakes[0].to).toMatchObject({
    __final: true,
    type: "path",
    lastModified: expect.any(Number),
  });
  expect(await run("registry", "remove", "mine")).toEqual({ code: 0, out: "", err: "" });
  expect((await run("registry", "list")).out).toBe("");
});

describe("nivis prefetch", () => {
  const url = `file://${at("dep/flake.nix")}`;

  test("prints the hash of a file", async () => {
    const { out } = await run("prefetch", url);
    expect(out).toMatch(/^[0-9a-z]{52}\n$/);
    expect((await run("prefetch", url, out.trim())).code).toBe(0);
    expect((await run("prefetch", "--sri", url)).out).toMatch(/^sha256-.{44}\n$/);
    expect((await run("prefetch", "--type", "sha1", url)).out).toMatch(/^[0-9a-z]{32}\n$/);
  });

  test("fails with 102 if it is another one", async () => {
    const { code, err } = await run("prefetch", url, "0".repeat(52));
    expect(code).toBe(102);
    expect(err).toContain(`hash mismatch for '${url}':`);
  });

  test("prints that of a tree", async () => {
    execFileSync("tar", ["-czf", at("dep.tar.gz"), "-C", folder.path, "dep"]);
    const unpacked = await run("prefetch", "--unpack", "--sri", `file://${at("dep.tar.gz")}`);
    const tree = await run("prefetch", "--sri", `path:${at("dep")}`);
    expect(unpacked.out).toBe(tree.out);
  });
});
