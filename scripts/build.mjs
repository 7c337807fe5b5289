/**
 * Builds the shipped files. There are two kinds of output, both made by esbuild:
 *
 * - the *commands*, `packages/nivis/dist/main-<hash>.js`: everything that an evaluation needs in one
 *   bundle, the bundles that it loads on demand (bundles.mjs), and `launch.cjs`, which loads it. One
 *   compile unit for all hot code lets esbuild replace every `const enum` member by its number, so
 *   that V8 makes a jump table of the VM's dispatch loop; tests/guard/dispatch-loop.test.ts checks
 *   the result.
 * - the *libraries*, `packages/<name>/dist/index.js`: one file per package, importing the other
 *   packages by name, so that two packages of an application share one copy of a third. For bundlers, a package in
 *   {@link BY_MODULE} also has a file per module: they leave out files, but hardly parts of files.
 *
 * With `--declarations`, the TypeScript compiler also writes the `.d.ts` files; they are needed
 * only by TypeScript users of the packages, and take longer than the rest.
 */
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { build } from "esbuild";
import { buildBundles, bundleName, LOCK_PROGRAM, MAIN_PROGRAM } from "./bundles.mjs";
import {
  PUBLIC_PACKAGES,
  packageNamed,
  root,
  run,
  sourceAliases,
  subpathEntries,
} from "./workspace.mjs";

/** The file of the HTTP client, which the others load with the first request. */
const HTTP_CLIENT = "undici.cjs";

/** The worker thread that holds the connections to the stores of an evaluation. */
const STORE_WORKER = join(root, "packages/node/src/stores/evaluation/store-worker.ts");
/** The worker thread that fetches for an evaluation. */
const FETCH_WORKER = join(root, "packages/node/src/fetching/evaluation/fetch-worker.ts");

/**
 * The packages whose functions are wanted alone. `dist/modules` has a file per module, which everything
 * but Node takes; one file takes Node half the time to load.
 *
 * @type {ReadonlySet<string>}
 */
const BY_MODULE = new Set(["formats"]);

