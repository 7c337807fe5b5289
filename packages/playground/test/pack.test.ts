/**
 * Evaluation over a pack in Chromium gives the paths of Node, and of C++ Nix if there is one: with a tree
 * that the test makes, and with nixpkgs if NIVIS_NIXPKGS_2611 names it.
 */
import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { deflateRawSync } from "node:zlib";
import { Evaluation } from "@nivis/eval";
import { encodeUtf8 } from "@nivis/formats";
import { InputRecorder, inputLines, nodeHashes, nodeIo } from "@nivis/node";
import { packTree, profileOfTrace } from "@nivis/pack";
import type { Browser, BrowserContext } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, openBrowser } from "./browser.ts";
import { type PackServer, servePack } from "./pack-page.ts";

if (CHROMIUM === undefined) console.warn("SKIPPED: Chromium is not installed");

/** The number of packages of the tree that is made here. */
const PACKAGES = 200;

const folder = mkdtempSync(join(tmpdir(), "nivis-browser-pack-"));
const tree = join(folder, "tree");

interface PackWindow {
  evaluateOverPack(text: string): Promise<Result>;
  stopWorker(): void;
  readonly violations: readonly string[];
}

interface Result {
  readonly kind: string;
  readonly value?: string;
  readonly requests: number;
  readonly bytes: number;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(tree, path)), { recursive: true });
  writeFileSync(join(tree, path), text);
}

/** A tree with the traits of nixpkgs: a fixpoint, a library, packages by name, patches, scripts. */
function makeTree(): void {
  write(
    "default.nix",
    `{ system ? builtins.currentSystem }:
let
  lib = import ./lib;
  names = builtins.attrNames (builtins.readDir ./by-name);
  scope = lib.fix (self: builtins.listToAttrs (map (name: {
    inherit name;
    value = import (./by-name + "/\${name}/package.nix") { inherit lib system; pkgs = self; };
  }) names));
in scope // { inherit lib; }
`,
  );
  write(
    "lib/default.nix",
    `{ fix = f: let x = f x; in x; isSource = path: type: type != "symlink"; }`,
  );
  for (let i = 0; i < PACKAGES; i++) {
    const inputs = [i * 2 + 1, i * 2 + 2].filter((n) => n < PACKAGES).map((n) => `pkgs.p${n}`);
    write(
      `by-name/p${i}/package.nix`,
      `{ lib, pkgs, system }: derivation {
  name = "p${i}-1.\${toString ${i}}";
  inherit system;
  builder = ./builder.sh;
  src = ./src;
  filtered = builtins.filterSource lib.isSource ./src;
  patches = [ ./fix.patch ];
  inputs = [ ${inputs.join(" ")} ];
}
`,
    );
    write(`by-name/p${i}/builder.sh`, "#!/bin/sh\nmkdir $out\n");
    chmodSync(join(tree, `by-name/p${i}/builder.sh`), 0o755);
    write(`by-name/p${i}/fix.patch`, `--- a/${i}\n+++ b/${i}\n`);
    write(`by-name/p${i}/src/main.c`, `/* ${"x".repeat(i * 20)} */\n`);
    write(`by-name/p${i}/src/ünï.txt`, `${i}\n`);
    symlinkSync("main.c", join(tree, `by-name/p${i}/src/link.c`));
  }
}

/** Evaluates on disk, and returns the value and the trace. */
function onDisk(text: string): { readonly value: string; readonly trace: string } {
  const inputs = new InputRecorder();
  const evaluation = new Evaluation({ io: nodeIo({ inputs }), hashes: nodeHashes });
  const value = evaluation.print(evaluation.evaluate(encodeUtf8(text)));
  return { value, trace: inputLines(inputs.list()) };
}

function writePack(root: string, traces: readonly string[], file: string): void {
  const packed = packTree({
    files: nodeIo(),
    root: encodeUtf8(root),
    profiles: traces.map((trace, i) => profileOfTrace(trace, root, String(i))),
    hashes: nodeHashes,
    deflate: (bytes) => deflateRawSync(bytes),
  });
  writeFileSync(file, Buffer.concat(packed.chunks));
}

