/**
 * Builds what is shipped. Two kinds of output, both by esbuild:
 *
 * - the *commands*, `packages/nivis/dist/{cli,instantiate}.js`: everything in one bundle (plus one
 *   chunk that both share). All hot code in one compile unit lets esbuild replace every
 *   `const enum` member by its number, so that V8 makes a jump table of the VM's dispatch loop;
 *   tests/guard/dispatch-loop.test.ts looks at the result.
 * - the *libraries*, `packages/<name>/dist/index.js`: one file per package, importing the other
 *   packages by name, so that two packages of an application share one copy of a third.
 *
 * With `--declarations` also the `.d.ts` files, by the TypeScript compiler; they are needed only
 * by those who import the packages from TypeScript, and take longer than all the rest.
 */
import {
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { publicPackages, root, run } from "./workspace.mjs";

/** The packages that must load in a browser: nothing in them may come from Node. */
const neutralPackages = new Set(["syntax", "formats", "eval"]);

const started = performance.now();
await Promise.all([buildCommands(), ...publicPackages.map(buildLibrary)]);
if (process.argv.includes("--declarations")) buildDeclarations();
// The last file written: workspace.mjs compares its time with those of the sources.
writeFileSync(join(dist("nivis"), "build.json"), `${JSON.stringify({ format: 1 })}\n`);
process.stderr.write(`built in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);

/** @param {string} name */
function dist(name) {
  return join(root, "packages", name, "dist");
}

async function buildCommands() {
  const source = join(root, "packages", "nivis", "src");
  /** @type {Record<string, string>} */
  const entryPoints = {};
  for (const name of ["cli", "instantiate"]) {
    const file = join(source, `${name}.ts`);
    if (existsSync(file)) entryPoints[name] = file;
    else process.stderr.write(`warning: ${file} does not exist, so this command is not built\n`);
  }
  if (Object.keys(entryPoints).length === 0) return;
  const result = await build({
    ...shared(),
    entryPoints,
    metafile: true,
    outdir: dist("nivis"),
    platform: "node",
    splitting: true,
    chunkNames: "chunk-[hash]",
    alias: Object.fromEntries(
      publicPackages.map((name) => [
        npmName(name),
        join(root, "packages", name, "src", "index.ts"),
      ]),
    ),
  });
  removeStaleChunks(Object.keys(result.metafile.outputs));
}

/**
 * Chunks carry a hash in their name, so each build leaves the last one's behind. They go after the
 * build, not before: a command that runs meanwhile keeps its files to the end.
 *
 * @param {string[]} written Paths relative to the root.
 */
function removeStaleChunks(written) {
  const current = new Set(written.map((path) => join(root, path)));
  for (const entry of readdirSync(dist("nivis"))) {
    const path = join(dist("nivis"), entry);
    if (entry.startsWith("chunk-") && !current.has(path)) rmSync(path, { force: true });
  }
}

/** @param {string} name */
async function buildLibrary(name) {
  await build({
    ...shared(),
    entryPoints: [join(root, "packages", name, "src", "index.ts")],
    outfile: join(dist(name), "index.js"),
    platform: neutralPackages.has(name) ? "neutral" : "node",
    packages: "external",
    // Without tsconfig.json, whose paths would pull the other packages in.
    tsconfigRaw: {},
  });
}

/** @returns {import("esbuild").BuildOptions} */
function shared() {
  return {
    bundle: true,
    format: "esm",
    target: "node20",
    sourcemap: "external",
    sourcesContent: false,
    legalComments: "none",
    keepNames: false,
    logLevel: "warning",
    absWorkingDir: root,
  };
}

/** @param {string} name */
function npmName(name) {
  return name === "nivis" ? "nivis" : `@nivis/${name}`;
}

/**
 * Emits the declarations of all packages in one run and moves each package's into its `dist`.
 *
 * A `const enum` is declared as a plain `enum`: the object exists in the library builds, and users
 * who compile file by file cannot use ambient const enums.
 */
function buildDeclarations() {
  const out = join(root, "node_modules", ".cache", "nivis-declarations");
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const tsc = join(root, "node_modules", "typescript", "bin", "tsc");
  const project = join(root, "tsconfig.build.json");
  const code = run(process.execPath, [tsc, "-p", project, "--outDir", out]);
  if (code !== 0) process.exit(code);
  for (const name of publicPackages) {
    const emitted = join(out, name, "src");
    rewriteDeclarations(emitted);
    cpSync(emitted, dist(name), { recursive: true });
  }
}

/** @param {string} folder */
function rewriteDeclarations(folder) {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) {
      rewriteDeclarations(path);
      continue;
    }
    const text = readFileSync(path, "utf8")
      .replace(/\bconst enum\b/g, "enum")
      .replace(/(from|import\() ?"(\.[^"]*)\.ts"/g, '$1 "$2.js"');
    writeFileSync(path, text);
  }
}