/** Leaves the imports between the modules of a package as they are, but for the ending of the names. */
const KEEP_MODULES = {
  name: "keep-modules",
  /** @param {import("esbuild").PluginBuild} building */
  setup(building) {
    building.onResolve({ filter: /^\.{1,2}\// }, ({ path, kind }) =>
      // A `const enum` becomes numbers only where it is part of the file.
      kind === "entry-point" || path.endsWith("/char-code.ts")
        ? undefined
        : { path: path.replace(/\.ts$/, ".js"), external: true },
    );
  },
};

const started = performance.now();
await Promise.all([buildCommands(), ...PUBLIC_PACKAGES.map(buildLibrary)]);
const declarations = process.argv.includes("--declarations");
if (declarations) buildDeclarations();
// The last file written: workspace.mjs compares its time with those of the sources.
writeFileSync(
  join(dist("nivis"), "build.json"),
  `${JSON.stringify({ format: 1, declarations })}\n`,
);
process.stderr.write(`built in ${((performance.now() - started) / 1000).toFixed(1)} s\n`);

/** @param {string} name */
function dist(name) {
  return join(root, "packages", name, "dist");
}

async function buildCommands() {
  const source = join(root, "packages", "nivis", "src");
  const options = {
    ...shared(),
    // Node starts a script faster than a module, and V8's code cache covers only whole scripts.
    format: /** @type {const} */ ("cjs"),
    platform: /** @type {const} */ ("node"),
    outdir: dist("nivis"),
    // The commands know the paths of their files; scripts have no URL.
    define: { ...shared().define, "import.meta.url": "undefined" },
    // The HTTP client is larger than all that uses it, and most runs need none.
    alias: { ...sourceAliases(), undici: `./${HTTP_CLIENT}` },
    external: [`./${HTTP_CLIENT}*`],
    // Scripts have no `import()`; this turns it into a `require` at the point of use.
    supported: { "dynamic-import": false },
  };
  const main = await buildBundles(MAIN_PROGRAM, options);
  const locking = await buildBundles(LOCK_PROGRAM, options);
  const metafiles = [...main, ...locking];
  const { metafile } = await build({
    ...options,
    alias: {},
    external: [],
    metafile: true,
    entryPoints: { undici: "undici" },
    outExtension: { ".js": ".cjs" },
  });
  const notices = thirdPartyNotices([...metafiles, metafile]);
  writeFileSync(join(dist("nivis"), "THIRD-PARTY-NOTICES.txt"), notices);
  const [bundle, lockBundle] = [main, locking].map(([first]) =>
    JSON.stringify(bundleName(/** @type {import("esbuild").Metafile} */ (first))),
  );
  await build({
    ...options,
    entryPoints: { launch: join(source, "launch", "launch.ts") },
    outExtension: { ".js": ".cjs" },
    define: {
      ...options.define,
      BUNDLE: /** @type {string} */ (bundle),
      LOCK_BUNDLE: /** @type {string} */ (lockBundle),
    },
  });
  // Loaded by a thread at the first request to a store (blocking-store.ts) or the first fetch
  // (blocking-fetcher.ts).
  for (const [name, path] of [
    ["store-worker", STORE_WORKER],
    ["fetch-worker", FETCH_WORKER],
  ]) {
    await build({
      ...options,
      entryPoints: { [/** @type {string} */ (name)]: /** @type {string} */ (path) },
      outExtension: { ".js": ".cjs" },
    });
  }
  // The program of the threads of `nivis fmt`; see format-pool.ts.
  await build({
    ...options,
    entryPoints: { "format-worker": join(source, "formatting", "format-worker.ts") },
    outExtension: { ".js": ".cjs" },
  });
  // The program of the processes of `nivis jobs`; see local-workers.ts.
  await build({
    ...options,
    entryPoints: { "job-worker": join(source, "jobs", "worker-process.ts") },
    outExtension: { ".js": ".cjs" },
  });
  // The program of the process in which `nivis lsp` evaluates; see process-evaluator.ts.
  await build({
    ...options,
    entryPoints: { "lsp-evaluator": join(source, "lsp", "evaluator-process.ts") },
    outExtension: { ".js": ".cjs" },
  });
  removeStaleBundles(
    metafiles.flatMap(({ outputs }) => Object.keys(outputs).map((path) => basename(path))),
  );
}

/**
 * The licences of the third-party packages that the bundles contain.
 *
 * @param {import("esbuild").Metafile[]} metafiles
 */
function thirdPartyNotices(metafiles) {
  const inputs = metafiles.flatMap((metafile) => Object.keys(metafile.inputs));
  const folders = new Set(
    inputs.flatMap((path) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? []),
  );
  const notices = Array.from(folders, (folder) => {
    const { name, version, license, author, homepage } = JSON.parse(
      readFileSync(join(root, folder, "package.json"), "utf8"),
    );
    if (typeof license !== "string") throw new Error(`${folder} does not name its licence`);
    const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e/i.test(entry));
    const text =
      file === undefined
        ? `By ${author?.name ?? author}, ${homepage}. The package contains no licence text.`
        : readFileSync(join(root, folder, file), "utf8").trim();
    return `${name} ${version} (${license})\n\n${text}\n`;
  });
  const head = "The commands of nivis contain code from these packages.\n";
  return [head, ...notices].join(`\n${"-".repeat(80)}\n\n`);
}

/**
 * Bundles have a hash in their name, so each build leaves the previous bundle behind. It is removed
 * after the build, not before, so that commands that start meanwhile find their files.
 *
 * @param {string[]} written The names of the files of this build.
 */
function removeStaleBundles(written) {
  for (const entry of readdirSync(dist("nivis"))) {
    if (/-[A-Z0-9]{8}\.c?js(?:\.map)?$/.test(entry) && !written.includes(entry)) {
      rmSync(join(dist("nivis"), entry), { force: true });
    }
  }
}

