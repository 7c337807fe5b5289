/**
 * Builds the playground: a site of static files in `packages/playground/dist`, with relative addresses, so
 * that it may lie in any folder of any server.
 *
 *     node scripts/build-playground.mjs [--pack FILE [--hash HASH]] [--out DIR]
 *
 * With `--pack`, the site has nixpkgs: the file of `nivis pack` is copied beside it.
 */
import { createHash } from "node:crypto";
import { copyFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join, relative, sep } from "node:path";
import { parseArgs } from "node:util";
import { build } from "vite";
import { root, sourceAliases } from "./workspace.mjs";

const { values } = parseArgs({
  options: { pack: { type: "string" }, hash: { type: "string" }, out: { type: "string" } },
});
const source = join(root, "packages", "playground");
const out = values.out ?? join(source, "dist");

// Vite takes its mode from here, which tests set to something else.
process.env["NODE_ENV"] = "production";
await build({
  configFile: false,
  root: source,
  base: "./",
  logLevel: "warn",
  resolve: { alias: sourceAliases() },
  worker: { format: "es" },
  build: { outDir: out, emptyOutDir: true, target: "es2023", chunkSizeWarningLimit: 1000 },
});

/** @type {{ url: string, hash: string | undefined } | null} */
let pack = null;
if (values.pack !== undefined) {
  pack = { url: basename(values.pack), hash: values.hash };
  copyFileSync(values.pack, join(out, pack.url));
}
writeFileSync(join(out, "pack.json"), `${JSON.stringify(pack)}\n`);

const files = filesIn(out)
  .map((path) => relative(out, path).split(sep).join("/"))
  // The pack is read by ranges, and keeps what was read itself.
  .filter((file) => file !== pack?.url);
const digest = createHash("sha256");
for (const file of files) digest.update(file).update(readFileSync(join(out, file)));
const version = digest.digest("hex").slice(0, 16);
const worker = readFileSync(join(source, "src", "service-worker.js"), "utf8");
const precached = ["./", ...files.map((file) => `./${file}`)];
writeFileSync(
  join(out, "service-worker.js"),
  `const FILES = ${JSON.stringify(precached)};\nconst VERSION = "${version}";\n${worker}`,
);

/**
 * @param {string} folder
 * @returns {string[]}
 */
function filesIn(folder) {
  mkdirSync(folder, { recursive: true });
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    return entry.isDirectory() ? filesIn(path) : [path];
  });
}
