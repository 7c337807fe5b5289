/**
 * The bundles of the commands. `main-<hash>.js` contains what every evaluation needs, and
 * `lock-<hash>.js` the commands that lock flakes and evaluate nothing; the modules in
 * {@link ON_DEMAND} are in bundles of their own, each of which is loaded when one of its functions is
 * first called. See docs/design/002-start-up.md.
 *
 * Sources import a module on demand like any other. In the main bundle, this build replaces it by
 * functions of the same names that load its bundle and call the real ones, so such a module may
 * export nothing but functions. A bundle on demand does not contain the modules that are in the
 * main bundle; it receives what it imports from them in an array, so that no class exists twice in
 * one process.
 */
import { appendFileSync, readFileSync, statSync } from "node:fs";
import { basename, join, relative } from "node:path";
import { build } from "esbuild";
import { root } from "./workspace.mjs";

/**
 * The modules on demand by bundle. The paths are relative to `packages/`.
 *
 * @type {Readonly<Record<string, readonly string[]>>}
 */
export const ON_DEMAND = {
  commands: [
    "nivis/src/any-command.ts",
    "nivis/src/nix-build.ts",
    "nivis/src/options/help.ts",
    "nivis/src/written-value.ts",
  ],
  stores: ["nivis/src/commands/store-commands.ts"],
  prefetching: ["nivis/src/commands/store/prefetched-file.ts"],
  "remote-files": [
    "node/src/stores/evaluation/nar-spool.ts",
    "node/src/stores/evaluation/remote-files.ts",
  ],
  flakes: [
    "nivis/src/commands/flake-commands.ts",
    "nivis/src/flakes/flake-targets.ts",
    "nivis/src/flakes/repl-flake.ts",
  ],
  "input-check": ["node/src/inputs/file-looks.ts", "node/src/inputs/input-check.ts"],
  "input-snapshot": ["node/src/inputs/input-snapshot.ts"],
  "any-name": ["eval/src/vm/any-name.ts", "eval/src/vm/union-of-entries.ts"],
  inflating: ["fetch/src/git/inflate.ts"],
  archives: ["fetch/src/archive/unpack.ts"],
  fetching: ["nivis/src/fetching.ts"],
  nix: ["nivis/src/nix.ts"],
  repl: [
    "nivis/src/commands/repl.ts",
    "nivis/src/commands/debug-eval.ts",
    "nivis/src/repl/debugged-work.ts",
  ],
  packs: ["nivis/src/commands/pack.ts"],
  dap: ["nivis/src/commands/dap.ts"],
  types: ["nivis/src/commands/types.ts"],
  jobs: ["nivis/src/commands/job-commands.ts", "nivis/src/jobs/evaluator-thread.ts"],
  server: ["nivis/src/commands/server.ts", "nivis/src/server/server-worker.ts"],
  lsp: ["nivis/src/commands/lsp.ts"],
  "lsp-evaluator": ["nivis/src/lsp/evaluator-thread.ts"],
  diagnostics: [
    "eval/src/diagnostics/explanation.ts",
    "eval/src/diagnostics/render-json.ts",
    "eval/src/diagnostics/render-rich.ts",
  ],
  inputs: [
    "eval/src/builtins/fetch-calls.ts",
    "eval/src/fetching/tree-value.ts",
    "formats/src/fetch/flake-ref.ts",
    "formats/src/fetch/input.ts",
    "formats/src/fetch/git-url.ts",
    "formats/src/fetch/url.ts",
  ],
  closures: ["eval/src/builtins/fetch-closure.ts", "eval/src/builtins/generic-closure.ts"],
  "flake-calls": ["eval/src/builtins/call-flake.ts"],
  hashes: ["formats/src/hash/portable-hash.ts"],
  patterns: ["eval/src/regex/regex.ts"],
  "debug-code": ["eval/src/vm/debug-ops.ts"],
  waiting: ["eval/src/vm/async-run.ts"],
  listing: ["eval/src/bytecode/disassemble.ts"],
  errors: [
    "eval/src/errors/diagnostic-text.ts",
    "eval/src/errors/render.ts",
    "eval/src/errors/suggestions.ts",
    "nivis/src/log-line.ts",
  ],
  statistics: ["nivis/src/statistics.ts"],
  warm: ["eval/src/dependencies/tracked-world.ts"],
  images: ["eval/src/programs/image-programs.ts", "nivis/src/images/image-run.ts"],
  profiling: ["nivis/src/profiling/call-profilers.ts", "nivis/src/commands/profile.ts"],
  diff: ["nivis/src/commands/diff.ts"],
  explain: ["nivis/src/commands/explain.ts"],
  explore: ["nivis/src/commands/explore.ts"],
  tier: ["eval/src/tier/runtime.ts", "eval/src/tier/translate.ts"],
  toml: ["formats/src/codec/toml.ts"],
  encoding: ["eval/src/cache/encode.ts"],
  floats: ["formats/src/codec/grisu.ts"],
  printing: ["eval/src/operations/to-xml.ts", "syntax/src/ast/print.ts"],
};

