/** Fetching with the built commands: repositories, archives and files of this machine. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { TestRepository } from "../../node/test/fetching/git-repository.ts";

const INSTANTIATE = fileURLToPath(new URL("../bin/nivis-instantiate.cjs", import.meta.url));
const NIVIS = fileURLToPath(new URL("../bin/nivis.cjs", import.meta.url));
const NIX = fileURLToPath(new URL("../bin/nivis-nix.cjs", import.meta.url));

const PROGRAM = `{
  text = builtins.readFile ./sub/text;
  here = toString ./.;
  lines = x: throw "from the tree";
}`;

const ZERO_HASH = `sha256-${"A".repeat(43)}=`;

describe("commands fetch", () => {
  const folder = mkdtempSync(join(tmpdir(), "nivis-fetching-"));
  const repository = new TestRepository(join(folder, "repository"));
  let rev = "";

  beforeAll(() => {
    rev = repository.commit({ "default.nix": PROGRAM, "sub/text": "some text" });
    mkdirSync(join(folder, "pack", "sub"), { recursive: true });
    writeFileSync(join(folder, "pack", "default.nix"), PROGRAM);
    writeFileSync(join(folder, "pack", "sub", "text"), "some text");
    execFileSync("tar", ["-czf", "pack.tar.gz", "pack"], { cwd: folder });
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  function run(script: string, ...args: string[]) {
    const { status, stdout, stderr } = spawnSync(process.execPath, [script, ...args], {
      cwd: folder,
      encoding: "utf8",
      env: {
        PATH: process.env["PATH"],
        HOME: folder,
        XDG_CACHE_HOME: join(folder, "cache"),
        NIX_REMOTE: "dummy://",
        NIX_CONF_DIR: join(folder, "no-configuration"),
        NIX_CONFIG: "experimental-features = flakes fetch-tree nix-command\nflake-registry =",
      },
    });
    return { code: status, out: stdout, err: stderr };
  }

  function value(text: string, ...more: string[]): unknown {
    const { out, err } = run(INSTANTIATE, "--eval", "--strict", "--json", "-E", text, ...more);
    // Nix: what is unpacked is said at the level of the older commands.
    expect(err.replace(/^unpacking '.*' into the Git cache\.\.\.\n/gm, "")).toBe("");
    return JSON.parse(out);
  }

  /** A set with `outPath` is its path as JSON, so the set gets another name for it. */
  const FETCHED = `let t = builtins.fetchGit ./repository; in removeAttrs t [ "outPath" ] // { path = t.outPath; }`;

  test("a repository: its work tree, a commit, and what is read from it", () => {
    const fetched = value(FETCHED) as Record<string, unknown>;
    expect(fetched).toMatchObject({ rev, revCount: 1, shortRev: rev.slice(0, 7) });
    expect(fetched["lastModifiedDate"]).toBe("20020304050607");
    const commit = value(
      `let t = builtins.fetchTree { type = "git"; url = "file://${folder}/repository"; rev = "${rev}"; }; in { path = t.outPath; inherit (t) narHash; inherit (import t) text here; }`,
    );
    expect(commit).toEqual({
      path: fetched["path"],
      here: fetched["path"],
      narHash: fetched["narHash"],
      text: "some text",
    });
  });

  test("an archive, as an argument, in the search path and as the program", () => {
    const url = `file://${folder}/pack.tar.gz`;
    expect(value(`(import (fetchTarball "${url}")).text`)).toBe("some text");
    expect(value("(import <pack>).text", "-I", `pack=${url}`)).toBe("some text");
    const { out } = run(INSTANTIATE, "--eval", url, "-A", "text");
    expect(out).toBe('"some text"\n');
    const flake = value("(import <pack>).text", "-I", `pack=flake:path:${folder}/pack`);
    expect(flake).toBe("some text");
  });

  test("what was fetched is listed and removed by nivis cache, and fetched again", () => {
    const text = `(import (fetchTarball "file://${folder}/pack.tar.gz")).text`;
    expect(value(text)).toBe("some text");
    const shown = /fetched sources\n {2}directory .*\n {2}files +(\d+)\n/;
    expect(Number(shown.exec(run(NIVIS, "cache").out)?.[1])).toBeGreaterThan(0);
    run(NIVIS, "cache", "trim", "--max-size", "0");
    expect(readdirSync(join(folder, "cache", "nivis", "trees"))).toEqual([]);
    expect(value(text)).toBe("some text");
    run(NIVIS, "cache", "clear");
    expect(Number(shown.exec(run(NIVIS, "cache").out)?.[1])).toBe(0);
  });

  test("a hash that differs: the message and exit code 102", () => {
    const { narHash } = value(FETCHED) as { narHash: string };
    const text = `builtins.fetchGit { url = ./repository; narHash = "${ZERO_HASH}"; }`;
    const { code, err } = run(INSTANTIATE, "--eval", "-E", text);
    expect(code).toBe(102);
    // Nix: the two hashes are the wrong way round.
    expect(err).toContain(`expected '${narHash}' but got '${ZERO_HASH}'`);
  });

  test("positions show where a tree comes from in pure evaluation", () => {
    const text = `(import (builtins.fetchGit { url = "file://${folder}/repository"; rev = "${rev}"; })).lines 1`;
    const shown = `«git+file://${folder}/repository?exportIgnore=1&ref=refs/heads/main&rev=${rev}»/default.nix:4:14:`;
    expect(run(NIX, "eval", "--pure-eval", "--expr", text).err).toContain(shown);
    expect(run(NIX, "eval", "--impure", "--expr", text).err).toMatch(
      /at \/nix\/store\/.*-source\/default\.nix:4:14:/,
    );
  });

  test("warnings of fetchers, and a change that a later evaluation sees", () => {
    repository.write({ "sub/text": "changed" });
    const { err, out } = run(
      INSTANTIATE,
      ...["--eval", "-E", "(import (builtins.fetchGit ./repository)).text"],
    );
    expect(err).toBe(`warning: Git tree '${folder}/repository' is dirty\n`);
    expect(out).toBe('"changed"\n');
  });
});