describe.skipIf(CHROMIUM === undefined)("in Chromium", () => {
  let browser: Browser;
  let context: BrowserContext;
  let server: PackServer;
  const expression = (root: string): string =>
    `(import ${root} { system = "x86_64-linux"; }).p0.drvPath`;
  const pack = join(folder, "tree.pack");
  let disk: ReturnType<typeof onDisk>;

  beforeAll(async () => {
    makeTree();
    disk = onDisk(expression(tree));
    writePack(tree, [disk.trace], pack);
    browser = await openBrowser();
    context = await browser.newContext();
    server = await servePack(pack);
  });

  afterAll(async () => {
    await browser?.close();
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function visit(text: string, url = server.url): Promise<Result> {
    const page = await context.newPage();
    try {
      await page.goto(`${url}/`);
      const result = await page.evaluate(
        (text) => (globalThis as unknown as PackWindow).evaluateOverPack(text),
        text,
      );
      expect(await page.evaluate(() => (globalThis as unknown as PackWindow).violations)).toEqual(
        [],
      );
      return result;
    } finally {
      await page.close();
    }
  }

  test("the path is that of Node, with few requests, and again offline", async () => {
    const cold = await visit(expression("/nixpkgs"));
    expect(cold.value).toBe(disk.value);
    expect(cold.requests).toBeLessThanOrEqual(8);
    const warm = await visit(expression("/nixpkgs"));
    expect(warm.value).toBe(disk.value);
    expect(warm.requests).toBe(1);
    expect(warm.bytes).toBeLessThanOrEqual(65_536);
  });

  test("the path is that of C++ Nix", ({ skip }) => {
    let path: string;
    try {
      path = execFileSync(
        "nix-instantiate",
        ["--eval", "--readonly-mode", "-E", expression(tree)],
        {
          encoding: "utf8",
          stdio: ["ignore", "pipe", "ignore"],
        },
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
      skip("there is no C++ Nix here");
      return;
    }
    expect(path.trim()).toBe(disk.value);
  });

  test("a server without ranges gives the same", async () => {
    const plain = await servePack(pack, { ranges: false });
    try {
      const other = await browser.newContext();
      const page = await other.newPage();
      await page.goto(`${plain.url}/`);
      const result = await page.evaluate(
        (text) => (globalThis as unknown as PackWindow).evaluateOverPack(text),
        expression("/nixpkgs"),
      );
      expect(result.value).toBe(disk.value);
      expect(plain.requests.filter((path) => path === "/tree.pack").length).toBe(1);
      await other.close();
    } finally {
      await plain.close();
    }
  });

  test("an endless evaluation stops", async () => {
    const page = await context.newPage();
    await page.goto(`${server.url}/`);
    const kind = await page.evaluate(async () => {
      const scope = globalThis as unknown as PackWindow;
      const running = scope.evaluateOverPack("let f = n: if n < 0 then n else f (n + 1); in f 0");
      await new Promise((resolve) => setTimeout(resolve, 300));
      scope.stopWorker();
      return (await running).kind;
    });
    expect(kind).toBe("stopped");
    await page.close();
  });

  const nixpkgs = process.env["NIVIS_NIXPKGS_2611"];
  test.skipIf(nixpkgs === undefined).each(["hello", "git"])(
    "%s of nixpkgs has the path of Node",
    { timeout: 600_000 },
    async (name) => {
      const text = (root: string): string =>
        `(import ${root} { system = "x86_64-linux"; }).${name}.drvPath`;
      const real = onDisk(text(nixpkgs as string));
      const file = join(folder, "nixpkgs.pack");
      writePack(nixpkgs as string, [real.trace], file);
      const other = await servePack(file);
      try {
        const result = await visit(text("/nixpkgs"), other.url);
        expect(result.value).toBe(real.value);
        expect(result.bytes).toBeLessThan(2_500_000);
      } finally {
        await other.close();
      }
    },
  );
});