/** @param {string} name */
async function buildLibrary(name) {
  const source = join(root, "packages", name, "src");
  /** @type {import("esbuild").BuildOptions} */
  const options = {
    ...shared(),
    entryPoints: {
      index: join(source, "index.ts"),
      ...Object.fromEntries(
        Object.entries(subpathEntries(name)).map(([subpath, file]) => [`entries/${subpath}`, file]),
      ),
      ...(name === "node" ? { "store-worker": STORE_WORKER, "fetch-worker": FETCH_WORKER } : {}),
    },
    outdir: dist(name),
    platform: packageNamed(name).isNeutral ? "neutral" : "node",
    packages: "external",
    // Without tsconfig.json, whose paths would include the other packages. As there, constructors
    // assign their fields once: defining them first doubles the time until V8 has optimised it.
    tsconfigRaw: { compilerOptions: { useDefineForClassFields: false } },
  };
  await build(options);
  if (BY_MODULE.has(name)) {
    const outdir = join(dist(name), "modules");
    rmSync(outdir, { recursive: true, force: true });
    await build({ ...options, outdir, entryPoints: modulesOf(source), plugins: [KEEP_MODULES] });
  }
  // The commands are scripts, which require it when they are told to use a queue.
  if (name === "queue") {
    await build({
      ...options,
      format: "cjs",
      outExtension: { ".js": ".cjs" },
      packages: "bundle",
      external: [...packageNamed(name).thirdParty],
      alias: sourceAliases(),
    });
  }
}

/**
 * The modules of a package by their names in `dist`.
 *
 * @param {string} source
 */
function modulesOf(source) {
  return Object.fromEntries(
    sourceFiles(source).map((path) => [relative(source, path).replace(/\.ts$/, ""), path]),
  );
}

/** @returns {import("esbuild").BuildOptions} */
function shared() {
  return {
    bundle: true,
    define: { NIVIS_COMPILER_ID: JSON.stringify(compilerId()) },
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

/** A hash of all sources that affect bytecode; part of the keys of the cache of compiled files. */
function compilerId() {
  const hash = createHash("sha256");
  for (const name of [...packageNamed("eval").imports, "eval"]) {
    for (const path of sourceFiles(join(root, "packages", name, "src"))) {
      hash
        .update(`${relative(root, path)}\0`)
        .update(readFileSync(path))
        .update("\0");
    }
  }
  return hash.digest("hex");
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function sourceFiles(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const path = join(folder, entry.name);
      return entry.isDirectory() ? sourceFiles(path) : [path];
    });
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
  for (const name of PUBLIC_PACKAGES) {
    const emitted = join(out, name, "src");
    rewriteDeclarations(emitted);
    for (const file of readdirSync(dist(name), { recursive: true, encoding: "utf8" })) {
      if (/\.d\.c?ts$/.test(file)) rmSync(join(dist(name), file));
    }
    const subpaths = Object.keys(subpathEntries(name)).map((one) => `entries/${one}`);
    const roots = ["index", ...subpaths].map((one) => join(emitted, `${one}.d.ts`));
    for (const file of reachableDeclarations(roots)) {
      const target = join(dist(name), relative(emitted, file));
      cpSync(file, target);
      if (name === "queue") writeScriptDeclarations(target);
    }
  }
}

/**
 * The declarations of a script beside those of a module.
 *
 * @param {string} path
 */
function writeScriptDeclarations(path) {
  const text = readFileSync(path, "utf8").replace(/((?:from|import\() ?"\.[^"]*)\.js"/g, '$1.cjs"');
  writeFileSync(path.replace(/\.d\.ts$/, ".d.cts"), text);
}

/**
 * A declaration file and all those that it imports from the same package, also indirectly.
 *
 * @param {string[]} roots
 */
function reachableDeclarations(roots) {
  const found = new Set(roots);
  for (const file of found) {
    const text = readFileSync(file, "utf8");
    for (const [, path] of text.matchAll(/(?:from |import\()\s*"(\.[^"]*)\.js"/g)) {
      found.add(join(dirname(file), `${path}.d.ts`));
    }
  }
  return found;
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
