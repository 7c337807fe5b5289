/** A page that evaluates over a pack in the playground's worker, without the playground. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { root, sourceAliases } from "../../../scripts/workspace.mjs";
import { FileServer, type ServeOptions } from "./browser.ts";

const PAGE = `<!doctype html><meta charset="utf-8"><title>pack</title>
<script src="page.js"></script>`;

// A page that its policy lets load scripts of its own only: the machine needs no code from strings.
const POLICY = "default-src 'self'; script-src 'self'; worker-src 'self'; connect-src 'self'";

const SCRIPT = `
const worker = new Worker("worker.js", { type: "module" });
const waiting = new Map();
let next = 0;
worker.onmessage = ({ data }) => {
  const { resolve, reject } = waiting.get(data.id);
  waiting.delete(data.id);
  "answer" in data ? resolve(data.answer) : reject(new Error(data.error));
};
const ask = (method, params) =>
  new Promise((resolve, reject) => {
    const id = next++;
    waiting.set(id, { resolve, reject });
    worker.postMessage({ id, method, params });
  });
window.violations = [];
addEventListener("securitypolicyviolation", (event) => window.violations.push(event.violatedDirective));
window.stopWorker = () => worker.postMessage({ stop: true });
window.evaluateOverPack = async (text) => {
  const begun = performance.now();
  await ask("open", { files: { "main.nix": text }, pack: { url: new URL("tree.pack", location).href } });
  const { root, ...outcome } = await ask("evaluate", { file: "main.nix" });
  return { ...outcome, value: root?.text, total: performance.now() - begun };
};`;

/** The server of such a page. */
export interface PackServer extends Pick<FileServer, "url" | "requests" | "close"> {}

/** Serves the page for a pack. */
export async function servePack(pack: string, options: ServeOptions = {}): Promise<PackServer> {
  const folder = mkdtempSync(join(tmpdir(), "nivis-pack-page-"));
  writeFileSync(join(folder, "index.html"), PAGE);
  writeFileSync(join(folder, "page.js"), SCRIPT);
  await build({
    entryPoints: [join(root, "packages", "playground", "src", "worker", "worker.ts")],
    outfile: join(folder, "worker.js"),
    bundle: true,
    minify: true,
    format: "esm",
    alias: sourceAliases(),
    logLevel: "error",
  });
  const server = await FileServer.start(folder, {
    ...options,
    files: { "/tree.pack": pack },
    headers: { "content-security-policy": POLICY },
  });
  return {
    url: server.url,
    requests: server.requests,
    close: async () => {
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
