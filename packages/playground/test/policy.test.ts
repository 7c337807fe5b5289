/** The library in pages: translated code where the policy allows it, and the machine alone elsewhere. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root, sourceAliases } from "../../../scripts/workspace.mjs";
import { CHROMIUM, FileServer, openBrowser } from "./browser.ts";

const PROGRAM = `
import { Evaluation, memoryIo } from "@nivis/eval";
import { createPortableHashes } from "./packages/formats/src/hash/portable-hash.ts";
const evaluation = new Evaluation({ io: memoryIo(), tierThreshold: 100 });
const text = "let fib = n: if n < 2 then n else fib (n - 1) + fib (n - 2); in fib 20";
globalThis.result = {
  value: evaluation.print(evaluation.evaluate(text)),
  translated: evaluation.tierCounters?.translated ?? 0,
  hash: createPortableHashes().hex("sha256", "abc"),
};`;

/** Of "abc": FIPS 180-4. */
const DIGEST = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

describe.skipIf(CHROMIUM === undefined)("a page whose policy", () => {
  const folder = mkdtempSync(join(tmpdir(), "nivis-policy-"));
  let browser: Browser;

  beforeAll(async () => {
    await build({
      stdin: { contents: PROGRAM, resolveDir: root, loader: "ts" },
      outfile: join(folder, "page.js"),
      bundle: true,
      format: "iife",
      alias: sourceAliases(),
    });
    writeFileSync(join(folder, "index.html"), '<!doctype html><script src="page.js"></script>');
    browser = await openBrowser();
  });

  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  test.each([
    ["allows code from strings", "'unsafe-eval'", true],
    ["allows WebAssembly only", "'wasm-unsafe-eval'", false],
    ["forbids both", "", false],
  ])("%s", async (_, source, isTranslated) => {
    const server = await FileServer.start(folder, {
      headers: { "content-security-policy": `default-src 'none'; script-src 'self' ${source}` },
    });
    const page = await browser.newPage();
    try {
      await page.goto(`${server.url}/`);
      const result = (await page.evaluate("result")) as { readonly translated: number };
      expect(result).toMatchObject({ value: "6765", hash: DIGEST });
      expect(result.translated > 0).toBe(isTranslated);
    } finally {
      await page.close();
      await server.close();
    }
  });
});
