/**
 * The web extension in Chromium: the packed server runs in a worker, and a client in a page speaks with it over
 * messages. Skipped without Chromium.
 */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { unzipSync } from "fflate";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CHROMIUM, FileServer, openBrowser } from "../../packages/playground/test/browser.ts";
import { root } from "../../scripts/workspace.mjs";
import type { Talk, Talked } from "./web-client.ts";

if (CHROMIUM === undefined) process.stdout.write("tests/lsp: skipped without Chromium\n");

const folder = mkdtempSync(join(tmpdir(), "nivis-web-"));
let server: FileServer;

describe.skipIf(CHROMIUM === undefined)("the web extension", () => {
  beforeAll(async () => {
    const script = join(root, "scripts", "run-ts.mjs");
    const packed = spawnSync(process.execPath, [script, "scripts/build-vscode.ts"], {
      cwd: root,
      encoding: "utf8",
    });
    expect(packed.status, packed.stderr).toBe(0);
    const entries = unzipSync(readFileSync(join(root, "editors", "vscode", "nivis.vsix")));
    const manifest = JSON.parse(
      new TextDecoder().decode(entries["extension/package.json"]),
    ) as Record<string, string>;
    expect(entries[`extension/${manifest["browser"]?.slice(2)}`]).toBeDefined();
    writeFileSync(
      join(folder, "server-worker.js"),
      entries["extension/dist/server-worker.js"] as Uint8Array,
    );
    await build({
      entryPoints: [join(import.meta.dirname, "web-client.ts")],
      outfile: join(folder, "client.js"),
      bundle: true,
      format: "iife",
      platform: "browser",
      logLevel: "warning",
    });
    writeFileSync(
      join(folder, "index.html"),
      '<!doctype html><meta charset="utf-8"><script src="client.js"></script>',
    );
    server = await FileServer.start(folder);
  });

  afterAll(async () => {
    await server?.close();
    rmSync(folder, { recursive: true, force: true });
  });

  async function talk(what: Omit<Talk, "worker">): Promise<Talked> {
    const browser = await openBrowser();
    try {
      const page = await browser.newPage();
      const failures: string[] = [];
      page.on("pageerror", (error) => failures.push(String(error)));
      await page.goto(server.url);
      const said = await page.evaluate(
        (params) => (globalThis as unknown as { talk(params: Talk): Promise<Talked> }).talk(params),
        { ...what, worker: "server-worker.js" },
      );
      expect(failures).toEqual([]);
      return said;
    } finally {
      await browser.close();
    }
  }

  test("serves diagnostics, completion, hovers, formatting and files of the client", async () => {
    const uri = "file:///w/main.nix";
    const text =
      'let own = "é𝄞"; other = import ./other.nix; in { a = own + other.thing; b = missing; }';
    const textDocument = { uri };
    const at = (what: string) => ({
      textDocument,
      position: { line: 0, character: text.indexOf(what) + 1 },
    });
    const { replies, diagnostics, asked } = await talk({
      files: { "/w/other.nix": "{\n  thing = 2;\n}\n" },
      documents: { [uri]: text },
      requests: [
        { method: "textDocument/definition", params: at("thing") },
        { method: "textDocument/hover", params: at("import") },
        { method: "textDocument/completion", params: at("own + ") },
        {
          method: "textDocument/formatting",
          params: { textDocument, options: { tabSize: 2, insertSpaces: true } },
        },
      ],
    });
    const [definition, hover, completion, formatting] = replies;
    expect(JSON.stringify(definition)).toContain("file:///w/other.nix");
    expect(JSON.stringify(hover)).toContain("import");
    expect(JSON.stringify(completion)).toContain('"own"');
    expect(JSON.stringify(formatting)).toContain("newText");
    expect(diagnostics[uri]?.map(({ code }) => code)).toEqual(["undefined-variable"]);
    expect(asked).toContain("/w/other.nix");
  });

  test("survives texts with mistakes and files that are not there", async () => {
    const uri = "file:///w/broken.nix";
    const text = "{ a = import ./gone.nix; b = (; c = ]; ";
    const textDocument = { uri };
    const position = { line: 0, character: text.indexOf("gone") };
    const { replies, diagnostics } = await talk({
      files: {},
      documents: { [uri]: text },
      requests: [
        { method: "textDocument/definition", params: { textDocument, position } },
        { method: "textDocument/documentSymbol", params: { textDocument } },
      ],
    });
    expect(replies).toHaveLength(2);
    expect(diagnostics[uri]?.length).toBeGreaterThan(1);
  });
});
