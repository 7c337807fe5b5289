/** The cache of compiled files as the commands use it. */
import { spawn } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { builtCommand } from "@nivis/testkit";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { folderWith, instantiate, nivis } from "./terminal-double.ts";

let folder = folderWith({});
let environment: Record<string, string> = {};

beforeEach(() => {
  folder = folderWith({
    "main.nix": "{ sum = import ./sum.nix 1 2; bad = throw (toString __curPos.line); }",
    "sum.nix": "a: b: a + b",
    "caches/empty": "",
  });
  environment = { NIVIS_NO_CACHE: "", XDG_CACHE_HOME: join(folder.path, "caches") };
});

afterEach(() => folder.remove());

const bytecode = (): string => join(folder.path, "caches", "nivis", "bytecode");

function entries(): string[] {
  if (!existsSync(bytecode())) return [];
  return readdirSync(bytecode(), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
}

const evaluateSum = (...flags: string[]): string =>
  nivis(["eval", ...flags, join(folder.path, "main.nix"), "sum"], { environment }).out;

describe("evaluating commands", () => {
  test("keep what they compile, and find it again", () => {
    expect(evaluateSum()).toBe("3\n");
    const kept = entries();
    // `derivation` is not asked for, so these are the two files.
    expect(kept).toHaveLength(2);
    const before = kept.map((path) => readFileSync(path));
    expect(evaluateSum()).toBe("3\n");
    expect(entries().map((path) => readFileSync(path))).toEqual(before);
  });

  test("keep what was compiled before an error", () => {
    const bad = ["eval", join(folder.path, "main.nix"), "bad"];
    const cold = nivis(bad, { environment });
    expect(cold.code).toBe(1);
    expect(entries()).toHaveLength(1);
    expect(nivis(bad, { environment })).toEqual(cold);
    expect(nivis([...bad, "--no-cache"], { environment })).toEqual(cold);
  });

  test("neither read nor write with --no-cache", () => {
    expect(evaluateSum("--no-cache")).toBe("3\n");
    expect(entries()).toEqual([]);
    const args = ["--eval", "--no-cache", join(folder.path, "main.nix"), "-A", "sum"];
    expect(instantiate(args, { environment }).out).toBe("3\n");
    expect(entries()).toEqual([]);
  });

  test("neither read nor write where NIVIS_NO_CACHE is set", () => {
    environment["NIVIS_NO_CACHE"] = "1";
    expect(evaluateSum()).toBe("3\n");
    expect(entries()).toEqual([]);
  });

  test("use ~/.cache/nivis, unless the home directory does not exist", () => {
    const home = join(folder.path, "home");
    environment = { NIVIS_NO_CACHE: "", HOME: home };
    expect(evaluateSum()).toBe("3\n");
    expect(existsSync(home)).toBe(false);
    mkdirSync(home);
    expect(evaluateSum()).toBe("3\n");
    expect(existsSync(join(home, ".cache", "nivis", "bytecode"))).toBe(true);
  });

  test("see a file that has changed", () => {
    expect(evaluateSum()).toBe("3\n");
    writeFileSync(join(folder.path, "sum.nix"), "a: b: a - b");
    expect(evaluateSum()).toBe("-1\n");
  });

  test("work where nothing can be written", () => {
    rmSync(join(folder.path, "caches"), { recursive: true });
    writeFileSync(join(folder.path, "caches"), "a file");
    expect(evaluateSum()).toBe("3\n");
  });

  test("show and trace the code as it is compiled", () => {
    evaluateSum();
    const traced = nivis(["trace", join(folder.path, "main.nix"), "sum"], { environment });
    const uncached = nivis(["trace", "--no-cache", join(folder.path, "main.nix"), "sum"], {
      environment,
    });
    expect(traced).toEqual(uncached);
  });

  test("of many processes at once do not disturb each other", async () => {
    const runs = Array.from(
      { length: 6 },
      () =>
        new Promise<string>((resolve) => {
          const child = spawn(
            process.execPath,
            [builtCommand("nivis"), "eval", join(folder.path, "main.nix"), "sum"],
            { env: { ...process.env, NIX_PATH: "", ...environment } },
          );
          const out: Buffer[] = [];
          child.stdout.on("data", (piece: Buffer) => out.push(piece));
          child.stderr.on("data", (piece: Buffer) => out.push(piece));
          child.on("close", () => resolve(Buffer.concat(out).toString()));
        }),
    );
    expect(await Promise.all(runs)).toEqual(runs.map(() => "3\n"));
    expect(entries()).toHaveLength(2);
  });
});

describe("nivis cache warm", () => {
  const warm = (...args: string[]): { code: number; out: string; err: string } =>
    nivis(["cache", "warm", ...args], { environment });

  test("wants a command", () => {
    const { code, err } = warm("build");
    expect(code).toBe(1);
    expect(err).toContain("'nivis cache warm' takes a command: eval or instantiate");
  });

  test.each(["NIVIS_NO_CACHE", "NIVIS_NO_RESULTS"])(
    "keeps nothing under %s, and says so",
    (name) => {
      const { code, err } = nivis(["cache", "warm", "eval", "--expr", "1"], {
        environment: { ...environment, [name]: "1" },
      });
      expect(code).toBe(1);
      expect(err).toContain(`'${name}' is set, so no command would use a heap image`);
    },
  );

  test("says why it has kept nothing", () => {
    const { code, out, err } = warm("eval", "--expr", "builtins.trace 1 2");
    expect(code).toBe(1);
    expect(out).toBe("");
    expect(err).toContain("no heap image was kept");
  });

  test("adds to an image, and replaces one that cannot be used", () => {
    const text =
      'rec { bad = throw "no"; caught = builtins.tryEval bad; good = 2; set = { inherit good; }; }';
    writeFileSync(join(folder.path, "bad.nix"), text);
    writeFileSync(join(folder.path, "main.nix"), "import ./bad.nix");
    const images = (): Buffer[] =>
      readdirSync(join(folder.path, "caches", "nivis", "images"), {
        recursive: true,
        withFileTypes: true,
      })
        .filter((entry) => entry.isFile())
        .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    const warmed = (attribute: string) =>
      nivis(["cache", "warm", "eval", join(folder.path, "main.nix"), attribute], {
        environment,
        build: "a build",
      });
    const kept = (attribute: string): Buffer => {
      const run = warmed(attribute);
      expect(run).toEqual({ code: 0, out: "", err: "" });
      const [image, ...others] = images();
      expect(others).toEqual([]);
      return image as Buffer;
    };
    const first = kept("caught");
    // It has no value for `bad`, nor does what is written on top of it.
    expect(kept("good").length).toBeGreaterThanOrEqual(first.length);
    expect(kept("set").length).toBeGreaterThanOrEqual(first.length);
    const { code, err } = warmed("bad");
    expect(code).toBe(1);
    expect(err).toContain("error: no\n");
    expect(err).not.toContain("cannot be used");
    expect(kept("caught.value")).toBeDefined();
    // A run that fails with the image is repeated: this needs `bad` again.
    writeFileSync(
      join(folder.path, "main.nix"),
      "let b = import ./bad.nix; in b // { again = builtins.tryEval b.bad; }",
    );
    expect(kept("again")).toBeDefined();
  });
});

describe("nivis cache", () => {
  const cache = (...args: string[]): { code: number; out: string; err: string } =>
    nivis(["cache", ...args], { environment });

  test("shows where the cache is and what is in it", () => {
    const nothing = "  files      0\n  size       0.0 KiB\n";
    const results = join(folder.path, "caches", "nivis", "results");
    const directories = {
      "compiled files": bytecode(),
      results,
      "heap images": join(folder.path, "caches", "nivis", "images"),
      "outputs of flakes": join(folder.path, "caches", "nivis", "outputs"),
      "fetched sources": join(folder.path, "caches", "nivis"),
    };
    expect(cache().out).toBe(
      Object.entries(directories)
        .map(([name, directory]) => `${name}\n  directory  ${directory}\n${nothing}`)
        .join(""),
    );
    evaluateSum();
    expect(cache("show").out).toContain("files      2\n");
  });

  test("fails when it cannot remove what it should, and removes the rest", () => {
    evaluateSum();
    // A directory is not removed as a file is; there is none in a cache unless somebody made it.
    const stuck = join(bytecode(), "0", "ab");
    mkdirSync(stuck, { recursive: true });
    const { code, out, err } = cache("trim", "--max-size", "0");
    expect(out).toContain("removed compiled files\n  files      2\n");
    expect(entries()).toEqual([]);
    expect(err).toMatch(new RegExp(`^error: removing '${stuck}': `));
    expect(code).toBe(1);
  });

  // Nothing keeps the superuser from removing files.
  test.skipIf(process.geteuid?.() === 0)("says what it may not clear", () => {
    evaluateSum();
    const shards = readdirSync(bytecode()).map((name) => join(bytecode(), name));
    for (const shard of shards) chmodSync(shard, 0o500);
    const { code, err } = cache("clear");
    for (const shard of shards) chmodSync(shard, 0o700);
    expect(entries()).toHaveLength(2);
    expect(err).toMatch(new RegExp(`^error: removing '${bytecode()}/.': Permission denied`));
    expect(code).toBe(1);
  });

  test("shows how much of heap images is usable", () => {
    writeFileSync(
      join(folder.path, "all.nix"),
      "{ }: rec { a = import ./three.nix; b = import ./five.nix; c = a + b; }",
    );
    writeFileSync(join(folder.path, "three.nix"), "3");
    writeFileSync(join(folder.path, "five.nix"), "5");
    const sum = `(import ${folder.path}/all.nix { }).c`;
    const options = { environment, build: "test" };
    const warm = nivis(["cache", "warm", "eval", "--expr", sum, "--impure"], options);
    expect(warm).toMatchObject({ code: 0, out: "", err: "" });
    expect(cache().out).toContain("  usable     4 of 4 files and calls\n");
    writeFileSync(join(folder.path, "three.nix"), "4");
    expect(cache().out).toContain("  usable     3 of 4 files and calls\n");
  });

  test("trims and clears it", () => {
    evaluateSum();
    expect(cache("trim", "--max-age", "1d").out).toContain("files      0\n");
    expect(cache("trim", "--max-size", "1G").out).toContain("files      0\n");
    expect(cache("trim", "--max-size", "0").out).toContain("files      2\n");
    expect(entries()).toEqual([]);
    evaluateSum();
    expect(cache("clear").out).toContain("files      2\n");
    expect(entries()).toEqual([]);
  });

  test.each([
    [["trim"], "'nivis cache trim' needs --max-size or --max-age"],
    [["trim", "--max-size", "many"], "'many' is not a size, such as 64M"],
    [["trim", "--max-age", "3y"], "'3y' is not an age, such as 30d"],
    [["clear", "--max-age", "3d"], "--max-size and --max-age go with 'nivis cache trim'"],
    [["show", "clear"], "only one thing can be done at a time"],
    [["drop"], "'drop' is not something to do with the cache: show, trim, clear or warm"],
  ])("%s is an error", (args, message) => {
    const { code, err } = cache(...args);
    expect(code).toBe(1);
    expect(err).toContain(message);
  });

  test("says so if there is none", () => {
    environment["NIVIS_NO_CACHE"] = "1";
    expect(cache().err).toContain("there is no cache");
  });
});