/** The same for {@link LOCK_PROGRAM}. */
const LOCK_ON_DEMAND = {
  "lock-archives": ["fetch/src/git/inflate.ts", "fetch/src/archive/unpack.ts"],
  "lock-help": ["nivis/src/options/help.ts"],
  "lock-rare": [
    "nivis/src/statistics.ts",
    "formats/src/hash/portable-hash.ts",
    "eval/src/diagnostics/explanation.ts",
    "eval/src/diagnostics/render-json.ts",
    "eval/src/diagnostics/render-rich.ts",
  ],
};

/**
 * A program with bundles of its own, which share nothing with those of other programs.
 *
 * @typedef {object} BundledProgram
 * @property {string} name The name of the bundle that is loaded first.
 * @property {string} entry The module that exports `main`, relative to `packages/`.
 * @property {Readonly<Record<string, readonly string[]>>} onDemand
 */

/** @type {BundledProgram} */
export const MAIN_PROGRAM = { name: "main", entry: "nivis/src/main.ts", onDemand: ON_DEMAND };

/**
 * Commands that lock flakes and evaluate nothing. They start without the machine, which is most of what
 * the main bundle has.
 *
 * @type {BundledProgram}
 */
export const LOCK_PROGRAM = {
  name: "lock",
  entry: "nivis/src/lock-main.ts",
  onDemand: LOCK_ON_DEMAND,
};

/**
 * The least length of the main bundle. Node keeps texts of this length (`EXTERN_APEX` in its sources)
 * outside of V8's heap; one of almost a megabyte inside makes V8 collect garbage during each start.
 */
const MIN_LENGTH = 0xfbee9;

/** The module that is part of the main bundle and loads the others. */
const LOADER = "nivis:on-demand";

/**
 * What the bundles on demand import from the main bundle, as `path:name`.
 *
 * @typedef {ReadonlySet<string>} Shared
 */

/**
 * The bundle of each module on demand, by its path relative to the checkout.
 *
 * @param {BundledProgram} program
 * @returns {ReadonlyMap<string, string>}
 */
function bundlesByModule({ onDemand }) {
  return new Map(
    Object.entries(onDemand).flatMap(([bundle, modules]) =>
      modules.map((path) => [join("packages", path), bundle]),
    ),
  );
}

/**
 * Builds all bundles of a program and returns what esbuild says of each, the first one first.
 *
 * @param {BundledProgram} program
 * @param {import("esbuild").BuildOptions} options
 * @returns {Promise<import("esbuild").Metafile[]>}
 */
export async function buildBundles(program, options) {
  const names = Object.keys(program.onDemand);
  const trial = { ...options, write: false, sourcemap: false, metafile: true };
  /** @type {Shared} */
  let shared = new Set();
  // A function that only a bundle on demand uses may bring further modules into the main bundle.
  for (;;) {
    const { metafile } = await buildMain(program, trial, shared, {});
    const modules = modulesOf(/** @type {import("esbuild").Metafile} */ (metafile));
    const known = shared;
    const imports = await Promise.all(
      names.map((name) => importsOf(program, trial, name, modules)),
    );
    shared = new Set([...shared, ...imports.flat()].sort());
    if (shared.size > known.size) continue;
    const apart = await Promise.all(
      names.map((name) => buildOnDemand(program, options, name, modules, shared)),
    );
    const files = Object.fromEntries(apart.map((one, i) => [names[i], bundleName(one)]));
    const built = await buildMain(program, { ...options, metafile: true }, shared, files);
    const main = /** @type {import("esbuild").Metafile} */ (built.metafile);
    const path = join(/** @type {string} */ (options.outdir), bundleName(main));
    const length = statSync(path).size;
    if (length < MIN_LENGTH) appendFileSync(path, " ".repeat(MIN_LENGTH - length));
    return [main, ...apart];
  }
}

/**
 * The file name of the only bundle of a build.
 *
 * @param {import("esbuild").Metafile} metafile
 */
export function bundleName({ outputs }) {
  const names = Object.keys(outputs).map((path) => basename(path));
  return /** @type {string} */ (names.find((name) => name.endsWith(".js")));
}

/**
 * The modules that have left something in a bundle, by their paths relative to the checkout.
 *
 * @param {import("esbuild").Metafile} metafile
 * @returns {ReadonlySet<string>}
 */
