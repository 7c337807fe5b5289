/**
 * A command starts fast because it loads little. This test checks the modules that Node loads for a
 * trivial expression: one more `import` at the head of a file costs every run milliseconds, and no
 * other test would notice.
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { builtCommand, runProcess } from "@nivis/testkit";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ON_DEMAND } from "../../scripts/bundles.mjs";

/**
 * The budget of the main bundle in bytes. What does not fit belongs into a bundle on demand (see
 * scripts/bundles.mjs).
 */
const MAX_SIZE = 940_000;

const dist = fileURLToPath(new URL("../../packages/nivis/dist", import.meta.url));

let folder: string;
let probe: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "nivis-start-up-"));
  probe = join(folder, "probe.cjs");
  const print = 'require("node:fs").writeSync(2, process.moduleLoadList.join("\\n"))';
  writeFileSync(probe, `process.on("exit", () => ${print});\n`);
});

afterAll(() => rmSync(folder, { recursive: true }));

/** Node's modules that a run of the built command loads directly. */
async function loaded(...args: string[]): Promise<Set<string>> {
  const { code, stderr } = await runProcess(process.execPath, {
    args: ["--require", probe, builtCommand("nivis"), ...args],
    cwd: folder,
    env: { NIVIS_NO_CACHE: "", NIVIS_NO_RESULTS: "1", XDG_CACHE_HOME: folder },
  });
  expect(code).toBe(0);
  return new Set(stderr.split("\n").map((line) => line.replace(/^NativeModule /, "")));
}

describe("a trivial expression", () => {
  // In the order of their cost.
  const costly = ["crypto", "net", "tty", "zlib", "child_process", "worker_threads", "readline"];

  test.each(["first", "second"])("loads none of the large modules of Node, %s run", async () => {
    const modules = await loaded("eval", "-E", "1");
    expect(modules).toContain("fs");
    expect(costly.filter((name) => modules.has(name))).toEqual([]);
  });

  test("differs from a hash, which loads node:crypto", async () => {
    expect(await loaded("eval", "-E", 'builtins.hashString "md5" ""')).toContain("crypto");
  });
});

describe("the bundles that are loaded", () => {
  // Each leaves V8's code of it in the cache.
  test.each([
    [["eval", "-E", "1"], ["main"]],
    [
      ["lint", "default.nix"],
      ["commands", "main"],
    ],
    [["flake", "lock", "path:."], ["lock"]],
  ])("by nivis %j", async (args, bundles) => {
    const cache = mkdtempSync(join(folder, "cache-"));
    const cwd = mkdtempSync(join(folder, "flake-"));
    writeFileSync(join(cwd, "default.nix"), "{ }\n");
    writeFileSync(join(cwd, "flake.nix"), "{ outputs = _: { }; }\n");
    const { code } = await runProcess(process.execPath, {
      args: [builtCommand("nivis"), ...args],
      cwd,
      env: {
        NIVIS_NO_CACHE: "",
        NIVIS_NO_RESULTS: "1",
        XDG_CACHE_HOME: cache,
        NIX_CONFIG: "experimental-features = nix-command flakes",
      },
    });
    expect(code).toBe(0);
    const names = readdirSync(join(cache, "nivis", "code"));
    expect(names.map((name) => name.replace(/-.*/, "")).sort()).toEqual(bundles);
  });
});

/** The modules that a built file requires when it is loaded. */
function requires(pattern: RegExp): string[] {
  const files = readdirSync(dist).filter((name) => pattern.test(name));
  expect(files).toHaveLength(1);
  const text = readFileSync(join(dist, files[0] as string), "utf8");
  return [
    ...new Set([...text.matchAll(/= require\("([^"]+)"\)/g)].map(([, name]) => name as string)),
  ];
}

test("the bundle requires only files and paths from Node at start", () => {
  expect(requires(/^main-.*\.js$/).sort()).toEqual(["node:fs", "node:path"]);
});

describe("the main bundle", () => {
  const [name] = readdirSync(dist).filter((entry) => /^main-.*\.js$/.test(entry));
  const text = readFileSync(join(dist, name as string), "utf8");
  // esbuild names each module above its code.
  const [, ...pieces] = text.split(/^\/\/ ((?:packages|node_modules)\/.*|virtual:.*)$/m);
  const modules = new Map(
    pieces.flatMap((piece, i) => (i % 2 === 0 ? [[piece, pieces[i + 1] as string]] : [])),
  );

  test("contains none of the code that an evaluation does not need", () => {
    const elsewhere = [
      /^packages\/(?:fmt|fetch|flake)\//,
      /^packages\/syntax\/src\/(?:lint|edit|tree)\//,
      /^packages\/eval\/src\/(?:diagnostics|regex|statistics)\/(?!regex-error)/,
      /^packages\/nivis\/src\/formatting\//,
      /^node_modules\//,
    ];
    const found = [...modules].filter(
      ([path, code]) => elsewhere.some((one) => one.test(path)) && !/\breturn load\(/.test(code),
    );
    expect(found.map(([path]) => path)).toEqual([]);
  });

  test("has a function that loads the real one for each that is loaded on demand", () => {
    for (const [bundle, paths] of Object.entries(ON_DEMAND)) {
      for (const path of paths) {
        const found = modules.get(`packages/${path}`);
        expect(found, path).toContain(`return load("${bundle}").`);
        expect(found?.length, path).toBeLessThan(2000);
      }
    }
  });

  test("is small: V8 pays for each function at each start, whether it is called or not", () => {
    expect(modules.size).toBeGreaterThan(100);
    // The build pads it with blanks; see bundles.mjs.
    expect(text.trimEnd().length).toBeLessThan(MAX_SIZE);
  });
});

test("the bundle that locks flakes has nothing of the machine", () => {
  const names = readdirSync(dist).filter((entry) => /^lock-[A-Z0-9]{8}\.js$/.test(entry));
  expect(names).toHaveLength(1);
  const text = readFileSync(join(dist, names[0] as string), "utf8");
  const machine = /^\/\/ packages\/eval\/src\/(?:compiler|operations|tier|vm\/run)\b.*$/gm;
  expect(text.match(machine)).toBeNull();
  expect(text.trimEnd().length).toBeLessThan(MAX_SIZE);
});

test("the launcher requires files, paths and scripts", () => {
  expect(requires(/^launch\.cjs$/).sort()).toEqual(["node:fs", "node:path", "node:vm"]);
});
