/**
 * The checkout as the scripts see it: its root folder, the table of packages, whether dependencies
 * are installed, whether the build is older than the sources, and how to run a command.
 *
 * Plain JavaScript on Node's own modules, because these scripts run before anything is installed.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The root folder of the checkout, without a trailing slash. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[/\\]$/, "");

/**
 * One package of the workspace.
 *
 * @typedef {object} Package
 * @property {string} name The name of its folder below `packages/`.
 * @property {readonly string[]} imports The packages of ours that its sources may import.
 * @property {readonly string[]} thirdParty The other packages that its sources may import.
 * @property {boolean} isNeutral Whether it must load in a browser: nothing in it comes from Node.
 * @property {boolean} isPublished Whether npm has it.
 */

/**
 * All packages, each below those that import it. The one list: aliases, builds, layers and tests
 * derive from it, and tests/guard/workspace.test.ts compares the JSON files with it.
 *
 * @type {readonly Package[]}
 */
export const PACKAGES = [
  neutral("syntax", []),
  neutral("formats", [], ["@noble/hashes"]),
  neutral("fmt", ["syntax"]),
  neutral("eval", ["syntax", "formats"]),
  neutral("embed", ["syntax", "formats", "eval"]),
  neutral("store", ["formats"]),
  neutral("fetch", ["formats"], ["fflate", "fzstd"]),
  neutral("flake", ["syntax", "formats"]),
  neutral("jobs", ["formats"]),
  neutral("debugger", ["syntax", "formats", "eval"], ["@vscode/debugprotocol"]),
  neutral("pack", ["formats", "eval"], ["fflate"]),
  neutral(
    "lsp",
    ["syntax", "formats", "fmt", "eval"],
    ["vscode-languageserver", "vscode-languageserver-textdocument", "vscode-uri"],
  ),
  neutral("types", ["embed"]),
  {
    name: "node",
    imports: ["syntax", "formats", "eval", "store", "fetch", "flake"],
    thirdParty: ["fzstd", "undici", "unbzip2-stream", "xz-decompress"],
    isNeutral: false,
    isPublished: true,
  },
  {
    name: "queue",
    imports: ["jobs"],
    thirdParty: ["bullmq", "ioredis"],
    isNeutral: false,
    isPublished: true,
  },
  {
    name: "nivis",
    imports: [
      "syntax",
      "formats",
      "fmt",
      "eval",
      "embed",
      "store",
      "fetch",
      "flake",
      "jobs",
      "debugger",
      "pack",
      "lsp",
      "types",
      "node",
      "queue",
    ],
    thirdParty: ["diff", "get-east-asian-width", "vscode-languageserver"],
    isNeutral: false,
    isPublished: true,
  },
  {
    name: "playground",
    imports: ["syntax", "formats", "eval", "debugger", "pack"],
    thirdParty: [
      "@codemirror/autocomplete",
      "@codemirror/commands",
      "@codemirror/language",
      "@codemirror/lint",
      "@codemirror/search",
      "@codemirror/state",
      "@codemirror/view",
      "@lezer/common",
      "@lezer/highlight",
    ],
    isNeutral: false,
    isPublished: false,
  },
  {
    name: "unplugin",
    imports: ["nivis"],
    thirdParty: ["unplugin"],
    isNeutral: false,
    isPublished: true,
  },
  {
    name: "testkit",
    imports: [
      "syntax",
      "formats",
      "fmt",
      "eval",
      "embed",
      "store",
      "fetch",
      "flake",
      "jobs",
      "debugger",
      "pack",
      "lsp",
      "types",
      "node",
      "nivis",
    ],
    thirdParty: [],
    isNeutral: false,
    isPublished: false,
  },
];

/** The names of the packages that npm has. */
export const PUBLIC_PACKAGES = PACKAGES.filter((one) => one.isPublished).map(({ name }) => name);

/**
 * The row of a published package that must load in a browser.
 *
 * @param {string} name
 * @param {readonly string[]} imports
 * @param {readonly string[]} [thirdParty]
 * @returns {Package}
 */
function neutral(name, imports, thirdParty = []) {
  return { name, imports, thirdParty, isNeutral: true, isPublished: true };
}

/**
 * The row of a package; throws if there is none.
 *
 * @param {string} name
 */
