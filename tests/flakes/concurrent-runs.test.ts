/** Concurrent runs that share their caches, and runs that are killed, with the built command. */
import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { builtCommand, Random, runProcess } from "@nivis/testkit";
import { afterAll, beforeAll, expect, test } from "vitest";

let folder: string;
let bare: string;
let archive: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-runs-"));
  const source = join(folder, "source");
  bare = join(folder, "bare");
  archive = join(folder, "source.tar.gz");
  mkdirSync(source);
  for (let i = 0; i < 400; i++) writeFileSync(join(source, `f${i}`), `${i}\n`.repeat(i * 20));
  const git = (...args: string[]): void => {
    execFileSync("git", ["-c", "user.name=a", "-c", "user.email=a@b", "-C", source, ...args]);
  };
  git("init", "--quiet", "--initial-branch=main");
  git("add", ".");
  git("commit", "--quiet", "--message", "m");
  git("clone", "--quiet", "--bare", ".", bare);
  execFileSync("tar", ["-czf", archive, "--exclude=.git", "-C", folder, "source"]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function options(cache: string) {
  const environment = {
    PATH: process.env["PATH"] ?? "",
    HOME: folder,
    XDG_CACHE_HOME: join(folder, cache),
    NIX_CONF_DIR: folder,
  };
  mkdirSync(environment.XDG_CACHE_HOME, { recursive: true });
  return { cwd: folder, env: { ...environment, NIVIS_NO_CACHE: "" } };
}

async function prefetch(cache: string, ref: string): Promise<string> {
  const args = [builtCommand("nivis"), "flake", "prefetch", "--json", "--refresh", ref];
  const { code, stdout, stderr } = await runProcess(process.execPath, { args, ...options(cache) });
  expect(code, stderr).toBe(0);
  return stdout;
}

test.each(["git", "tarball"])("four runs at once, of a %s input", async (kind) => {
  const ref = kind === "git" ? `git+file://${bare}` : `file://${archive}`;
  const cache = `side-by-side-${kind}`;
  const outputs = await Promise.all([1, 2, 3, 4].map(() => prefetch(cache, ref)));
  expect(new Set(outputs).size).toBe(1);
});

test.each(["git", "tarball"])(
  "runs that are killed leave nothing in the way, of a %s input",
  async (kind) => {
    const ref = kind === "git" ? `git+file://${bare}` : `file://${archive}`;
    const cache = `killed-${kind}`;
    const random = new Random(1);
    const args = [builtCommand("nivis"), "flake", "prefetch", "--json", "--refresh", ref];
    for (let i = 0; i < 8; i++) {
      const child = spawn(process.execPath, args, { ...options(cache), stdio: "ignore" });
      const ended = new Promise((resolve) => child.once("close", resolve));
      setTimeout(() => child.kill("SIGKILL"), random.between(50, 900));
      await ended;
    }
    expect(await prefetch(cache, ref)).toBe(await prefetch("fresh", ref));
    const trees = join(folder, cache, "nivis", "trees");
    if (kind === "tarball") {
      const complete = readdirSync(trees).filter((name) => name.endsWith(".index"));
      expect(complete).toHaveLength(1);
    }
  },
);