function modulesOf({ outputs }) {
  return new Set(
    Object.values(outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) =>
        bytesInOutput > 0 ? [path] : [],
      ),
    ),
  );
}

/**
 * @param {BundledProgram} program
 * @param {import("esbuild").BuildOptions} options
 * @param {Shared} shared
 * @param {Readonly<Record<string, string>>} files The file of each bundle on demand.
 */
function buildMain(program, options, shared, files) {
  const imports = [...shared].map((entry, index) => {
    const { path, name } = splitShared(entry);
    return `import { ${name} as shared${index} } from ${JSON.stringify(join(root, path))};`;
  });
  const entry = `
    export { main } from ${JSON.stringify(join(root, "packages", program.entry))};
    import { share } from "${LOADER}";
    ${imports.join("\n")}
    share([${imports.map((_, index) => `shared${index}`).join(", ")}]);`;
  const loader = `
    const FILES = ${JSON.stringify(files)};
    const loaded = {};
    let shared;
    export function share(values) {
      shared = values;
    }
    export function load(name) {
      if (loaded[name] === undefined) {
        const module = { exports: {} };
        loadBundle(FILES[name])(require, module, shared);
        loaded[name] = module.exports;
      }
      return loaded[name];
    }`;
  return build({
    ...options,
    entryPoints: [{ in: "nivis:entry", out: program.name }],
    entryNames: "[name]-[hash]",
    // The value of the script is a function; see Bundle in launch.ts.
    banner: { js: "(function (require, module, loadBundle) {" },
    footer: { js: "})" },
    plugins: [virtualModules({ "nivis:entry": entry, [LOADER]: loader }), standIns(program)],
  });
}

/**
 * What a bundle on demand imports from the main bundle that has these modules.
 *
 * @param {BundledProgram} program
 * @param {import("esbuild").BuildOptions} options
 * @param {string} name
 * @param {ReadonlySet<string>} modules
 */