export function packageNamed(name) {
  const found = PACKAGES.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no package ${name} in scripts/workspace.mjs`);
  return found;
}

/**
 * The name by which a package is imported: `@nivis/eval`, but `nivis`.
 *
 * @param {string} name
 */
export function npmName(name) {
  return name === "nivis" ? "nivis" : `@nivis/${name}`;
}

/**
 * The modules by which a package is imported besides `index.ts`, by subpath: those in `src/entries`.
 *
 * @param {string} name
 * @returns {Record<string, string>}
 */
export function subpathEntries(name) {
  const folder = join(root, "packages", name, "src", "entries");
  if (!existsSync(folder)) return {};
  return Object.fromEntries(
    readdirSync(folder)
      .sort()
      .map((file) => [file.replace(/\.ts$/, ""), join(folder, file)]),
  );
}

/**
 * The module in which the sources of a package begin, for each name by which it is imported.
 *
 * @returns {Record<string, string>}
 */
export function sourceAliases() {
  return Object.fromEntries(
    // The name of a package is also the beginning of the names of its subpaths.
    PACKAGES.flatMap(({ name }) => [
      ...Object.entries(subpathEntries(name)).map(([subpath, file]) => [
        `${npmName(name)}/${subpath}`,
        file,
      ]),
      [npmName(name), join(root, "packages", name, "src", "index.ts")],
    ]),
  );
}

/**
 * Runs a program in the checkout and returns its exit code (128 + signal when it was killed).
 * Its standard output goes to our standard error unless `stdout` is "inherit", so
 * that the output of `npm start` is only the output of the command.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @param {{ stdout?: "stderr" | "inherit", env?: Record<string, string> }} [options]
 */
export function run(program, args, options = {}) {
  const result = spawnSync(program, args, {
    cwd: root,
    stdio: ["ignore", options.stdout === "inherit" ? "inherit" : 2, "inherit"],
    env: { ...process.env, ...options.env },
    shell: process.platform === "win32" && program === "npm",
  });
  if (result.error) {
    process.stderr.write(`cannot run ${program}: ${result.error.message}\n`);
    return 127;
  }
  return result.status ?? 128;
}

/**
 * Whether `node_modules` lacks something that `package-lock.json` requires.
 *
 * Compares names and versions, not times, because a checkout sets the times of all files.
 */
export function needsInstall() {
  const wanted = readLock(join(root, "package-lock.json"));
  const installed = readLock(join(root, "node_modules", ".package-lock.json"));
  if (wanted === undefined || installed === undefined) return true;
  for (const [path, entry] of Object.entries(wanted)) {
    if (!path.includes("node_modules/") || entry.optional === true) continue;
    const found = installed[path];
    if (found === undefined || found.version !== entry.version) return true;
  }
  return false;
}

/**
 * @param {string} file
 * @returns {Record<string, { version?: string, optional?: boolean }> | undefined}
 */
function readLock(file) {
  if (!existsSync(file)) return undefined;
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

/** Installs the missing packages of `package-lock.json`; ends the process if that fails. */
export function installWhenNeeded() {
  if (!needsInstall()) return;
  process.stderr.write("Installing dependencies (npm ci)…\n");
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
  if (run("npm", ["ci", ...quiet]) === 0) return;
  // `npm ci` also fails for external reasons, such as a registry mirror without the packages
  // of other platforms. `npm install` takes the available ones; the lock file does not change.
  process.stderr.write("npm ci failed; trying npm install…\n");
  const code = run("npm", ["install", "--no-package-lock", ...quiet]);
  if (code !== 0) process.exit(code);
}

/**
 * Builds if a source is newer than the build; ends the process if that fails.
 *
 * @param {{ declarations?: boolean }} [options] Whether type declarations are needed, too.
 */
export function buildWhenNeeded({ declarations = false } = {}) {
  if (!needsBuild() && (!declarations || hasDeclarations())) return;
  const flags = declarations ? ["--declarations"] : [];
  const code = run(process.execPath, [join(root, "scripts", "build.mjs"), ...flags]);
  if (code !== 0) process.exit(code);
}

/** Whether the build is missing or older than a source file. */
export function needsBuild() {
  const builtAt = modifiedAt(join(root, "packages", "nivis", "dist", "build.json"));
  if (builtAt === undefined) return true;
  const sources = ["package-lock.json", "scripts/build.mjs"].map((name) => join(root, name));
  for (const name of PUBLIC_PACKAGES) {
    sources.push(join(root, "packages", name, "package.json"));
    sources.push(join(root, "packages", name, "src"));
  }
  return sources.some((path) => newest(path) > builtAt);
}

/** Whether the last build included the type declarations. */
export function hasDeclarations() {
  const file = join(root, "packages", "nivis", "dist", "build.json");
  return existsSync(file) && JSON.parse(readFileSync(file, "utf8")).declarations === true;
}

/**
 * @param {string} path
 * @returns {number} The latest modification time of the file or of anything below the folder.
 */
function newest(path) {
  let latest = modifiedAt(path) ?? 0;
  if (!existsSync(path) || !statSync(path).isDirectory()) return latest;
  for (const entry of readdirSync(path)) latest = Math.max(latest, newest(join(path, entry)));
  return latest;
}

/** @param {string} path */
function modifiedAt(path) {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs;
}
