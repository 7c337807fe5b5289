/**
 * `node scripts/run-ts.mjs FILE.ts ARGUMENTS`: runs a TypeScript program of this repository on a
 * Node that cannot strip types. The program and our packages are bundled from their sources
 * into a file below `node_modules/.cache`; third-party packages remain imports.
 */
import { readFileSync, rmSync } from "node:fs";
import { extname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { root, sourceAliases } from "./workspace.mjs";

const [file, ...args] = process.argv.slice(2);
if (file === undefined) {
  process.stderr.write("usage: node scripts/run-ts.mjs FILE.ts [ARGUMENT…]\n");
  process.exit(2);
}
const entry = resolve(file);
const name = relative(root, entry).replace(/[^a-z0-9-]/gi, "_");
const outfile = join(root, "node_modules", ".cache", "nivis-run", `${name}.${process.pid}.mjs`);
await build({
  entryPoints: [entry],
  outfile,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  alias: sourceAliases(),
  logLevel: "warning",
  plugins: [{ name: "own-url", setup: keepOwnUrl }],
});
process.argv.splice(1, process.argv.length - 1, entry, ...args);
process.on("exit", () => rmSync(outfile, { force: true }));
await import(pathToFileURL(outfile).href);

/**
 * Gives `import.meta.url` the URL of the source file, although the bundle is elsewhere.
 *
 * @param {import("esbuild").PluginBuild} plugin
 */
function keepOwnUrl(plugin) {
  plugin.onLoad({ filter: /\.(ts|mjs)$/ }, ({ path }) => {
    const url = JSON.stringify(pathToFileURL(path).href);
    const contents = readFileSync(path, "utf8").replaceAll("import.meta.url", url);
    return { contents, loader: extname(path) === ".ts" ? "ts" : "js" };
  });
}