async function importsOf(program, options, name, modules) {
  const { outputFiles } = await build({
    ...options,
    format: "esm",
    entryPoints: [{ in: "nivis:entry", out: name }],
    plugins: [
      virtualModules({ "nivis:entry": entryOnDemand(program, name) }),
      fromMain(program, name, modules, (path) => ({
        path: `main:${path}`,
        external: true,
        sideEffects: false,
      })),
    ],
  });
  const text = /** @type {import("esbuild").OutputFile[]} */ (outputFiles)[0]?.text ?? "";
  return Array.from(text.matchAll(/^import ([^;"]*?) from "main:([^"]+)";$/gm)).flatMap(
    ([statement, clause = "", path]) => {
      if (!/^\{[^}]*\}$/.test(clause)) throw new Error(`bundle '${name}': ${statement}`);
      const enums = enumsOf(/** @type {string} */ (path));
      return clause
        .slice(1, -1)
        .split(",")
        .map((part) => /** @type {string} */ (part.trim().split(" as ")[0]))
        .filter((exported) => !enums.has(exported))
        .map((exported) => `${path}:${exported}`);
    },
  );
}

/**
 * @param {BundledProgram} program
 * @param {import("esbuild").BuildOptions} options
 * @param {string} name
 * @param {ReadonlySet<string>} modules The modules of the main bundle.
 * @param {Shared} shared
 */
async function buildOnDemand(program, options, name, modules, shared) {
  /** @type {Map<string, Map<string, string>>} */
  const exports = new Map();
  [...shared].forEach((entry, index) => {
    const { path, name: exported } = splitShared(entry);
    const values = exports.get(path) ?? withoutValues(path);
    exports.set(path, values.set(exported, `shared[${index}]`));
  });
  const { metafile } = await build({
    ...options,
    metafile: true,
    // The `index.ts` of a package also names what this bundle does not use and so is not given.
    logOverride: { "import-is-undefined": "silent" },
    entryPoints: [{ in: "nivis:entry", out: name }],
    entryNames: "[name]-[hash]",
    banner: { js: "(function (require, module, shared) {" },
    footer: { js: "})" },
    plugins: [
      virtualModules({ "nivis:entry": entryOnDemand(program, name) }),
      fromMain(program, name, modules, (path) => ({ path, namespace: "main", sideEffects: false })),
      {
        name: "shared",
        setup: ({ onLoad }) =>
          onLoad({ filter: /./, namespace: "main" }, ({ path }) => ({
            contents: [
              ...enumsOf(path).values(),
              ...Array.from(
                exports.get(path) ?? withoutValues(path),
                ([name, value]) => `export const ${name} = ${value};`,
              ),
            ].join("\n"),
            loader: "ts",
          })),
      },
    ],
  });
  return metafile;
}

/**
 * What a module exports, as `undefined`: a bundle that uses none of it.
 *
 * @param {string} path
 * @returns {Map<string, string>}
 */
function withoutValues(path) {
  const enums = enumsOf(path);
  return new Map(
    namesOf(path)
      .filter((one) => !enums.has(one))
      .map((one) => [one, "undefined"]),
  );
}

/**
 * The names of the values that a module declares and exports. A module that this bundle does not
 * use may import them, which esbuild checks before it drops that module.
 *
 * @param {string} path Relative to the checkout.
 */
function namesOf(path) {
  const text = readFileSync(join(root, path), "utf8");
  const declared =
    /^export (?:const enum|async function\*?|function\*?|const|let|(?:abstract )?class|enum) (\w+)/gm;
  return Array.from(text.matchAll(declared), ([, name = ""]) => name);
}

/**
 * @param {BundledProgram} program
 * @param {string} name
 */
function entryOnDemand(program, name) {
  return /** @type {readonly string[]} */ (program.onDemand[name])
    .map((path) => `export * from ${JSON.stringify(join(root, "packages", path))};`)
    .join("\n");
}

/** @param {string} entry */
function splitShared(entry) {
  const at = entry.lastIndexOf(":");
  return { path: entry.slice(0, at), name: entry.slice(at + 1) };
}

/**
 * Modules that exist only in the build, by name.
 *
 * @param {Readonly<Record<string, string>>} texts
 * @returns {import("esbuild").Plugin}
 */
function virtualModules(texts) {
  return {
    name: "virtual-modules",
    setup: ({ onLoad, onResolve }) => {
      onResolve({ filter: /^nivis:/ }, ({ path }) => ({ path, namespace: "virtual" }));
      onLoad({ filter: /./, namespace: "virtual" }, ({ path }) => ({
        contents: /** @type {string} */ (texts[path]),
        resolveDir: root,
      }));
    },
  };
}

/**
 * Replaces the modules on demand by functions that load them.
 *
 * @param {BundledProgram} program
 * @returns {import("esbuild").Plugin}
 */
function standIns(program) {
  const bundles = bundlesByModule(program);
  return {
    name: "on-demand",
    setup: ({ onLoad }) =>
      onLoad({ filter: /\.ts$/, namespace: "file" }, ({ path }) => {
        const bundle = bundles.get(relative(root, path));
        if (bundle === undefined) return undefined;
        const functions = functionsOf(path).map(
          (name) =>
            `export function ${name}(...args) { return load("${bundle}").${name}(...args); }`,
        );
        return { contents: `import { load } from "${LOADER}";\n${functions.join("\n")}` };
      }),
  };
}

/**
 * The names of the functions that a module exports; throws if it also exports other values.
 *
 * @param {string} path
 */
function functionsOf(path) {
  const exported = [...readFileSync(path, "utf8").matchAll(/^export (?!type |interface )(.*)$/gm)];
  return exported.map(([statement, rest = ""]) => {
    const name = /^(?:async )?function\*? (\w+)/.exec(rest)?.[1];
    if (name === undefined) {
      throw new Error(`${relative(root, path)} is loaded on demand and exports: ${statement}`);
    }
    return name;
  });
}

/**
 * The declarations of the constant enumerations that a module exports, by name. Their members become
 * numbers in each bundle, so nothing of them is shared.
 *
 * @param {string} path
 * @returns {ReadonlyMap<string, string>}
 */
function enumsOf(path) {
  if (!path.endsWith(".ts")) return new Map();
  const text = readFileSync(join(root, path), "utf8");
  const found = text.matchAll(/^export const enum (\w+) \{[\s\S]*?^\}/gm);
  return new Map(Array.from(found, ([declaration, name = ""]) => [name, declaration]));
}

/**
 * Resolves imports of modules that the main bundle has.
 *
 * @param {BundledProgram} program
 * @param {string} bundle
 * @param {ReadonlySet<string>} modules
 * @param {(path: string) => import("esbuild").OnResolveResult} found
 * @returns {import("esbuild").Plugin}
 */
function fromMain(program, bundle, modules, found) {
  const bundles = bundlesByModule(program);
  const resolving = {};
  return {
    name: "from-main",
    setup: (esbuild) =>
      esbuild.onResolve({ filter: /./, namespace: "file" }, async (given) => {
        const { path, importer, resolveDir, kind, pluginData } = given;
        if (kind !== "import-statement" || pluginData === resolving) return undefined;
        const resolved = await esbuild.resolve(path, {
          importer,
          resolveDir,
          kind,
          pluginData: resolving,
        });
        if (resolved.errors.length > 0 || resolved.external) return undefined;
        const name = relative(root, resolved.path);
        const other = bundles.get(name);
        const isInMain = other === undefined ? modules.has(name) : other !== bundle;
        return isInMain ? found(name) : undefined;
      }),
  };
}
